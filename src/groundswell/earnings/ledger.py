"""Posting to the ledger: the same transfer once, however often it is asked for.

The database keeps the balance (see ``ledger_triggers``); this module says it in Python and turns the database's
refusals into ours. The model is TigerBeetle's: accounts with running totals, transfers with ids chosen by the caller.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ARRAY, BigInteger, Text, Uuid, bindparam, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among
from groundswell.platform.problems import Problem

from .tables import LedgerAccount, PostingRow

NAMESPACE = UUID("6a3c5a0e-6c0f-5c5e-9d0b-6f2f6d1c7a11")
LIMITS = {
    "funding": "none", "pool": "credit", "campaign": "credit", "creator": "credit", "receivable": "debit",
    "paid": "none",
}  # fmt: skip
"""Which way each kind of account may not be overdrawn (see ``LedgerAccount``)."""

LARGEST_MINOR = 10**15
BATCH = 1000

# Each column is sent as one array: a statement of so many rows is neither made nor read anew for each batch.
INSERT = text("""
    INSERT INTO postings (id, debit_account_id, credit_account_id, amount_minor, currency, period, reason, evidence)
    SELECT p.id, p.debit, p.credit, p.amount_minor, p.currency, p.period, p.reason, CAST(p.evidence AS jsonb)
    FROM unnest(:id, :debit_account_id, :credit_account_id, :amount_minor, :currency, :period, :reason, :evidence)
        WITH ORDINALITY AS p (id, debit, credit, amount_minor, currency, period, reason, evidence, place)
    ORDER BY p.place ON CONFLICT (id) DO NOTHING RETURNING id
""").bindparams(
    *(bindparam(name, type_=ARRAY(Uuid())) for name in ("id", "debit_account_id", "credit_account_id")),
    bindparam("amount_minor", type_=ARRAY(BigInteger())),
    *(bindparam(name, type_=ARRAY(Text())) for name in ("currency", "period", "reason", "evidence")),
)


class PostingConflict(Problem):
    status, code, title = 409, "posting_conflict", "Another posting has this id."


class FundsInsufficient(Problem):
    status, code, title = 409, "funds_insufficient", "There is not enough in the account."


class PostingRefused(Problem):
    status, code, title = 422, "posting_refused", "This cannot be posted."


class MonthClosed(Problem):
    status, code, title = 409, "month_closed", "This month is closed. What comes late is posted in an open one."


@dataclass(frozen=True)
class Posting:
    """A transfer: ``amount_minor`` (1 to 10^15) of ``currency`` leaves ``debit`` for ``credit``.

    Args:
        id: the same for the same transfer; made from what it is for (``posting_id``).
        period: ``YYYY-MM``.
        reason: what kind of transfer, such as ``pool_share``.
        evidence: JSON that leads to what it is for.
    """

    id: UUID
    debit: UUID
    credit: UUID
    amount_minor: int
    currency: str
    period: str
    reason: str
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "debit_account_id": self.debit,
            "credit_account_id": self.credit,
            "amount_minor": self.amount_minor,
            "currency": self.currency,
            "period": self.period,
            "reason": self.reason,
            "evidence": dict(self.evidence),
        }


def posting_id(*parts: object) -> UUID:
    """The id of the posting for ``parts``, such as a pool and a creator."""
    return uuid5(NAMESPACE, "/".join(str(part) for part in parts))


def account_id(kind: str, owner: object, currency: str) -> UUID:
    """The id of an account, whether or not it is open yet."""
    return posting_id("account", kind, owner, currency)


async def open_account(session: AsyncSession, kind: str, owner: object, currency: str) -> UUID:
    """The account of ``owner``, opened when it is not there."""
    return (await open_accounts(session, kind, [owner], currency))[0]


async def open_accounts(session: AsyncSession, kind: str, owners: Iterable[object], currency: str) -> list[UUID]:
    """The accounts of ``owners``, in their order; those missing are opened."""
    ids = {account_id(kind, owner, currency): str(owner) for owner in owners}
    shared = {"kind": kind, "currency": currency, "balance_limit": LIMITS[kind]}
    rows = [{"id": id, "owner": ids[id]} | shared for id in sorted(ids)]
    if rows:
        await session.execute(insert(LedgerAccount).on_conflict_do_nothing(), rows)
    return list(ids)


async def balance(session: AsyncSession, account: UUID) -> int:
    """Credits less debits, in minor units; 0 for an account that was never opened."""
    query = select(LedgerAccount.credits_minor - LedgerAccount.debits_minor).where(LedgerAccount.id == account)
    return await session.scalar(query) or 0


async def hold_balance(session: AsyncSession, account: UUID) -> int:
    """The balance, which nobody else changes until this transaction ends."""
    query = select(LedgerAccount).where(LedgerAccount.id == account).with_for_update(key_share=True)
    row = await session.scalar(query.execution_options(populate_existing=True))
    return row.credits_minor - row.debits_minor if row else 0


async def hold_balances(session: AsyncSession, accounts: Iterable[UUID]) -> dict[UUID, int]:
    """The balances of several, held as by ``hold_balance``: in the order of ids, as postings hold them, so that no two
    wait for each other."""
    query = select(LedgerAccount).where(among(LedgerAccount.id, set(accounts))).order_by(LedgerAccount.id)
    rows = await session.scalars(query.with_for_update(key_share=True).execution_options(populate_existing=True))
    return {row.id: row.credits_minor - row.debits_minor for row in rows}


async def post(session: AsyncSession, posting: Posting) -> bool:
    """Make one transfer; False when it had been made before.

    Raises:
        PostingConflict: the id belongs to a transfer with other content.
        FundsInsufficient: a limited account would be overdrawn.
        MonthClosed: nothing more is posted into its month.
        PostingRefused: currencies differ, an account is not open, or an amount, side or period is impossible.
    """
    return await post_all(session, [posting]) == 1


async def post_all(session: AsyncSession, postings: Sequence[Posting]) -> int:
    """Make several transfers, all or none; returns how many were new. Refuses as ``post`` does."""
    for posting in postings:
        _check(posting)
    made = 0
    try:
        async with session.begin_nested():
            for begin in range(0, len(postings), BATCH):
                made += await _insert(session, postings[begin : begin + BATCH])
    except IntegrityError as error:
        raise _refusal(error) from error
    return made


async def _insert(session: AsyncSession, postings: Sequence[Posting]) -> int:
    """Insert what is new (waiting for whoever is inserting the same ids) and compare what is not."""
    rows = sorted((posting.row() for posting in postings), key=lambda row: str(row["id"]))
    columns: dict[str, list[Any]] = {name: [row[name] for row in rows] for name in rows[0]}
    columns["evidence"] = [json.dumps(each, ensure_ascii=False) for each in columns["evidence"]]
    fresh = (await session.scalars(INSERT, columns)).all()
    if len(fresh) < len(rows):
        stored = await session.scalars(select(PostingRow).where(among(PostingRow.id, [row["id"] for row in rows])))
        _compare(rows, {row.id: row for row in stored})
    return len(fresh)


def _compare(rows: Iterable[dict[str, Any]], stored: Mapping[UUID, PostingRow]) -> None:
    for row in rows:
        if any(getattr(stored[row["id"]], name) != value for name, value in row.items()):
            raise PostingConflict(f"The posting {row['id']} was made before with other content.")


def _check(posting: Posting) -> None:
    if not 1 <= posting.amount_minor <= LARGEST_MINOR:
        raise PostingRefused(f"The amount must be 1 to {LARGEST_MINOR} minor units, not {posting.amount_minor}.")


REFUSALS: dict[str, Problem] = {
    "ck_ledger_accounts_funds": FundsInsufficient(),
    "ck_ledger_accounts_debt": FundsInsufficient("More would be paid back than is owed."),
    "ck_postings_sides": PostingRefused("The debit and the credit account are the same."),
    "ck_postings_period": PostingRefused("A period is written YYYY-MM."),
    "month_closed": MonthClosed(),
}
"""What the database's constraints mean, by name."""


def _refusal(error: IntegrityError) -> Problem:
    name = getattr(getattr(error.orig, "diag", None), "constraint_name", None) or ""
    if name.startswith("fk_postings_"):
        return PostingRefused("An account is not open in this currency.")
    return REFUSALS.get(name) or PostingRefused(str(error.orig).split("\n", 1)[0])
