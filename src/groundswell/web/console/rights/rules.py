"""Rights: what may be clipped of each title, which rule says so, and changing it."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names
from groundswell.catalog import directory, rights, titles
from groundswell.catalog.rule_lookup import find_rule, newest_rules, rules_of_scope, standing_rule
from groundswell.catalog.schemas import RightsRuleIn, RightsTerms
from groundswell.catalog.tables import RightsRule
from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_file
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.shares.channels import SENT_TO
from groundswell.trust.rulebook import every_rule
from groundswell.web.console.filters import ANYTHING, reads
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

from .form import FIELDS, Filled, read_place, read_rule, refilled, shown_rule, with_spare_rows
from .impact import Change, Looker, change
from .places import EVERY, RulePlace, place_named, place_of, reach_of
from .terms import TitleTerms, rule_words, said, terms_of, total_words, when_words

router = APIRouter(prefix="/console/rights", route_class=ConsoleRoute)

Rights = Annotated[Caller, Depends(staff_page("rights.manage"))]

PAGE = 50
WORDS: dict[str, Any] = {"rule_words": rule_words, "when_words": when_words, "total_words": total_words, "said": said}


class PlaceTaken(Problem):
    status, code, title = 409, "rule_exists", "There is a rule for this territory and time already; open that one."


@router.get("")
async def list_titles(
    request: Request,
    session: DbSession,
    caller: Rights,
    cursor: str | None = None,
    saved: str | None = None,
    of: str | None = None,
    stopped: int = 0,
    started: int = 0,
) -> Response:
    """Every title with the terms that hold for it."""
    rows = await titles.list_titles(session, after=decode_cursor(cursor), limit=PAGE)
    changed = None if of is None else await directory.title_with_slug(session, of)
    rules = await newest_rules(session, PAGE)
    return page(
        request,
        "console/rights/rules.html",
        caller=caller,
        titles=await terms_of(session, rows),
        next=next_cursor([title for title, *_ in rows], PAGE),
        series=await directory.all_series(session, PAGE),
        rules=await rights.described(session, rules),
        rows={rule.id: rule for rule in rules},
        people=await actor_names(session, [rule.updated_by for rule in rules]),
        saved=saved,
        changed=changed,
        stopped=stopped,
        started=started,
        **WORDS,
    )


@router.get("/titles.csv")
async def download_titles(session: DbSession, caller: Rights) -> Response:
    """What holds for every title."""
    header = (
        "title slug sharing sharing_rule min_clip_us max_clip_us viewer_total_us title_total_us clipped_us "
        "covered_us live_moments"
    )
    rows = await terms_of(session, await titles.list_titles(session, limit=EVERY))
    return csv_file("rights", header.split(), (_cells(row) for row in rows))


def _cells(row: TitleTerms) -> tuple[object, ...]:
    terms = row.terms
    lengths = (terms.min_clip_us, terms.max_clip_us, row.viewer_cap_us, row.cap_us, row.clipped.total_us)
    sharing = ("on" if terms.sharing else "off", rule_words(row.said_by("sharing")))
    return (row.title.name, row.title.slug, *sharing, *lengths, row.covered.total_us, row.live)


@router.get("/rules/{rule_id}")
async def open_rule(rule_id: UUID, session: DbSession, caller: Rights) -> Response:
    """The page of the place that a rule speaks of, with that rule open."""
    rule = await _rule(session, rule_id)
    return see_other(f"{(await place_of(session, rule)).address}?rule={rule.id}")


async def _rule(session: AsyncSession, rule_id: UUID) -> RightsRule:
    rule = await find_rule(session, rule_id)
    if rule is None:
        raise NotFound("There is no such rule; somebody may have removed it just now.")
    return rule


@router.post("/rules/{rule_id}/remove")
async def remove_rule(rule_id: UUID, session: DbSession, caller: Rights) -> Response:
    """Remove a rule: the next behind it decides again."""
    rule = await _rule(session, rule_id)
    place, before = await place_of(session, rule), await every_rule(session)
    territory = rule.territory
    await rights.delete_rule(session, rule_id)
    return see_other("/console/rights?" + await _told(session, place, before, territory, {"saved": "removed"}))


async def _told(
    session: AsyncSession, place: RulePlace, before: list[Any], territory: str | None, saved: dict[str, str]
) -> str:
    """What a change did, for the page that comes next."""
    done: Change = await change(session, place, before, await every_rule(session), Looker(territory, utc_now()))
    counts = done.counts
    return urlencode(saved | {"stopped": counts["stops"], "started": counts["starts"]})


@router.post("/title/{slug}/sharing")
async def switch_sharing(request: Request, slug: str, session: DbSession, caller: Rights) -> Response:
    """Switch sharing of one title off or on, leaving the rest of its rule as it is."""
    form = await request.form()
    sharing = form.get("sharing") == "on"
    place, before = await place_named(session, "title", slug), await every_rule(session)
    rule = RightsRuleIn(
        **_terms(await standing_rule(session, place.scope, place.key)) | {"sharing": sharing},
        scope="title",
        **place.names,
    )
    await rights.put_rule(session, rule, caller.actor)
    saved = {"saved": "on" if sharing else "off", "of": place.slug}
    return see_other("/console/rights?" + await _told(session, place, before, None, saved))


def _terms(rule: RightsRule | None) -> dict[str, Any]:
    return {} if rule is None else RightsTerms.model_validate(rule).model_dump()


@router.get("/{scope}/{name}")
@reads(*ANYTHING)
async def read_rule_page(
    request: Request,
    scope: str,
    name: str,
    session: DbSession,
    caller: Rights,
    rule: UUID | Literal[""] | None = None,
    new: bool | Literal[""] = False,
    saved: str | None = None,
    stopped: int = 0,
    started: int = 0,
) -> Response:
    """What holds for a title (or a season, a series, everything), and the form that changes one of its rules."""
    place = await place_named(session, scope, name)
    edited = await _edited(session, place, rule or None, bool(new))
    form = refilled(request.query_params, shown_rule(edited))  # a draft that comes back to be edited
    shown = {"saved": saved, "stopped": stopped, "started": started, "form": form, "new": bool(new)}
    return await _rule_page(request, session, caller, place, edited, shown)


async def _edited(session: AsyncSession, place: RulePlace, rule: UUID | None, new: bool) -> RightsRule | None:
    """The rule that the form is about; None: one that is yet to be written."""
    if new:
        return None
    if rule is None:
        return await standing_rule(session, place.scope, place.key)
    found = await find_rule(session, rule)
    if found is None or (found.scope, found.scope_key) != (place.scope, place.key):
        raise NotFound("There is no such rule; somebody may have removed it just now.")
    return found


async def _rule_page(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    place: RulePlace,
    edited: RightsRule | None,
    shown: Mapping[str, Any],
    status: int = 200,
) -> Response:
    reach = await terms_of(session, await reach_of(session, place.scope, place.key))
    context: dict[str, Any] = {"problem": None, "saved": None, "stopped": 0, "started": 0, "errors": {}, "new": False}
    context |= shown
    context["form"] = with_spare_rows(context["form"])
    return page(
        request,
        "console/rights/form.html",
        status=status,
        caller=caller,
        place=place,
        standing=edited,
        rules=await rules_of_scope(session, place.scope, place.key),
        reach=reach,
        live=sum(row.live for row in reach if row.terms.sharing),
        title=reach[0] if place.scope == "title" and reach else None,
        people=await actor_names(session, [edited.updated_by] if edited else []),
        fields=FIELDS,
        channels=SENT_TO.values(),
        **(WORDS | context),
    )


async def rule_from(
    session: AsyncSession, place: RulePlace, form: Filled
) -> tuple[RightsRule | None, RightsRuleIn | None, dict[str, str]]:
    """The rule that a filled-in form is about (None: a new one), what it would become, and what cannot be understood.

    Raises:
        NotFound: the rule it is about is gone.
        PlaceTaken: another rule speaks there and then.
    """
    rule_id, new = titles.as_uuid(str(form.get("rule") or "")), bool(form.get("new"))
    edited = await _edited(session, place, rule_id, new)
    read, errors = read_rule(form)
    spot = {name: getattr(edited, name, None) for name in ("territory", "speaks_from", "speaks_until")}
    if "territory" in form:
        spot, wrong = read_place(form)
        errors |= wrong
    if errors:
        return edited, None, errors
    taken = await standing_rule(session, place.scope, place.key, **spot)
    if taken is not None and (edited is None or taken.id != edited.id):
        raise PlaceTaken()
    try:
        return edited, RightsRuleIn(**_terms(edited) | read | spot, scope=place.scope, **place.names), {}
    except ValidationError as invalid:
        words = "; ".join(error["msg"].removeprefix("Value error, ") for error in invalid.errors())
        return edited, None, {"rule": words}


@router.post("/{scope}/{name}")
async def save_rule(request: Request, scope: str, name: str, session: DbSession, caller: Rights) -> Response:
    """Write a rule of a place from the form; fields left empty are left to the rules behind it."""
    place = await place_named(session, scope, name)
    form, edited, problem = await request.form(), None, None
    errors: dict[str, str] = {}
    try:
        edited, rule, errors = await rule_from(session, place, form)
        if rule is not None:
            return await _write(session, caller, place, edited, rule)
    except Problem as refused:
        problem = refused
    typed = refilled(form, shown_rule(edited))
    shown = {"form": typed, "errors": errors, "problem": problem, "new": bool(form.get("new"))}
    return await _rule_page(request, session, caller, place, edited, shown, 422)


async def _write(
    session: AsyncSession, caller: Caller, place: RulePlace, edited: RightsRule | None, rule: RightsRuleIn
) -> Response:
    before = await every_rule(session)
    moved = edited is not None and _spot(edited) != _spot(rule)
    written = await rights.put_rule(session, rule, caller.actor)
    if edited is not None and moved:
        await rights.delete_rule(session, edited.id)
    told = await _told(session, place, before, rule.territory, {"saved": "rule"})
    return see_other(f"{place.address}?{urlencode({'rule': written.id})}&{told}")


def _spot(rule: RightsRule | RightsRuleIn) -> tuple[Any, ...]:
    return rule.territory, rule.speaks_from, rule.speaks_until
