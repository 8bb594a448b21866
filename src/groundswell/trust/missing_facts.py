"""Which rules cannot bind on a title for want of a fact, and so refuse. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from groundswell.catalog.entry import Fact

from .rules import Rule, RuleBook, Terms, TitleFacts


class Unbound(NamedTuple):
    """A rule that cannot bind: the ``fact`` that it lacks, the ``field`` that asks for it, the ``rule`` that settled
    the field (None: the defaults), and the ``code`` of what is refused meanwhile."""

    fact: Fact
    field: str
    rule: Rule | None
    code: str

    @property
    def all_of_it(self) -> bool:
        """Nothing of the title is shared meanwhile; else only a part of it, or for some people, is not."""
        return self.code in {"rating_unknown", "live_unknown"}


def unbound_rules(book: RuleBook, title: TitleFacts, at: datetime) -> list[Unbound]:
    """The rules that cannot bind on ``title`` at an instant, in whatever territory they speak; each once."""
    found: dict[tuple[str, str], Unbound] = {}
    for territory in (None, *sorted(book.territories(title))):
        for each in _unbound(book.terms(title, territory, at), title):
            found.setdefault((each.fact, each.field), each)
    return list(found.values())


def _unbound(terms: Terms, title: TitleFacts) -> Iterator[Unbound]:
    said_by = terms.said_by
    if title.rating is None and terms.ratings_off:
        yield Unbound("rating", "ratings_off", said_by.get("ratings_off"), "rating_unknown")
    if title.rating is None and terms.kids_ratings is not None:
        yield Unbound("rating", "kids_ratings", said_by.get("kids_ratings"), "kids_rating_unknown")
    if title.live is None and not terms.live:
        yield Unbound("live", "live", said_by.get("live"), "live_unknown")
    if title.released_on is None and terms.ending_percent and terms.ending_days:
        rule = said_by.get("ending_days") or said_by.get("ending_percent")
        yield Unbound("released_on", "ending_days", rule, "release_unknown")
