"""Paying out over HTTP: a creator's own payment details, finance's runs, and the bank's files."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from groundswell.accounts.access import Caller, SignedIn, staff
from groundswell.attribution.stripe_events import StripeNotSetUp, check_signature
from groundswell.creators.profiles import own
from groundswell.platform.attachment import attachment
from groundswell.platform.body_bounds import MIB, body_at_most
from groundswell.platform.change_pace import unpaced
from groundswell.platform.clock import utc_now
from groundswell.platform.jobs import defer
from groundswell.platform.pages import Cursor, Limit, Page, decode_cursor, next_cursor
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings

from . import bank_files, jobs, payees, payout_runs, run_file, stripe_accounts, stripe_messages
from .schemas import (
    BankExceptionOut,
    BankFileOut,
    NewPayee,
    NewPayoutRun,
    PayeeOut,
    PayoutItemOut,
    PayoutRunOut,
    RunLeaving,
    StripeAccountOut,
    StripeLink,
)

router = APIRouter(prefix="/v1", tags=["payouts"], route_class=TransactionalRoute)

Finance = Annotated[Caller, Depends(staff("money.manage"))]

NOT_STORED = {"Cache-Control": "no-store"}
BANK_FILE_MOST = 20 * MIB


def _settings(request: Request) -> Settings:
    return services_of(request).settings


@router.get("/creators/me/payee")
async def read_my_payee(request: Request, response: Response, session: DbSession, caller: SignedIn) -> PayeeOut:
    """Where I am paid, and what is missing before I can be. Of the account only its ends are shown."""
    response.headers.update(NOT_STORED)
    creator = await own(session, caller.id)
    return await payees.own_payee(session, _settings(request), creator, caller.actor)


@router.put("/creators/me/payee")
async def enter_my_payee(
    new: NewPayee, request: Request, response: Response, session: DbSession, caller: SignedIn
) -> PayeeOut:
    """Say where I am paid; an account that is left out stays. Runs that were approved before leave me out."""
    response.headers.update(NOT_STORED)
    creator = await own(session, caller.id)
    return await payees.enter(session, _settings(request), creator, new, caller.actor)


@router.get("/creators/me/stripe-account")
async def read_my_stripe_account(session: DbSession, caller: SignedIn) -> StripeAccountOut:
    """Whether Stripe may pay me."""
    row = await stripe_accounts.of_creator(session, (await own(session, caller.id)).id)
    return StripeAccountOut(ready=row is not None and row.ready)


@router.post("/creators/me/stripe-account")
async def open_my_stripe_account(request: Request, session: DbSession, caller: SignedIn) -> StripeLink:
    """Where at Stripe I say what it wants to know of me, to be paid by it. My account there is made at the first."""
    creator, settings = await own(session, caller.id), _settings(request)
    url = await stripe_accounts.open_account(session, settings, creator, f"{settings.base_url}/creator/payee")
    return StripeLink(url=url)


@router.post("/payouts/stripe", status_code=204)
@unpaced("Makes no rows; what Stripe has not signed is refused.")
async def receive_stripe_payouts(request: Request, session: DbSession) -> None:
    """Take Stripe's webhooks about transfers and accounts (`transfer.created`, `transfer.reversed`,
    `account.updated`), in any order, repeated or late. Signed by Stripe (`Stripe-Signature`); no key is needed."""
    secret = _settings(request).stripe_connect_webhook_secret
    if secret is None:
        raise StripeNotSetUp("GROUNDSWELL_STRIPE_CONNECT_WEBHOOK_SECRET is not set.")
    body = await request.body()
    check_signature(secret.get_secret_value(), request.headers.get("stripe-signature", ""), body, utc_now())
    heard = stripe_messages.read_event(body)
    if isinstance(heard, stripe_messages.AccountHeard):
        await stripe_accounts.hear(session, heard.account, heard.ready)
    elif heard is not None:
        await bank_files.carry_out(session, heard, "stripe")


@router.post("/payout-runs", status_code=201)
async def draft_run(new: NewPayoutRun, session: DbSession, caller: Finance) -> PayoutRunOut:
    """Draft a run of everybody who can be paid in a currency. What is due as of now is in it."""
    run = await payout_runs.draft(session, new, caller.actor)
    return await payout_runs.one_run(session, run.id)


@router.get("/payout-runs")
async def list_runs(
    session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[PayoutRunOut]:
    """Payout runs, newest first."""
    rows = await payout_runs.runs(session, limit, decode_cursor(cursor))
    return Page[PayoutRunOut](items=rows, next=next_cursor(rows, limit))


@router.get("/payout-runs/{run_id}")
async def read_run(run_id: UUID, session: DbSession, caller: Finance) -> PayoutRunOut:
    """One run: how far it has come."""
    return await payout_runs.one_run(session, run_id)


@router.get("/payout-runs/{run_id}/lines")
async def list_run_lines(
    run_id: UUID, session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[PayoutItemOut]:
    """A run's lines: who, how much, and what became of it."""
    await payout_runs.one_run(session, run_id)
    rows = await payout_runs.lines_of(session, run_id, limit, decode_cursor(cursor))
    return Page[PayoutItemOut](items=rows, next=next_cursor(rows, limit))


@router.post("/payout-runs/{run_id}/approve")
async def approve_run(run_id: UUID, session: DbSession, caller: Finance) -> PayoutRunOut:
    """Approve a run that somebody else drafted."""
    await payout_runs.approve(session, run_id, caller.actor)
    return await payout_runs.one_run(session, run_id)


@router.post("/payout-runs/{run_id}/file", status_code=202)
async def make_run_file(run_id: UUID, request: Request, session: DbSession, caller: Finance) -> PayoutRunOut:
    """Post an approved run and make its file, in the background. Asked for again, nothing is paid again."""
    await payout_runs.ask_for_file(session, _settings(request), run_id, caller.actor)
    await defer(session, jobs.file_run, once=f"payout-run/{run_id}", run_id=str(run_id))
    return await payout_runs.one_run(session, run_id)


@router.post("/payout-runs/{run_id}/cancel")
async def cancel_run(run_id: UUID, why: RunLeaving, session: DbSession, caller: Finance) -> PayoutRunOut:
    """Cancel a run that was not filed; everybody in it is due again."""
    await payout_runs.cancel(session, run_id, caller.actor, why.reason)
    return await payout_runs.one_run(session, run_id)


@router.post("/payout-runs/{run_id}/lines/{line_id}/leave-out")
async def leave_line_out(run_id: UUID, line_id: UUID, session: DbSession, caller: Finance) -> PayoutRunOut:
    """Hold a line out of a run that was not filed; it is due in the next."""
    await payout_runs.leave_out(session, run_id, line_id)
    return await payout_runs.one_run(session, run_id)


FILES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/xml": {}, "text/csv": {}}}}


@router.get("/payout-runs/{run_id}/file", response_class=Response, responses=FILES)
async def download_run_file(run_id: UUID, request: Request, session: DbSession, caller: Finance) -> Response:
    """The file of a run, for the bank: the same bytes each time."""
    return saved_file(*await run_file.file_of(session, _settings(request), run_id, caller.actor))


def saved_file(name: str, content: bytes, media_type: str) -> Response:
    """A run's file to download."""
    return Response(content, headers=attachment(name) | NOT_STORED, media_type=media_type)


@router.post(
    "/bank-files",
    status_code=201,
    openapi_extra={"requestBody": {"required": True, "content": {"application/xml": {"schema": {"type": "string"}}}}},
)
@body_at_most(BANK_FILE_MOST)
async def read_bank_file(request: Request, session: DbSession, caller: Finance) -> BankFileOut:
    """Read a camt.053, camt.054 or pain.002 of the bank's: payouts are confirmed or come back. The same file again
    changes nothing."""
    return await bank_files.take_in(session, await request.body(), caller.actor)


@router.get("/bank-files")
async def list_bank_files(
    session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[BankFileOut]:
    """Files of the bank's that were read, newest first."""
    rows = await bank_files.files(session, limit, decode_cursor(cursor))
    return Page[BankFileOut](items=rows, next=next_cursor(rows, limit))


@router.get("/bank-exceptions")
async def list_bank_exceptions(
    session: DbSession, caller: Finance, cursor: Cursor = None, limit: Limit = 50
) -> Page[BankExceptionOut]:
    """Lines of the bank's files that somebody has to look at, newest first."""
    rows = await bank_files.exceptions(session, limit, decode_cursor(cursor))
    return Page[BankExceptionOut](items=rows, next=next_cursor(rows, limit))


@router.post("/bank-exceptions/{line_id}/resolve")
async def resolve_bank_exception(
    line_id: UUID, why: RunLeaving, session: DbSession, caller: Finance
) -> BankExceptionOut:
    """Note what was found of an exception."""
    return await bank_files.resolve(session, line_id, caller.actor, why.reason)
