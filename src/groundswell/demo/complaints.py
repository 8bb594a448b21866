"""What the demo's audience complained about, and what trust has decided: some reports are open, two were answered, one
decision is contested, one takedown was answered with a counter-notice, and a visitor gave notice."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.accounts.tables import Viewer
from groundswell.community.comment_tables import Comment
from groundswell.moments.tables import Moment
from groundswell.platform.runtime import Runtime
from groundswell.shares.tables import Share
from groundswell.trust.appeals import appeal
from groundswell.trust.counter_notices import counter
from groundswell.trust.decisions import decide, lift
from groundswell.trust.replies import save
from groundswell.trust.reports import NoticeFields, report
from groundswell.trust.tables import Decision, Report

from .staff import staff_member

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
                await report(session, moment_id=about, reason_code=reason, text=words, reporter=actor_of(viewer))


DOWN = ("spoiler", "It gives the ending away and is not marked as a spoiler. Mark it, and we put it back.")
BACK = ("rights", "The poem that is read in it was thought to be protected.")


async def fill_decisions(runtime: Runtime) -> None:
    """One moment taken down and one put back, both hardly sent to anybody, unless something has been decided."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(Decision.id).limit(1)) is not None:
            return
        tess = await staff_member(session, runtime, "tess")
        sent = select(func.count()).select_from(Share).where(Share.moment_id == Moment.id).scalar_subquery()
        unlisted = select(Moment).filter_by(visibility="unlisted", deleted_at=None)
        moments = (await session.scalars(unlisted.order_by(sent, Moment.id.desc()).limit(2))).all()
        decided = [await _hide(session, moment, why, tess) for moment, why in zip(moments, (DOWN, BACK), strict=False)]
        for decision in decided[1:]:
            await lift(session, decision.id, actor_of(tess.id))
        await _contest(session, tess)
        await _give_notice(session)
        for name, reason, words in REPLIES:
            await save(session, name, reason, words, actor_of(tess.id))


REPLIES = (
    ("Spoiler", "spoiler", "It gives away what comes later. Mark it as a spoiler, and it can stay."),
    ("Same again", "spam", "This is the same, over and over."),
)


async def _contest(session: AsyncSession, tess: Viewer) -> None:
    """Two comments of two people were taken down or folded away: one contests it. A clip was taken down for copyright,
    and its maker says that it was a mistake."""
    query = select(Comment).filter_by(held_for=None, deleted_at=None, parent_id=None)
    said = (await session.scalars(query.order_by(Comment.id).limit(2))).all()
    for comment, (action, reason, words) in zip(said, SAID_DOWN, strict=False):
        made = await decide(
            session,
            kind="comment",
            subject_id=comment.id,
            action=action,
            reason_code=reason,
            explanation=words,
            decided_by=actor_of(tess.id),
        )
        if action == "hide":
            await appeal(session, comment.viewer_id, made.id, "It is what I felt. Nobody is insulted by it.")
    unlisted = select(Moment).filter_by(visibility="unlisted", deleted_at=None).order_by(Moment.id).limit(1)
    unlisted = unlisted.where(Moment.id.not_in(select(Decision.subject_id)))
    for moment in (await session.scalars(unlisted)).all():
        made = await _hide(session, moment, ("rights", "The owner of the music gave notice."), tess)
        await counter(
            session,
            moment.viewer_id,
            made.id,
            name="Jonas Lind",
            address="Ringstraße 1, 10115 Berlin",
            email="jonas@example.com",
            words="The piece is mine. I played and recorded it myself.",
        )


SAID_DOWN = (("hide", "harassment", "It mocks who made the film."), ("collapse", "spoiler", "It says how it ends."))


async def _give_notice(session: AsyncSession) -> None:
    public = select(Moment.id).filter_by(visibility="public", deleted_at=None).order_by(Moment.id).limit(1)
    moment_id = await session.scalar(public)
    if moment_id is not None:
        fields = NoticeFields(
            url=None, name="Ida Castor", email="ida@example.com", law="UrhG § 97", work="Nocturne No. 4", sworn=True
        )
        await report(
            session,
            moment_id=moment_id,
            reason_code="rights",
            text="My recording is heard in it, without my leave.",
            reporter="visitor:demo",
            notice=fields,
        )


async def _hide(session: AsyncSession, moment: Moment, why: tuple[str, str], by: Viewer) -> Decision:
    reason, explanation = why
    return await decide(
        session,
        kind="moment",
        subject_id=moment.id,
        action="hide",
        reason_code=reason,
        explanation=explanation,
        decided_by=actor_of(by.id),
    )
