"""A small code index, a suggester that answers by looking for words, clients without a server, databases."""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from datetime import date, timedelta
from types import SimpleNamespace

import httpx
import pytest
from argon2 import PasswordHasher

from api.app import create_app
from api.code_sets import ProcedureCodes
from api.engine import Engine
from api.settings import Settings
from store import api_keys, users
from store.database import open_database
from store.tables import Role
from suggest.code_sets.compiler import compile_icd10cm
from suggest.code_sets.editions import Edition
from suggest.code_sets.icd10pcs import import_icd10pcs, open_pcs
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.service_records import ServiceCode, ServiceModifier
from suggest.code_sets.services import ServiceSet
from suggest.code_sets.tabular import Block, Chapter, NoteKind, TabularList, TabularNode
from suggest.edits.run import run_edits
from suggest.edits.tables import EditTables
from suggest.policy import policy_for
from suggest.procedures.terms import Catalogue
from suggest.records import (
    Assertion,
    AssertionStatus,
    Code,
    CodeLine,
    Element,
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

CPT = Edition(System.CPT, "starter", date(2026, 4, 1), None, "by hand")
_SERVICES = (
    ServiceCode("20610", "Joint injection, large", System.CPT, "musculoskeletal", global_days="000",
                flags=frozenset({"sided"}), terms=("knee injection",)),
    ServiceCode("29881", "Knee scope, meniscus trimmed", System.CPT, "musculoskeletal", includes=("29870",),
                terms=("knee arthroscopy",)),
    ServiceCode("99214", "Office visit, moderate", System.CPT, "em"),
)  # fmt: skip
_SUPPLIES = (
    ServiceCode("J3301", "Triamcinolone, 10 mg", System.HCPCS, "drug", starts=date(2020, 1, 1)),
    ServiceCode("J9999", "A drug of the past", System.HCPCS, "drug", ends=date(2025, 12, 31), source="CMS 2026-01"),
)
_MODIFIERS = (ServiceModifier("25", "Separate visit"), ServiceModifier("RT", "Right side"))
_PCS = """0FT40ZZ Resection of Gallbladder, Open Approach
0FT44ZZ Resection of Gallbladder, Percutaneous Endoscopic Approach
0SRC0J9 Replacement of Right Knee Joint with Synthetic Substitute, Cemented, Open Approach
"""


PASSWORD = "seven-pale-herons-wade"


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
                CodeLine(ranked, role="additional" if i else "first-listed", sequence_reason="order of the text")
                for i, ranked in enumerate(proposed)
            )
            + tuple(line for note in encounter.notes for line in _procedures(note)),
            suppressed=tuple(SuppressedCode(ranked, "assertion", "it is denied") for ranked in denied),
            findings=(Finding("edition", Severity.INFO, (), "a message", "a remedy", "a source"),) if found else (),
            queries=(Query("stage", (found[0][0].support[0].evidence,), "Which stage?", ("1", "2")),) if found else (),
            stamp=RunStamp("0", self.model.name, (("ICD-10-CM", "FY2026"),), "small", policy.name, policy.hash),
        )

    def check(self, coded, record):
        return run_edits(coded, EditTables(self.index, Catalogue(())), record)

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


def _procedures(note):
    """A visit and a joint injection, where the note says "knee injection"."""
    start = note.text.find("knee injection")
    if start < 0:
        return
    evidence = Evidence(note.id, start, start + 14, "knee injection")
    support = Support(evidence, "none", Assertion(), "knee injection", "service")
    yield CodeLine(
        RankedCode(Code(System.CPT, "99214", "starter"), "Office visit, moderate", 0.7, (support,), (), "moderate"),
        modifiers=("25",),
        modifier_reasons=("beside an injection",),
        pointers=(1,),
        role="procedure",
        elements=(
            Element("risk", "Prescription drug management", 3, evidence=(evidence,)),
            Element("data", "A test", counted=False, reason="billed by itself"),
        ),
    )
    yield CodeLine(
        RankedCode(Code(System.ICD10PCS, "0SRC0J9", "FY2026"), "Replacement", 0.6, (support,), (), "composed"),
        units=2,
        role="procedure",
        open_axes=("approach",),
    )


class Client:
    """Sends requests to the application in this process; an exception that escapes it fails the test."""

    def __init__(self, app, engine):
        self.app = app
        self.engine = engine
        self.headers = {}
        self.cookies = httpx.Cookies()
        self.base_url = "http://localhost:8000"

    @property
    def database(self):
        return self.app.state.storage.database

    def other(self, **headers):
        """Returns a client of the same application for somebody else."""
        client = Client(self.app, self.engine)
        client.headers = headers
        return client

    def signed_in(self, name, password=PASSWORD):
        client = self.other()
        assert client.post("/v1/session", {"name": name, "password": password}).status_code == 200
        return client

    def request(self, method, path, **kwargs):
        return asyncio.run(self.send(method, path, **kwargs))

    async def send(self, method, path, *, headers=None, **kwargs):
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url=self.base_url, cookies=self.cookies) as client:
            answer = await client.request(method, path, headers={**self.headers, **(headers or {})}, **kwargs)
            self.cookies = client.cookies
            return answer

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, *, content=None, headers=None):
        data = json.dumps(body).encode() if content is None else content
        headers = {"Content-Type": "application/json", **(headers or {})}
        return self.request("POST", path, content=data, headers=headers)

    def delete(self, path, **kwargs):
        return self.request("DELETE", path, **kwargs)

    def patch(self, path, body):
        return self.request("PATCH", path, json=body)

    def store(self, text="DM2 and HTN", encounter_id="e1", **fields):
        """Stores an encounter; returns it as the service answers it."""
        body = {"id": encounter_id, "notes": [{"id": "n1", "text": text}], **fields}
        answer = self.post("/v1/encounters", body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def decide(self, *decisions, version, encounter_id="e1", key=None, query=""):
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"expected_version": version, "decisions": list(decisions)}
        return self.post(f"/v1/encounters/{encounter_id}/decisions{query}", body, headers=headers)

    def suggest(self, text="DM2 and HTN", **fields):
        return self.post("/v1/suggestions", {"notes": [{"id": "n1", "text": text}], **fields})


def pytest_configure(config):
    config.addinivalue_line("markers", "long: the same at full length, minutes; slow too")


def until(condition, *, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.005)


@pytest.fixture
def wait_until():
    return until


@pytest.fixture(scope="session")
def small_index_folder(tmp_path_factory):
    return compile_icd10cm(lambda: _TABULAR, EDITION, tmp_path_factory.mktemp("index") / "small")


@pytest.fixture(scope="session")
def small_index(small_index_folder):
    return CodeIndex.open(small_index_folder)


@pytest.fixture(scope="session")
def procedure_codes(tmp_path_factory):
    """A few codes of CPT, HCPCS and ICD-10-PCS."""
    home = tmp_path_factory.mktemp("pcs")
    release = home / "icd10pcs_codes_2026.txt"
    release.write_text(_PCS, "utf-8")
    import_icd10pcs(release, home)
    hcpcs = Edition(System.HCPCS, "2026-01", date(2026, 1, 1), None, "by hand")
    services = (ServiceSet(CPT, _SERVICES, _MODIFIERS), ServiceSet(hcpcs, _SUPPLIES))
    return ProcedureCodes({codes.system: codes for codes in services}, open_pcs(home))


@pytest.fixture
def fake(small_index):
    return FakeSuggester(small_index)


@pytest.fixture
def make_client(fake, tmp_path, migrated_file, procedure_codes):
    """Makes clients for other settings than the default; each application has an empty database of its own."""
    made = []

    def make(*, load=None, ready=True, watch=None, codes=procedure_codes, **settings):
        home = settings.pop("home", None) or tmp_path / f"home{len(made)}"
        home.mkdir(exist_ok=True)
        if not (home / "chartcoder.db").exists():
            shutil.copy(migrated_file, home / "chartcoder.db")
        chosen = Settings(home=home, **settings)
        engine = Engine(
            load or (lambda _progress: fake),
            queue_limit=chosen.queue_limit,
            open_codes=lambda: codes,
            watch=watch,
            poll_seconds=0.02,
        )
        client = Client(create_app(chosen, engine), engine)
        made.append(client)
        if ready:
            engine.start()
            until(lambda: engine.ready)
        return client

    yield make
    for client in made:
        client.engine.close()
        client.app.state.storage.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("migrated") / "chartcoder.db"
    open_database(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def add_user():
    """Adds a user to the database of a client; returns its id."""

    def add(client, name, *roles, password=PASSWORD):
        return users.create(client.database, name, roles=roles or [Role.CODER], password=password, actor=None).id

    return add


@pytest.fixture
def add_key():
    """Makes a key for a user; returns a client that sends it."""

    def add(client, user_id, *scopes, days=1):
        _, key = api_keys.issue(
            client.database,
            user_id,
            label="test",
            scopes=scopes,
            expires_at=client.database.now() + timedelta(days=days),
            actor=None,
        )
        return client.other(Authorization=f"Bearer {key}")

    return add


@pytest.fixture(autouse=True)
def _fast_passwords(monkeypatch):
    """Argon2id takes 64 MiB and a tenth of a second by design; tests compare many passwords."""
    monkeypatch.setattr(users, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    users._nobody.cache_clear()


@pytest.fixture
def client_of():
    """Makes clients of other applications; closes their engines and databases."""
    made = []

    def make(app, engine):
        made.append(Client(app, engine))
        return made[-1]

    yield make
    for client in made:
        client.engine.close()
        client.app.state.storage.close()


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
