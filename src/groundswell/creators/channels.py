"""Where else a creator is: an address is theirs once its page carries their proof, or leads to their page here.

Pages are looked at in the background, through the guarded way out.
"""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.outbound import Outbound, fetch
from groundswell.platform.problems import Conflict, NotFound, Problem
from groundswell.platform.runtime import Runtime

from .tables import Creator, CreatorChannel

MOST = 10
MOST_BYTES = 2 << 20
SECONDS = 20.0


class CreatorChannelUnknown(NotFound):
    code, title = "creator_channel_unknown", "You have no such channel."


class ChannelsFull(Conflict):
    code, title = "channels_full", f"A creator has at most {MOST} channels; remove one first."


async def add(session: AsyncSession, outbound: Outbound, creator: Creator, address: str) -> CreatorChannel:
    """Name a channel; named before, it is that one.

    Raises:
        AddressNotAllowed, ChannelsFull: as they say.
    """
    outbound.check(address)
    await session.get_one(Creator, creator.id, with_for_update=True)
    count = select(func.count()).select_from(CreatorChannel).filter_by(creator_id=creator.id)
    known = await session.scalar(select(CreatorChannel).filter_by(creator_id=creator.id, address=address))
    if known is not None:
        return known
    if (await session.scalar(count) or 0) >= MOST:
        raise ChannelsFull()
    row = {"id": uuid7(), "creator_id": creator.id, "address": address, "proof": f"gs-{random_code(8)}", "found": ""}
    return (await session.scalars(insert(CreatorChannel).values(row).returning(CreatorChannel))).one()


async def of_creator(session: AsyncSession, creator_id: UUID) -> Sequence[CreatorChannel]:
    """A creator's channels, in the order in which they named them."""
    query = select(CreatorChannel).filter_by(creator_id=creator_id).order_by(CreatorChannel.id).limit(MOST)
    return (await session.scalars(query)).all()


async def verified(session: AsyncSession, creator_id: UUID) -> list[str]:
    """The addresses that are shown as theirs to everybody."""
    return [row.address for row in await of_creator(session, creator_id) if row.verified_at is not None]


async def own_channel(session: AsyncSession, creator_id: UUID, channel_id: UUID) -> CreatorChannel:
    """One of a creator's channels.

    Raises:
        CreatorChannelUnknown.
    """
    row = await session.scalar(select(CreatorChannel).filter_by(id=channel_id, creator_id=creator_id))
    if row is None:
        raise CreatorChannelUnknown()
    return row


async def remove(session: AsyncSession, creator_id: UUID, channel_id: UUID) -> None:
    """Remove one of a creator's channels.

    Raises:
        CreatorChannelUnknown.
    """
    await session.delete(await own_channel(session, creator_id, channel_id))


async def look(runtime: Runtime, channel_id: UUID) -> str:
    """Look at a channel's page; returns what was found. A channel that was verified stays so when it is out of reach,
    and is no longer when its page carries nothing any more."""
    async with runtime.database.transaction() as session:
        row = await session.get(CreatorChannel, channel_id)
        if row is None:
            return ""
        creator = await session.get_one(Creator, row.creator_id)
        address, proof, page = row.address, row.proof, f"{runtime.settings.base_url}/creators/{creator.handle}"
    found = await _found(Outbound(runtime.settings), address, proof, page)
    async with runtime.database.transaction() as session:
        row = await session.get(CreatorChannel, channel_id, with_for_update=True)
        if row is not None:
            row.found, row.checked_at = found, utc_now()
            if found in {"proof", "link"}:
                row.verified_at = row.verified_at or utc_now()
            elif found == "absent":
                row.verified_at = None
    return found


async def _found(outbound: Outbound, address: str, proof: str, page: str) -> str:
    try:
        async with outbound.client(SECONDS) as client:
            answer = await fetch(
                client, outbound.check(address), most_bytes=MOST_BYTES, seconds=SECONDS, kinds=("text/*",)
            )
    except Problem as failed:
        return failed.code
    return carried(answer.content.decode(errors="replace"), proof, page)


def carried(text: str, proof: str, page: str) -> str:
    """What of a creator's a page carries: ``proof``, ``link`` or ``absent``. Pure."""
    if re.search(rf"(?<![A-Za-z0-9]){re.escape(proof)}(?![A-Za-z0-9])", text):
        return "proof"
    link = re.escape(page.split("://", 1)[-1])
    return "link" if re.search(rf"{link}(?![A-Za-z0-9_])", text.replace("\\/", "/")) else "absent"
