"""A page of For you: gathered, filtered, drawn."""

import secrets
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

from . import feed_model
from .blend import Blend, Signs, scored
from .impressions import Unwanted, lately, unwanted_by
from .schemas import FeedItem, ForYou
from .showings import FeedPlace, FeedShowing
from .slate import Candidate, draw
from .sources import Parts, gather

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


def place_of(settings: Settings, cursor: str | None, caller: Caller | None) -> FeedPlace:
    """Where the page that is asked for begins: a signed-in viewer's own, else of the visit that the cursor is of, or a
    new one.

    Raises:
        CursorInvalid: it was not made here, or for somebody else.
    """
    now_s = int(utc_now().timestamp())
    mine = FeedPlace(uuid4() if caller is None else caller.id, now_s)
    if cursor is None:
        return mine
    found = FeedPlace.read(settings, cursor)
    if found is None or (caller is not None and found.reader != caller.id):
        raise CursorInvalid()
    return mine if now_s - found.at_s > STALE_S else found


async def for_you(
    session: AsyncSession, settings: Settings, caller: Caller | None, audience: Audience, cursor: str | None, limit: int
) -> ForYou:
    """The next page for whoever looks.

    Raises:
        CursorInvalid: ``cursor`` is not theirs.
    """
    place, now_s = place_of(settings, cursor, caller), utc_now().timestamp()
    reader = FeedReader(place.reader, caller, audience)
    parts = await gather(session, Gate.of(settings), reader.id, reader.viewer_id, now_s)
    unserved = {id: part for id, part in parts.items() if not place.has(id)}
    rows = await _wanted(session, reader, unserved, await unwanted_by(session, reader.id))
    did = await lately(session, rows.keys())
    pulls = _pulls(await feed_model.blend(session), rows, parts, now_s)
    candidates = [
        Candidate(id, row[2].id, row[1].viewer_id, parts[id], pulls[id], *did.get(id, (0, 0)))
        for id, row in rows.items()
    ]
    picks = draw(candidates, limit, np.random.default_rng(secrets.randbits(64)))
    items = []
    for n, (candidate, probability) in enumerate(picks):
        row = rows[candidate.scene_id]
        scene = scene_out(row, _rate(row[0], now_s), now_s)
        ids = (uuid4(), reader.id, caller is not None, candidate.scene_id, candidate.title_id)
        showing = FeedShowing(*ids, n, candidate.reason, probability, int(now_s))
        items.append(
            FeedItem(
                id=showing.signed(settings),
                reason=candidate.reason,
                scene=scene,
                place=label_of(row[2]),
                continue_url=f"{scene.best.url}/go",
            )
        )
    after = place.after([pick.candidate.scene_id for pick in picks], int(now_s))
    return ForYou(items=items, next=after.signed(settings) if items else None)


def _pulls(blend: Blend, rows: dict[UUID, SceneCandidate], parts: Parts, now_s: float) -> dict[UUID, float]:
    """How likely scenes are to be liked, as logarithms, the likeliest 0."""
    near = np.array([parts[id].get("near", 0.0) for id in rows])
    log_rates = np.log([_rate(row[0], now_s) for row in rows.values()])
    scores = scored(blend, Signs(log_rates, np.log1p([float(row[0].moments) for row in rows.values()]), near))
    return dict(zip(rows, (scores - scores.max(initial=-np.inf)).tolist(), strict=True))


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
