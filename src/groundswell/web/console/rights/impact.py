"""What a change of rules would do to the moments that exist: which would stop, which would play again."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.schemas import RightsRuleIn
from groundswell.catalog.tables import RightsRule
from groundswell.moments.spans import live_moments
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.trust.policy import PolicyRequest, PolicyVerdict, decide
from groundswell.trust.rulebook import facts_of, rule_of
from groundswell.trust.rules import Rule, RuleBook

from .places import RulePlace, reach_of

KINDS = {
    "stops": "Would stop playing",
    "starts": "Would play again",
    "barred": "Would play on, but could not be clipped anew",
    "freed": "Could be clipped anew",
}


@dataclass(frozen=True)
class Looker:
    """For whom it is asked: where, when, and whether they are signed in, a child, or on the plan with advertising."""

    territory: str | None
    at: datetime
    member: bool = False
    kids: bool = False
    ad_tier: bool = False


@dataclass(frozen=True)
class Effect:
    """One moment that the change touches: ``kind`` is a key of ``KINDS``; ``before`` and ``after`` are the verdicts
    that differ."""

    kind: str
    code: str
    caption: str
    title: str
    maker: str
    maker_id: UUID
    start_us: int
    end_us: int
    before: PolicyVerdict
    after: PolicyVerdict


@dataclass(frozen=True)
class Change:
    """Every moment that the change touches, of ``looked_at`` live ones."""

    effects: tuple[Effect, ...]
    looked_at: int

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind."""
        found = Counter(effect.kind for effect in self.effects)
        return {kind: found[kind] for kind in KINDS}


def drafted(rule: RightsRuleIn, place: RulePlace) -> Rule:
    """A rule that has not been written, in policy's terms."""
    row = RightsRule(id=uuid7(), scope_key=place.key, **rule.model_dump(exclude={"title", "series", "season"}))
    return rule_of(row)


async def change(
    session: AsyncSession, place: RulePlace, before: list[Rule], after: list[Rule], looker: Looker | None = None
) -> Change:
    """What putting ``after`` in the stead of ``before`` does to live moments of the titles of ``place``.

    Lengths, blocks and the like are judged for clipping anew; what viewers and titles have left under their caps is
    not, for it depends on who clips.
    """
    looker = looker or Looker(None, utc_now())
    books = RuleBook(before), RuleBook(after)
    reach = await reach_of(session, place.scope, place.key)
    facts = {title.id: (title, facts_of(title, source)) for title, source, _ in reach}
    effects, looked_at = [], 0
    async for each in live_moments(session, facts):
        title, about = facts[each.title_id]
        looked_at += 1
        span = each.start_us, each.end_us
        request = PolicyRequest(about, *span, looker.at, looker.territory, looker.kids, looker.ad_tier, looker.member)
        found = _difference(books, request)
        if found is not None:
            effects.append(
                Effect(found[0], each.code, each.caption, title.name, each.maker, each.maker_id, *span, *found[1:])
            )
    return Change(tuple(effects), looked_at)


def _difference(
    books: tuple[RuleBook, RuleBook], request: PolicyRequest
) -> tuple[str, PolicyVerdict, PolicyVerdict] | None:
    was, now = (decide(book, request, "play") for book in books)
    if was.allowed != now.allowed:
        return ("starts" if now.allowed else "stops"), was, now
    if not now.allowed:
        return None
    anew = replace(request, kids=False, member=True)
    was, now = (decide(book, anew, "clip") for book in books)
    if was.allowed != now.allowed:
        return ("freed" if now.allowed else "barred"), was, now
    return None
