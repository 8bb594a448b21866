"""What holds for each title, who says so, and how much is out: the rows behind the rights pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.schemas import RightsTerms
from groundswell.catalog.tables import RightsRule, Series, Source, Title
from groundswell.catalog.titles import label_of
from groundswell.moments.spans import clipped_spans, live_counts, live_spans
from groundswell.platform.clock import utc_now
from groundswell.trust.intervals import IntervalUnion, Span
from groundswell.trust.policy import held_ending
from groundswell.trust.rulebook import facts_of, rulebook
from groundswell.trust.rules import Rule, RuleBook, Terms, TitleFacts, Total
from groundswell.trust.wording import length, moment_of

Row = tuple[Title, Source, Series | None]


@dataclass(frozen=True)
class TitleTerms:
    """One title: its terms where no territory says otherwise, what live clips of it cover, and what anybody has ever
    clipped."""

    title: Title
    series: Series | None
    facts: TitleFacts
    terms: Terms
    live: int
    covered: IntervalUnion
    clipped: IntervalUnion

    @property
    def label(self) -> str | None:
        return label_of(self.title)

    @property
    def cap_us(self) -> int:
        """How much of the title all viewers together may clip."""
        return self.terms.title_total.of(self.facts.duration_us)

    @property
    def viewer_cap_us(self) -> int:
        return min(self.terms.viewer_total.of(self.facts.duration_us), self.facts.duration_us)

    @property
    def held(self) -> tuple[int, datetime | None] | None:
        """Where the ending that is held back now begins (µs), and until when (None: its release is not known)."""
        return held_ending(self.terms, self.facts, utc_now())

    @property
    def used(self) -> float:
        """The part of ``cap_us`` that was ever clipped; above 1 when the cap was lowered later."""
        return self.clipped.total_us / self.cap_us if self.cap_us else 1.0

    def said_by(self, field: str) -> Rule | None:
        """The rule that settled ``field``; None: the default."""
        return self.terms.said_by.get(field)


async def terms_of(session: AsyncSession, rows: Sequence[Row]) -> list[TitleTerms]:
    """The terms of titles, in their order."""
    book = await rulebook(session, *(facts_of(title, source) for title, source, _ in rows))
    ids = [title.id for title, *_ in rows]
    now, all_time = await live_spans(session, ids), await clipped_spans(session, ids)
    live = await live_counts(session, ids)
    return [_terms(book, live.get(row[0].id, 0), now[row[0].id], all_time[row[0].id], row) for row in rows]


def _terms(book: RuleBook, live: int, now: list[Span], ever: list[Span], row: Row) -> TitleTerms:
    title, source, series = row
    facts = facts_of(title, source)
    terms = book.terms(facts, None, utc_now())
    return TitleTerms(title, series, facts, terms, live, IntervalUnion(now), IntervalUnion(ever))


def rule_words(rule: Rule | RightsRule | None) -> str:
    """Which rule says so, in words."""
    if rule is None:
        return "default"
    where = {"all": "rule for everything", "series": "rule for the series", "title": "rule for this title"}
    words = where.get(rule.scope) or f"rule for season {rule.scope_key.partition('/')[2]}"
    words += f" in {rule.territory}" if rule.territory else ""
    return words + (f", {window_words(rule)}" if window_words(rule) else "")


def window_words(rule: Rule | RightsRule) -> str:
    """When a rule speaks: ``from 1 December 2026 until 24 December 2026``; empty where it always does."""
    parts = [("from", rule.speaks_from), ("until", rule.speaks_until)]
    return " ".join(f"{word} {moment_of(at)}" for word, at in parts if at is not None)


def when_words(rule: RightsRule) -> str:
    """Where and when a rule speaks, among those of one place: ``Everywhere, always`` or ``DE, from …``."""
    return f"{rule.territory or 'Everywhere'}, {window_words(rule) or 'always'}"


def total_words(total: Total) -> str:
    """How a cap is said: ``10 % of the title, at least 2:00``; empty where it is said in seconds."""
    if total.us is not None:
        return ""
    floor = f", at least {length(total.at_least_us)}" if total.at_least_us else ""
    return f"{total.percent} % of the title{floor}"


def said(rule: RightsRule) -> list[tuple[str, Any]]:
    """What a rule says, field by field; what it leaves unsaid is left out."""
    names = (name for name in RightsTerms.model_fields if name != "note")
    return [(name, getattr(rule, name)) for name in names if getattr(rule, name) is not None]
