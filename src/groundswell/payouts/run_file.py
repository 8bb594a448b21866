"""Filing a run: everybody in it is paid in the ledger and written into the bank's file, in one transaction.

A process that is killed has done neither. A line whose amount, payee or standing is not what was approved any more is
held out, with the reason, and the others are paid.
"""

import hashlib
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.audit import Actor, note
from groundswell.earnings.payouts import pay_creator
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.problems import Conflict, Problem
from groundswell.platform.settings import Settings

from .bank_text import NAME_MOST, bank_text
from .pain001 import Transfer
from .payee_vault import seal, unseal
from .payees import gaps_of, open_all, payees_of, payer_of
from .payout_runs import RunUnknown, items_waiting
from .rails import RAILS
from .requirements import missing_of
from .schemas import PayeeFacts
from .tables import Payee, PayoutItem, PayoutRun


class FileMissing(Conflict):
    code, title = "run_file_missing", "This run has no file: nothing was paid by it, or somebody in it was erased."


async def file_run(database: Database, settings: Settings, run_id: UUID) -> None:
    """File a run that was asked to be; done before, nothing happens."""
    async with database.transaction() as session:
        run = await session.get(PayoutRun, run_id, with_for_update=True)
        if run is None or run.status != "approved" or run.filing_by is None:
            return
        items = await items_waiting(session, run.id)
        creators = [item.creator_id for item in items]
        rows, gaps = await payees_of(session, creators, held=True), await gaps_of(session, creators)
        for creator, more in (await RAILS[run.rail].gaps(session, creators)).items():
            gaps[creator] = [*gaps[creator], *more]
        facts = await open_all(session, settings, list(rows.values()), run.filing_by, f"payout run {run.number}")
        sent = [item for item in items if await _paid(session, settings, run, item, rows, facts, gaps)]
        if sent:
            transfers = {
                item.creator_id: _transfer(settings, run, number, item, facts[item.creator_id])
                for number, item in enumerate(sent, 1)
            }
            made = await RAILS[run.rail].instructions(session, settings, run, transfers)
            run.file_key, run.file = seal(settings, run.id, made)
            run.file_sha256 = hashlib.sha256(made).hexdigest()
        run.status, run.filed_at = "filed", utc_now()


async def _paid(
    session: AsyncSession,
    settings: Settings,
    run: PayoutRun,
    item: PayoutItem,
    rows: Mapping[UUID, Payee],
    facts: Mapping[UUID, PayeeFacts],
    gaps: Mapping[UUID, list[str]],
) -> bool:
    """Pay a line, or hold it out with the reason."""
    code = _changed(settings, item, rows, facts, gaps)
    if not code:
        try:
            async with session.begin_nested():
                payout = await pay_creator(
                    session, item.creator_id, run.currency, run.approved_by or "", item.id.hex,
                    as_of=run.drafted_at, id=item.id, exactly=item.amount_minor,
                )  # fmt: skip
            item.status, item.payout_id, item.changed_at = "sent", payout.id, utc_now()
            await session.flush()
            return True
        except Problem as refused:
            code = refused.code
    item.status, item.code, item.changed_at = "held_out", code, utc_now()
    await session.flush()
    return False


def _changed(
    settings: Settings,
    item: PayoutItem,
    rows: Mapping[UUID, Payee],
    facts: Mapping[UUID, PayeeFacts],
    gaps: Mapping[UUID, list[str]],
) -> str:
    """Why a payee is not what was approved; empty when they are."""
    row = rows.get(item.creator_id)
    if row is None:
        return "payee_missing"
    if row.version != item.payee_version:
        return "payee_changed"
    if item.creator_id not in facts:
        return "payee_unreadable"
    payer = payer_of(settings)
    asked = missing_of(facts[item.creator_id], payer.iban[:2] if payer else None, utc_now().date())
    return next(iter([*asked, *gaps[item.creator_id]]), "")


def _transfer(settings: Settings, run: PayoutRun, number: int, item: PayoutItem, facts: PayeeFacts) -> Transfer:
    return Transfer(
        item.id.hex, facts.legal_name, facts.iban or "", facts.bank, facts.country, facts.street, facts.postcode,
        facts.town, item.amount_minor, f"{settings.service_name} payout {run.number}-{number}",
    )  # fmt: skip


async def file_of(session: AsyncSession, settings: Settings, run_id: UUID, by: str) -> tuple[str, bytes, str]:
    """A run's file: its name, the same bytes each time, and its media type. Its payees are thereby opened.

    Raises:
        RunUnknown, FileMissing, PayeeUnreadable: as they say.
    """
    run = await session.get(PayoutRun, run_id)
    if run is None:
        raise RunUnknown()
    if run.file is None or run.file_key is None:
        raise FileMissing()
    made = unseal(settings, run.id, run.file_key, run.file)
    await note(session, Actor(by, by), "payouts.file", {"run": str(run.id), "why": "download"})
    rail = RAILS[run.rail]
    return f"payout-run-{run.number}.{rail.ending}", made, rail.media_type


async def names_opened(session: AsyncSession, settings: Settings, run_id: UUID, by: str) -> dict[UUID, tuple[str, str]]:
    """Of each creator in a run, the name as the bank gets it and the account's ends; in the audit log."""
    items = [item.creator_id for item in await _items(session, run_id)]
    rows = await payees_of(session, items)
    facts = await open_all(session, settings, list(rows.values()), by, f"look at payout run {run_id}")
    return {id: (bank_text(each.legal_name, NAME_MOST), each.masked_iban) for id, each in facts.items()}


async def _items(session: AsyncSession, run_id: UUID) -> Sequence[PayoutItem]:
    return (await session.scalars(select(PayoutItem).filter_by(run_id=run_id))).all()
