"""Becoming a creator, and what others see of one."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.providers import PublicFace, public_faces, separation_of, viewer_of_handle
from groundswell.attribution.providers import creator_of_code
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.tables import Title
from groundswell.moments.tables import Moment
from groundswell.platform.database import among
from groundswell.platform.ids import random_code, uuid7
from groundswell.platform.problems import Conflict, NotFound
from groundswell.trust.tables import Decision

from . import imported_codes, invitations
from .schemas import CreatorOut, CreatorPage, Figure, NewCreator, PublicMoment
from .tables import Creator

SHOWN = 24


class HandleTaken(Conflict):
    code, title = "handle_taken", "Somebody else has this handle."


class CodeTaken(Conflict):
    code, title = "code_taken", "Somebody else has this code."


class CreatorAlready(Conflict):
    code, title = "creator_already", "You are a creator already."


class CreatorMissing(NotFound):
    code, title = "creator_missing", "You are not a creator yet."


class CreatorUnknown(NotFound):
    code, title = "creator_unknown", "There is no creator of this name."


async def own(session: AsyncSession, viewer_id: UUID) -> Creator:
    """The viewer's profile.

    Raises:
        CreatorMissing: they have none.
    """
    creator = await session.scalar(select(Creator).filter_by(viewer_id=viewer_id))
    if creator is None:
        raise CreatorMissing()
    return creator


@creator_of_code.answer
async def whose_code(session: AsyncSession, code: str) -> UUID | None:
    """The viewer whose code this is."""
    own = await session.scalar(select(Creator.viewer_id).filter_by(code=code))
    return own or await imported_codes.viewer_of_code(session, code)


async def named(session: AsyncSession, handle: str, asked_by: UUID | None = None) -> Creator:
    """The creator called ``handle`` (in any case, with or without @), for a viewer (None: a visitor).

    Raises:
        CreatorUnknown: there is none, or a block keeps the viewer apart from them.
    """
    creator = await session.scalar(select(Creator).filter_by(handle=handle.removeprefix("@").lower()))
    if creator is None or (await separation_of(session, asked_by, [creator.viewer_id])).blocked:
        raise CreatorUnknown()
    return creator


@viewer_of_handle.answer
async def whose_handle(session: AsyncSession, handle: str) -> UUID | None:
    """The viewer whose handle as a creator this is."""
    return await session.scalar(select(Creator.viewer_id).filter_by(handle=handle))


@public_faces.answer
async def faces_of(session: AsyncSession, viewers: Collection[UUID]) -> dict[UUID, PublicFace]:
    """Handle and name of those among ``viewers`` who are creators."""
    query = select(Creator.viewer_id, Creator.handle, Creator.display_name)
    rows = await session.execute(query.where(among(Creator.viewer_id, set(viewers)), Creator.display_name != ""))
    return {row.viewer_id: PublicFace(row.handle, row.display_name) for row in rows}


async def handles_of(session: AsyncSession, viewers: Iterable[UUID]) -> dict[UUID, str]:
    """The handles of those among ``viewers`` who are creators: where their names lead."""
    query = select(Creator.viewer_id, Creator.handle).where(among(Creator.viewer_id, set(viewers)))
    return {row.viewer_id: row.handle for row in await session.execute(query)}


async def creators_named(session: AsyncSession, words: str, limit: int) -> list[CreatorOut]:
    """Creators whose name or handle begins with ``words``, or one of whose names does; not those who are taken down."""
    hidden = select(Decision.id).where(
        Decision.subject_kind == "viewer",
        Decision.subject_id == Creator.viewer_id,
        Decision.action == "hide",
        Decision.lifted_at.is_(None),
    )
    begins = [
        Creator.display_name.istartswith(words, autoescape=True),
        Creator.display_name.icontains(f" {words}", autoescape=True),
        Creator.handle.istartswith(words.removeprefix("@"), autoescape=True),
    ]
    query = select(Creator).where(or_(*begins), ~hidden.exists()).order_by(Creator.handle).limit(limit)
    return [shown(creator) for creator in await session.scalars(query)]


async def check_free(session: AsyncSession, viewer_id: UUID, handle: str, code: str | None) -> None:
    """Return when the viewer is no creator, and nobody has the names.

    Raises:
        CreatorAlready, HandleTaken, CodeTaken: as they say.
    """
    if await session.scalar(select(Creator.id).filter_by(viewer_id=viewer_id)):
        raise CreatorAlready()
    if await session.scalar(select(Creator.id).filter_by(handle=handle)):
        raise HandleTaken()
    if code is not None and await session.scalar(select(Creator.id).filter_by(code=code)):
        raise CodeTaken()
    if code is not None and await imported_codes.is_reserved(session, code):
        raise CodeTaken()


async def become(session: AsyncSession, viewer_id: UUID, new: NewCreator, *, partner_id: UUID | None = None) -> Creator:
    """Make the viewer a creator; an invitation of theirs is accepted by it.

    Args:
        partner_id: the imported partner whose place they take, and whose code may be theirs.

    Raises:
        CreatorAlready, HandleTaken, CodeTaken: as they say.
    """
    await imported_codes.hold_brought(session)
    if new.code is not None and await imported_codes.is_reserved(session, new.code, partner_id):
        raise CodeTaken()
    values = new.model_dump() | {"id": uuid7(), "viewer_id": viewer_id}
    values["code"] = new.code or await _free_code(session, new.handle)
    statement = insert(Creator).values(values).on_conflict_do_nothing().returning(Creator)
    creator = await session.scalar(statement)
    if creator is None:
        return await _refuse(session, viewer_id, new.handle)
    await invitations.answer(session, viewer_id, "accepted")
    return creator


async def _free_code(session: AsyncSession, handle: str) -> str:
    """``NOOR10``; when that is taken, the name with four random characters."""
    name = handle.replace("_", "").upper()[:12]
    code = f"{name}10"
    taken = await session.scalar(select(Creator.id).filter_by(code=code))
    free = taken is None and not await imported_codes.is_reserved(session, code)
    return code if free else name + random_code(4).upper()


async def _refuse(session: AsyncSession, viewer_id: UUID, handle: str) -> Creator:
    if await session.scalar(select(Creator.id).filter_by(viewer_id=viewer_id)):
        raise CreatorAlready()
    if await session.scalar(select(Creator.id).filter_by(handle=handle)):
        raise HandleTaken()
    raise CodeTaken()


def shown(creator: Creator) -> CreatorOut:
    columns = {name: getattr(creator, name) for name in CreatorOut.model_fields if name != "url"}
    return CreatorOut(**columns, url=f"/creators/{creator.handle}")


async def public_page(session: AsyncSession, creator: Creator, caller: Caller | None = None) -> CreatorPage:
    """What ``caller`` (None: a visitor) sees: public moments that are not taken down and whose maker wants to be named;
    of those that would spoil something for them, no words."""
    hidden = (
        select(Decision.id)
        .where(Decision.action == "hide", Decision.lifted_at.is_(None))
        .where(
            ((Decision.subject_kind == "moment") & (Decision.subject_id == Moment.id))
            | ((Decision.subject_kind == "title") & (Decision.subject_id == Moment.title_id))
            | ((Decision.subject_kind == "viewer") & (Decision.subject_id == Moment.viewer_id))
        )
        .exists()
    )
    public = (
        select(Moment, Title)
        .join(Title, Title.id == Moment.title_id)
        .where(Moment.viewer_id == creator.viewer_id, Moment.visibility == "public", Moment.deleted_at.is_(None))
        .where(Moment.credit_me, ~hidden)
    )
    rows = (await session.execute(public.order_by(Moment.id.desc()).limit(SHOWN))).all()
    seen = await seen_by(session, caller, {title.id: title for _, title in rows}.values())
    count = await session.scalar(public.with_only_columns(func.count()))
    figure = Figure(value=count or 0, counts="Public moments that are up now.")
    moments = [
        _moment(moment, title, spoils(seen, title, moment.start_us, marked=moment.spoiler)) for moment, title in rows
    ]
    return CreatorPage(**shown(creator).model_dump(), public_moments=figure, moments=moments)


def _moment(moment: Moment, title: Title, spoiled: bool) -> PublicMoment:
    return PublicMoment(
        code=moment.code,
        url=f"/m/{moment.code}",
        title=title.name,
        title_slug=title.slug,
        caption="" if spoiled else moment.caption,
        start_us=moment.start_us,
        end_us=moment.end_us,
        spoiler=spoiled,
        created_at=moment.created_at,
    )


async def is_of(session: AsyncSession, creator_id: UUID, viewer_id: UUID) -> bool:
    """Whether a creator's profile is that of a viewer."""
    return await session.scalar(select(Creator.viewer_id).filter_by(id=creator_id)) == viewer_id


async def newest_public(session: AsyncSession, viewer_id: UUID, limit: int) -> list[UUID]:
    """The moments that a viewer made in public and by name, newest first."""
    theirs = select(Moment.id).where(Moment.viewer_id == viewer_id, Moment.visibility == "public")
    theirs = theirs.where(Moment.credit_me, Moment.deleted_at.is_(None))
    return list(await session.scalars(theirs.order_by(Moment.id.desc()).limit(limit)))
