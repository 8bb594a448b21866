"""May this moment be shown now, to whoever asks? And if not, why not."""

from collections.abc import Set
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller, territory_of
from groundswell.accounts.providers import separation_of
from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Title
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.services import services_of
from groundswell.trust.clip_checks import check_play
from groundswell.trust.decisions import active
from groundswell.trust.intervals import Span
from groundswell.trust.policy import Purpose

from .lookup import MomentUnknown
from .tables import Moment


class MomentGone(Problem):
    status, code, title = 410, "moment_deleted", "The person who made this moment has deleted it."


class TakenDown(Problem):
    status, code, title = 410, "taken_down", "This moment has been taken down."


REVIEWERS = frozenset({"trust", "rights", "admin"})


@dataclass(frozen=True)
class Audience:
    """Who would see it. ``territory`` is ISO 3166-1 alpha-2, None when unknown; ``kids``: a child's profile;
    ``ad_tier``: the plan with advertising; ``reviewer``: staff who look at what was reported or may not be shown."""

    viewer_id: UUID | None = None
    territory: str | None = None
    kids: bool = False
    ad_tier: bool = False
    reviewer: bool = False

    @classmethod
    def of(cls, caller: Caller | None, request: Request) -> "Audience":
        """Whoever asks: a signed-in person, or a visitor."""
        return cls.of_viewer(None, request) if caller is None else cls.of_viewer(caller.viewer, request, caller.roles)

    @classmethod
    def of_viewer(cls, viewer: Viewer | None, request: Request, roles: Set[str] = frozenset()) -> "Audience":
        """A signed-in person, or (None) a visitor. Where they are, the service says in its token, else its proxy."""
        here = territory_of(services_of(request).settings, request.headers)
        if viewer is None:
            return cls(territory=here)
        return cls(viewer.id, viewer.territory or here, viewer.kids, viewer.ad_tier, not REVIEWERS.isdisjoint(roles))


VISITOR = Audience()


def is_open(moment: Moment, audience: Audience, *, by_link: bool = False) -> bool:
    """Whether ``audience`` may know of ``moment`` at all: it is theirs, or public, or unlisted and they came by a link
    or review it."""
    if audience.viewer_id == moment.viewer_id:
        return True
    if moment.visibility == "unlisted":
        return by_link or audience.reviewer
    return moment.visibility == "public"


async def may_know(session: AsyncSession, moment: Moment, audience: Audience, *, by_link: bool = False) -> bool:
    """Whether ``moment`` is open to ``audience``, and no block is between them and its maker (but for reviewers)."""
    if not is_open(moment, audience, by_link=by_link):
        return False
    return audience.reviewer or not (await separation_of(session, audience.viewer_id, [moment.viewer_id])).blocked


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
    by_link: bool = False,
) -> None:
    """Return when ``moment`` may be shown to ``audience``; for ``purpose`` other than ``play``: shared, or saved.

    Args:
        target: the channel it goes to, where that is known.
        captions: what goes out carries its subtitles, or offers them.
        span: what would be shown, where that is more than the moment.
        by_link: they came by a link that holds.

    Raises:
        MomentUnknown: it is private and somebody else's, or unlisted and they came by no link; or a block keeps them
            apart from its maker.
        MomentGone: by its maker.
        TakenDown: by a decision, whose words it passes on.
        ClipRefused: the title's rights do not allow it (now, there, or to somebody who is not signed in).
    """
    if not await may_know(session, moment, audience, by_link=by_link):
        raise MomentUnknown()
    if moment.deleted_at is not None:
        raise MomentGone()
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


async def why_unavailable(
    session: AsyncSession, moment: Moment, title: Title, audience: Audience, *, by_link: bool = False
) -> Problem | None:
    """The refusal that ``check_available`` would make, or None."""
    try:
        await check_available(session, moment, title, audience, by_link=by_link)
    except Problem as problem:
        return problem
    return None
