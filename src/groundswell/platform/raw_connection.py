"""libpq, driven from the loop's notices about its socket.

psycopg waits for a socket again and again, through generators; where what is sent takes less than that, it counts. This
drives the same libpq (``psycopg.pq``): who inherits sends, and takes results as they come.
"""

import asyncio
from abc import ABC, abstractmethod
from typing import Any

import psycopg
from psycopg import errors, pq


class RawConnection(ABC):
    """The libpq of ``connection``, which nothing else may use before ``release``."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._pg = connection.pgconn
        self._socket = connection.fileno()
        self._loop = asyncio.get_running_loop()
        self._listening = False

    def release(self) -> None:
        """Leave the connection to others."""
        if self._listening:
            self._loop.remove_reader(self._socket)
            self._loop.remove_writer(self._socket)
            self._listening = False

    @abstractmethod
    def _readable(self) -> None:
        """Something came."""

    @abstractmethod
    def _end(self, error: psycopg.Error) -> None:
        """The connection is of no use any more."""

    def _listen(self) -> None:
        if not self._listening:
            self._loop.add_reader(self._socket, self._readable)
            self._listening = True

    def _flush(self) -> None:
        if self._pg.flush():
            self._loop.add_writer(self._socket, self._writable)

    def _writable(self) -> None:
        try:
            if not self._pg.flush():
                self._loop.remove_writer(self._socket)
        except psycopg.Error as error:
            self._end(error)


def error_of(result: pq.abc.PGresult) -> psycopg.Error:
    """What PostgreSQL said, as psycopg would raise it."""
    state = result.error_field(pq.DiagnosticField.SQLSTATE)
    if state is None:  # not PostgreSQL's words but libpq's: the connection is gone
        return psycopg.OperationalError(result.get_error_message())
    try:
        return errors.lookup(state.decode())(result.get_error_message())
    except KeyError:
        return psycopg.DatabaseError(result.get_error_message())
