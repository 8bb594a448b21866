"""What decisions and reports are about: rows of features above this one, which it names by table and may not import."""

from uuid import UUID

from sqlalchemy import Text, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.database import Base
from groundswell.platform.problems import Problem


class SubjectUnknown(Problem):
    status, code, title = 404, "subject_unknown", "There is no such thing to decide about or report."


SUBJECTS = {
    "moment": ("moments", "code"),
    "share": ("shares", "code"),
    "title": ("titles", "slug"),
    "viewer": ("viewers", "handle"),
    "comment": ("comments", "id"),
    "earning": ("statement_lines", "id"),
    "licence": ("rights_rules", "id"),
}
"""Kind → its table, and the column by which people name a row."""


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
