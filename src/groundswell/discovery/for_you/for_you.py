"""A page of For you: gathered, filtered, drawn, noted."""

import base64
import binascii
import secrets
import struct
from dataclasses import dataclass
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.spoilers import seen_by, spoils
from groundswell.catalog.titles import label_of
from groundswell.discovery.feed import SceneCandidate, candidates_among, scene_out, scenes_showable
from groundswell.discovery.ranking import Gate
from groundswell.discovery.rate import rates
from groundswell.discovery.tables import SceneRow
from groundswell.discovery.threshold import Ranked
from groundswell.moments.availability import Audience
from groundswell.platform.clock import utc_now
from groundswell.platform.pages import CursorInvalid
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import signed, verified

from .impressions import Unwanted, lately, note, unwanted_by
from .schemas import FeedItem, ForYou
from .slate import Candidate, draw
from .sources import Parts, gather

PURPOSE = "for you"
PLACE = ">16sI"
STALE_S = 86_400
"""A cursor older than this begins anew: what was served then may be served again."""


@dataclass(frozen=True)
class FeedReader:
    """Who looks: ``id`` is the viewer's, or a number drawn for one visit of nobody known."""

    id: UUID
    caller: Caller | None
    audience: Audience

    @property
    def viewer_id(self) -> UUID | None:
        return None if self.caller is None else self.caller.id


def encode_reader(settings: Settings, reader: UUID) -> str:
    """A cursor: opaque, and ours."""
    packed = struct.pack(PLACE, reader.bytes, int(utc_now().timestamp()))
    return signed(settings.secret, PURPOSE, base64.urlsafe_b64encode(packed).decode().rstrip("="))


def decode_reader(settings: Settings, cursor: str | None, caller: Caller | None) -> UUID:
    """Whose page is asked for: a signed-in viewer's own, else of the visit that the cursor is of, or a new one.

    Raises:
        CursorInvalid: it was not made here, or for somebody else.
    """
    mine = uuid4() if caller is None else caller.id
    if cursor is None:
        return mine
    code = verified(settings.secrets, PURPOSE, cursor)
    try:
        packed = base64.b64decode((code or "").encode() + b"=" * (-len(code or "") % 4), altchars=b"-_", validate=True)
        reader, at_s = struct.unpack(PLACE, packed)
    except (ValueError, binascii.Error, struct.error):
        raise CursorInvalid() from None
    if caller is not None and UUID(bytes=reader) != caller.id:
        raise CursorInvalid()
    return mine if utc_now().timestamp() - at_s > STALE_S else UUID(bytes=reader)


async def for_you(
    session: AsyncSession, settings: Settings, caller: Caller | None, audience: Audience, cursor: str | None, limit: int
) -> ForYou:
    """The next page for whoever looks.

    Raises:
        CursorInvalid: ``cursor`` is not theirs.
    """
    reader = FeedReader(decode_reader(settings, cursor, caller), caller, audience)
    now_s = utc_now().timestamp()
    parts = await gather(session, Gate.of(settings), reader.id, reader.viewer_id, now_s)
    rows = await _wanted(session, reader, parts, await unwanted_by(session, reader.id))
    did = await lately(session, rows.keys())
    candidates = [
        Candidate(id, row[2].id, row[1].viewer_id, parts[id], *did.get(id, (0, 0))) for id, row in rows.items()
    ]
    picks = draw(candidates, limit, np.random.default_rng(secrets.randbits(64)))
    ids = await note(session, reader.id, reader.viewer_id, picks)
    items = []
    for id, pick in zip(ids, picks, strict=True):
        row = rows[pick.candidate.scene_id]
        scene = scene_out(row, _rate(row[0], now_s), now_s)
        on = f"{scene.best.url}/go"
        reason = pick.candidate.reason
        items.append(FeedItem(id=id, reason=reason, scene=scene, place=label_of(row[2]), continue_url=on))
    return ForYou(items=items, next=encode_reader(settings, reader.id) if items else None)


def _rate(scene: SceneRow, now_s: float) -> float:
    """The votes an hour that a scene gets now."""
    logs = (scene.quick_log, scene.middle_log, scene.slow_log)
    return float(rates([logs], [now_s - scene.begun_at.timestamp()], now_s)[0])


async def _wanted(
    session: AsyncSession, reader: FeedReader, parts: Parts, unwanted: Unwanted
) -> dict[UUID, SceneCandidate]:
    """The scenes that may be shown to a reader, that spoil nothing for them and that they have not seen lately."""
    left = [Ranked(0.0, id) for id in parts if id not in unwanted.scenes]
    found = await scenes_showable(session, await candidates_among(session, left), reader.audience)
    seen = await seen_by(session, reader.caller, {row[2].id: row[2] for _, row in found}.values())
    return {
        each.id: row
        for each, row in found
        if row[2].id not in unwanted.titles and not spoils(seen, row[2], row[1].start_us, marked=row[1].spoiler)
    }
