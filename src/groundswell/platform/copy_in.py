"""COPY over one connection, with as little between a group of events and PostgreSQL as can be.

A group is small when visitors come one by one, and then what a commit costs this process counts: so libpq is driven as
``raw_connection.py`` does, and the statement is sent before the lines are known.
"""

import asyncio
from contextlib import suppress
from typing import Any

import psycopg
from psycopg import errors, pq

from .raw_connection import RawConnection, error_of


class CopyIn(RawConnection):
    """``statement``, a COPY … FROM STDIN in text format, over ``connection``, which commits by itself.

    Nothing else may use the connection between ``begin`` and the end of ``committed`` or ``abandon``, nor before
    ``release``.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], statement: str) -> None:
        super().__init__(connection)
        self.statement = statement.encode()
        self.begun = False
        self._accepted = False
        self._last: bytes | None = None
        self._refusal: bytes | None = None
        self._error: psycopg.Error | None = None
        self._done: asyncio.Future[None] = self._loop.create_future()

    def begin(self) -> None:
        """Send the statement. ``end`` or ``abandon`` must follow soon: a transaction is open.

        Raises:
            psycopg.OperationalError: the connection is gone.
        """
        self._accepted, self._last, self._refusal, self._error = False, None, None, None
        self._done = self._loop.create_future()
        self._pg.send_query(self.statement)
        self.begun = True
        self._listen()
        self._flush()

    def send(self, lines: bytes) -> bool:
        """Send ``lines``, which are not all, if PostgreSQL takes them already; says whether it does."""
        if not self._accepted:
            self._readable()  # it may have answered since the loop last looked
        if not self._accepted or self._done.done():
            return False
        try:
            self._pg.put_copy_data(lines)
            self._flush()
        except psycopg.Error as error:
            self._end(error)
        return True

    def end(self, lines: bytes) -> None:
        """Send ``lines``, which are the last, as soon as PostgreSQL takes them; ``committed`` must follow."""
        self._last = lines
        if self._accepted:
            self._send_last()
        self._readable()  # its word on what was sent before may be here already, and no other will come

    async def committed(self) -> None:
        """Return when all that was sent is committed.

        Raises:
            psycopg.Error: what PostgreSQL said instead, or that the connection is gone.
        """
        try:
            await self._done
        finally:
            self.begun = False

    async def abandon(self) -> None:
        """Take back what was sent.

        Raises:
            psycopg.OperationalError: the connection is gone.
        """
        self._refusal = b"taken back"
        self.end(b"")
        with suppress(errors.QueryCanceled):
            await self.committed()

    def _send_last(self) -> None:
        assert self._last is not None
        try:
            self._pg.put_copy_data(self._last)
            self._pg.put_copy_end(self._refusal)
            self._flush()
        except psycopg.Error as error:
            self._end(error)

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
            while self.begun and not self._done.done() and not self._pg.is_busy():
                self._take(self._pg.get_result())
                if self._accepted and self._last is None:
                    return
        except psycopg.Error as error:
            self._end(error)

    def _take(self, result: pq.abc.PGresult | None) -> None:
        if result is None:
            self._end(self._error)
        elif result.status == pq.ExecStatus.COPY_IN:
            self._accepted = True
            if self._last is not None:
                self._send_last()
        elif result.status != pq.ExecStatus.COMMAND_OK:
            self._error = error_of(result)

    def _end(self, error: psycopg.Error | None) -> None:
        if isinstance(error, psycopg.OperationalError):
            self.release()
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)
            self._done.exception()  # whoever connects again need not ask
