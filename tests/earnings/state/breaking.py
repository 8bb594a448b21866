"""Breaking steps off: at any statement, by an error or by the loss of the connection, and trying them again."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from hypothesis import strategies as st
from sqlalchemy import event

from groundswell.platform.database import Database


class Killed(Exception):
    """The process ended here."""


@dataclass(frozen=True)
class Crash:
    """How a step ends.

    Args:
        after: so many statements (a commit is one), all transactions of the step counted together.
        how: ``killed`` (an error that nobody catches), ``cut`` (the server ends the connection) or ``unheard`` (it is
            done, and whoever asked does not hear of it).
        again: it is tried again at once.
    """

    after: int
    how: Literal["killed", "cut", "unheard"]
    again: bool


CRASHES = st.none() | st.builds(Crash, st.integers(0, 45), st.sampled_from(["killed", "cut", "unheard"]), st.booleans())


class Breaker:
    """Breaks what a database is asked for, when it is armed."""

    def __init__(self, database: Database) -> None:
        self.url, self.left, self.how = database.url, -1, ""
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._statement)
        event.listen(database.engine.sync_engine, "commit", self._count)

    @contextmanager
    def armed(self, crash: Crash) -> Iterator[None]:
        if crash.how != "unheard":
            self.left, self.how = crash.after, crash.how
        try:
            yield
        finally:
            self.left = -1

    def _statement(self, connection: Any, *_: Any) -> None:
        self._count(connection)

    def _count(self, connection: Any) -> None:
        if self.left < 0:
            return
        self.left -= 1
        if self.left >= 0:
            return
        if self.how == "killed":
            raise Killed
        raw = connection.connection.driver_connection
        with psycopg.connect(self.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [raw.info.backend_pid])
