"""Routes that answer with pages: one transaction each, and refusals that people can read."""

from collections.abc import Callable, Coroutine
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse

from groundswell.accounts.tokens import TokenExpired, TokenInvalid, TokenMissing
from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import TransactionalRoute

from .page_auth import sign_in_path
from .templating import page


class PageRoute(TransactionalRoute):
    """Like an API route, but a refusal is a page, and a missing sign-in leads to where one signs in.

    ``refused`` is the template that says why not; ``sign_in_at`` says where one signs in.
    """

    refused: ClassVar[str] = "refused.html"

    @staticmethod
    def sign_in_at(request: Request) -> str:
        """Where whoever must sign in begins."""
        return sign_in_path(request)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def run(request: Request) -> Response:
            try:
                return await handler(request)
            except (TokenMissing, TokenExpired, TokenInvalid):
                return RedirectResponse(self.sign_in_at(request), 303)
            except RequestValidationError:
                return refusal(request, Invalid("The address of this page is not one we made."), self.refused)
            except Problem as problem:
                return refusal(request, problem, self.refused)

        return run


def refusal(request: Request, problem: Problem, template: str = "refused.html", **context: Any) -> Response:
    """The page that says why not, with the problem's status and reason code."""
    headers = {**problem.headers, "X-Robots-Tag": "noindex"}
    shared: dict[str, Any] = {"caller": getattr(request.state, "caller", None), "problem": problem}
    shared["again"] = getattr(request.state, "again", None)
    return page(request, template, status=problem.status, headers=headers, **(shared | context))
