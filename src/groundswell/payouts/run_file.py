"""Filing a run: everybody in it is paid in the ledger and written into the bank's file, in one transaction.

A process that is killed has done neither. A line whose amount, payee or standing is not what was approved any more is
held out, with the reason, and the others are paid.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.audit import Actor, note
from groundswell.earnings.payouts import PayoutLine, hold_dues, pay_creators
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.platform.problems import Conflict
from groundswell.platform.settings import Settings

from .bank_text import NAME_MOST, bank_text
from .pain001 import Transfer
from .payee_vault import seal, unseal
from .payees import gaps_of, open_all, payees_of, payer_of
from .payout_runs import AT_ONCE, RunUnknown, items_waiting
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
        refused = {item.creator_id: code for item in items if (code := _changed(settings, item, rows, facts, gaps))}
        open_ = [item for item in items if item.creator_id not in refused]
        await hold_dues(session, [item.creator_id for item in open_], run.currency)
        for begin in range(0, len(open_), AT_ONCE):
            refused |= await _pay(session, run, open_[begin : begin + AT_ONCE])
        sent = [item for item in items if item.creator_id not in refused]
        await _note(session, items, refused)
        if sent:
            transfers = {
                item.creator_id: _transfer(settings, run, number, item, facts[item.creator_id])
                for number, item in enumerate(sent, 1)
            }
            made = await RAILS[run.rail].instructions(session, settings, run, transfers)
            run.file_key, run.file = seal(settings, run.id, made)
            run.file_sha256 = hashlib.sha256(made).hexdigest()
        run.status, run.filed_at = "filed", utc_now()


async def _pay(session: AsyncSession, run: PayoutRun, items: Sequence[PayoutItem]) -> dict[UUID, str]:
    """Pay lines; of those that are refused, the code by creator."""
    lines = [PayoutLine(item.creator_id, item.id, item.id.hex, item.amount_minor) for item in items]
    _, refused = await pay_creators(session, lines, run.currency, run.approved_by or "", run.drafted_at)
    return {creator: problem.code for creator, problem in refused.items()}


async def _note(session: AsyncSession, items: Sequence[PayoutItem], refused: Mapping[UUID, str]) -> None:
    """Keep with each line what became of it: it was sent, or is held out with the reason."""
    now = utc_now()
    by_code: dict[str, list[UUID]] = {}
    for item in items:
        by_code.setdefault(refused.get(item.creator_id, ""), []).append(item.id)
    for code, ids in by_code.items():
        paid: dict[str, Any] = (
            {"status": "held_out", "code": code} if code else {"status": "sent", "payout_id": PayoutItem.id}
        )
        change = update(PayoutItem).where(among(PayoutItem.id, ids)).values(**paid, changed_at=now)
        await session.execute(change.execution_options(synchronize_session=False))


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


async def names_opened(
    session: AsyncSession, settings: Settings, creators: Collection[UUID], by: str, run: int
) -> dict[UUID, tuple[str, str]]:
    """Of those of a run who are looked at, the name as the bank gets it and the account's ends; in the audit log."""
    rows = await payees_of(session, creators)
    facts = await open_all(session, settings, list(rows.values()), by, f"look at payout run {run}")
    return {id: (bank_text(each.legal_name, NAME_MOST), each.masked_iban) for id, each in facts.items()}
