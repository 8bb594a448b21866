"""What decisions and reports are about: rows of features above this one, which it names by table and may not import."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import Base, among
from groundswell.platform.problems import Problem


class SubjectUnknown(Problem):
    status, code, title = 404, "subject_unknown", "There is no such thing to decide about or report."


SUBJECTS = {
    "moment": ("moments", "code"),
    "share": ("shares", "code"),
    "title": ("titles", "slug"),
    "viewer": ("viewers", "handle"),
    "comment": ("comments", "id"),
    "collection": ("collections", "code"),
    "earning": ("statement_lines", "id"),
    "licence": ("rights_rules", "id"),
}
"""Kind → its table, and the column by which people name a row."""

PERSONS = {
    "moment": (("moments", "viewer_id"),),
    "share": (("shares", "viewer_id"),),
    "comment": (("comments", "viewer_id"),),
    "collection": (("collections", "viewer_id"),),
    "viewer": (("viewers", "id"),),
    "earning": (("statement_lines", "statement_id"), ("statements", "creator_id"), ("creators", "viewer_id")),
}
"""Kind → the way from a row to the viewer whom a decision about it meets: tables, and the column that leads on."""

CONTENT = {
    "moment": ("code", "caption", "title_id", "start_us", "end_us", "spoiler", "visibility"),
    "comment": ("moment_id", "text", "at_us", "spoiler"),
    "collection": ("code", "name", "about", "visibility"),
    "viewer": ("handle", "name"),
}
"""Kind → the columns that say what staff saw when they decided."""


async def find_subject(session: AsyncSession, kind: str, reference: str) -> UUID:
    """The id of the row that ``reference`` (an id, or the name people use) means.

    Raises:
        SubjectUnknown: none.
    """
    table_name, name = SUBJECTS[kind]
    table = Base.metadata.tables.get(table_name)
    if table is None or "id" not in table.c:
        raise SubjectUnknown(f"There are no {kind}s here.")
    matches = or_(cast(table.c.id, Text) == reference.lower(), cast(table.c[name], Text) == reference)
    found: UUID | None = await session.scalar(select(table.c.id).where(matches).limit(1))
    if found is None:
        raise SubjectUnknown(f"There is no {kind} {reference!r}.")
    return found


async def find_reportable(session: AsyncSession, reference: str, reporter: UUID | None) -> UUID:
    """The id of the moment that ``reference`` means, for ``reporter`` (a viewer; None: a visitor) to report. Who saw an
    unlisted one by a link may report it; somebody else's private one is as unknown as none.

    Raises:
        SubjectUnknown: none.
    """
    found = await find_subject(session, "moment", reference)
    row = Base.metadata.tables["moments"].c
    hidden = select(row.id).where(
        row.id == found, row.visibility == "private", row.viewer_id.is_distinct_from(reporter)
    )
    if await session.scalar(hidden) is not None:
        raise SubjectUnknown(f"There is no moment {reference!r}.")
    return found


async def person_of(session: AsyncSession, kind: str, subject_id: UUID) -> UUID | None:
    """The viewer whom a decision about something meets; None where it is nobody's, or is not there."""
    found: UUID | None = subject_id
    for table_name, leads_to in PERSONS.get(kind, ()):
        table = Base.metadata.tables.get(table_name)
        if table is None:
            return None
        found = await session.scalar(select(table.c[leads_to]).where(table.c.id == found))
    return found if kind in PERSONS else None


async def content_of(session: AsyncSession, kind: str, subject_id: UUID) -> dict[str, Any] | None:
    """What something says now, as JSON; None of what has no words of a person's."""
    table = Base.metadata.tables.get(SUBJECTS[kind][0])
    if table is None or kind not in CONTENT:
        return None
    columns = [table.c[name] for name in CONTENT[kind]]
    row = (await session.execute(select(*columns).where(table.c.id == subject_id))).one_or_none()
    return None if row is None else {name: _plain(value) for name, value in row._mapping.items()}


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID | datetime) else value


async def codes_among(session: AsyncSession, kind: str, ids: list[UUID]) -> dict[UUID, str]:
    """The names by which people know some things of a kind."""
    table_name, name = SUBJECTS[kind]
    table = Base.metadata.tables.get(table_name)
    if table is None:
        return {}
    rows = await session.execute(select(table.c.id, table.c[name]).where(among(table.c.id, ids)))
    return {id: str(code) for id, code in rows}


async def parent_of(session: AsyncSession, comment_id: UUID) -> UUID | None:
    """The moment below which a comment stands."""
    table = Base.metadata.tables["comments"]
    found: UUID | None = await session.scalar(select(table.c.moment_id).where(table.c.id == comment_id))
    return found


async def find_open(session: AsyncSession, kind: str, reference: str, reporter: UUID | None) -> UUID:
    """``find_reportable`` of any kind: what is somebody else's alone is as unknown as none.

    Raises:
        SubjectUnknown: none.
    """
    if kind == "moment":
        return await find_reportable(session, reference, reporter)
    found = await find_subject(session, kind, reference)
    if kind == "comment":
        moment = await parent_of(session, found)
        await find_reportable(session, str(moment), reporter)
    if kind == "collection":
        row = Base.metadata.tables["collections"].c
        hidden = select(row.id).where(
            row.id == found, row.visibility == "private", row.viewer_id.is_distinct_from(reporter)
        )
        if await session.scalar(hidden) is not None:
            raise SubjectUnknown(f"There is no collection {reference!r}.")
    return found
