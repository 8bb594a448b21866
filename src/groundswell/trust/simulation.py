"""What policy would say of a clip, and everything that spoke on the way to it. Pure.

``policy.decide`` stops at the first refusal, because it is asked a thousand times a second. Here every check is asked,
so that somebody who changes a rule sees what stands behind the first refusal.
"""

from typing import Any, NamedTuple

from .policy import CHECKS, PolicyRequest, PolicyVerdict, Purpose, decide, verdict_of
from .rules import FIELDS, Rule, RuleBook, Terms

SAYS: dict[str, tuple[str, ...]] = {
    "within_title": (),
    "kids": ("kids",),
    "sharing": ("sharing",),
    "opened": ("opens_at",),
    "not_closed": ("closes_at",),
    "licensed": (),
    "rated": ("ratings_off",),
    "live": ("live",),
    "fit_for_kids": ("kids_ratings",),
    "plan": ("ad_tier",),
    "captioned": ("captions",),
    "long_enough": ("min_clip_us",),
    "short_enough": ("max_clip_us",),
    "not_blocked": ("blocked_ranges",),
    "ending_free": ("ending_percent", "ending_days"),
    "viewer_within_total": ("viewer_total",),
    "title_within_total": ("title_total",),
    "playable": ("public_playback",),
    "downloadable": ("download",),
    "target_allowed": ("targets",),
}
"""Each check, and the fields of a rule that it reads."""


class Finding(NamedTuple):
    """What one check said. ``verdict`` is None where it has nothing against the clip; ``rules`` settled what it reads
    (none: the defaults)."""

    check: str
    fields: tuple[str, ...]
    verdict: PolicyVerdict | None
    rules: tuple[Rule, ...]


class Speaker(NamedTuple):
    """A rule that speaks of the clip, and what it settled (empty: more specific rules said it all before)."""

    rule: Rule
    settled: tuple[str, ...]


class Explanation(NamedTuple):
    """The verdict, every check behind it in order, and every rule that spoke, most specific first."""

    verdict: PolicyVerdict
    findings: tuple[Finding, ...]
    speakers: tuple[Speaker, ...]
    terms: Terms


def explain(book: RuleBook, request: PolicyRequest, purpose: Purpose = "clip") -> Explanation:
    """``decide``, with its reasons."""
    terms = book.terms(request.title, request.territory, request.at)
    rules = book.applying(request.title, request.territory, request.at)
    findings = tuple(_finding(check, terms, request, rules) for check in CHECKS[purpose])
    return Explanation(
        decide(book, request, purpose), findings, tuple(Speaker(rule, settled(rule, terms)) for rule in rules), terms
    )


def _finding(check: Any, terms: Terms, request: PolicyRequest, rules: list[Rule]) -> Finding:
    refusal = check(terms, request)
    fields = SAYS[check.__name__]
    verdict = None if refusal is None else verdict_of(refusal, terms)
    named = [rule for rule in rules if any(_settles(rule, field, terms) for field in fields)]
    return Finding(check.__name__, fields, verdict, tuple(named))


def settled(rule: Rule, terms: Terms) -> tuple[str, ...]:
    """The fields of ``terms`` that ``rule`` settled, alone or with others."""
    return tuple(field for field in FIELDS if _settles(rule, field, terms))


def _settles(rule: Rule, field: str, terms: Terms) -> bool:
    if field == "blocked_ranges":
        return any(each.rule_id == rule.id for each in terms.blocked_ranges) or terms.said_by.get(field) is rule
    return terms.said_by.get(field) is rule
