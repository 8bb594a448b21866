"""Statements as documents: numbered, with all that they say as it was when they were issued, and as a PDF.

A document is JSON: ``number``, ``issued_at``, ``payer``, ``payee`` (``name``, ``handle``; null once erased), and of the
statement its period, currency, basis, weights, amounts, ``held_until``, ``terms``, ``lines`` and ``adjustments``. The
database refuses to change it. Its PDF is typeset by Typst from that JSON alone, once, and kept: the same bytes however
often it is asked for.
"""

import asyncio
import importlib.util
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from babel.numbers import format_currency, get_currency_precision
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.creators.tables import Creator
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.locks import Lock, lock

from .rules import BASES
from .tables import Adjustment, Pool, Statement, StatementDocument, StatementLine

TEMPLATE = Path(__file__).with_name("statement.typ")
FONTS = ("manimgx_fonts", "manimgx_fonts_cjk")
BY_CODE = "Sales by a code"


async def issue(session: AsyncSession, pool: Pool, payer: str) -> None:
    """Issue the documents of a pool whose statements have just been drawn up."""
    await lock(session, Lock.STATEMENT_NUMBERS)
    now = utc_now()
    last = await session.scalar(
        select(func.max(StatementDocument.number)).where(StatementDocument.number.startswith(f"{now:%Y}-"))
    )
    first = int(last.partition("-")[2]) + 1 if last else 1
    query = (
        select(Statement, Creator)
        .join(Creator, Creator.id == Statement.creator_id)
        .filter(Statement.pool_id == pool.id)
    )
    lines, taken = await _lines(session, pool), await _adjustments(session, pool)
    rows = []
    for n, (statement, creator) in enumerate((await session.execute(query.order_by(Statement.id))).all()):
        number = f"{now:%Y}-{first + n:07}"
        document = _document(pool, statement, creator, lines[statement.id], taken[statement.id])
        document |= {"number": number, "issued_at": now.isoformat(), "payer": payer}
        rows.append({"statement_id": statement.id, "number": number, "document": document, "issued_at": now})
    await session.execute(insert(StatementDocument), rows)


def _document(
    pool: Pool, statement: Statement, creator: Creator, lines: Sequence[Any], adjustments: Sequence[Any]
) -> dict[str, Any]:
    basis = BASES[pool.basis]
    return {
        "statement": str(statement.id),
        "payee": {"name": creator.display_name, "handle": creator.handle},
        "period": pool.period,
        "currency": pool.currency,
        "basis": pool.basis,
        "counts": basis.counts,
        "unit": basis.unit,
        "rules": pool.rules,
        "weight": statement.weight,
        "pool_weight": pool.weight,
        "pool_amount_minor": pool.amount_minor,
        "amount_minor": statement.amount_minor,
        "held_until": statement.held_until.isoformat() if statement.held_until else None,
        "terms": {name: getattr(pool, name) for name in TERMS},
        "lines": lines,
        "adjustments": adjustments,
    }


TERMS = ("hold_days", "floor_minor", "creator_cap_minor", "person_cap", "tax_ppm")


async def _lines(session: AsyncSession, pool: Pool) -> Mapping[UUID | None, list[dict[str, Any]]]:
    query = (
        select(StatementLine, Moment, Title.name)
        .join(Statement, Statement.id == StatementLine.statement_id)
        .outerjoin(Moment, Moment.id == StatementLine.moment_id)
        .outerjoin(Title, Title.id == Moment.title_id)
        .where(Statement.pool_id == pool.id)
        .order_by(StatementLine.period.desc(), StatementLine.amount_minor.desc(), StatementLine.moment_id)
    )
    found: dict[UUID | None, list[dict[str, Any]]] = defaultdict(list)
    for line, moment, title in await session.execute(query):
        found[line.statement_id].append(
            {
                "moment": str(line.moment_id) if line.moment_id else None,
                "caption": moment.caption if moment else BY_CODE,
                "title": title or "",
                "start_us": moment.start_us if moment else None,
                "end_us": moment.end_us if moment else None,
                "period": line.period,
                "weight": line.weight,
                "amount_minor": line.amount_minor,
            }
        )
    return found


async def _adjustments(session: AsyncSession, pool: Pool) -> Mapping[UUID | None, list[dict[str, Any]]]:
    shown = select(Adjustment).join(Statement, Statement.id == Adjustment.shown_on).where(Statement.pool_id == pool.id)
    found: dict[UUID | None, list[dict[str, Any]]] = defaultdict(list)
    for row in await session.scalars(shown.order_by(Adjustment.created_at, Adjustment.id)):
        found[row.shown_on].append(
            {
                "reason_code": row.reason_code,
                "explanation": row.explanation,
                "appeal": row.appeal,
                "amount_minor": row.amount_minor,
                "statement": str(row.statement_id),
            }
        )
    return found


def without_names(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document without what its creator called themselves and their moments."""
    lines = [line | {"caption": ""} for line in document["lines"]]
    return {**document, "payee": None, "lines": lines}


async def pdf_of(session: AsyncSession, statement_id: UUID) -> tuple[str, bytes] | None:
    """The number and the PDF of a statement's document; None for statements older than documents."""
    row = await session.get(StatementDocument, statement_id, with_for_update=True)
    if row is None:
        return None
    if row.pdf is None:
        row.pdf = await asyncio.to_thread(typeset, row.document)
        await session.flush()
    return row.number, row.pdf


def typeset(document: Mapping[str, Any]) -> bytes:
    """The PDF of a document. Pure: the same bytes for the same document and version of Typst."""
    import typst

    told = json.dumps(printed(document), ensure_ascii=False)
    fonts, source = _font_folders(), TEMPLATE.read_bytes()
    pdf = typst.compile(source, font_paths=fonts, ignore_system_fonts=True, sys_inputs={"document": told})  # type: ignore[misc]
    assert isinstance(pdf, bytes)
    return pdf


def _font_folders() -> list[str]:
    specs = [importlib.util.find_spec(package) for package in FONTS]
    return [str(Path(spec.origin).parent) for spec in specs if spec and spec.origin]


def printed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A document with its amounts as they are printed."""
    currency = document["currency"]

    def money(minor: int | None) -> str:
        digits = get_currency_precision(currency)
        return "" if minor is None else format_currency(minor / 10**digits, currency, locale="en")

    terms, carried = document["terms"], sum(line["amount_minor"] for line in document["adjustments"])
    part = {name: money(document[name]) for name in ("amount_minor", "pool_amount_minor")}
    amounts = [line | {"amount": money(line["amount_minor"])} for line in document["lines"]]
    taken = [line | {"amount": money(line["amount_minor"])} for line in document["adjustments"]]
    promised = {name: money(terms[name]) for name in ("floor_minor", "creator_cap_minor")}
    return {**document, **part, "lines": amounts, "adjustments": taken, "terms": terms | promised,
            "adjusted": money(carried), "net": money(document["amount_minor"] + carried)}  # fmt: skip
