"""What of a supercut whoever looks sees: judged for them, part by part, when they look."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.titles import label_of
from groundswell.moments.availability import Audience
from groundswell.moments.showable import MomentRow
from groundswell.platform.settings import Settings

from .collection_tables import Collection
from .collection_views import address_of
from .collections import standing_of
from .supercut_schemas import OmittedPartOut, SupercutOut, SupercutPartOut
from .supercut_tables import Supercut, SupercutPart
from .supercuts import parts_shown, rows_of, supercut_of, withheld


async def shown_supercut(
    session: AsyncSession, settings: Settings, collection: Collection, caller: Caller | None, audience: Audience
) -> SupercutOut:
    """A collection's supercut; to those who may not fill it, one that is not there is none."""
    row = await supercut_of(session, collection)
    fills = await standing_of(session, collection, audience.viewer_id) in {"owner", "joined"}
    if row is None or (row.status != "ready" and not fills):
        return SupercutOut(status="none", progress=0)
    out = SupercutOut.model_validate({"status": row.status, "progress": row.progress / 1000})
    if fills:
        out.failure_code = row.failure_code
        out.left_out = [OmittedPartOut.model_validate(each) for each in row.left_out]
    if row.status == "ready":
        await _show(session, settings, collection, row, caller, audience, out)
    return out


async def _show(
    session: AsyncSession,
    settings: Settings,
    collection: Collection,
    row: Supercut,
    caller: Caller | None,
    audience: Audience,
    out: SupercutOut,
) -> None:
    parts = await parts_shown(session, row)
    rows = await rows_of(session, parts)
    out.withheld = await withheld(session, parts, rows, audience)
    if out.withheld is not None:
        return
    out.url = f"{address_of(settings, collection)}/supercut.mp4"
    if await withheld(session, parts, rows, audience, "download") is None:
        out.download_url = f"{out.url}?purpose=download"
    out.duration_us, out.size_bytes, out.made_at = row.duration_us, row.size_bytes, row.settled_at
    out.parts = [_part(part, rows[part.moment_id]) for part in parts]
    seen = await seen_by(session, caller, {each.title.id: each.title for each in rows.values()}.values())
    theirs = None if caller is None else caller.id
    out.spoils = any(
        spoils(seen, title, moment.start_us, marked=moment.spoiler)
        for moment, title, _ in rows.values()
        if moment.viewer_id != theirs
    )


def _part(part: SupercutPart, row: MomentRow) -> SupercutPartOut:
    label = label_of(row.title)
    return SupercutPartOut(moment=part.moment_id, title=row.title.name, label=label, begin_us=part.begin_us or 0)
