"""May this clip be made, shared, played, saved, by whoever asks: policy and decisions, asked of the database."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.accounts.tokens import TokenMissing
from groundswell.catalog.providers import Look, TitleView, clip_rights, title_hidden, title_view
from groundswell.catalog.schemas import ClipRights
from groundswell.catalog.tables import Source, Title
from groundswell.catalog.titles import ready_source
from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem

from .clip_limits import blocked, summarize
from .decisions import active
from .intervals import IntervalUnion, Span
from .policy import LOOK, PolicyRequest, PolicyVerdict, Purpose, allowed_elsewhere, decide, verdict_of
from .providers import clip_spans
from .rulebook import facts_of, rulebook
from .simulation import Explanation, explain
from .tables import Decision
from .wording import CODES


class ClipRefused(Problem):
    """Policy or a decision does not allow it. ``code`` is the verdict's; ``rule`` (with its ``field``),
    ``default`` (a field that no rule settles) or ``decision`` says which; ``elsewhere`` that it is allowed in other
    countries."""

    status, code, title = 403, "clip_refused", "This clip is not allowed."
    CODES: ClassVar[Mapping[str, str]] = CODES

    def __init__(self, verdict: PolicyVerdict, decision: Decision | None = None, *, elsewhere: bool = False) -> None:
        field = verdict.field or None
        said = ("default", field) if verdict.rule_id is None else ("field", field)
        named = (("rule", verdict.rule_id), said, ("decision", decision.id if decision else None))
        members: dict[str, Any] = {name: str(value) for name, value in named if value is not None}
        if elsewhere:
            members["elsewhere"] = True
        super().__init__(verdict.words, **members)
        self.verdict, self.elsewhere = verdict, elsewhere

    def reason(self) -> str:
        return self.verdict.code


async def check_clip(
    session: AsyncSession,
    *,
    viewer: Viewer,
    title: Title,
    start_us: int,
    end_us: int,
    territory: str | None,
    at: datetime,
    by_viewer: Iterable[Span],
    by_title: Iterable[Span],
) -> None:
    """Let a clip be made, or not. Whoever calls holds a lock on the title's clips until they commit.

    Args:
        by_viewer: all that this viewer has ever clipped of the title, what they deleted or trimmed away included.
        by_title: the same of anybody.

    Raises:
        ClipRefused: with the reason.
    """
    await _refuse_restricted(session, title, viewer)
    request = PolicyRequest(
        title=facts_of(title, await ready_source(session, title)),
        start_us=start_us,
        end_us=end_us,
        at=at,
        territory=territory,
        kids=viewer.kids,
        ad_tier=viewer.ad_tier,
        viewer_clips=IntervalUnion(by_viewer),
        title_clips=IntervalUnion(by_title),
    )
    await _refuse_denied(session, request, "clip")


async def check_play(
    session: AsyncSession,
    *,
    title: Title,
    start_us: int,
    end_us: int,
    territory: str | None,
    at: datetime,
    member: bool,
    kids: bool = False,
    ad_tier: bool = False,
    purpose: Purpose = "play",
    target: str | None = None,
    captions: bool = True,
) -> None:
    """Let a clip that exists be played, shared or saved, or not. Ask before any of its bytes leave.

    Args:
        member: somebody is signed in.
        kids, ad_tier: of their profile and plan.
        target: the channel it goes to, where that is known.
        captions: what goes out carries its subtitles, or offers them.

    Raises:
        ClipRefused: with the reason.
    """
    await _refuse_restricted(session, title)
    request = PolicyRequest(
        title=facts_of(title, await ready_source(session, title)),
        start_us=start_us,
        end_us=end_us,
        at=at,
        territory=territory,
        kids=kids,
        ad_tier=ad_tier,
        member=member,
        target=target,
        captions=captions,
    )
    await _refuse_denied(session, request, purpose)


async def next_change(session: AsyncSession, title: Title, at: datetime) -> datetime | None:
    """The first instant after ``at`` at which time alone may change what ``check_play`` says of ``title``."""
    facts = facts_of(title, await ready_source(session, title))
    return (await rulebook(session, facts)).next_change(facts, at)


async def simulate(
    session: AsyncSession, title: Title, purpose: Purpose, clipped_us: int = 0, **asked: Any
) -> Explanation:
    """What policy would say of a clip, against what anybody has clipped of ``title`` by now.

    Args:
        clipped_us: what the viewer has clipped of the title before, outside this clip.
        asked: the other fields of ``PolicyRequest``.
    """
    facts = facts_of(title, await ready_source(session, title))
    spans = await clip_spans(session, title.id, None)
    request = PolicyRequest(
        facts, viewer_clips=IntervalUnion([(-clipped_us, 0)]), title_clips=IntervalUnion(spans.by_title), **asked
    )
    return explain(await rulebook(session, facts), request, purpose)


async def _refuse_denied(session: AsyncSession, request: PolicyRequest, purpose: Purpose) -> None:
    book = await rulebook(session, request.title)
    verdict = decide(book, request, purpose)
    if not verdict.allowed:
        raise ClipRefused(verdict, elsewhere=allowed_elsewhere(book, request, purpose))


async def _refuse_restricted(session: AsyncSession, title: Title, viewer: Viewer | None = None) -> None:
    decision = await active(session, "title", title.id)
    code = "title_restricted"
    if title.withdrawn_at is not None:
        raise ClipRefused(PolicyVerdict(False, "title_withdrawn", CODES["title_withdrawn"], None), decision)
    if decision is None and viewer is not None:
        decision, code = await active(session, "viewer", viewer.id), "viewer_restricted"
    if decision is not None:
        raise ClipRefused(PolicyVerdict(False, code, decision.explanation, None), decision)


@title_hidden.answer
async def hidden(session: AsyncSession, title: Title) -> bool:
    """Whether ``title`` was withdrawn, or a decision that stands hides it or holds it for review."""
    return title.withdrawn_at is not None or await active(session, "title", title.id) is not None


@title_view.answer
async def view_of(
    session: AsyncSession, title: Title, source: Source, viewer: Viewer | None, territory: str | None, look: Look
) -> TitleView:
    """How much of ``title`` may be looked at. Only who is signed in may clip, so only they look at it for that."""
    if viewer is None and look == "clip":
        return TitleView(TokenMissing())
    try:
        await _refuse_restricted(session, title, viewer)
    except ClipRefused as refused:
        return TitleView(refused)
    request = PolicyRequest(
        title=facts_of(title, source),
        start_us=0,
        end_us=0,
        at=utc_now(),
        territory=territory,
        kids=viewer is not None and viewer.kids,
        ad_tier=viewer is not None and viewer.ad_tier,
        member=viewer is not None,
    )
    terms = (await rulebook(session, request.title)).terms(request.title, territory, request.at)
    refusal = next(filter(None, (check(terms, request) for check in LOOK[look])), None)
    if refusal is not None:
        return TitleView(ClipRefused(verdict_of(refusal, terms)))
    return TitleView(withheld=tuple((part.start_us, part.end_us) for part in blocked(terms, request)))


@clip_rights.answer
async def rights_for(session: AsyncSession, title: Title, source: Source, viewer: Viewer | None) -> ClipRights:
    """What may be clipped of ``title``, for ``viewer`` or a visitor, now."""
    spans = await clip_spans(session, title.id, viewer.id if viewer else None)
    request = PolicyRequest(
        title=facts_of(title, source),
        start_us=0,
        end_us=0,
        at=utc_now(),
        territory=viewer.territory if viewer else None,
        kids=viewer is not None and viewer.kids,
        ad_tier=viewer is not None and viewer.ad_tier,
        viewer_clips=IntervalUnion(spans.by_viewer),
        title_clips=IntervalUnion(spans.by_title),
    )
    rights = summarize(await rulebook(session, request.title), request)
    try:
        await _refuse_restricted(session, title, viewer)
    except ClipRefused as refused:
        return rights.model_copy(update={"sharing": False, "code": refused.reason(), "words": refused.detail})
    return rights
