"""COPY over one connection, with as little between a group of events and PostgreSQL as can be.

A group is small when visitors come one by one, and then what a commit costs this process counts. psycopg's own
``cursor.copy`` waits for the socket again and again, through generators; this drives the same libpq (``psycopg.pq``)
from the loop's notice that the socket can be read, and sends the statement before the lines are known.
"""

import asyncio
from typing import Any

import psycopg
from psycopg import errors, pq


class CopyIn:
    """``statement``, a COPY … FROM STDIN in text format, over ``connection``, which commits by itself.

    Nothing else may use the connection between ``begin`` and the end of ``finish``, nor before ``release``.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], statement: str) -> None:
        self.statement = statement.encode()
        self.begun = False
        self._pg = connection.pgconn
        self._socket = connection.fileno()
        self._loop = asyncio.get_running_loop()
        self._listening = False
        self._accepted = False
        self._lines: bytes | None = None
        self._error: psycopg.Error | None = None
        self._done: asyncio.Future[None] = self._loop.create_future()

    def begin(self) -> None:
        """Send the statement. ``finish`` must follow soon: a transaction is open.

        Raises:
            psycopg.OperationalError: the connection is gone.
        """
        self._accepted, self._lines, self._error, self._done = False, None, None, self._loop.create_future()
        self._pg.send_query(self.statement)
        self.begun = True
        if not self._listening:
            self._loop.add_reader(self._socket, self._readable)
            self._listening = True
        self._flush()

    async def finish(self, lines: bytes) -> None:
        """Send ``lines`` and return when they are committed.

        Raises:
            psycopg.Error: what PostgreSQL said instead, or that the connection is gone.
        """
        self._lines = lines
        if self._accepted:
            self._send()
        try:
            await self._done
        finally:
            self.begun = False

    def release(self) -> None:
        """Leave the connection to others until ``begin``."""
        if self._listening:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._listening = False

    def _send(self) -> None:
        assert self._lines is not None
        try:
            self._pg.put_copy_data(self._lines)
            self._pg.put_copy_end()
            self._flush()
        except psycopg.Error as error:
            self._end(error)

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
            while self.begun and not self._done.done() and not self._pg.is_busy():
                self._take(self._pg.get_result())
                if self._accepted and self._lines is None:
                    return
        except psycopg.Error as error:
            self._end(error)

    def _take(self, result: pq.abc.PGresult | None) -> None:
        if result is None:
            self._end(self._error)
        elif result.status == pq.ExecStatus.COPY_IN:
            self._accepted = True
            if self._lines is not None:
                self._send()
        elif result.status != pq.ExecStatus.COMMAND_OK:
            self._error = _error_of(result)

    def _end(self, error: psycopg.Error | None) -> None:
        if isinstance(error, psycopg.OperationalError):
            self.release()
        if self._done.done():
            return
        if error is None:
            self._done.set_result(None)
        else:
            self._done.set_exception(error)


def _error_of(result: pq.abc.PGresult) -> psycopg.Error:
    """What PostgreSQL said, as psycopg would raise it."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    if state is None:  # not PostgreSQL's words but libpq's: the connection is gone
        return psycopg.OperationalError(result.get_error_message())
    try:
        return errors.lookup(state.decode())(result.get_error_message())
    except KeyError:
        return psycopg.DatabaseError(result.get_error_message())
