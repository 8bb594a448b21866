"""Creators who are due something and have said where they are paid, for the tests of payout runs."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from groundswell.accounts.actors import actor_of
from groundswell.creators.tables import Creator
from groundswell.earnings import pools
from groundswell.earnings.rules import PoolTerms
from groundswell.payouts import payees, payout_runs
from groundswell.payouts.run_file import file_run
from groundswell.payouts.schemas import NewPayee, NewPayoutRun
from groundswell.payouts.tables import PayoutItem, PayoutRun
from groundswell.platform.settings import Settings
from tests.earnings.world import NOT_HELD, World, in_month, month_before

FACTS = {
    "legal_name": "Noor Haddad", "street": "Hauptstraße 1", "postcode": "10115", "town": "Berlin", "country": "DE",
    "iban": "DE89370400440532013000", "born_on": "1990-02-28", "tax_number": "36574261809",
}  # fmt: skip
PAYER = {"payer_iban": "DE75512108001245126199", "payer_name": "Lumen"}


def payer(settings: Settings) -> Settings:
    """The settings, with an account to pay from."""
    return settings.model_copy(update=PAYER)


async def earned(world: World, amount: int, names: list[str], back: int = 1, **stream: Any) -> None:
    """A pool of a past month, divided evenly over moments of these names."""
    period = month_before(back)
    for number, name in enumerate(names):
        await world.happen(name, "play", f"{name}{number}{back}", at=in_month(period))
    terms: PoolTerms = stream.pop("terms", NOT_HELD)
    stream = {"currency": "EUR", "basis": "plays", "created_by": "fay"} | stream
    async with world.database.transaction() as session:
        pool = await pools.fund(session, period=period, amount_minor=amount, terms=terms, **stream)
    await pools.run(world.database, pool.id)


async def enter(world: World, settings: Settings, name: str, **changes: Any) -> None:
    """A creator says where they are paid."""
    async with world.database.transaction() as session:
        creator = await session.get_one(Creator, world.creators[name])
        new = NewPayee.model_validate(FACTS | changes)
        await payees.enter(session, settings, creator, new, actor_of(creator.viewer_id))


async def drafted(world: World, by: str = "tom", **new: Any) -> UUID:
    """A run that somebody drafts."""
    async with world.database.transaction() as session:
        return (await payout_runs.draft(session, NewPayoutRun.model_validate({"currency": "EUR"} | new), by)).id


async def approved(world: World, run: UUID, by: str = "pia") -> None:
    async with world.database.transaction() as session:
        await payout_runs.approve(session, run, by)


async def filed(world: World, settings: Settings, run: UUID) -> None:
    async with world.database.transaction() as session:
        await payout_runs.ask_for_file(session, settings, run, "pia")
    await file_run(world.database, settings, run)


async def lines(world: World, run: UUID) -> dict[str, tuple[str, str, int]]:
    """A run's lines by creator: status, code, amount."""
    query = select(PayoutItem, Creator.handle).join(Creator, Creator.id == PayoutItem.creator_id)
    async with world.database.transaction() as session:
        rows = (await session.execute(query.where(PayoutItem.run_id == run))).all()
    return {handle: (item.status, item.code, item.amount_minor) for item, handle in rows}


async def ids(world: World, run: UUID) -> dict[str, str]:
    """The end-to-end id of each creator's line."""
    query = select(Creator.handle, PayoutItem.id).join(Creator, Creator.id == PayoutItem.creator_id)
    async with world.database.transaction() as session:
        return {handle: id.hex for handle, id in await session.execute(query.where(PayoutItem.run_id == run))}


async def run_row(world: World, run: UUID) -> PayoutRun:
    async with world.database.transaction() as session:
        return await session.get_one(PayoutRun, run)
