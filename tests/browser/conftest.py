"""A service of a few codes on a free port, with a database of its own, and a browser without network but that."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from datetime import date
from types import SimpleNamespace

import pytest
import uvicorn

from api.app import create_app
from api.code_sets import open_procedure_codes
from api.engine import Engine
from api.server import KEEP_ALIVE_SECONDS
from api.settings import Settings
from store import encounters, suggestions, users
from store.tables import Role
from suggest.code_sets.compiler import compile_icd10cm
from suggest.code_sets.editions import Edition
from suggest.code_sets.index import CodeIndex
from suggest.code_sets.tabular import Block, Chapter, TabularList, TabularNode
from suggest.edits.run import run_edits
from suggest.edits.tables import EditTables
from suggest.policy import policy_for
from suggest.procedures.terms import Catalogue
from suggest.records import (
    Assertion,
    AssertionStatus,
    Claim,
    Code,
    CodeLine,
    Element,
    Encounter,
    Evidence,
    Note,
    Patient,
    Query,
    RankedCode,
    RunStamp,
    Setting,
    Sex,
    Suggestion,
    Support,
    SuppressedCode,
    System,
)

PASSWORD = "a long pass phrase"
CHROMIUM = "/usr/bin/chromium"
PATIENCE_MS = 120_000
"""Above what the desk waits before it sends again (30 s) and a writer for the database (30 s), one after the other:
a machine that stalls makes a test slow, not red."""
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
CHART = """HPI: 63 yo with DM2 and HTN, here for a check. No chest pain \U0001f642.
PMH: gout, quiet for years.
Exam: feet warm, normal pulses.
A/P: 1. DM2, A1c 8.9: raise metformin. 2. HTN at goal. 3. CKD stage 3a, stable.
"""
INJECTION = "Procedure: right knee injection, triamcinolone 40 mg. BMP ordered, EKG read here.\n"
QUESTION = "Please clarify the present state of the condition quoted. What is it?"
OPTIONS = ("Active", "Past, without treatment", "Other (please state)", "Unable to determine clinically")
HOSTILE_TITLE = "Gout <img src=x onerror=alert(1)><script>document.title='taken'</script>, unspecified"

EDITION = Edition(System.ICD10CM, "FY2026", date(2025, 10, 1), date(2026, 9, 30), "by hand")
_CODES = (
    ("E11", "Type 2 diabetes mellitus", None, "E08-E13", False),
    ("E11.65", "Type 2 diabetes mellitus with hyperglycemia", "E11", "E08-E13", True),
    ("E11.9", "Type 2 diabetes mellitus without complications", "E11", "E08-E13", True),
    ("I10", "Essential (primary) hypertension", None, "I10-I1A", True),
    ("M10", "Gout", None, "M05-M14", False),
    ("M10.9", HOSTILE_TITLE, "M10", "M05-M14", True),
    ("N18", "Chronic kidney disease (CKD)", None, "N17-N19", False),
    ("N18.31", "Chronic kidney disease, stage 3a", "N18", "N17-N19", True),
    ("R07", "Pain in throat and chest", None, "R00-R09", False),
    ("R07.9", "Chest pain, unspecified", "R07", "R00-R09", True),
    ("Z79", "Long term (current) drug therapy", None, "Z77-Z99", False),
    ("Z79.84", "Long term (current) use of oral hypoglycemic drugs", "Z79", "Z77-Z99", True),
)
_BLOCKS = {
    "E08-E13": ("Diabetes mellitus", 4),
    "I10-I1A": ("Hypertensive diseases", 9),
    "M05-M14": ("Inflammatory polyarthropathies", 13),
    "N17-N19": ("Acute kidney failure and chronic kidney disease", 14),
    "R00-R09": ("Symptoms and signs of the circulatory system", 18),
    "Z77-Z99": ("Persons with potential health hazards", 21),
}
_TABULAR = TabularList(
    version="2026",
    chapters=tuple(Chapter(number, f"Chapter {number}") for number in sorted({n for _, n in _BLOCKS.values()})),
    blocks=tuple(Block(block, title, chapter) for block, (title, chapter) in _BLOCKS.items()),
    nodes=tuple(
        TabularNode(code, title, parent, _BLOCKS[block][1], block, billable)
        for code, title, parent, block, billable in _CODES
    ),
)
_TERMS = {
    "DM2": ("E11.9", 0.94),
    "HTN": ("I10", 0.97),
    "CKD stage 3a": ("N18.31", 0.88),
    "gout": ("M10.9", 0.35),
    "chest pain": ("R07.9", 0.06),
}
_PROPOSED_FROM = 0.3


class WordSuggester:
    """Proposes a code for each of a few terms, suppresses what "No" denies."""

    def __init__(self, index):
        self.index = index
        self.model = SimpleNamespace(name="words@0123456789ab")

    def suggest(self, encounter):
        ranked = [code for term in _TERMS if (code := self._ranked(term, encounter.notes)) is not None]
        proposed = [code for code in ranked if code.probability >= _PROPOSED_FROM]
        denied = [code for code in ranked if code.probability < _PROPOSED_FROM]
        policy = policy_for(encounter)
        return Suggestion(
            encounter_id=encounter.id,
            ranked=tuple(ranked),
            codes=tuple(
                CodeLine(code, role="additional" if i else "first-listed", sequence_reason="order of the text")
                for i, code in enumerate(proposed)
            )
            + tuple(_procedures(encounter)),
            suppressed=tuple(SuppressedCode(code, "assertion", "it is denied") for code in denied),
            findings=(),
            queries=tuple(
                Query("joint-disease-type", (code.support[0].evidence,), QUESTION, OPTIONS)
                for code in ranked
                if code.code.code == "M10.9"
            ),
            stamp=RunStamp("0", self.model.name, (("ICD-10-CM", "FY2026"),), "small", policy.name, policy.hash),
        )

    def check(self, coded, record):
        return run_edits(coded, EditTables(self.index, Catalogue(())), record)

    def _ranked(self, term, notes):
        code, probability = _TERMS[term]
        found = [(note, start) for note in notes for start in _places(note.text, term)]
        if not found:
            return None
        title = self.index.title(self.index.row(code))
        support = tuple(_support(note, start, term) for note, start in found)
        return RankedCode(Code(System.ICD10CM, code, "FY2026"), title, probability, support, (), "clinical term")


def _procedures(encounter):
    """A visit, an injection and its drug where the note has ``INJECTION``; one ICD-10-PCS code for a stay."""
    note = encounter.notes[0]
    if "knee injection" not in note.text:
        return

    def words(quote):
        start = note.text.index(quote)
        return Evidence(note.id, start, start + len(quote), quote)

    def ranked(system, code, title, quote):
        support = Support(words(quote), "procedure", Assertion(), quote, "service")
        return RankedCode(Code(system, code, "starter"), title, 0.8, (support,), (), "term of a service")

    if encounter.claim is Claim.FACILITY:
        code = ranked(System.ICD10PCS, "3E0U33Z", "Introduction of Anti-inflammatory into Joints", "knee injection")
        yield CodeLine(code, role="procedure", open_axes=("approach",))
        return
    yield CodeLine(
        ranked(System.CPT, "99214", "Office visit, moderate", "raise metformin"),
        modifiers=("25",),
        modifier_reasons=("a visit of its own beside an injection",),
        pointers=(1, 2),
        role="procedure",
        elements=(
            Element("problems", "Two chronic illnesses, one not at goal.", 3, evidence=(words("A1c 8.9"),)),
            Element("risk", "Prescription drug management.", 3, evidence=(words("raise metformin"),)),
            Element("data", "A test.", None, False, "its reading is billed separately", (words("EKG"),)),
        ),
    )
    yield CodeLine(
        ranked(System.CPT, "20610", "Joint injection, large", "knee injection"),
        modifiers=("RT",),
        modifier_reasons=("the right side",),
        pointers=(3,),
        role="procedure",
    )
    yield CodeLine(ranked(System.HCPCS, "J3301", "Triamcinolone, 10 mg", "triamcinolone"), role="procedure")


def _places(text, term):
    start = text.find(term)
    while start >= 0:
        yield start
        start = text.find(term, start + 1)


def _support(note, start, term):
    denied = note.text[:start].endswith("No ")
    assertion = Assertion(AssertionStatus.NEGATED, "no", start - 3, start - 1) if denied else Assertion()
    return Support(Evidence(note.id, start, start + len(term), term), "hpi", assertion, term.lower(), "lexicon")


class Service:
    """A running service, with the text of its charts and the password of its users."""

    chart = CHART
    procedures = CHART + INJECTION
    password = PASSWORD
    question = QUESTION

    def __init__(self, app, engine, url):
        self.app = app
        self.engine = engine
        self.url = url

    @property
    def database(self):
        return self.app.state.storage.database

    def add_user(self, name, *roles):
        return users.create(self.database, name, roles=roles or [Role.CODER], password=PASSWORD, actor=None)

    def add_chart(self, encounter_id="c1", text=CHART, *, stay=False):
        """Stores a chart with its suggestion, whoever may sign in."""
        record = Encounter(
            id=encounter_id,
            notes=(Note("n1", text, "progress"),),
            setting=Setting.INPATIENT if stay else Setting.OUTPATIENT,
            claim=Claim.FACILITY if stay else Claim.PROFESSIONAL,
            patient=Patient(63.0, Sex.MALE),
            date_of_service=date(2026, 2, 3),
        )
        stored = encounters.create(self.database, record, actor=None)
        suggestion = self.engine.suggester.suggest(record)
        suggestions.record(self.database, encounter_id, suggestion, last_note=stored.last_note, actor=None)


@pytest.fixture(scope="session")
def small_index(tmp_path_factory):
    folder = tmp_path_factory.mktemp("index") / "small"
    return CodeIndex.open(compile_icd10cm(lambda: _TABULAR, EDITION, folder))


@pytest.fixture
def service(tmp_path, small_index, home):
    """Serves from a thread of this process until the test ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = Settings(home=tmp_path / "home", port=port)
    engine = Engine(
        lambda _progress: WordSuggester(small_index),
        queue_limit=settings.queue_limit,
        open_codes=lambda: open_procedure_codes(home, cpt=True),
    )
    app = create_app(settings, engine)
    server = uvicorn.Server(
        uvicorn.Config(
            app, port=port, log_config=None, access_log=False, ws="none", timeout_keep_alive=KEEP_ALIVE_SECONDS
        )
    )
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started and engine.ready)
    yield Service(app, engine, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(timeout=60)
    assert not thread.is_alive(), "the server did not stop"


# Not for the session: Playwright holds an event loop in this thread, with which asyncio.run elsewhere would fail.
@pytest.fixture(scope="module")
def browser():
    playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if shutil.which(CHROMIUM) is None:
        pytest.skip(f"{CHROMIUM} is not installed: make system-packages")
    with playwright_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=CHROMIUM_OPTIONS)
        yield opened
        opened.close()


class Watch:
    """What a page asked for and was answered, to be told where its test fails."""

    def __init__(self, page):
        self.page = page
        self.requests = []
        page.on("request", lambda request: self.requests.append(request))

    def report(self):
        shown = ("status", "saved-text", "problem", "notice-text")
        state = "names => names.map(name => `${name}: ${document.getElementById(name)?.textContent.trim() ?? '-'}`)"
        focus = "() => `focus: ${document.activeElement.tagName}.${document.activeElement.className}`"
        lines = [self.page.url, *self.page.evaluate(state, shown), self.page.evaluate(focus)]
        return "\n".join(
            lines + [f"{self._status(request)} {request.method} {request.url}" for request in self.requests]
        )

    @staticmethod
    def _status(request):
        if request.failure:
            return request.failure
        answered = request.timing["responseEnd"] >= 0
        return request.response().status if answered else "no answer"


_WATCHES = pytest.StashKey()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds to the report of a failed test where its pages stood."""
    report = yield
    if report.when == "call" and report.failed:
        for number, watch in enumerate(item.stash.get(_WATCHES, []), 1):
            report.sections.append((f"page {number}", watch.report()))
    return report


@pytest.fixture
def new_page(browser, service, request):
    """Opens pages, each as of another person; a script error or a breach of the policy fails the test."""
    contexts, troubles = [], []
    watches = request.node.stash[_WATCHES] = []

    def note(message):
        if message.type == "error" and "Failed to load resource" not in message.text:
            troubles.append(message.text)

    def open_page(**options):
        context = browser.new_context(base_url=service.url, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        watches.append(Watch(page))
        page.on("console", note)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


@pytest.fixture
def page(new_page):
    return new_page()


def until(condition, *, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
