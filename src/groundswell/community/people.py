"""People by the names that others know them by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, MaybeCaller
from groundswell.accounts.providers import PublicFace, public_faces, separation_of, viewer_of_handle
from groundswell.accounts.tables import Viewer
from groundswell.accounts.viewers import viewers_among
from groundswell.platform.problems import NotFound, Problem


class PersonUnknown(NotFound):
    code, title = "person_unknown", "There is nobody of this name."


class KidsApart(Problem):
    status, code, title = 403, "kids_apart", "Children's profiles neither see nor make anything here."


@dataclass(frozen=True)
class KnownPerson:
    """Somebody as others see them; ``url`` is where their public profile is, if they have one."""

    id: UUID
    handle: str
    name: str
    url: str | None


def grown(caller: Caller) -> Caller:
    """``caller``, unless it is a child's profile.

    Raises:
        KidsApart: it is.
    """
    if caller.viewer.kids:
        raise KidsApart()
    return caller


async def no_child(caller: MaybeCaller) -> None:
    """What every route of this room asks first.

    Raises:
        KidsApart: a child's profile asks.
    """
    if caller is not None:
        grown(caller)


async def find_person(session: AsyncSession, caller: Caller | None, handle: str) -> Viewer:
    """The viewer of this handle: of a public profile, or their own.

    Raises:
        PersonUnknown: there is none for whoever asks. Who is kept apart by the other's block learns no more than that.
    """
    name = handle.removeprefix("@").lower()
    id = await viewer_of_handle(session, name)
    viewer = await session.scalar(
        select(Viewer).filter_by(handle=name) if id is None else select(Viewer).filter_by(id=id)
    )
    if viewer is None or viewer.kids or not viewer.name:
        raise PersonUnknown()
    if (await separation_of(session, caller.id if caller else None, [viewer.id])).blocked:
        raise PersonUnknown()
    return viewer


async def find_barred(session: AsyncSession, handle: str) -> Viewer:
    """As ``find_person``, also of whom one is kept apart from: to put a barrier up, or take it down.

    Raises:
        PersonUnknown: there is none.
    """
    return await find_person(session, None, handle)


async def described(session: AsyncSession, ids: Sequence[UUID]) -> list[KnownPerson]:
    """People by id, in the order given; those who were erased are left out."""
    viewers = await viewers_among(session, ids)
    faces = await public_faces(session, ids)
    return [_person(viewers[id], faces) for id in ids if id in viewers and viewers[id].name]


async def by_id(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, KnownPerson]:
    """``described``, by id."""
    return {person.id: person for person in await described(session, list(set(ids)))}


def _person(viewer: Viewer, faces: dict[UUID, PublicFace]) -> KnownPerson:
    face = faces.get(viewer.id)
    if face is None:
        return KnownPerson(viewer.id, viewer.handle, viewer.name, None)
    return KnownPerson(viewer.id, face.handle, face.name, f"/creators/{face.handle}")
