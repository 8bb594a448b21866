"""COPY over one connection, with as little between a group of events and PostgreSQL as can be.

A group is small when visitors come one by one, and then what a commit costs this process counts: psycopg's
``cursor.copy`` waits five times through generators. This drives the same libpq (``psycopg.pq``) from the loop's own
notice that the socket can be read, and sends everything that can be sent at once.
"""

import asyncio
from typing import Any

import psycopg
from psycopg import errors, pq


class CopyIn:
    """``statement`` (a COPY … FROM STDIN in text format) over ``connection``, which nothing else uses meanwhile."""

    def __init__(self, connection: psycopg.AsyncConnection[Any], statement: str) -> None:
        self.connection = connection
        self.statement = statement.encode()
        self._loop = asyncio.get_running_loop()
        self._pg = connection.pgconn
        self._socket = connection.fileno()
        self._lines: bytes | None = None
        self._accepted = False
        self._error: psycopg.Error | None = None
        self._done: asyncio.Future[None] = self._loop.create_future()

    def begin(self) -> None:
        """Send the statement; ``finish`` must follow. The transaction begins here.

        Raises:
            psycopg.OperationalError: the connection is gone.
        """
        self._lines, self._accepted, self._error = None, False, None
        self._done = self._loop.create_future()
        self._pg.send_query(self.statement)
        self._loop.add_reader(self._socket, self._readable)
        self._flush()

    async def finish(self, lines: bytes) -> None:
        """Send ``lines`` and return when they are committed (the connection commits by itself).

        Raises:
            psycopg.Error: what PostgreSQL answered instead, or that the connection is gone.
        """
        self._lines = lines
        try:
            if self._accepted:
                self._send()
            await self._done
        finally:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)

    def _send(self) -> None:
        assert self._lines is not None
        self._pg.put_copy_data(self._lines)
        self._pg.put_copy_end()
        self._flush()

    def _flush(self) -> None:
        if self._pg.flush():
            self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        try:
            if not self._pg.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._end(error)

    def _readable(self) -> None:
        try:
            self._pg.consume_input()
            while not self._pg.is_busy():
                result = self._pg.get_result()
                if result is None:
                    self._end(self._error)
                    return
                if result.status == pq.ExecStatus.COPY_IN:
                    self._accepted = True
                    if self._lines is not None:
                        self._send()
                    return
                if result.status != pq.ExecStatus.COMMAND_OK:
                    self._error = _error_of(result)
        except psycopg.Error as error:
            self._end(error)

    def _end(self, error: psycopg.Error | None) -> None:
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


def _error_of(result: pq.abc.PGresult) -> psycopg.Error:
    """What PostgreSQL said, as psycopg would raise it."""
    state = (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode()
    try:
        kind: type[psycopg.Error] = errors.lookup(state)
    except KeyError:
        kind = psycopg.DatabaseError
    return kind(result.get_error_message())
