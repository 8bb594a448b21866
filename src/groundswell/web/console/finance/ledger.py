"""The ledger behind finance's numbers: postings, statements down to what was counted, payouts; and what undoes them."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from groundswell.accounts.actors import actor_names
from groundswell.earnings import balances, corrections, payouts, statements, trial_balance
from groundswell.earnings.api import pdf_file
from groundswell.earnings.balances import KINDS, REASONS, names_of
from groundswell.earnings.schemas import Currency
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.web.console.filters import asked_id, one_of
from groundswell.web.console.forms import parse_reason
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .overview import PAGE, Finance, owners_of

router = APIRouter(prefix="/console/finance", route_class=ConsoleRoute)


@router.get("/postings")
async def list_postings(
    request: Request,
    session: DbSession,
    caller: Finance,
    account: str | None = None,
    owner: str | None = None,
    period: str | None = None,
    reason: str | None = None,
    cursor: str | None = None,
) -> Response:
    """Postings, newest first, filtered by account, owner, month or reason."""
    chosen = trial_balance.Filter(
        asked_id("account", account), owner or None, period or None, one_of("reason", reason, REASONS, None)
    )
    rows = await trial_balance.postings(session, chosen, before=decode_cursor(cursor), limit=PAGE)
    filters = {"account": chosen.account, "owner": chosen.owner, "period": chosen.period, "reason": chosen.reason}
    kept = urlencode({name: value for name, value in filters.items() if value})
    return page(
        request,
        "console/finance/postings.html",
        caller=caller,
        rows=rows,
        names=await names_of(session, owners_of(rows)),
        account=await balances.account(session, chosen.account) if chosen.account else None,
        periods=await balances.periods(session),
        filters=filters,
        kept=kept,
        next=next_cursor(rows, PAGE),
        reasons=REASONS,
        kinds=KINDS,
    )


@router.get("/postings/{posting_id}")
async def read_posting(request: Request, posting_id: UUID, session: DbSession, caller: Finance) -> Response:
    """One posting: both sides, and what it is for."""
    posting, sides = await balances.posting_and_sides(session, posting_id)
    return page(
        request,
        "console/finance/posting.html",
        caller=caller,
        posting=posting,
        sides=sides,
        names=await names_of(session, {side.owner for side in sides}),
        reversible=await corrections.is_reversible(session, posting),
        undo=corrections.UNDO,
        reasons=REASONS,
        kinds=KINDS,
    )


@router.post("/postings/{posting_id}/reverse")
async def reverse_posting(
    posting_id: UUID, session: DbSession, caller: Finance, reason: Annotated[str, Form()] = ""
) -> Response:
    """Reverse what a posting gave or took, by another one."""
    made = await corrections.reverse(session, posting_id, caller.actor, parse_reason(reason))
    return see_other(f"/console/finance/postings/{made.id}")


@router.post("/payouts/{payout_id}/return")
async def return_payout(
    payout_id: UUID, session: DbSession, caller: Finance, reason: Annotated[str, Form()] = ""
) -> Response:
    """Record that a payout came back."""
    await corrections.return_payout(session, payout_id, caller.actor, parse_reason(reason))
    return see_other("/console/finance/payouts?saved=returned")


@router.get("/statements/{statement_id}")
async def read_statement(
    request: Request, statement_id: UUID, session: DbSession, caller: Finance, saved: str | None = None
) -> Response:
    """A creator's part of one pool, a line for each moment."""
    statement = await statements.detail(session, statement_id)
    return page(
        request,
        "console/finance/statement.html",
        caller=caller,
        statement=statement,
        dues=await statements.due(session, statement.creator.id),
        saved=saved,
        problem=None,
    )


@router.get("/statements/{statement_id}/document.pdf")
async def download_document(statement_id: UUID, session: DbSession, caller: Finance) -> Response:
    """The statement as it was issued."""
    return pdf_file(*await statements.document(session, statement_id))


@router.get("/statements/{statement_id}/evidence")
async def list_evidence(
    request: Request,
    statement_id: UUID,
    session: DbSession,
    caller: Finance,
    moment: UUID | None = None,
    period: str | None = None,
    cursor: str | None = None,
) -> Response:
    """What was counted for a statement, one by one."""
    statement = await statements.detail(session, statement_id)
    after = decode_cursor(cursor)
    rows = await statements.evidence(session, statement_id, moment_id=moment, after=after, limit=PAGE, period=period)
    return page(
        request,
        "console/finance/statement_evidence.html",
        caller=caller,
        statement=statement,
        line=next((line for line in statement.lines if line.moment_id == moment), None),
        moment=moment,
        of=urlencode({"period": period or "", "moment": moment or ""} if moment or period else {}),
        rows=rows,
        next=next_cursor(rows, PAGE),
    )


@router.post("/statements/{statement_id}/pay")
async def pay_out(
    request: Request,
    statement_id: UUID,
    session: DbSession,
    caller: Finance,
    reference: Annotated[str, Form()] = "",
) -> Response:
    """Record that everything due to a statement's creator was paid."""
    try:
        await payouts.pay(session, statement_id, caller.actor, reference.strip()[:140])
    except Problem as refused:
        statement = await statements.detail(session, statement_id)
        dues = await statements.due(session, statement.creator.id)
        shown: dict[str, Any] = {"statement": statement, "dues": dues, "problem": refused, "saved": None}
        return page(request, "console/finance/statement.html", status=refused.status, caller=caller, **shown)
    return see_other(f"/console/finance/statements/{statement_id}?saved=paid")


@router.get("/creators/{creator_id}/{currency}")
async def read_account(
    request: Request,
    creator_id: UUID,
    currency: Currency,
    session: DbSession,
    caller: Finance,
    saved: str | None = None,
) -> Response:
    """What is due to a creator in one currency, also without a statement: campaigns alone may have brought it."""
    due = await balances.due_to(session, creator_id, currency)
    return page(request, "console/finance/account.html", caller=caller, due=due, saved=saved, problem=None)


@router.post("/creators/{creator_id}/{currency}/pay")
async def pay_creator(
    request: Request,
    creator_id: UUID,
    currency: Currency,
    session: DbSession,
    caller: Finance,
    reference: Annotated[str, Form()] = "",
) -> Response:
    """Record that everything due to a creator in one currency was paid."""
    due = await balances.due_to(session, creator_id, currency)
    try:
        await payouts.pay_creator(session, creator_id, currency, caller.actor, reference.strip()[:140])
    except Problem as refused:
        shown: dict[str, Any] = {"due": due, "problem": refused, "saved": None}
        return page(request, "console/finance/account.html", status=refused.status, caller=caller, **shown)
    return see_other(f"/console/finance/creators/{creator_id}/{currency}?saved=paid")


@router.get("/payouts")
async def list_payouts(
    request: Request, session: DbSession, caller: Finance, cursor: str | None = None, saved: str | None = None
) -> Response:
    """Payouts, newest first."""
    rows = await statements.newest_payouts(session, PAGE, decode_cursor(cursor))
    people = await actor_names(session, [payout.paid_by for payout in rows])
    return page(
        request,
        "console/finance/payouts.html",
        caller=caller,
        rows=rows,
        people=people,
        saved=saved,
        undo=corrections.UNDO,
        next=next_cursor(rows, PAGE),
    )
