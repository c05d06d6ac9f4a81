"""The desk of the coders: its pages, which hold no data of their own, and the outline of a chart.

The scripts of the pages read and change encounters through the API, under the same permissions as any client.
"""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from api.auth import Authenticator
from api.permissions import Permission, requires
from api.render import Utf16Offsets
from api.routes.pages import REVALIDATE, asset_address, templates
from api.storage import Storage
from store import notes as stored_notes
from store.coded_sets import ReopenReason
from suggest.records import AuthorRole, Claim, Setting, Sex
from suggest.sections import find_sections

router = APIRouter(prefix="/desk", include_in_schema=False)

EncounterId = Annotated[str, Path(pattern=r"^[A-Za-z0-9._:-]{1,64}$")]

REJECT_REASONS = (
    "not supported by the chart",
    "denied or ruled out",
    "history, not current",
    "uncertain: possible, probable, rule out",
    "part of another code on the list",
    "not specific enough",
    "wrong side, episode, stage or type",
    "not addressed at this encounter",
    "sequencing or payer rule forbids it",
)
"""Reasons that a digit picks; a coder may write any other."""

WITHDRAW_REASONS = (
    "answered elsewhere in the chart",
    "asked in error",
    "no answer in time",
    "it changes no code",
)

_WORKLIST_KEYS = (
    (("n",), "take the next chart that nobody works on"),
    (("j", "k"), "next, previous chart"),
    (("Enter",), "open the chart"),
    (("m",), "show more charts"),
    (("1", "2", "3", "4"), "open, mine, finalised charts; those with a question to the provider"),
    (("c",), "add a chart"),
    (("?",), "this table"),
)
_ENCOUNTER_KEYS = (
    (("j", "k"), "next, previous code"),
    (("Enter",), "next evidence of the code in the chart"),
    (("a",), "accept the code"),
    (("r",), "reject it: then a digit for the reason, or words"),
    (("e",), "replace it: search, arrows, Enter"),
    (("d",), "details: modifiers, units, diagnoses; present on admission"),
    (("v",), "show or hide what decided a visit"),
    (("+",), "add a code, with the words selected in the chart"),
    (("J", "K"), "move the code down, up among its kind"),
    (("u",), "undo your last decision"),
    (("s",), "show or hide suppressed and further codes"),
    (("q",), "ask the provider: about the words selected in the chart, else the next draft"),
    (("l",), "add a late note; the chart is read again"),
    (("f",), "finalise the chart"),
    (("o",), "reopen a finalised chart"),
    (("w",), "back to the worklist"),
    (("?",), "this table"),
)
_FINALISED_KEYS = (
    (("n",), "take the next chart that nobody works on"),
    (("Enter",), "chart and decisions"),
    (("o",), "reopen the chart"),
    (("w",), "back to the worklist"),
    (("?",), "this table"),
)
_FOOTER = (
    ("j k", "move"),
    ("a", "accept"),
    ("r", "reject"),
    ("e", "replace"),
    ("d", "details"),
    ("+", "add"),
    ("J K", "reorder"),
    ("u", "undo"),
    ("s", "more codes"),
    ("q", "ask"),
    ("f", "finalise"),
    ("?", "all keys"),
)


@router.get("", dependencies=[requires(Permission.PUBLIC)])
def worklist(request: Request) -> Response:
    """Returns the worklist."""
    return _page(
        request,
        "worklist",
        keys=_WORKLIST_KEYS,
        settings=list(Setting),
        claims=list(Claim),
        sexes=list(Sex),
    )


@router.get("/sign-in", dependencies=[requires(Permission.PUBLIC)])
def sign_in(request: Request) -> Response:
    """Returns the page on which a user signs in."""
    return _render(request, "signin")


@router.get("/encounters/{encounter_id}", dependencies=[requires(Permission.PUBLIC)])
def encounter(request: Request, encounter_id: EncounterId) -> Response:
    """Returns the page on which a chart is coded."""
    return _page(
        request,
        "encounter",
        encounter_id=encounter_id,
        keys=_ENCOUNTER_KEYS,
        footer=_FOOTER,
        reasons=REJECT_REASONS,
        withdraw_reasons=WITHDRAW_REASONS,
        reopen_reasons=list(ReopenReason),
        author_roles=list(AuthorRole),
    )


@router.get("/encounters/{encounter_id}/finalised", dependencies=[requires(Permission.PUBLIC)])
def finalised(request: Request, encounter_id: EncounterId) -> Response:
    """Returns the page that shows what a chart was finalised with."""
    return _page(
        request,
        "finalised",
        encounter_id=encounter_id,
        keys=_FINALISED_KEYS,
        reopen_reasons=list(ReopenReason),
    )


@router.get("/encounters/{encounter_id}/outline", dependencies=[requires(Permission.ENCOUNTERS_READ)])
def outline(request: Request, encounter_id: EncounterId) -> Response:
    """Returns the headings of the notes of an encounter, with offsets in UTF-16 code units."""
    storage: Storage = request.app.state.storage
    notes = [stored.note for stored in stored_notes.all_notes(storage.database, encounter_id)]
    shift = Utf16Offsets(notes)
    headings = [
        {
            "note_id": note.id,
            "start": shift(note.id, section.start),
            "end": shift(note.id, section.start + len(note.text[section.start : section.body].rstrip())),
            "family": section.family,
        }
        for note in notes
        for section in find_sections(note.text)
        if note.text[section.start : section.body].strip()
    ]
    return JSONResponse({"sections": headings}, headers={"Cache-Control": "no-store"})


def _page(request: Request, name: str, **values: Any) -> Response:
    """Returns a page for whoever is signed in, and sends others to sign in first."""
    auth: Authenticator = request.app.state.auth
    if auth.identify(request) is None:
        query = urlencode({"next": request.url.path})
        return RedirectResponse(f"/desk/sign-in?{query}", 303, headers={"Cache-Control": "no-store"})
    return _render(request, name, **values)


def _render(request: Request, name: str, **values: Any) -> Response:
    auth: Authenticator = request.app.state.auth
    html = templates.get_template(f"{name}.html").render(
        asset=asset_address,
        script=f"desk-{name}.js",
        single_user=auth.local_user() is not None,
        **values,
    )
    return Response(html, media_type="text/html", headers={"Cache-Control": REVALIDATE})
