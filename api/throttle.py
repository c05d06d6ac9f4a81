"""Slows the guessing of passwords down (NIST SP 800-63B-4, section 3.2.2)."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Semaphore
from time import monotonic

from api.errors import Problem

FREE_FAILURES = 5
"""Wrong passwords in a row that cost no wait."""
LONGEST_WAIT = 300
"""Seconds; twelve guesses an hour then, while the owner of the account is not shut out for long."""

_MOST_NAMES = 10_000
# A comparison takes 64 MiB and tens of milliseconds of all cores.
_AT_ONCE = 2
_LONGEST_QUEUE = 5.0


class SignInThrottle:
    """Counts wrong passwords by name, in this process; safe to share between threads."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._slots = Semaphore(_AT_ONCE)

    @contextmanager
    def attempt(self, name: str) -> Iterator[None]:
        """Allows one comparison of a password.

        Args:
            name: Name of the account, whether or not there is one.

        Raises:
            Problem: The name has to wait, or too many passwords are being compared.
        """
        with self._lock:
            _, until = self._failures.get(name.lower(), (0, 0.0))
            wait = until - self._clock()
        if wait > 0:
            raise _too_many(math.ceil(wait))
        if not self._slots.acquire(timeout=_LONGEST_QUEUE):
            raise _too_many(1)
        try:
            yield
        finally:
            self._slots.release()

    def failed(self, name: str) -> None:
        """Notes a wrong password; from the sixth in a row on, the wait doubles each time."""
        name = name.lower()
        with self._lock:
            count = self._failures.pop(name, (0, 0.0))[0] + 1
            wait = 0 if count <= FREE_FAILURES else min(LONGEST_WAIT, 2 ** min(count - FREE_FAILURES, 10))
            self._failures[name] = (count, self._clock() + wait)
            while len(self._failures) > _MOST_NAMES:
                self._failures.popitem(last=False)

    def succeeded(self, name: str) -> None:
        """Forgets the wrong passwords of a name."""
        with self._lock:
            self._failures.pop(name.lower(), None)


def _too_many(seconds: int) -> Problem:
    return Problem("too-many-attempts", headers={"Retry-After": str(seconds)})
