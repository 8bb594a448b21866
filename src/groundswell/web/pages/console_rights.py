"""Rights: what may be clipped of each title, which rule says so, and changing it."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.catalog import rights, titles
from groundswell.catalog.schemas import RightsRuleIn, RightsTerms
from groundswell.catalog.tables import RightsRule, Series, Title
from groundswell.platform.pages import decode_cursor, next_cursor
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.routing import DbSession
from groundswell.trust.rules import DEFAULTS
from groundswell.web.templating import page

from .console import ConsoleRoute, csv_file, see_other, staff_page
from .console_rights_form import FIELDS, read_rule, shown_rule
from .console_terms import TitleTerms, flipped, rule_words, said, terms_of, total_words

router = APIRouter(prefix="/console/rights", route_class=ConsoleRoute)

Rights = Annotated[Caller, Depends(staff_page("rights"))]

PAGE = 50
EVERY = 100_000
WORDS: dict[str, Any] = {"rule_words": rule_words, "total_words": total_words, "said": said}


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
    changed = None if of is None else await session.scalar(select(Title).filter_by(slug=of))
    rules = (await session.scalars(select(RightsRule).order_by(RightsRule.id.desc()).limit(PAGE))).all()
    return page(
        request,
        "console/rights.html",
        caller=caller,
        titles=await terms_of(session, rows),
        next=next_cursor([title for title, *_ in rows], PAGE),
        series=(await session.scalars(select(Series).order_by(Series.name).limit(PAGE))).all(),
        rules=await rights.described(session, rules),
        rows={rule.id: rule for rule in rules},
        people=await names_of(session, [rule.updated_by for rule in rules]),
        saved=saved,
        changed=changed,
        stopped=stopped,
        started=started,
        **WORDS,
    )


async def names_of(session: AsyncSession, principals: list[str]) -> dict[str, str]:
    """The names of people recorded as ``viewer:<id>``; others stand for themselves."""
    ids = [titles.as_uuid(who.removeprefix("viewer:")) for who in principals]
    found = await session.execute(select(Viewer.id, Viewer.name).where(Viewer.id.in_([id for id in ids if id])))
    names = {f"viewer:{id}": name for id, name in found}
    return {who: names.get(who, who) for who in principals}


@router.get("/titles.csv")
async def download_titles(session: DbSession, caller: Rights) -> Response:
    """What holds for every title."""
    header = (
        "title slug sharing sharing_rule min_clip_us max_clip_us viewer_total_us title_total_us covered_us live_moments"
    )
    rows = await terms_of(session, await titles.list_titles(session, limit=EVERY))
    return csv_file("rights", header.split(), (_cells(row) for row in rows))


def _cells(row: TitleTerms) -> tuple[object, ...]:
    terms = row.terms
    lengths = (terms.min_clip_us, terms.max_clip_us, row.viewer_cap_us, row.cap_us, row.covered.total_us)
    sharing = ("on" if terms.sharing else "off", rule_words(row.said_by("sharing")))
    return (row.title.name, row.title.slug, *sharing, *lengths, row.live)


@router.post("/rules/{rule_id}/remove")
async def remove_rule(rule_id: UUID, session: DbSession, caller: Rights) -> Response:
    """Remove a rule: the next behind it decides again."""
    rule = await session.get(RightsRule, rule_id)
    if rule is None:
        raise NotFound("There is no such rule; somebody may have removed it just now.")
    reach = await _reach(session, rule.scope, rule.scope_key)
    before = await terms_of(session, reach)
    await rights.delete_rule(session, rule_id)
    stopped, started = flipped(before, await terms_of(session, reach))
    return see_other("/console/rights?" + urlencode({"saved": "removed", "stopped": stopped, "started": started}))


async def _reach(session: AsyncSession, scope: str, key: str) -> list[Any]:
    """The titles that a rule of this place may speak of."""
    if scope == "all":
        return list(await titles.list_titles(session, limit=EVERY))
    if scope == "title":
        return await _row(session, await titles.find_title(session, key))
    return list(await titles.list_titles(session, limit=EVERY, series=UUID(key.partition("/")[0])))


async def _row(session: AsyncSession, title: Title) -> list[Any]:
    series = None if title.series_id is None else await session.get(Series, title.series_id)
    return [(title, await titles.ready_source(session, title), series)]


@router.post("/title/{slug}/sharing")
async def switch_sharing(request: Request, slug: str, session: DbSession, caller: Rights) -> Response:
    """Switch sharing of one title off or on, leaving the rest of its rule as it is."""
    form = await request.form()
    sharing = form.get("sharing") == "on"
    title = await titles.find_title(session, slug)
    standing = await _standing(session, "title", str(title.id))
    rule = RightsRuleIn(**_terms(standing) | {"sharing": sharing}, scope="title", title=title.slug)
    reach = await _row(session, title)
    before = await terms_of(session, reach)
    await rights.put_rule(session, rule, f"viewer:{caller.id}")
    stopped, started = flipped(before, await terms_of(session, reach))
    saved = {"saved": "on" if sharing else "off", "of": title.slug, "stopped": stopped, "started": started}
    return see_other("/console/rights?" + urlencode(saved))


async def _standing(session: AsyncSession, scope: str, key: str) -> RightsRule | None:
    query = select(RightsRule).filter_by(scope=scope, scope_key=key, territory=None)
    return await session.scalar(query)


def _terms(rule: RightsRule | None) -> dict[str, Any]:
    return {} if rule is None else RightsTerms.model_validate(rule).model_dump()


@router.get("/{scope}/{name}")
async def read_rule_page(
    request: Request,
    scope: str,
    name: str,
    session: DbSession,
    caller: Rights,
    saved: str | None = None,
    stopped: int = 0,
    started: int = 0,
) -> Response:
    """What holds for a title (or a series, or everything), and the form that changes its rule."""
    place = await _place(session, scope, name)
    standing = await _standing(session, scope, place["key"])
    shown = {"saved": saved, "stopped": stopped, "started": started, "form": shown_rule(standing), "errors": {}}
    return await _rule_page(request, session, caller, place, standing, shown)


async def _rule_page(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    place: Mapping[str, Any],
    standing: RightsRule | None,
    shown: Mapping[str, Any],
    status: int = 200,
) -> Response:
    reach = await terms_of(session, await _reach(session, place["scope"], place["key"]))
    written = [standing.updated_by] if standing else []
    return page(
        request,
        "console/rights_rule.html",
        status=status,
        caller=caller,
        place=place,
        standing=standing,
        reach=reach,
        live=sum(row.live for row in reach if row.terms.sharing),
        title=reach[0] if place["scope"] == "title" else None,
        people=await names_of(session, written),
        defaults=DEFAULTS,
        fields=FIELDS,
        **(WORDS | {"problem": None, "saved": None, "stopped": 0, "started": 0} | dict(shown)),
    )


async def _place(session: AsyncSession, scope: str, name: str) -> dict[str, Any]:
    """Where a rule speaks: its scope, its key in the table, its name for people, and how the API names it."""
    if scope == "title":
        title = await titles.find_title(session, name)
        return {"scope": scope, "key": str(title.id), "slug": title.slug, "name": title.name, "names": {"title": name}}
    if scope == "series":
        series = await titles.find_series(session, name)
        named = {"series": series.slug}
        return {"scope": scope, "key": str(series.id), "slug": series.slug, "name": series.name, "names": named}
    if scope == "all" and name == "titles":
        return {"scope": scope, "key": "*", "slug": "titles", "name": "Everything", "names": {}}
    raise NotFound("There is no such rule page.")


@router.post("/{scope}/{name}")
async def save_rule(request: Request, scope: str, name: str, session: DbSession, caller: Rights) -> Response:
    """Write the rule of a place from the form; fields left empty are left to the rules behind it."""
    place = await _place(session, scope, name)
    standing = await _standing(session, scope, place["key"])
    form = {field: str(value) for field, value in (await request.form()).items()}
    read, errors = read_rule(form)
    problem = None
    if not errors:
        try:
            rule = RightsRuleIn(**_terms(standing) | read, scope=scope, **place["names"])
            return await _write(session, caller, place, rule)
        except ValidationError as invalid:
            errors = {"rule": "; ".join(error["msg"].removeprefix("Value error, ") for error in invalid.errors())}
        except Problem as refused:
            problem = refused
    shown = {"form": shown_rule(None) | form, "errors": errors, "problem": problem}
    return await _rule_page(request, session, caller, place, standing, shown, 422)


async def _write(session: AsyncSession, caller: Caller, place: Mapping[str, Any], rule: RightsRuleIn) -> Response:
    reach = await _reach(session, place["scope"], place["key"])
    before = await terms_of(session, reach)
    await rights.put_rule(session, rule, f"viewer:{caller.id}")
    stopped, started = flipped(before, await terms_of(session, reach))
    told = urlencode({"saved": "rule", "stopped": stopped, "started": started})
    return see_other(f"/console/rights/{place['scope']}/{place['slug']}?{told}")
