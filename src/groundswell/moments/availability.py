"""May this moment be shown now, to whoever asks? And if not, why not."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.catalog.tables import Title
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.trust.clips import check_play
from groundswell.trust.decisions import active

from .finding import MomentUnknown
from .tables import Moment


class MomentDeleted(Problem):
    status, code, title = 410, "moment_deleted", "The person who made this moment has deleted it."


class TakenDown(Problem):
    status, code, title = 410, "taken_down", "This moment has been taken down."


@dataclass(frozen=True)
class Audience:
    """Who would see it. ``territory`` is ISO 3166-1 alpha-2, None when unknown."""

    viewer_id: UUID | None = None
    territory: str | None = None

    @classmethod
    def of(cls, caller: Caller | None) -> "Audience":
        """A signed-in person, or a visitor."""
        return cls() if caller is None else cls(caller.id, caller.viewer.territory)


VISITOR = Audience()


async def check_available(session: AsyncSession, moment: Moment, title: Title, audience: Audience = VISITOR) -> None:
    """Return when ``moment`` may be shown to ``audience``.

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
    await check_play(
        session,
        title=title,
        start_us=moment.start_us,
        end_us=moment.end_us,
        territory=audience.territory,
        at=utc_now(),
        member=audience.viewer_id is not None,
    )


async def why_unavailable(session: AsyncSession, moment: Moment, title: Title, audience: Audience) -> Problem | None:
    """The refusal that ``check_available`` would make, or None."""
    try:
        await check_available(session, moment, title, audience)
    except Problem as problem:
        return problem
    return None
