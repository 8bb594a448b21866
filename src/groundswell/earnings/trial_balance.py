"""Reading the ledger: postings page by page, and the trial balance with its own proof."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Row, func, literal, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_file

from .schemas import BalanceOut, PostingOut, Side, TrialBalance
from .tables import LedgerAccount, PostingRow

DEBIT, CREDIT = aliased(LedgerAccount), aliased(LedgerAccount)


@dataclass(frozen=True)
class Filter:
    """Which postings: of an account or an owner (on either side), of a period, of a reason."""

    account: UUID | None = None
    owner: str | None = None
    period: str | None = None
    reason: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        given = []
        if self.account is not None:
            given.append(or_(DEBIT.id == self.account, CREDIT.id == self.account))
        if self.owner is not None:
            given.append(or_(DEBIT.owner == self.owner, CREDIT.owner == self.owner))
        if self.period is not None:
            given.append(PostingRow.period == self.period)
        if self.reason is not None:
            given.append(PostingRow.reason == self.reason)
        return given


async def postings(
    session: AsyncSession, chosen: Filter, *, limit: int, before: UUID | None = None
) -> list[PostingOut]:
    """Postings, newest first.

    Args:
        before: the last one of the page before.
    """
    query = (
        select(PostingRow, DEBIT, CREDIT)
        .join(DEBIT, DEBIT.id == PostingRow.debit_account_id)
        .join(CREDIT, CREDIT.id == PostingRow.credit_account_id)
        .where(*chosen.conditions())
        .order_by(PostingRow.number.desc())
        .limit(limit)
    )
    if before is not None:
        last = aliased(PostingRow)
        query = query.where(PostingRow.number < select(last.number).where(last.id == before).scalar_subquery())
    return [_posting(row) for row in await session.execute(query)]


async def posting(session: AsyncSession, posting_id: UUID) -> PostingOut:
    """One posting, which exists."""
    query = select(PostingRow, DEBIT, CREDIT).where(PostingRow.id == posting_id)
    query = query.join(DEBIT, DEBIT.id == PostingRow.debit_account_id)
    row = (await session.execute(query.join(CREDIT, CREDIT.id == PostingRow.credit_account_id))).one()
    return _posting(row)


def _posting(row: Row[PostingRow, LedgerAccount, LedgerAccount]) -> PostingOut:
    posting, debit, credit = row
    return PostingOut(
        id=posting.id,
        number=posting.number,
        debit=Side(id=debit.id, kind=debit.kind, owner=debit.owner),
        credit=Side(id=credit.id, kind=credit.kind, owner=credit.owner),
        amount_minor=posting.amount_minor,
        currency=posting.currency,
        period=posting.period,
        reason=posting.reason,
        evidence=posting.evidence,
        created_at=posting.created_at,
    )


async def trial_balance(session: AsyncSession) -> TrialBalance:
    """Every kind of account, from the running totals, checked against the sum of all postings."""
    kept = (await session.execute(_by_kind(_running()))).all()
    summed = (await session.execute(_by_kind(_summed()))).all()
    rows = [
        BalanceOut(kind=k, currency=c, accounts=n, debits_minor=d, credits_minor=r, balance_minor=r - d)
        for k, c, n, d, r in kept
    ]
    return TrialBalance(
        as_of=utc_now(),
        postings=await session.scalar(select(func.count()).select_from(PostingRow)) or 0,
        balanced=_balanced(rows),
        agrees=kept == summed,
        rows=rows,
    )


def _balanced(rows: Sequence[BalanceOut]) -> bool:
    currencies = {row.currency for row in rows}
    return all(sum(row.balance_minor for row in rows if row.currency == each) == 0 for each in currencies)


def _running() -> Any:
    return select(
        LedgerAccount.id, LedgerAccount.debits_minor.label("debit"), LedgerAccount.credits_minor.label("credit")
    ).subquery()


def _summed() -> Any:
    zero = literal(0)
    debits = select(
        PostingRow.debit_account_id.label("id"), PostingRow.amount_minor.label("debit"), zero.label("credit")
    )
    credits_ = select(PostingRow.credit_account_id, zero, PostingRow.amount_minor)
    opened = select(LedgerAccount.id, zero, zero)
    return union_all(debits, credits_, opened).subquery()


def _by_kind(sides: Any) -> Any:
    return (
        select(
            LedgerAccount.kind,
            LedgerAccount.currency,
            func.count(LedgerAccount.id.distinct()),
            func.sum(sides.c.debit).cast(LedgerAccount.debits_minor.type),
            func.sum(sides.c.credit).cast(LedgerAccount.credits_minor.type),
        )
        .join(sides, sides.c.id == LedgerAccount.id)
        .group_by(LedgerAccount.kind, LedgerAccount.currency)
        .order_by(LedgerAccount.currency, LedgerAccount.kind)
    )


def as_csv(name: str, rows: Sequence[BaseModel]) -> Response:
    """``rows`` as a CSV file; what is nested becomes ``outer.inner`` columns or JSON."""
    flat = [_flat(row.model_dump(mode="json")) for row in rows]
    header = list(dict.fromkeys(column for row in flat for column in row))
    return csv_file(name, header, ([row.get(column) for column in header] for row in flat))


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in row.items():
        if name == "evidence":
            flat[name] = json.dumps(value, ensure_ascii=False, sort_keys=True)
        elif isinstance(value, dict):
            flat |= {f"{name}.{inner}": part for inner, part in value.items()}
        else:
            flat[name] = value
    return flat
