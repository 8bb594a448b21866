"""What policy will say, told before anybody asks: the limits that a trimmer shows on its bar. Pure."""

from groundswell.catalog.schemas import BlockedOut, ClipRights

from .policy import OPEN, WHO, PolicyRequest, Refusal, captioned, held_ending, kids
from .rules import RuleBook, Terms
from .wording import CODES, moment_of


def summarize(book: RuleBook, request: PolicyRequest) -> ClipRights:
    """The limits for whoever makes ``request``; its span is of no account."""
    terms = book.terms(request.title, request.territory, request.at)
    refusal = next(filter(None, (check(terms, request) for check in (kids, *OPEN, *WHO, captioned))), None)
    return rights_of(terms, request, refusal)


def rights_of(terms: Terms, request: PolicyRequest, refusal: Refusal | None) -> ClipRights:
    """``terms`` with what is left under each cap."""
    duration = request.title.duration_us
    viewer, title = (min(total.of(duration), duration) for total in (terms.viewer_total, terms.title_total))
    viewer_left = max(0, viewer - request.viewer_clips.total_us)
    title_left = max(0, title - request.title_clips.total_us)
    return ClipRights(
        sharing=refusal is None,
        code=refusal and refusal.code,
        words=refusal and refusal.words,
        min_clip_us=terms.min_clip_us,
        max_clip_us=min(terms.max_clip_us, duration),
        viewer_total_us=viewer,
        viewer_remaining_us=viewer_left,
        title_total_us=title,
        title_remaining_us=title_left,
        remaining_us=min(viewer_left, title_left),
        clipped_ranges=request.viewer_clips.spans,
        blocked_ranges=blocked(terms, request),
        public_playback=terms.public_playback,
        download=terms.download,
        targets=None if terms.targets is None else sorted(terms.targets),
        captions=terms.captions,
        opens_at=terms.opens_at,
        closes_at=terms.closes_at,
    )


def blocked(terms: Terms, request: PolicyRequest) -> list[BlockedOut]:
    """The parts that may not be clipped at present, in order."""
    parts = [
        BlockedOut(start_us=each.start_us, end_us=each.end_us, code="range_blocked", reason=each.reason)
        for each in terms.blocked_ranges
    ]
    if held := held_ending(terms, request.title, request.at):
        start_us, until = held
        code = "release_unknown" if until is None else "ending_held"
        reason = CODES[code] if until is None else f"The ending is held back until {moment_of(until)}."
        parts.append(BlockedOut(start_us=start_us, end_us=request.title.duration_us, code=code, reason=reason))
    return sorted(parts, key=lambda part: (part.start_us, part.end_us))
