"""The terms that creators accept: published by version, never changed, accepted anew with each new one."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import among
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict

from .tables import Creator, CreatorAgreement, CreatorTerms


class TermsNotAccepted(Conflict):
    code, title = "terms_not_accepted", "Creators accept the terms as they are now; read and accept this version."


async def current(session: AsyncSession) -> CreatorTerms | None:
    """The newest version; None while none was published."""
    query = select(CreatorTerms).order_by(CreatorTerms.version.desc()).limit(1)
    return (await session.scalars(query)).one_or_none()


async def publish(session: AsyncSession, body: str, by: str) -> CreatorTerms:
    """Publish the next version; whoever accepted an earlier one is asked again."""
    await lock(session, Lock.CREATOR_TERMS)
    newest = await current(session)
    if newest is not None and newest.body == body:
        return newest
    terms = CreatorTerms(version=newest.version + 1 if newest else 1, body=body, published_by=by)
    session.add(terms)
    await session.flush()
    await session.refresh(terms)
    return terms


async def accept(session: AsyncSession, viewer_id: UUID, version: int | None) -> None:
    """Note that a viewer accepts the terms; accepted before, nothing changes.

    Raises:
        TermsNotAccepted: it is not the version that stands.
    """
    terms = await current(session)
    if terms is None:
        return
    if version != terms.version:
        raise TermsNotAccepted(version=terms.version)
    row = {"viewer_id": viewer_id, "version": terms.version}
    await session.execute(insert(CreatorAgreement).values(row).on_conflict_do_nothing())


async def to_accept(session: AsyncSession, viewer_id: UUID) -> CreatorTerms | None:
    """The terms that a viewer has still to accept; None when there are none."""
    terms = await current(session)
    if terms is None or await session.get(CreatorAgreement, (viewer_id, terms.version)) is not None:
        return None
    return terms


async def outdated(session: AsyncSession, creators: Collection[UUID]) -> frozenset[UUID]:
    """Those among ``creators`` who have not accepted the version that stands."""
    newest = select(func.max(CreatorTerms.version)).scalar_subquery()
    agreed = select(CreatorAgreement.version).where(
        CreatorAgreement.viewer_id == Creator.viewer_id, CreatorAgreement.version == newest
    )
    query = select(Creator.id).where(among(Creator.id, set(creators)), newest.is_not(None), ~agreed.exists())
    return frozenset((await session.scalars(query)).all())
