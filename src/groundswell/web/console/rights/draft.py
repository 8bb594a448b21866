"""A draft of a rights rule: what it would do to the moments that exist, before anybody saves it.

The draft travels in the address, so that this page can be paged, downloaded and sent to a colleague.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.person_names import PersonNames
from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_file
from groundswell.platform.problems import Invalid
from groundswell.platform.routing import DbSession
from groundswell.trust.rulebook import every_rule
from groundswell.web.console.filters import ANYTHING, reads
from groundswell.web.console.forms import Unreadable, parse_instant
from groundswell.web.console.reader_names import names_for
from groundswell.web.console.shell import ConsoleRoute
from groundswell.web.templating import page

from .impact import KINDS, Change, Effect, Looker, change, drafted
from .places import RulePlace, place_named
from .rules import WORDS, Rights, rule_from

router = APIRouter(prefix="/console/rights", route_class=ConsoleRoute)

PAGE = 50
AS = {
    "visitor": "A visitor without an account",
    "member": "A signed-in viewer",
    "ads": "A viewer on the plan with advertising",
    "kids": "A child’s profile",
}


@dataclass(frozen=True)
class Draft:
    """What is asked: the place, the change, for whom; and the query that says so."""

    place: RulePlace
    change: Change
    looker: Looker
    look_as: str
    removes: bool
    query: list[tuple[str, str]]

    def address(self, **more: object) -> str:
        """This page with some parameters changed (None: dropped)."""
        kept = [(name, value) for name, value in self.query if name not in more]
        return "/console/rights/draft?" + urlencode(kept + [(n, str(v)) for n, v in more.items() if v is not None])

    @property
    def csv(self) -> str:
        return self.address().replace("/draft?", "/draft.csv?")

    @property
    def edit(self) -> str:
        """The form, filled in as the draft is."""
        return f"{self.place.address}?{urlencode(self.fields)}"

    @property
    def fields(self) -> list[tuple[str, str]]:
        """The draft's own part of the query, as hidden fields of a form."""
        return [(name, value) for name, value in self.query if name not in NOT_FIELDS]


NOT_FIELDS = {"scope", "name", "kind", "page", "look_in", "look_at", "look_as", "removes"}


async def _draft(request: Request, session: AsyncSession) -> Draft:
    asked = request.query_params
    place = await place_named(session, asked.get("scope", ""), asked.get("name", ""))
    before, removes = await every_rule(session), bool(asked.get("removes"))
    edited, rule, errors = await rule_from(session, place, asked)
    if errors:
        raise Invalid("; ".join(errors.values()))
    kept = [each for each in before if edited is None or each.id != edited.id]
    after = kept if removes or rule is None else [*kept, drafted(rule, place)]
    territory = None if rule is None else rule.territory
    looker = _looker(asked, territory)
    found = await change(session, place, before, after, looker)
    query = [(name, value) for name, value in asked.multi_items() if name != "page"]
    return Draft(place, found, looker, asked.get("look_as", "visitor"), removes, query)


def _looker(asked: Any, territory: str | None) -> Looker:
    who = asked.get("look_as", "visitor")
    try:
        at = parse_instant(asked.get("look_at", "")) or utc_now()
    except Unreadable as unreadable:
        raise Invalid(str(unreadable)) from None
    where = asked.get("look_in", territory or "").strip().upper() or None
    return Looker(where, at, member=who != "visitor", kids=who == "kids", ad_tier=who == "ads")


@router.get("/draft")
@reads(*ANYTHING)
async def read_draft(
    request: Request,
    session: DbSession,
    caller: Rights,
    kind: str | None = None,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """What a draft would change: counts, and the moments one by one."""
    draft = await _draft(request, session)
    wanted = [effect for effect in draft.change.effects if kind in (None, effect.kind)]
    pages = max(1, -(-len(wanted) // PAGE))
    return page(
        request,
        "console/rights/draft.html",
        caller=caller,
        draft=draft,
        kinds=KINDS,
        kind=kind,
        effects=wanted[(number - 1) * PAGE : number * PAGE],
        total=len(wanted),
        number=number,
        pages=pages,
        looks=AS,
        **WORDS,
    )


@router.get("/draft.csv")
@reads(*ANYTHING)
async def download_draft(request: Request, session: DbSession, caller: Rights, kind: str | None = None) -> Response:
    """Every moment that a draft would touch."""
    draft = await _draft(request, session)
    header = "effect moment caption title clipped_by start_us end_us code_before code_after words_after"
    wanted = (effect for effect in draft.change.effects if kind in (None, effect.kind))
    return csv_file("draft", header.split(), _cells(wanted, names_for(request, caller)))


def _cells(effects: Iterable[Effect], names: PersonNames) -> Iterable[tuple[object, ...]]:
    for each in effects:
        maker = names.of(each.maker_id, each.maker)
        about = (each.kind, each.code, each.caption, each.title, maker, each.start_us, each.end_us)
        yield (*about, each.before.code, each.after.code, each.after.words)
