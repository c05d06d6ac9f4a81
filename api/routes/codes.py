"""The code sets: which are loaded, search, and everything that they say about a code."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request

from api import responses as out
from api.body import JsonRoute
from api.code_sets import CodeSet, CodeSets, notice, outside, takes_further_codes
from api.engine import Engine
from api.errors import Problem
from api.examples import (
    CODE_RESPONSES,
    CODE_SETS_RESPONSES,
    MODIFIER_RESPONSES,
    SEARCH_EXAMPLES,
    SEARCH_RESPONSES,
)
from api.permissions import Permission, requires
from api.schemas import CodeSearchRequest
from suggest.code_sets.icd10pcs import PcsIndex
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.services import ServiceCode, ServiceSet
from suggest.code_sets.tabular import NoteKind
from suggest.records import System

router = APIRouter(prefix="/v1", tags=["codes"], route_class=JsonRoute)

_LONGEST_CODE = 16


# Plain functions run in threads: a code set is read-only, and a search takes milliseconds.
@router.get("/codes", dependencies=[requires(Permission.CODES_READ)], responses=CODE_SETS_RESPONSES)
def code_sets(request: Request) -> out.CodeSetsOut:
    """Lists the code sets that are loaded, with their editions and what must be said of them."""
    return out.CodeSetsOut(items=[_code_set_out(codes) for codes in _code_sets(request)])


@router.get("/modifiers", dependencies=[requires(Permission.CODES_READ)], responses=MODIFIER_RESPONSES)
def modifiers(request: Request) -> out.ModifiersOut:
    """Lists the modifiers of CPT and HCPCS."""
    found = _code_sets(request).modifiers
    return out.ModifiersOut(
        items=[out.ModifierOut(code=known.code, label=known.label, effective_to=known.ends) for known in found]
    )


@router.post(
    "/codes/search",
    dependencies=[requires(Permission.CODES_READ)],
    responses=SEARCH_RESPONSES,
    openapi_extra={"requestBody": {"content": {"application/json": {"examples": SEARCH_EXAMPLES}}}},
)
def search(request: Request, body: CodeSearchRequest) -> out.CodeSearchOut:
    """Finds codes by their beginning, or by words of titles and terms."""
    query = body.checked_query()
    codes = _code_set(request, body.system)
    if isinstance(codes, ServiceSet):
        results = _service_hits(codes, query, body.limit, body.date_of_service or datetime.now().date())
    else:
        results = [
            out.CodeHit(
                system=codes.edition.system,
                code=codes.code(hit.row),
                title=codes.title(hit.row),
                billable=isinstance(codes, PcsIndex) or bool(codes.billable[hit.row]),
                score=hit.score,
            )
            for hit in codes.search(query, body.limit)
        ]
    return out.CodeSearchOut(edition=codes.edition.name, results=results)


@router.get("/codes/{system}/{code}", dependencies=[requires(Permission.CODES_READ)], responses=CODE_RESPONSES)
def look_up(
    request: Request,
    system: Annotated[
        str, Path(description="The code system: ICD-10-CM, CPT, HCPCS or ICD-10-PCS.", examples=["ICD-10-CM"])
    ],
    code: Annotated[str, Path(description="A code, with or without its dot.", examples=["E11.22"])],
) -> out.CodeOut | out.ServiceOut | out.PcsCodeOut:
    """Returns what the edition says of a code.

    Of ICD-10-CM title, hierarchy and instructional notes, with those of the codes above it; of CPT and HCPCS title,
    section, global period and dates; of ICD-10-PCS title and axes.
    """
    codes = _code_set(request, system)
    known = len(code) <= _LONGEST_CODE and code.isascii()
    if isinstance(codes, ServiceSet):
        service = codes.get(code.upper()) if known else None
        if service is None:
            raise _unknown(codes)
        return _service_out(codes, service)
    row = codes.row(code) if known else None
    if row is None:
        raise _unknown(codes)
    return _pcs_out(codes, row) if isinstance(codes, PcsIndex) else _code_out(codes, row)


def _code_sets(request: Request) -> CodeSets:
    engine: Engine = request.app.state.engine
    return engine.codes


def _code_set(request: Request, system: str) -> CodeSet:
    sets = _code_sets(request)
    codes = sets.get(system)
    if codes is None:
        is_off = system == System.CPT and not request.app.state.settings.cpt
        why = "CPT codes are turned off here (CHARTCODER_CPT); " if is_off else ""
        raise Problem("unknown-code-set", f"{why}loaded: {', '.join(sets.editions)}")
    return codes


def _unknown(codes: CodeSet) -> Problem:
    return Problem("unknown-code", f"edition {codes.edition.name} of {codes.edition.system} has no such code")


def _code_set_out(codes: CodeSet) -> out.CodeSetOut:
    edition = codes.edition
    return out.CodeSetOut(
        system=edition.system,
        edition=edition.name,
        codes=len(codes),
        effective_from=edition.effective_from,
        effective_to=edition.effective_to,
        source=edition.source,
        takes_further_codes=takes_further_codes(codes),
        notice=notice(edition),
    )


def _service_hits(codes: ServiceSet, query: str, limit: int, day: date) -> list[out.CodeHit]:
    found = codes.search(query, limit)
    # The set ranks its codes without telling by how much: the score falls with the rank.
    return [
        out.CodeHit(
            system=codes.system,
            code=service.code,
            title=service.label,
            billable=not outside(service, day),
            score=round(1 - i / len(found), 3),
        )
        for i, service in enumerate(found)
    ]


def _service_out(codes: ServiceSet, service: ServiceCode) -> out.ServiceOut:
    return out.ServiceOut(
        system=service.system,
        code=service.code,
        title=service.label,
        billable=not outside(service, datetime.now().date()),
        edition=codes.edition.name,
        section=service.section,
        global_period=service.global_days,
        flags=sorted(service.flags),
        includes=list(service.includes),
        terms=list(service.terms),
        source=service.source,
        effective_from=service.starts,
        effective_to=service.ends,
    )


def _pcs_out(codes: PcsIndex, row: int) -> out.PcsCodeOut:
    code = codes.code(row)
    return out.PcsCodeOut(
        system=codes.edition.system,
        code=code,
        title=codes.title(row),
        billable=True,
        edition=codes.edition.name,
        axes=[out.AxisOut(name=axis.name, value=axis.value, label=axis.label) for axis in codes.axes(code)],
    )


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
