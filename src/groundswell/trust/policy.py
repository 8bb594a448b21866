"""May this clip be made, shared, played, saved? Pure: rules and facts in, a verdict with its reason out.

The checks of a purpose run in the order listed in ``CHECKS``; the first that refuses gives the reason. Cumulative
caps are on the length of a union (``intervals.py``): clipping the same scene again costs nothing, and what was ever
clipped stays counted when it is deleted, so that no order of clips and deletions, by however many, gets past a cap.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from .intervals import NOTHING, IntervalUnion
from .rules import ANYWHERE, RuleBook, Terms, TitleFacts
from .wording import CODES, length, moment_of

LENGTH_TOLERANCE_US = 50_000
"""Ends are moved to the frame grid, so a clip's length is judged to within a frame (at 20 a second or more)."""

FOREVER_US = 2**63 - 1
"""After the end of any title."""

Purpose = Literal["clip", "share", "play", "download"]


class PolicyVerdict(NamedTuple):
    """``code`` is ``allowed`` or a key of ``CODES``; ``words`` are for the viewer; ``rule_id`` denied (None: the
    defaults, or a fact rather than a rule). ``field`` is the rule's or the defaults' that says so, empty for a fact."""

    allowed: bool
    code: str
    words: str
    rule_id: UUID | None
    field: str = ""


ALLOWED = PolicyVerdict(True, "allowed", "", None)


@dataclass(frozen=True, slots=True)
class PolicyRequest:
    """A clip of ``title`` from ``start_us`` to ``end_us``, asked for at the instant ``at``.

    ``viewer_clips`` is all that this viewer has ever clipped of the title; ``title_clips`` is all that anybody has.
    ``kids`` says that the profile is a child's; ``ad_tier`` that the plan has advertising; ``member`` that somebody is
    signed in. ``target`` is the channel it is shared on (None: none yet); ``captions`` says that what goes out carries
    its subtitles.
    """

    title: TitleFacts
    start_us: int
    end_us: int
    at: datetime
    territory: str | None = None
    kids: bool = False
    ad_tier: bool = False
    member: bool = True
    target: str | None = None
    captions: bool = True
    viewer_clips: IntervalUnion = NOTHING
    title_clips: IntervalUnion = NOTHING


class Refusal(NamedTuple):
    """Why not: a code, the words, and the field of the rule that says so (empty: no rule does). ``rule_id`` is given
    where several rules may speak in one field."""

    code: str
    words: str
    field: str = ""
    rule_id: UUID | None = None


Check = Callable[[Terms, PolicyRequest], Refusal | None]


def decide(book: RuleBook, request: PolicyRequest, purpose: Purpose = "clip") -> PolicyVerdict:
    """The verdict on ``request`` under the rules of ``book``."""
    terms = book.terms(request.title, request.territory, request.at)
    for check in CHECKS[purpose]:
        refusal = check(terms, request)
        if refusal is not None:
            return verdict_of(refusal, terms)
    return ALLOWED


def fits_one_clip(book: RuleBook, request: PolicyRequest) -> PolicyVerdict:
    """Whether as much of a title as ``request`` is long, wherever it lies, may be shown in one clip."""
    terms = book.terms(request.title, request.territory, request.at)
    refusal = short_enough(terms, request)
    return ALLOWED if refusal is None else verdict_of(refusal, terms)


class AllowedSpans(NamedTuple):
    """Which spans of a title are allowed: none, where ``verdict`` refuses; else those that meet none of ``closed``."""

    verdict: PolicyVerdict
    closed: tuple[tuple[int, int], ...] = ()

    def allows(self, start_us: int, end_us: int) -> bool:
        """Whether the span is allowed, as ``decide`` has it."""
        return self.verdict.allowed and not any(start < end_us and start_us < end for start, end in self.closed)


def decide_all(book: RuleBook, request: PolicyRequest, purpose: Literal["play", "download"]) -> AllowedSpans:
    """What ``decide`` says of every span of the title, decided once; the span of ``request`` is not looked at."""
    terms = book.terms(request.title, request.territory, request.at)
    for check in CHECKS[purpose]:
        if check not in PLACE and (refusal := check(terms, request)) is not None:
            return AllowedSpans(verdict_of(refusal, terms))
    held = held_ending(terms, request.title, request.at)
    blocked = [(each.start_us, each.end_us) for each in terms.blocked_ranges]
    return AllowedSpans(ALLOWED, (*blocked, *(() if held is None else ((held[0], FOREVER_US),))))


def allowed_elsewhere(book: RuleBook, request: PolicyRequest, purpose: Purpose) -> bool:
    """Whether a refusal is a matter of where one is: the same is allowed where no rule names the place, or in another
    place that one names. Where one is must be known."""
    if request.territory in {None, ANYWHERE}:
        return False
    others = {None, *book.territories(request.title)} - {request.territory}
    return any(decide(book, replace(request, territory=other), purpose).allowed for other in others)


def verdict_of(refusal: Refusal, terms: Terms) -> PolicyVerdict:
    """The verdict that ``refusal`` makes under ``terms``, with the rule that said so."""
    rule = terms.said_by.get(refusal.field)
    rule_id = refusal.rule_id or (None if rule is None else rule.id)
    return PolicyVerdict(False, refusal.code, refusal.words, rule_id, refusal.field)


def within_title(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if 0 <= request.start_us < request.end_us <= request.title.duration_us:
        return None
    return Refusal("outside_title", CODES["outside_title"])


def kids(terms: Terms, request: PolicyRequest) -> Refusal | None:
    return Refusal("kids_profile", CODES["kids_profile"], "kids") if request.kids and not terms.kids else None


def fit_for_kids(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if not request.kids or terms.kids_ratings is None or request.title.rating in terms.kids_ratings:
        return None
    code = "kids_rating_unknown" if request.title.rating is None else "kids_rating"
    return Refusal(code, CODES[code], "kids_ratings")


def rated(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if terms.ratings_off and request.title.rating is None:
        return Refusal("rating_unknown", CODES["rating_unknown"], "ratings_off")
    if request.title.rating not in terms.ratings_off:
        return None
    return Refusal("rating_off", f"What is rated {request.title.rating} cannot be shared.", "ratings_off")


def plan(terms: Terms, request: PolicyRequest) -> Refusal | None:
    return Refusal("ad_tier_off", CODES["ad_tier_off"], "ad_tier") if request.ad_tier and not terms.ad_tier else None


def live(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if terms.live or request.title.live is False:
        return None
    code = "live_off" if request.title.live else "live_unknown"
    return Refusal(code, CODES[code], "live")


def licensed(terms: Terms, request: PolicyRequest) -> Refusal | None:
    licences = request.title.licences
    if licences is None or any(each.covers(request.territory, request.at) for each in licences):
        return None
    somewhere = any(each.covers(ANYWHERE, request.at) for each in licences)
    code = "territory_unknown" if request.territory is None and somewhere else "not_licensed"
    return Refusal(code, CODES[code])


def captioned(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if not terms.captions or (request.title.captioned and request.captions):
        return None
    return Refusal("captions_required", CODES["captions_required"], "captions")


def target_allowed(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if terms.targets is None or request.target is None or request.target in terms.targets:
        return None
    return Refusal("target_off", f"Clips of this title cannot be shared on {request.target}.", "targets")


def sharing(terms: Terms, request: PolicyRequest) -> Refusal | None:
    return None if terms.sharing else Refusal("sharing_off", CODES["sharing_off"], "sharing")


def opened(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if terms.opens_at is None or request.at >= terms.opens_at:
        return None
    return Refusal("not_yet_open", f"Clips of this title open on {moment_of(terms.opens_at)}.", "opens_at")


def not_closed(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if terms.closes_at is None or request.at < terms.closes_at:
        return None
    words = f"The licence to share this title ended on {moment_of(terms.closes_at)}."
    return Refusal("licence_ended", words, "closes_at")


def long_enough(terms: Terms, request: PolicyRequest) -> Refusal | None:
    asked = request.end_us - request.start_us
    if asked + LENGTH_TOLERANCE_US >= terms.min_clip_us:
        return None
    words = f"A clip of this title is at least {length(terms.min_clip_us)} long; this one is {length(asked)}."
    return Refusal("clip_too_short", words, "min_clip_us")


def short_enough(terms: Terms, request: PolicyRequest) -> Refusal | None:
    asked = request.end_us - request.start_us
    if asked - LENGTH_TOLERANCE_US <= terms.max_clip_us:
        return None
    words = f"A clip of this title is at most {length(terms.max_clip_us)} long; this one is {length(asked)}."
    return Refusal("clip_too_long", words, "max_clip_us")


def not_blocked(terms: Terms, request: PolicyRequest) -> Refusal | None:
    for blocked in terms.blocked_ranges:
        if blocked.start_us < request.end_us and request.start_us < blocked.end_us:
            words = f"Part of this scene cannot be shared: {blocked.reason}."
            return Refusal("range_blocked", words, "blocked_ranges", blocked.rule_id)
    return None


def ending_free(terms: Terms, request: PolicyRequest) -> Refusal | None:
    held = held_ending(terms, request.title, request.at)
    if held is None or request.end_us <= held[0]:
        return None
    start, until = held
    field = "ending_days" if "ending_days" in terms.said_by else "ending_percent"
    if until is None:
        return Refusal("release_unknown", f"From {length(start)} on: {CODES['release_unknown']}", field)
    return Refusal("ending_held", f"The ending, from {length(start)} on, is held back until {moment_of(until)}.", field)


def held_ending(terms: Terms, title: TitleFacts, at: datetime) -> tuple[int, datetime | None] | None:
    """Where the held-back ending of ``title`` begins (µs) and until when (None: until its release is known), if it is
    held back at ``at``."""
    if not terms.ending_percent or not terms.ending_days:
        return None
    until = None if title.released_at is None else title.released_at + timedelta(days=terms.ending_days)
    if until is not None and until <= at:
        return None
    return title.duration_us - title.duration_us * terms.ending_percent // 100, until


def viewer_within_total(terms: Terms, request: PolicyRequest) -> Refusal | None:
    cap, had = terms.viewer_total.of(request.title.duration_us), request.viewer_clips
    if had.total_us + (new := had.added(request.start_us, request.end_us)) <= cap or not new:
        return None
    whose = said_by_words(terms, "viewer_total")
    words = f"{whose} one person may clip {length(cap)} of this title in all; you have clipped {length(had.total_us)}."
    return Refusal("viewer_total_reached", words, "viewer_total")


def title_within_total(terms: Terms, request: PolicyRequest) -> Refusal | None:
    cap, had = terms.title_total.of(request.title.duration_us), request.title_clips
    if had.total_us + (new := had.added(request.start_us, request.end_us)) <= cap or not new:
        return None
    whose = said_by_words(terms, "title_total")
    words = f"{whose} {length(cap)} of this title may be shared in all; viewers have clipped {length(had.total_us)}."
    return Refusal("title_total_reached", words, "title_total")


def said_by_words(terms: Terms, field: str) -> str:
    """Whose word a field is, for people."""
    rule = terms.said_by.get(field)
    if rule is None:
        return "By default"
    return "By a rule for everything" if rule.scope == "all" else f"By a rule for this {rule.scope}"


def playable(terms: Terms, request: PolicyRequest) -> Refusal | None:
    if request.member or terms.public_playback:
        return None
    return Refusal("members_only", CODES["members_only"], "public_playback")


def downloadable(terms: Terms, request: PolicyRequest) -> Refusal | None:
    return None if terms.download else Refusal("download_off", CODES["download_off"], "download")


OPEN: tuple[Check, ...] = (sharing, opened, not_closed, licensed, rated, live)
WHO: tuple[Check, ...] = (fit_for_kids, plan)
PLACE: tuple[Check, ...] = (not_blocked, ending_free)
TOTALS: tuple[Check, ...] = (viewer_within_total, title_within_total)

LOOK: dict[str, tuple[Check, ...]] = {"clip": (kids, *OPEN, *WHO), "play": (*OPEN, *WHO, playable)}
"""What must hold for looking at a title itself, whichever part of it."""

CHECKS: dict[Purpose, tuple[Check, ...]] = {
    "clip": (within_title, kids, *OPEN, *WHO, captioned, long_enough, short_enough, *PLACE, *TOTALS),
    "share": (kids, *OPEN, *WHO, target_allowed, captioned, *PLACE),
    "play": (*OPEN, *WHO, playable, target_allowed, captioned, *PLACE),
    "download": (kids, *OPEN, *WHO, playable, downloadable, target_allowed, captioned, *PLACE),
}
