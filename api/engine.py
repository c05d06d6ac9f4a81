"""Runs the suggester off the event loop: one chart at a time in a thread of its own, with a bounded queue.

A ``Suggester`` serves one thread at a time and holds the GIL while it works, so that more threads in one
process would only take memory. More charts at once need more processes (``CHARTCODER_WORKERS``), which share
the memory-mapped code index.

Another bundle that is promoted is loaded beside the one that serves, which answers meanwhile; then the two are
exchanged between two charts. A bundle that fails a check changes nothing.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Thread
from time import monotonic
from typing import TypeVar

from api.code_sets import CodeSets, ProcedureCodes, open_procedure_codes
from api.errors import Problem
from api.logs import describe_exception
from api.settings import Settings
from suggest.audit.records import AssignedClaim, AuditedClaim
from suggest.audit.run import Auditor, tables_of
from suggest.edits.tables import EditTables
from suggest.errors import ChartCoderError
from suggest.pipeline import Suggester
from suggest.procedures.terms import Catalogue
from suggest.records import Encounter, Suggestion

Progress = Callable[[str, float], None]
Loader = Callable[[Progress], Suggester]
CodesOpener = Callable[[], ProcedureCodes]
TablesOpener = Callable[[Suggester], EditTables]
Watch = Callable[[], object]
Result = TypeVar("Result")

_log = logging.getLogger("chartcoder.engine")
_FIRST_GUESS = 0.5
_LONGEST_RETRY = 60
_POLL_SECONDS = 3.0


def no_tables(suggester: Suggester) -> EditTables:
    """Returns edit tables that hold the diagnoses of a suggester and nothing else."""
    return EditTables(suggester.index, Catalogue(()))


class Engine:
    """Loads a suggester in the background and queues charts for it."""

    def __init__(
        self,
        load: Loader,
        *,
        queue_limit: int,
        open_codes: CodesOpener = ProcedureCodes,
        open_tables: TablesOpener = no_tables,
        watch: Watch | None = None,
        poll_seconds: float = _POLL_SECONDS,
    ) -> None:
        """Takes what loads the suggester; nothing is loaded before ``start``.

        Args:
            load: Called in a thread, at the start and whenever another bundle is to serve.
            queue_limit: Charts that may wait besides the one that is read.
            open_codes: Opens the code sets of procedures, whenever ``load`` is called; by default there are none.
            open_tables: Opens what edits look up, at the first audit of each suggester; by default there is nothing
                but the code set of the suggester.
            watch: Returns a value that differs once another bundle is promoted; ``None``: none ever is.
            poll_seconds: Time between two looks.
        """
        self._load = load
        self._queue_limit = queue_limit
        self._open_codes = open_codes
        self._open_tables = open_tables
        self._auditor: Auditor | None = None
        self._watch = watch
        self._poll_seconds = poll_seconds
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="suggester")
        self._suggester: Suggester | None = None
        self._procedure_codes = ProcedureCodes()
        self._seen: object = None
        self._state = "not started"
        self._problem = ""
        self._pending = 0
        self._seconds = _FIRST_GUESS
        self._reloading = Lock()
        self._closed = Event()

    def start(self) -> None:
        """Begins to load, and returns at once."""
        self._state = "loading"
        self._pool.submit(self._load_now)

    def close(self) -> None:
        """Drops waiting charts and lets the one that is read come to its end."""
        self._closed.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    @property
    def ready(self) -> bool:
        """Whether suggestions can be asked for."""
        return self._suggester is not None

    @property
    def state(self) -> str:
        """What the engine does, for people: ``ready``, or what it is loading, or why it cannot load."""
        return self._state

    @property
    def problem(self) -> str:
        """Why the promoted bundle does not serve although it should; empty where all is well."""
        return self._problem

    @property
    def suggester(self) -> Suggester:
        """The suggester, for its code index and versions; its ``suggest`` belongs to the worker thread.

        Raises:
            Problem: It is not loaded (yet).
        """
        if self._suggester is None:
            raise Problem("not-ready", self._state, headers={"Retry-After": "5"})
        return self._suggester

    @property
    def codes(self) -> CodeSets:
        """The code sets, for looking codes up and for checking those that coders bring.

        Raises:
            Problem: They are not loaded (yet).
        """
        return CodeSets(self.suggester.index, self._procedure_codes)

    async def suggest(self, encounter: Encounter) -> Suggestion:
        """Returns the suggestion for an encounter when its turn has come.

        Raises:
            Problem: The suggester is not loaded, or too many charts are waiting.
        """
        return await self._queued(lambda suggester: suggester.suggest(encounter))

    async def audit(self, claim: AssignedClaim) -> AuditedClaim:
        """Returns the audit of a claim when its turn has come.

        Raises:
            Problem: As ``suggest``.
        """
        return await self._queued(lambda suggester: self._auditor_of(suggester).audit(claim))

    async def _queued(self, work: Callable[[Suggester], Result]) -> Result:
        suggester = self.suggester
        if self._pending > self._queue_limit:
            seconds = min(_LONGEST_RETRY, math.ceil(self._pending * self._seconds))
            raise Problem("busy", headers={"Retry-After": str(seconds)})
        loop = asyncio.get_running_loop()
        self._pending += 1
        job = self._pool.submit(self._timed, suggester, work)
        # Counted down when the job ends, not when its caller goes away: it may still hold the worker.
        job.add_done_callback(lambda _job: _call_soon(loop, self._ended))
        return await asyncio.wrap_future(job)

    def reload(self) -> None:
        """Loads what is promoted now and lets it serve; blocks, and changes nothing on failure.

        Raises:
            Problem: The bundle cannot be used, or nothing serves yet.
        """
        _ = self.suggester
        with self._reloading:
            self._exchange()
        if self._problem:
            raise Problem("bundle-refused", self._problem)

    def _exchange(self) -> None:
        try:
            # Looked at before loading: a promotion in between is then seen at the next look.
            self._seen = self._watch() if self._watch else None
            fresh = self._load(lambda _what, _share: None)
            codes = self._open_codes()
        except ChartCoderError as error:
            self._problem = str(error)
            _log.error("the promoted bundle is refused, the old one goes on serving: %s", error)
        except Exception as error:  # whatever a bundle does, the old one goes on serving
            self._problem = "the promoted bundle cannot be loaded; see the log"
            _log.error("the promoted bundle cannot be loaded: %s", describe_exception(error))
        else:
            # Charts that are queued hold the old one, so that none is dropped.
            self._suggester, self._procedure_codes, self._problem = fresh, codes, ""
            _log.info("model %s serves now", fresh.model.name)

    def _look_for_promotions(self, watch: Watch) -> None:
        while not self._closed.wait(self._poll_seconds):
            with self._reloading:
                if watch() != self._seen:
                    self._exchange()

    def _ended(self) -> None:
        self._pending -= 1

    def _timed(self, suggester: Suggester, work: Callable[[Suggester], Result]) -> Result:
        began = monotonic()
        try:
            return work(suggester)
        finally:
            self._seconds += (monotonic() - began - self._seconds) / 8

    def _auditor_of(self, suggester: Suggester) -> Auditor:
        """Returns the auditor of a suggester; only the worker thread calls it, so that none is made twice."""
        if self._auditor is None or self._auditor.suggester is not suggester:
            self._auditor = Auditor(suggester, self._open_tables(suggester))
        return self._auditor

    def _load_now(self) -> None:
        try:
            self._seen = self._watch() if self._watch else None
            self._procedure_codes = self._open_codes()
            self._suggester = self._load(self._tell)
            self._state = "ready"
            _log.info("model and code index are loaded")
            if self._watch is not None:
                Thread(target=self._look_for_promotions, args=(self._watch,), name="promotions", daemon=True).start()
        except ChartCoderError as error:
            # These messages are about files of the installation, never about a chart.
            self._state = f"cannot load: {error}"
            _log.error("cannot load model and code index: %s", error)
        except Exception as error:  # the thread must not end silently, with /readyz at "loading" for ever
            self._state = "cannot load; see the log"
            _log.error("cannot load model and code index: %s", describe_exception(error))

    def _tell(self, what: str, share: float) -> None:
        self._state = f"loading: {what} ({share:.0%})"


def _call_soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(call)


def make_engine(settings: Settings) -> Engine:
    """Returns an engine for the model and edition that the settings name."""

    def load(progress: Progress) -> Suggester:
        # Imported here, as scikit-learn takes seconds: /healthz answers meanwhile.
        from models.loading import load_suggester

        return load_suggester(
            settings.home, bundle=settings.bundle, edition=settings.edition, cpt=settings.cpt, progress=progress
        )

    def open_codes() -> ProcedureCodes:
        return open_procedure_codes(settings.home, cpt=settings.cpt)

    def open_tables(suggester: Suggester) -> EditTables:
        return tables_of(suggester, settings.home, cpt=settings.cpt)

    pointer = settings.home / "models" / "active.json"

    def watch() -> object:
        try:
            found = pointer.stat()
        except OSError:
            return None
        # The file is replaced and never written in place, so that a promotion gives another inode or time.
        return found.st_mtime_ns, found.st_ino, found.st_size

    return Engine(
        load,
        queue_limit=settings.queue_limit,
        open_codes=open_codes,
        open_tables=open_tables,
        watch=None if settings.bundle else watch,
    )
