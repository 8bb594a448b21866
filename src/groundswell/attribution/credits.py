"""Giving credit: the rows that say which touch earned what part of a conversion, under which model."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, true
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.events.event import NULL, copy_instant, copy_text
from groundswell.events.tables import Reverdict
from groundswell.events.traffic.current_verdict import NEWEST_FIRST
from groundswell.platform.database import driver_connection
from groundswell.platform.ids import uuid7

from .eligibility import EligibleTouch, eligible, path_of
from .markov_training import learned_effects
from .models import MODELS, MODELS_VERSION, PPM, Model, divide, take_further
from .tables import Conversion, Credit, Touch

COLUMNS = (
    "id", "conversion_id", "kind", "at", "model", "model_version", "touch_id", "share_id", "moment_id", "title_id",
    "sharer_id", "channel", "weight_ppm", "amount_minor", "currency",
)  # fmt: skip
COPY = f"COPY credits ({', '.join(COLUMNS)}) FROM STDIN"
PLACE = ("share_id", "moment_id", "title_id", "sharer_id", "channel")

Row = tuple[Any, ...]
"""A row of ``COLUMNS``."""


async def credit_touches(session: AsyncSession, conversion: Conversion, window_days: int) -> Sequence[Credit]:
    """Divide ``conversion`` over the touches in its window by every model; nothing when there are none."""
    touches = await eligible(session, conversion.viewer_id, conversion.at, window_days)
    if not touches:
        return []
    return await _written(session, divided(conversion, touches, await learned_effects(session)))


def divided(
    conversion: Conversion,
    touches: Sequence[EligibleTouch],
    effects: Mapping[str, int],
    models: Mapping[str, Model] | None = None,
    version: int | None = None,
) -> Iterator[Row]:
    """The rows that divide ``conversion`` over ``touches`` (one or more, oldest first) by all models, or ``models``."""
    path = path_of(touches, conversion.at, effects)
    places = [(each.id, each.share_id, each.moment_id, each.title_id, each.sharer_id, each.channel) for each in touches]
    for model, weigh in sorted((models or MODELS).items()):
        parts = weigh(path)
        weights = divide(PPM, parts)
        money = conversion.amount_minor
        amounts: Sequence[int | None] = [None] * len(parts) if money is None else divide(money, parts)
        for place, ppm, amount in zip(places, weights, amounts, strict=True):
            if ppm:
                given = conversion.id, conversion.kind, conversion.at, model, version or MODELS_VERSION
                yield uuid7(), *given, *place, ppm, amount, conversion.currency


async def _written(session: AsyncSession, rows: Iterable[Row]) -> Sequence[Credit]:
    rows = list(rows)
    await write(session, rows)
    return [as_credit(row) for row in rows]


def as_credit(row: Row) -> Credit:
    """A row by its names; no session knows it."""
    return Credit(**dict(zip(COLUMNS, row, strict=True)))


async def write(session: AsyncSession, rows: Sequence[Row]) -> None:
    """Append rows of credit, in the caller's transaction."""
    if rows:
        await session.flush()
        connection = await driver_connection(session)
        async with connection.cursor() as cursor, cursor.copy(COPY) as copy:
            await copy.write("".join(map(_line, rows)))


def _line(row: Row) -> str:
    """A row as a line of COPY's text format."""
    id, conversion, kind, at, model, version, touch, share, moment, title, sharer, channel, ppm, amount, currency = row
    return (
        f"{id}\t{conversion}\t{kind}\t{copy_instant(at)}\t{model}\t{version}\t{touch}\t{share or NULL}\t"
        f"{moment or NULL}\t{title or NULL}\t{sharer or NULL}\t{copy_text(channel)}\t{ppm}\t"
        f"{NULL if amount is None else amount}\t{currency or NULL}\n"
    )


async def credit_refund(
    session: AsyncSession, refund: Conversion, sale: Conversion, version: int | None = None
) -> Sequence[Credit]:
    """Take back from each touch of ``sale`` its part of what was refunded, under the models that gave it.

    What is taken over all refunds of a sale is divided as the sale was, so that a full refund, in however many
    parts, leaves nothing with anybody.

    Args:
        version: of the models, when only the credit that one version gave is to be taken back.
    """
    given = [each for each in await credits_of(session, sale.id) if version in (None, each.model_version)]
    taken = await _taken_before(session, sale)
    rows: list[Row] = []
    for key in sorted({(credit.model, credit.model_version) for credit in given}):
        credits = [credit for credit in given if (credit.model, credit.model_version) == key]
        before = [-taken.get((*key, credit.touch_id), 0) for credit in credits]
        target = take_further(sum(before) + (refund.amount_minor or 0), as_divided(credits), before)
        rows += [mirrored(c, refund, then - now) for c, now, then in zip(credits, target, before, strict=True)]
    written = await _written(session, rows)
    await verdicts_follow(session, {credit.touch_id for credit in written})
    return written


async def verdicts_follow(session: AsyncSession, touches: Collection[UUID]) -> None:
    """Write the current verdict on the visit of each of ``touches``, when it was judged again, for its credit too: the
    lake finds what was given on a day among that day's rows."""
    if not touches:
        return
    said = (Reverdict.kind, Reverdict.reason, Reverdict.rule, Reverdict.traffic)
    of_visit = select(*said).where(Reverdict.at == Touch.at, Reverdict.event_id == Touch.event_id)
    newest = of_visit.order_by(text(NEWEST_FIRST)).limit(1).lateral("newest")
    theirs = (
        select(func.gen_random_uuid(), Credit.id, Credit.at, *newest.c)
        .select_from(Touch)
        .join(Credit, Credit.touch_id == Touch.id)
        .join(newest, true())
        .where(Touch.id.in_(touches))
    )
    columns = ["id", "event_id", "at", *(column.key for column in said)]
    written = insert(Reverdict).from_select(columns, theirs, include_defaults=False)
    await session.execute(written.on_conflict_do_nothing())


def as_divided(credits: Sequence[Credit]) -> list[int]:
    """The parts by which what is given back of a sale is divided: as its money was, or its weight when it had none."""
    amounts = [credit.amount_minor or 0 for credit in credits]
    return amounts if any(amounts) else [credit.weight_ppm for credit in credits]


async def _taken_before(session: AsyncSession, sale: Conversion) -> dict[tuple[str, int, UUID], int]:
    """What earlier refunds of ``sale`` took (negative), by model, version and touch."""
    query = (
        select(Credit.model, Credit.model_version, Credit.touch_id, func.sum(Credit.amount_minor))
        .join(Conversion, Conversion.id == Credit.conversion_id)
        .where(Conversion.original_id == sale.id)
        .group_by(Credit.model, Credit.model_version, Credit.touch_id)
    )
    return {(model, version, touch): int(total or 0) for model, version, touch, total in await session.execute(query)}


async def credits_of(session: AsyncSession, conversion_id: UUID) -> Sequence[Credit]:
    """Every credit given for a conversion: by model, oldest touch first."""
    query = select(Credit).join(Touch, Touch.id == Credit.touch_id).filter(Credit.conversion_id == conversion_id)
    return (await session.scalars(query.order_by(Credit.model, Touch.at, Touch.event_id))).all()


def mirrored(credit: Credit, refund: Conversion, amount: int) -> Row:
    """What ``refund`` takes back (``amount``, negative) from the touch of ``credit``."""
    return (
        uuid7(), refund.id, refund.kind, refund.at, credit.model, credit.model_version, credit.touch_id,
        *(getattr(credit, name) for name in PLACE), credit.weight_ppm, amount, refund.currency,
    )  # fmt: skip
