"""What the demo's audience complained about, so that whoever looks after trust has something to answer."""

from sqlalchemy import select

from groundswell.accounts.tables import Viewer
from groundswell.moments.tables import Moment
from groundswell.platform.runtime import Runtime
from groundswell.trust.reports import report
from groundswell.trust.tables import Report

SAID = (
    (0, "spoiler", "This is how the episode ends. It should at least be marked."),
    (0, "spoiler", ""),
    (0, "rights", "Isn’t this scene kept back until the finale is out?"),
    (1, "spam", "The same clip, again and again."),
)
"""The number of a moment, a reason and words: two moments, the first reported by three people."""


async def fill_reports(runtime: Runtime) -> None:
    """Reports by several viewers about two public moments, unless there are reports already."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Report.id).limit(1)) is not None:
            return
        public = select(Moment).filter_by(visibility="public", deleted_at=None).order_by(Moment.id.desc()).limit(2)
        moments = (await session.scalars(public)).all()
        people = (await session.scalars(select(Viewer.id).order_by(Viewer.id).limit(len(SAID)))).all()
        for (number, reason, words), viewer in zip(SAID, people, strict=False):
            if number < len(moments):
                about = moments[number].id
                await report(session, moment_id=about, reason_code=reason, text=words, reporter=f"viewer:{viewer}")
