"""The code set: search, and everything that it says about a code."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api import responses as out
from api.body import JsonRoute
from api.engine import Engine
from api.errors import Problem
from api.examples import CODE_RESPONSES, SEARCH_EXAMPLES, SEARCH_RESPONSES
from api.permissions import Permission, requires
from api.schemas import CodeSearchRequest
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.tabular import NoteKind

router = APIRouter(prefix="/v1/codes", tags=["codes"], route_class=JsonRoute)

_LONGEST_CODE = 16


# Plain functions run in threads: an index is read-only, and a search takes milliseconds.
@router.post(
    "/search",
    dependencies=[requires(Permission.CODES_READ)],
    responses=SEARCH_RESPONSES,
    openapi_extra={"requestBody": {"content": {"application/json": {"examples": SEARCH_EXAMPLES}}}},
)
def search(request: Request, body: CodeSearchRequest) -> out.CodeSearchOut:
    """Finds codes by their beginning, or by words of titles and inclusion terms."""
    query = body.checked_query()
    index = _index(request, body.system)
    hits = index.search(query, body.limit)
    return out.CodeSearchOut(
        edition=index.edition.name,
        results=[
            out.CodeHit(
                system=index.edition.system,
                code=index.code(hit.row),
                title=index.title(hit.row),
                billable=bool(index.billable[hit.row]),
                score=hit.score,
            )
            for hit in hits
        ],
    )


@router.get("/{system}/{code}", dependencies=[requires(Permission.CODES_READ)], responses=CODE_RESPONSES)
def look_up(
    request: Request,
    system: Annotated[str, Path(description="The code system: ICD-10-CM.", examples=["ICD-10-CM"])],
    code: Annotated[str, Path(description="A code, with or without its dot.", examples=["E11.22"])],
) -> out.CodeOut:
    """Returns title, hierarchy and instructional notes of a code, with the notes of the codes above it."""
    index = _index(request, system)
    row = index.row(code) if len(code) <= _LONGEST_CODE and code.isascii() else None
    if row is None:
        edition = index.edition
        raise Problem("unknown-code", f"edition {edition.name} of {edition.system} has no such code")
    return _code_out(index, row)


def _index(request: Request, system: str) -> CodeIndex:
    engine: Engine = request.app.state.engine
    index = engine.suggester.index
    if system != index.edition.system:
        raise Problem("unknown-code-set", f"only {index.edition.system} is installed")
    return index


def _code_out(index: CodeIndex, row: int) -> out.CodeOut:
    chapter, block = int(index.chapter[row]), int(index.block[row])
    notes = {
        kind.value: [out.NoteOut(text=note.text, at=note.from_code) for note in index.notes(row, kind)]
        for kind in NoteKind
    }
    return out.CodeOut(
        system=index.edition.system,
        code=index.code(row),
        title=index.title(row),
        billable=bool(index.billable[row]),
        edition=index.edition.name,
        chapter=out.NamedPlace(id=str(chapter), title=index.chapter_title(chapter)),
        block=out.NamedPlace(id=index.block_id(block), title=index.block_title(block)),
        parents=[_reference(index, above) for above in index.ancestors(row)],
        children=[_reference(index, below) for below in index.children(row)],
        inclusion_terms=list(index.terms(row)),
        seventh_characters=_seventh_characters(index, row),
        **notes,
    )


def _reference(index: CodeIndex, row: int) -> out.CodeReference:
    return out.CodeReference(code=index.code(row), title=index.title(row), billable=bool(index.billable[row]))


def _seventh_characters(index: CodeIndex, row: int) -> list[out.SeventhCharacter]:
    """The 7th characters that complete this very code; their meaning is what they add to its title."""
    title = index.title(row)
    return [
        out.SeventhCharacter(
            character=index.code(child)[-1],
            code=index.code(child),
            meaning=index.title(child).removeprefix(title).lstrip(", "),
        )
        for child in index.children(row)
        if index.has_seventh[child]
    ]
