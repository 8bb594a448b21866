"""Shares in lists: of a moment, of a viewer, and the newest of all."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Title
from groundswell.moments.tables import Moment
from groundswell.platform.settings import Settings

from .channels import OWN_PAGE
from .links import share_url, token_of
from .tables import Reminder, Share


async def links_of_moment(session: AsyncSession, moment_id: UUID, limit: int) -> Sequence[Share]:
    """The newest shares of a moment, revoked and expired ones too; not the one that stands for its own page."""
    sent = select(Share).filter_by(moment_id=moment_id).where(Share.channel != OWN_PAGE)
    return (await session.scalars(sent.order_by(Share.id.desc()).limit(limit))).all()


async def count_of_moment(session: AsyncSession, moment_id: UUID) -> int:
    """How many shares of a moment were ever made."""
    return await session.scalar(select(func.count()).select_from(Share).filter_by(moment_id=moment_id)) or 0


async def live_links_of_viewer(
    session: AsyncSession, settings: Settings, viewer_id: UUID, limit: int
) -> list[tuple[Share, Moment, str]]:
    """A viewer's newest shares that lead somewhere, with their addresses."""
    query = select(Share, Moment).join(Moment, Moment.id == Share.moment_id)
    query = query.where(Share.viewer_id == viewer_id, Share.revoked_at.is_(None), Moment.deleted_at.is_(None))
    rows = await session.execute(query.where(Share.channel != OWN_PAGE).order_by(Share.id.desc()).limit(limit))
    return [(share, moment, share_url(settings, token_of(settings, share.code))) for share, moment in rows]


async def newest_links(session: AsyncSession, settings: Settings, limit: int) -> list[tuple[str, Title, Moment]]:
    """Addresses of live shares, the newest first, each with its title and moment."""
    query = select(Share.code, Title, Moment).join(Moment, Moment.id == Share.moment_id)
    query = query.join(Title, Title.id == Moment.title_id)
    query = query.where(Share.revoked_at.is_(None), Moment.deleted_at.is_(None))
    rows = await session.execute(query.order_by(Share.id.desc()).limit(limit))
    return [(share_url(settings, token_of(settings, code)), title, moment) for code, title, moment in rows]


async def find_share_by_id(session: AsyncSession, share_id: UUID) -> Share | None:
    """The share of that id; None when there is none."""
    return await session.get(Share, share_id)


async def waits_for(session: AsyncSession, viewer_id: UUID, moment_id: UUID) -> bool:
    """Whether a viewer has asked to be reminded of a moment."""
    mine = select(Reminder.id).filter_by(viewer_id=viewer_id, moment_id=moment_id)
    return await session.scalar(mine) is not None
