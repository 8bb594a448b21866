"""May this moment be shown now, to whoever asks? And if not, why not."""

from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, territory_of
from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.trust.clips import check_play
from groundswell.trust.decisions import active
from groundswell.trust.policy import Purpose
from groundswell.trust.spans import Span

from .finding import MomentUnknown
from .tables import Moment


class MomentDeleted(Problem):
    status, code, title = 410, "moment_deleted", "The person who made this moment has deleted it."


class TakenDown(Problem):
    status, code, title = 410, "taken_down", "This moment has been taken down."


@dataclass(frozen=True)
class Audience:
    """Who would see it. ``territory`` is ISO 3166-1 alpha-2, None when unknown; ``kids``: a child's profile;
    ``ad_tier``: the plan with advertising."""

    viewer_id: UUID | None = None
    territory: str | None = None
    kids: bool = False
    ad_tier: bool = False

    @classmethod
    def of(cls, caller: Caller | None, request: Request) -> "Audience":
        """Whoever asks: a signed-in person, or a visitor."""
        return cls.of_viewer(None if caller is None else caller.viewer, request)

    @classmethod
    def of_viewer(cls, viewer: Viewer | None, request: Request) -> "Audience":
        """A signed-in person, or (None) a visitor. Where they are, the service says in its token, else its proxy."""
        here = territory_of(request.app.state.settings, request.headers)
        if viewer is None:
            return cls(territory=here)
        return cls(viewer.id, viewer.territory or here, viewer.kids, viewer.ad_tier)


VISITOR = Audience()


async def check_available(
    session: AsyncSession,
    moment: Moment,
    title: Title,
    audience: Audience = VISITOR,
    *,
    purpose: Purpose = "play",
    target: str | None = None,
    captions: bool = True,
    span: Span | None = None,
) -> None:
    """Return when ``moment`` may be shown to ``audience``; for ``purpose`` other than ``play``: shared, or saved.

    Args:
        target: the channel it goes to, where that is known.
        captions: what goes out carries its subtitles, or offers them.
        span: what would be shown, where that is more than the moment.

    Raises:
        MomentUnknown: it is private, and somebody else's.
        MomentDeleted: by its maker.
        TakenDown: by a decision, whose words it passes on.
        ClipRefused: the title's rights do not allow it (now, there, or to somebody who is not signed in).
    """
    if moment.visibility == "private" and audience.viewer_id != moment.viewer_id:
        raise MomentUnknown()
    if moment.deleted_at is not None:
        raise MomentDeleted()
    decision = await active(session, "moment", moment.id)
    if decision is not None:
        raise TakenDown(decision.explanation, reason_code=decision.reason_code, appeal=decision.appeal)
    start_us, end_us = span or (moment.start_us, moment.end_us)
    await check_play(
        session,
        title=title,
        start_us=start_us,
        end_us=end_us,
        territory=audience.territory,
        at=utc_now(),
        member=audience.viewer_id is not None,
        kids=audience.kids,
        ad_tier=audience.ad_tier,
        purpose=purpose,
        target=target,
        captions=captions,
    )


async def why_unavailable(session: AsyncSession, moment: Moment, title: Title, audience: Audience) -> Problem | None:
    """The refusal that ``check_available`` would make, or None."""
    try:
        await check_available(session, moment, title, audience)
    except Problem as problem:
        return problem
    return None
