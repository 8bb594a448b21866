"""The trending board: what rises and why, what is expected of it, what staff decide; and of a title, what drives it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.actors import actor_names
from groundswell.catalog.directory import titles_among
from groundswell.catalog.providers import TitleView
from groundswell.catalog.titles import find_title, label_of
from groundswell.discovery import heatmap
from groundswell.discovery.ranking import Gate
from groundswell.discovery.search import unfound
from groundswell.discovery.trending import alerts, board, clusters, reviews
from groundswell.discovery.trending.reviews import Action
from groundswell.platform.problems import Problem
from groundswell.platform.routing import DbSession
from groundswell.platform.services import services_of
from groundswell.web.console.evidence.conversion import KINDS
from groundswell.web.console.filters import one_of
from groundswell.web.console.forms import Unreadable, parse_reason
from groundswell.web.console.shell import ConsoleRoute, staff_page
from groundswell.web.responses import see_other
from groundswell.web.templating import page

router = APIRouter(prefix="/console/trending", route_class=ConsoleRoute)
PAGE = "/console/trending"

Trends = Annotated[Caller, Depends(staff_page("trending.manage"))]

SHOWN, LISTED = 24, 50
ACTIONS: dict[Action, str] = {
    "release": "Release",
    "hold": "Hold back",
    "feature": "Feature",
    "unfeature": "No longer feature",
}
DONE: dict[str, str] = {"wait": "Waits to be looked at"} | {str(name): words for name, words in ACTIONS.items()}
STATES = {
    "too_early": "Too early to say",
    "growing": "Growing, no estimate yet",
    "forecast": "Expected",
    "over": "The wave is over",
}
SAVED = {
    "release": "It stands in public lists, as far as it has the people.",
    "hold": "It is in no public list any more.",
    "feature": "It stands above the lists now.",
    "unfeature": "It no longer stands above the lists.",
    "alert": "The alert is set.",
    "ended": "The alert is ended.",
}
WORDS: dict[str, Any] = {
    "actions": ACTIONS,
    "done": DONE,
    "states": STATES,
    "label_of": label_of,
    "kind_words": KINDS,
}


@router.get("")
async def trending(
    request: Request,
    session: DbSession,
    caller: Trends,
    territory: str | None = None,
    saved: str | None = None,
) -> Response:
    """What rises, in one country or in all; what waits to be looked at; alerts, bought votes, searches not found."""
    return await _board(request, session, caller, territory=territory, saved=saved)


async def _board(
    request: Request,
    session: AsyncSession,
    caller: Caller,
    *,
    territory: str | None = None,
    saved: str | None = None,
    problem: Problem | None = None,
    unreadable: str | None = None,
) -> Response:
    settings = services_of(request).settings
    gate, countries = Gate.of(settings), await board.territories(session)
    chosen = one_of("territory", territory, countries, None)
    waiting, held = await reviews.waiting(session, LISTED), await reviews.held(session, LISTED)
    suspected = await clusters.find(session)
    raised, standing = await alerts.raised(session, LISTED), await alerts.standing(session, LISTED)
    ids = [row.scene_id for row in (*waiting, *held)] + [each.scene_id for each in suspected]
    ids += [hit.scene_id for hit, _ in raised] + [other for each in suspected for other in each.others]
    known = {each.scene.id: each for each in await board.these(session, gate, list(dict.fromkeys(ids)))}
    titles = await titles_among(session, {each.title_id for each in standing if each.title_id})
    status = 200 if problem is None and unreadable is None else 422 if problem is None else problem.status
    return page(
        request,
        "console/loop/trending.html",
        status=status,
        caller=caller,
        leading=await board.leading(session, gate, SHOWN, chosen),
        waiting=waiting,
        held=held,
        known=known,
        suspected=suspected,
        alerts=standing,
        raised=raised,
        alert_titles=titles,
        alert_makers=await actor_names(session, [each.made_by for each in standing]),
        unfound=await unfound.most_wanted(session, LISTED),
        countries=countries,
        territory=chosen,
        review=gate.review,
        gate=gate,
        then=settings.trending_hold_then,
        saved=SAVED.get(saved or ""),
        problem=problem,
        unreadable=unreadable,
        **WORDS,
    )


@router.post("/scenes/{scene}")
async def decide(
    request: Request,
    session: DbSession,
    caller: Trends,
    scene: UUID,
    do: Annotated[Action, Form()],
    reason: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Release a scene, hold it back, feature it or no longer, with the reason."""
    try:
        await reviews.decide_scene(session, scene, do, parse_reason(reason), caller.actor)
    except Problem as problem:
        return await _board(request, session, caller, problem=problem)
    return see_other(f"{PAGE}?saved={do}")


@router.post("/alerts")
async def set_alert(
    request: Request,
    session: DbSession,
    caller: Trends,
    threshold: Annotated[str, Form(max_length=20)] = "",
    title: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Be told when a scene will pass a number of votes."""
    try:
        number = parse_threshold(threshold)
        named = await find_title(session, title.strip()) if title.strip() else None
        await alerts.make(session, number, named.id if named else None, caller.actor)
    except Unreadable as unreadable:
        return await _board(request, session, caller, unreadable=str(unreadable))
    except Problem as problem:
        return await _board(request, session, caller, problem=problem)
    return see_other(f"{PAGE}?saved=alert#alerts")


def parse_threshold(text: str) -> int:
    """``10,000`` as a number.

    Raises:
        Unreadable: not a whole number from 1 to a billion.
    """
    digits = text.replace(",", "").replace(" ", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10 and 1 <= int(digits) <= 10**9):
        raise Unreadable("Write a whole number of votes, such as 10,000.")
    return int(digits)


@router.post("/alerts/{alert}/end")
async def end_alert(session: DbSession, caller: Trends, alert: UUID) -> Response:
    """End an alert."""
    await alerts.end(session, alert)
    return see_other(f"{PAGE}?saved=ended#alerts")


@router.get("/titles/{title}")
async def title_board(request: Request, session: DbSession, caller: Trends, title: str) -> Response:
    """A title's heatmap, its scenes and what kind of votes they live on."""
    found, settings = await find_title(session, title), services_of(request).settings
    drawn = await heatmap.of_title(session, settings.model_copy(update=WHOLE), found, TitleView(None, ()))
    scenes = await board.leading(session, Gate.of(settings), SHOWN, title_id=found.id)
    decided = {each.scene.id: await reviews.decisions_of(session, each.scene.id, 5) for each in scenes}
    return page(
        request,
        "console/loop/trending_title.html",
        caller=caller,
        title=found,
        heat=drawn,
        scenes=scenes,
        decisions=decided,
        people=await actor_names(session, [row.decided_by for rows in decided.values() for row in rows]),
        **WORDS,
    )


WHOLE = {"heatmap_people_min": 0, "heatmap_noise": 0.0}
"""Staff see the heatmap of however few, without noise."""
