"""Giving notice that something is against the law (DSA Art. 16): for everybody, with an account or without."""

from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Form, Query, Request, Response

from groundswell.platform.problems import Invalid, Problem
from groundswell.platform.routing import DbSession
from groundswell.trust import notices_api
from groundswell.trust.notice_schemas import NoticeIn, NoticeTaken
from groundswell.web.languages import marked
from groundswell.web.page_auth import MaybeViewer
from groundswell.web.page_route import PageRoute
from groundswell.web.templating import page, page_language

from .landing import REPORT_REASONS

router = APIRouter(prefix="/notice", route_class=PageRoute)

KINDS = {
    "moment": marked("A moment"),
    "comment": marked("A comment"),
    "collection": marked("A collection"),
    "viewer": marked("A person"),
}

EMPTY = {
    "reason_code": "",
    "text": "",
    "law": "",
    "work": "",
    "name": "",
    "email": "",
    "good_faith": False,
    "sworn": False,
}

Kind = Literal["moment", "comment", "collection", "viewer"]
Field = Annotated[str, Form(max_length=5000)]


@router.get("")
async def form(
    request: Request,
    caller: MaybeViewer,
    kind: Kind = "moment",
    about: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """The form, about the thing from whose page one came."""
    return _page(request, caller, {"kind": kind, "about": about})


@router.post("")
async def give(
    request: Request,
    session: DbSession,
    caller: MaybeViewer,
    kind: Annotated[Kind, Form()] = "moment",
    about: Field = "",
    reason_code: Field = "",
    text: Field = "",
    law: Field = "",
    work: Field = "",
    name: Field = "",
    email: Field = "",
    good_faith: Annotated[bool, Form()] = False,
    sworn: Annotated[bool, Form()] = False,
) -> Response:
    """Take a notice, and say that it came; what is missing is said beside the form, with what was typed."""
    typed: dict[str, Any] = {"kind": kind, "about": about, "reason_code": reason_code, "text": text, "law": law}
    typed |= {"work": work, "name": name, "email": email, "good_faith": good_faith, "sworn": sworn}
    try:
        async with session.begin_nested():
            asked = _notice(typed | {"language": page_language(request, caller)})
            taken = await notices_api.give_notice(asked, request, caller, session)
    except Problem as problem:
        return _page(request, caller, typed, problem=problem, status=problem.status)
    return _page(request, caller, typed, taken=taken)


def _notice(typed: dict[str, Any]) -> NoticeIn:
    fields = {name: value for name, value in typed.items() if name not in {"kind", "about"} and value != ""}
    code = str(typed["about"]).strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    try:
        return NoticeIn(subject=cast(Any, {"kind": typed["kind"], "id": code}), **fields)
    except ValueError:
        raise Invalid("Say what it is about, choose a reason, and say why in your own words.") from None


def _page(
    request: Request,
    caller: MaybeViewer,
    typed: dict[str, Any],
    *,
    problem: Problem | None = None,
    taken: NoticeTaken | None = None,
    status: int = 200,
) -> Response:
    return page(
        request,
        "viewer/notice.html",
        status=status,
        caller=caller,
        typed=EMPTY | typed,
        kinds=KINDS,
        reasons=REPORT_REASONS,
        problem=problem,
        taken=taken,
    )
