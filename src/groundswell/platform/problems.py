"""Refusals: RFC 9457 problem+json with a ``code`` for programs and a ``detail`` for people.

A feature declares its refusals where it makes them, as ``Problem`` subclasses; the table of reason codes in
docs/reference/reason-codes.md is checked against the subclasses by a test.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from obstore.exceptions import BaseError as StoreError
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

log = structlog.get_logger(__name__)


class Problem(Exception):
    """One kind of refusal. Subclasses set ``status``, ``code`` and ``title``.

    Args:
        detail: what is wrong this time, for a person.
        headers: response headers such as Retry-After.
        members: extension members of the problem document (RFC 9457 §3.2).
    """

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "The request cannot be served."

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        self.detail = detail or self.title
        self.headers = dict(headers or {})
        self.members = members
        super().__init__(self.detail)

    def document(self) -> dict[str, Any]:
        """The problem document as JSON members; those of its own cannot take the place of the standard's."""
        standard = {
            "type": f"/docs/reason-codes#{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.reason(),
            "detail": self.detail,
        }
        return {**standard, **{name: value for name, value in self.members.items() if name not in standard}}

    def reason(self) -> str:
        """The reason code; a refusal that passes on another component's code overrides this."""
        return self.code


class NotFound(Problem):
    status, code, title = 404, "not_found", "There is nothing here."


class Invalid(Problem):
    status, code, title = 422, "invalid", "Some fields are not acceptable."


class Conflict(Problem):
    status, code, title = 409, "conflict", "This conflicts with what is already there."


class AnswerUnreadable(Problem):
    status, code = 409, "answer_unreadable"
    title = "This was done, but its answer cannot be read again: GROUNDSWELL_SECRET_KEY is another than it was."


class IdempotencyKeyReused(Problem):
    status, code = 422, "idempotency_key_reused"
    title = "This Idempotency-Key was used before with another request."


class TooManyRequests(Problem):
    status, code, title = 429, "rate_limited", "Too many requests; try again in a moment."


class Unavailable(Problem):
    status, code, title = 503, "temporarily_unavailable", "The service is briefly unavailable; try again."


class Overloaded(Problem):
    status, code, title = 503, "overloaded", "Too much is asked at once; try again in a moment."


class InternalError(Problem):
    status, code, title = 500, "internal_error", "Something went wrong on our side. It has been logged."


def problem_response(problem: Problem) -> Response:
    """The HTTP answer for ``problem``."""
    return JSONResponse(problem.document(), problem.status, problem.headers, media_type="application/problem+json")


FIELDS_MOST, NAME_MOST = 20, 100
"""Fields that a refusal names, and letters of a name that the caller gave: nobody is answered at greater length than
they asked."""

HTTP_CODES = {404: "not_found", 405: "method_not_allowed", 413: "body_too_large", 415: "unsupported_media_type"}


def install(app: FastAPI) -> None:
    """Make ``app`` answer every failure as a problem document."""

    @app.exception_handler(Problem)
    async def refused(request: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        wrong = error.errors()
        fields = [
            {"field": ".".join(str(part)[:NAME_MOST] for part in e["loc"][1:]), "code": e["type"], "detail": e["msg"]}
            for e in wrong[:FIELDS_MOST]
        ]
        detail = "; ".join(f"{f['field'] or 'body'}: {f['detail']}" for f in fields)
        if len(wrong) > FIELDS_MOST:
            detail += f"; and {len(wrong) - FIELDS_MOST:,} more"
        return problem_response(Invalid(detail, fields=fields))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        code = HTTP_CODES.get(error.status_code, f"http_{error.status_code}")
        document = {"type": "about:blank", "title": error.detail, "status": error.status_code, "code": code}
        return JSONResponse(document, error.status_code, error.headers, media_type="application/problem+json")

    async def database_away(request: Request, error: Exception) -> Response:
        log.warning("database_unavailable", error=str(error).split("\n", 1)[0])
        return problem_response(Unavailable("The database is restarting.", headers={"Retry-After": "1"}))

    for kind in (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError):
        app.add_exception_handler(kind, database_away)  # what speaks to the driver itself hears of it in its words

    @app.exception_handler(StoreError)
    async def store_away(request: Request, error: StoreError) -> Response:
        """What is missing is answered by whoever asked for it; anything else passes, or is the operator's to mend."""
        log.warning("store_unavailable", error=str(error).split("\n", 1)[0])
        return problem_response(Unavailable("The files are out of reach.", headers={"Retry-After": "5"}))

    @app.exception_handler(PoolTimeout)
    async def too_busy(request: Request, error: PoolTimeout) -> Response:
        """No connection of this process became free in time."""
        log.warning("database_pool_exhausted")
        return problem_response(Overloaded(headers={"Retry-After": "2"}))

    @app.exception_handler(ClientDisconnect)
    async def gone(request: Request, error: ClientDisconnect) -> Response:
        """Nobody hears this answer: whoever asked hung up before the request was whole."""
        return problem_response(Invalid("The request is not whole."))

    @app.exception_handler(Exception)
    async def failed(request: Request, error: Exception) -> Response:
        """Ours to mend: `request_id` finds it in the logs."""
        return problem_response(InternalError(request_id=request.scope.get("request_id")))

    @app.exception_handler(DBAPIError)
    async def unstorable(request: Request, error: DBAPIError) -> Response:
        """Values that no column can hold (NUL in text, numbers out of range) are the caller's error."""
        if (getattr(error.orig, "sqlstate", None) or "")[:2] == "22" or "NUL" in str(error.orig):
            return problem_response(Invalid("A value cannot be stored: " + str(error.orig).split("\n", 1)[0]))
        raise error
