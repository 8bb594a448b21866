"""A landing page asked for is one click, or one unfurl, committed before the page is answered."""

import httpx
import pytest
from fastapi import APIRouter, Request, Response
from sqlalchemy import select

from groundswell.accounts.access import MaybeCaller
from groundswell.attribution.tables import Touch
from groundswell.events.visits.touch_tokens import read_touch_token
from groundswell.events.visits.visit import landing_visit, remember_visit
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of
from groundswell.shares.links import resolve
from tests.events.places import Shared, make_shared
from tests.events.test_api import BROWSER, logged
from tests.support import App

router = APIRouter(route_class=TransactionalRoute)


@router.get("/landing-for-test/{token}")
async def landing(
    token: str, request: Request, response: Response, session: DbSession, caller: MaybeCaller
) -> dict[str, str | None]:
    settings = services_of(request).settings
    visit = await landing_visit(request, await resolve(session, settings, token), caller)
    touch = visit.touch if visit else None
    remember_visit(response, settings, touch)
    return {"touch": touch}


@pytest.fixture
async def shared(app: App) -> Shared:
    app.asgi.include_router(router)
    return await make_shared(app.runtime.database, app.runtime.settings)


async def land(app: App, shared: Shared, **headers: str) -> httpx.Response:
    return await app.http.get(f"/landing-for-test/{shared.token}", headers={"User-Agent": BROWSER} | headers)


async def test_a_person_clicks(app: App, shared: Shared) -> None:
    answer = await land(app, shared)
    (row,) = await logged(app)
    touched = read_touch_token(app.runtime.settings.secret, answer.json()["touch"])
    assert touched is not None
    assert touched.id == row.id
    assert (row.kind, row.verdict, row.share_id, row.channel) == ("click", "human", shared.share.id, "x")
    again = await land(app, shared)
    assert again.json()["touch"] != answer.json()["touch"]
    assert (await logged(app))[1].inputs["previous"] == answer.json()["touch"]  # type: ignore[index]


async def test_a_preview_robot_unfurls(app: App, shared: Shared) -> None:
    answer = await land(app, shared, **{"User-Agent": "facebookexternalhit/1.1"})
    assert answer.json()["touch"] is None
    assert "set-cookie" not in answer.headers
    assert [(row.kind, row.verdict_reason) for row in await logged(app)] == [("unfurl", "fetches_for:facebook")]


async def test_who_opts_out_gets_no_cookie(app: App, shared: Shared) -> None:
    answer = await land(app, shared, **{"Sec-GPC": "1"})
    assert (answer.json()["touch"], "set-cookie" in answer.headers) == (None, False)
    assert [(row.kind, row.visitor) for row in await logged(app)] == [("click", None)]


async def test_a_signed_in_viewers_visit_is_a_touch_for_certain(app: App, shared: Shared) -> None:
    await land(app, shared, **app.signed_in("ada"))
    (row,) = await logged(app)
    async with app.runtime.database.transaction() as session:
        touch = (await session.scalars(select(Touch))).one()
    assert (touch.event_id, touch.viewer_id, touch.matched_by) == (row.id, row.viewer_id, "login")
