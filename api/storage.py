"""The database of the service, opened when it is first needed."""

from __future__ import annotations

from threading import Lock

from store.database import Database, open_database


class Storage:
    """Opens the database once; worker processes and tests each have their own.

    Routes of the desk and of sign-in call it in threads, never on the event loop.
    """

    def __init__(self, url: str) -> None:
        """Takes the URL; nothing is opened yet."""
        self._url = url
        self._lock = Lock()
        self._database: Database | None = None

    @property
    def database(self) -> Database:
        """The database.

        Raises:
            DatabaseError: It cannot be opened.
        """
        with self._lock:
            if self._database is None:
                self._database = open_database(self._url)
            return self._database

    def close(self) -> None:
        """Closes it, if it was opened."""
        with self._lock:
            if self._database is not None:
                self._database.close()
                self._database = None
