"""The ledger behind finance's numbers: postings, statements down to what was counted, payouts."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from sqlalchemy import select

from groundswell.earnings import books, payouts, statements
from groundswell.earnings.tables import LedgerAccount, Payout, PostingRow
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.web.templating import page

from .console import ConsoleRoute, see_other
from .console_dues import KINDS, REASONS, names_of
from .console_finance import PAGE, Finance, owners_of

router = APIRouter(prefix="/console/finance", route_class=ConsoleRoute)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text or "")
    except ValueError:
        return None


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
    chosen = books.Filter(_uuid(account), owner or None, period or None, reason or None)
    rows = await books.postings(session, chosen, before=decode_cursor(cursor), limit=PAGE)
    filters = {"account": chosen.account, "owner": chosen.owner, "period": chosen.period, "reason": chosen.reason}
    kept = urlencode({name: value for name, value in filters.items() if value})
    return page(
        request,
        "console/postings.html",
        caller=caller,
        rows=rows,
        names=await names_of(session, owners_of(rows)),
        account=await session.get(LedgerAccount, chosen.account) if chosen.account else None,
        periods=(await session.scalars(select(PostingRow.period).distinct().order_by(PostingRow.period.desc()))).all(),
        filters=filters,
        kept=kept,
        next=next_cursor(rows, PAGE),
        reasons=REASONS,
        kinds=KINDS,
    )


@router.get("/postings/{posting_id}")
async def read_posting(request: Request, posting_id: UUID, session: DbSession, caller: Finance) -> Response:
    """One posting: both sides, and what it is for."""
    posting = await session.get(PostingRow, posting_id)
    if posting is None:
        raise NotFound("There is no such posting.")
    sides = [await session.get_one(LedgerAccount, id) for id in (posting.debit_account_id, posting.credit_account_id)]
    return page(
        request,
        "console/posting.html",
        caller=caller,
        posting=posting,
        sides=sides,
        names=await names_of(session, {side.owner for side in sides}),
        reasons=REASONS,
        kinds=KINDS,
    )


@router.get("/statements/{statement_id}")
async def read_statement(
    request: Request, statement_id: UUID, session: DbSession, caller: Finance, saved: str | None = None
) -> Response:
    """A creator's part of one pool, a line for each moment."""
    statement = await statements.detail(session, statement_id)
    return page(
        request,
        "console/statement.html",
        caller=caller,
        statement=statement,
        dues=await statements.due(session, statement.creator.id),
        saved=saved,
        problem=None,
    )


@router.get("/statements/{statement_id}/evidence")
async def list_evidence(
    request: Request,
    statement_id: UUID,
    session: DbSession,
    caller: Finance,
    moment: UUID | None = None,
    cursor: str | None = None,
) -> Response:
    """What was counted for a statement, one by one."""
    statement = await statements.detail(session, statement_id)
    rows = await statements.evidence(session, statement_id, moment_id=moment, after=decode_cursor(cursor), limit=PAGE)
    return page(
        request,
        "console/statement_evidence.html",
        caller=caller,
        statement=statement,
        line=next((line for line in statement.lines if line.moment_id == moment), None),
        moment=moment,
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
        await payouts.pay(session, statement_id, caller.viewer.subject, reference.strip()[:140])
    except Problem as refused:
        statement = await statements.detail(session, statement_id)
        dues = await statements.due(session, statement.creator.id)
        shown: dict[str, Any] = {"statement": statement, "dues": dues, "problem": refused, "saved": None}
        return page(request, "console/statement.html", status=refused.status, caller=caller, **shown)
    return see_other(f"/console/finance/statements/{statement_id}?saved=paid")


@router.get("/payouts")
async def list_payouts(request: Request, session: DbSession, caller: Finance, cursor: str | None = None) -> Response:
    """Payouts, newest first."""
    query = select(Payout).order_by(Payout.id.desc()).limit(PAGE)
    if (last := decode_cursor(cursor)) is not None:
        query = query.where(Payout.id < last)
    rows = (await session.scalars(query)).all()
    shown = [await statements.shown_payout(session, payout) for payout in rows]
    return page(request, "console/payouts.html", caller=caller, rows=shown, next=next_cursor(rows, PAGE))
