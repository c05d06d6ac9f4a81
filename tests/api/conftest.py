"""A small code index, a suggester that answers by looking for words, and a client without a server."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import date
from types import SimpleNamespace

import httpx
import pytest

from api.app import create_app
from api.engine import Engine
from api.settings import Settings
from suggest.code_sets.compiler import compile_icd10cm
from suggest.code_sets.editions import Edition
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.tabular import Block, Chapter, NoteKind, TabularList, TabularNode
from suggest.policy import policy_for
from suggest.records import (
    Assertion,
    AssertionStatus,
    Code,
    CodeLine,
    Evidence,
    Finding,
    Objection,
    Query,
    RankedCode,
    RunStamp,
    Severity,
    Suggestion,
    Support,
    SuppressedCode,
    System,
)

EDITION = Edition(System.ICD10CM, "FY2026", date(2025, 10, 1), date(2026, 9, 30), "by hand")

_TABULAR = TabularList(
    version="2026",
    chapters=(Chapter(4, "Endocrine diseases"), Chapter(9, "Circulatory diseases"), Chapter(19, "Injuries")),
    blocks=(
        Block("E08-E13", "Diabetes mellitus", 4, ((NoteKind.NOTES, "use as many codes as needed"),)),
        Block("I10-I1A", "Hypertensive diseases", 9),
        Block("T14", "Injury of unspecified body region", 19),
    ),
    nodes=(
        TabularNode(
            "E11", "Type 2 diabetes mellitus", None, 4, "E08-E13", False,
            notes=((NoteKind.EXCLUDES1, "type 1 diabetes mellitus (E10.-)"),),
        ),
        TabularNode("E11.2", "Type 2 diabetes with kidney complications", "E11", 4, "E08-E13", False),
        TabularNode(
            "E11.22", "Type 2 diabetes with diabetic chronic kidney disease", "E11.2", 4, "E08-E13", True,
            notes=((NoteKind.USE_ADDITIONAL, "code to identify stage (N18.1-N18.6)"),),
        ),
        TabularNode(
            "E11.9", "Type 2 diabetes mellitus without complications", "E11", 4, "E08-E13", True,
            inclusion_terms=("Adult-onset diabetes",),
        ),
        TabularNode("I10", "Essential (primary) hypertension", None, 9, "I10-I1A", True),
        TabularNode("T14", "Injury of unspecified body region", None, 19, "T14", False),
        TabularNode("T14.8", "Other injury", "T14", 19, "T14", False),
        TabularNode("T14.8XXA", "Other injury, initial encounter", "T14.8", 19, "T14", True, True),
        TabularNode("T14.8XXS", "Other injury, sequela", "T14.8", 19, "T14", True, True),
    ),
)  # fmt: skip

TERMS = {
    "DM2": Code(System.ICD10CM, "E11.9", "FY2026"),
    "HTN": Code(System.ICD10CM, "I10", "FY2026"),
    "injury": Code(System.ICD10CM, "T14.8XXA", "FY2026"),
}


class FakeSuggester:
    """Proposes a code for each term it finds, and suppresses it where "no" stands before the term."""

    def __init__(self, index):
        self.index = index
        self.model = SimpleNamespace(name="fake@0123456789ab")
        self.before = lambda encounter: None

    def suggest(self, encounter):
        self.before(encounter)
        found = [hit for note in encounter.notes for hit in self._hits(note)]
        denied = [ranked for ranked, no in found if no]
        proposed = [ranked for ranked, no in found if not no]
        policy = policy_for(encounter)
        return Suggestion(
            encounter_id=encounter.id,
            ranked=tuple(ranked for ranked, _ in found),
            codes=tuple(
                CodeLine(
                    ranked, role="additional" if i else "first-listed", sequence_reason="order of the text"
                )
                for i, ranked in enumerate(proposed)
            ),
            suppressed=tuple(SuppressedCode(ranked, "assertion", "it is denied") for ranked in denied),
            findings=(Finding("edition", Severity.INFO, (), "a message", "a remedy", "a source"),)
            if found
            else (),
            queries=(Query("stage", (found[0][0].support[0].evidence,), "Which stage?", ("1", "2")),)
            if found
            else (),
            stamp=RunStamp(
                "0", self.model.name, (("ICD-10-CM", "FY2026"),), "small", policy.name, policy.hash
            ),
        )

    def _hits(self, note):
        for term, code in TERMS.items():
            start = note.text.find(term)
            if start < 0:
                continue
            no = note.text[:start].endswith("no ")
            evidence = Evidence(note.id, start, start + len(term), term)
            assertion = Assertion(AssertionStatus.NEGATED, "no", start - 3, start - 1) if no else Assertion()
            support = Support(evidence, "none", assertion, term.lower(), "lexicon", (evidence,))
            against = (Objection("negated here", evidence),) if no else (Objection("a rule"),)
            title = self.index.title(self.index.row(code.code))
            yield RankedCode(code, title, 0.1 if no else 0.9, (support,), against, "clinical term"), no


class Client:
    """Sends requests to the application in this process; an exception that escapes it fails the test."""

    def __init__(self, app, engine):
        self.app = app
        self.engine = engine
        self.headers = {}

    def request(self, method, path, **kwargs):
        return asyncio.run(self.send(method, path, **kwargs))

    async def send(self, method, path, *, headers=None, **kwargs):
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
            return await client.request(method, path, headers={**self.headers, **(headers or {})}, **kwargs)

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, *, content=None, headers=None):
        data = json.dumps(body).encode() if content is None else content
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.request("POST", path, content=data, headers=headers)

    def suggest(self, text="DM2 and HTN", **fields):
        return self.post("/v1/suggestions", {"notes": [{"id": "n1", "text": text}], **fields})


def until(condition, *, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def wait_until():
    return until


@pytest.fixture(scope="session")
def small_index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index") / "small"
    return CodeIndex.open(compile_icd10cm(lambda: _TABULAR, EDITION, folder))


@pytest.fixture
def fake(small_index):
    return FakeSuggester(small_index)


@pytest.fixture
def make_client(fake):
    """Makes clients for other settings than the default."""
    engines = []

    def make(*, load=None, ready=True, **settings):
        chosen = Settings(**settings)
        engine = Engine(load or (lambda _progress: fake), queue_limit=chosen.queue_limit)
        engines.append(engine)
        if ready:
            engine.start()
            until(lambda: engine.ready)
        return Client(create_app(chosen, engine), engine)

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def client(make_client):
    return make_client()


@pytest.fixture
def assert_problem():
    """Checks that a response is a problem of a kind, and returns its content."""

    def check(response, status, name):
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
        problem = response.json()
        assert problem["type"] == f"/problems/{name}"
        assert problem["status"] == status
        assert problem["detail"]
        return problem

    return check
