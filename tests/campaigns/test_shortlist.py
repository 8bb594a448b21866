"""Whom to partner with: judged, shrunk, added up from rows that can be read, and invited from there."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tokens import TokenVerifier
from groundswell.attribution.tables import Touch
from groundswell.campaigns.shortlist import ShortlistQuery, shortlist
from groundswell.creators.tables import Creator, CreatorInvitation
from groundswell.earnings.campaign_sources import settle_noted
from groundswell.platform.clock import utc_now
from groundswell.trust.tables import Decision
from tests.earnings.test_campaigns import Walk
from tests.earnings.world import build, early_this_month
from tests.support import App

from .test_lifecycle import PATH

SHORTLIST = "/v1/shortlist"
PEOPLE = ("noor", "luca", "ring", "sven")


@pytest.fixture
async def walk(app: App) -> Walk:
    """Noor has brought much by many links, Luca one by one, Ring robots; Sven is no creator."""
    world = await build(app.runtime.database)
    for name in PEOPLE:
        async with world.database.transaction() as session:
            claims = app.services.get(TokenVerifier).verify(app.identity.token(name, name.title()))
            viewer = await viewer_of(session, claims)
            await session.flush()
            world.viewers[name] = viewer.id
        if name != "sven":
            await world.creator(name)
        await world.moment(name, f"of {name}")
    return Walk(app, world)


async def sold(walk: Walk, subject: str, name: str, share: UUID, minor: int = 999) -> str:
    """A subscription of somebody who came by a share."""
    viewer = await walk.world.viewer(subject)
    async with walk.world.database.transaction() as session:
        at = early_this_month()
        session.add(Touch(viewer_id=viewer, event_id=uuid4(), at=at, share_id=share, matched_by="login"))
    return await walk.shop.tell("subscription", subject, minor, None)


async def brought(walk: Walk) -> None:
    """What the four brought in these days."""
    world = walk.world
    noor = [await world.share("of noor", "noor") for _ in range(12)]
    for number, share in enumerate(noor[:6]):
        await sold(walk, f"buyer{number}", "of noor", share)
        await world.happen("of noor", "click", f"v{number}", f"w{number}", share=share)
    gone = await sold(walk, "changed", "of noor", noor[7])
    await walk.shop.refund(gone, "changed")
    await sold(walk, "free", "of noor", noor[8], 0)
    luca = await world.share("of luca", "luca")
    await sold(walk, "buyer8", "of luca", luca)
    await world.happen("of luca", "click", "v0", "v1", "x1", share=luca)
    ring = await world.share("of ring", "ring")
    for event in await world.happen("of ring", "click", *[f"r{number}" for number in range(40)], share=ring):
        await world.judge(event, "robot", "ring/1")
    sven = await world.share("of sven", "sven")
    await world.happen("of sven", "click", "v0", "w0", "w1", share=sven)
    while await settle_noted(world.database):
        pass


@pytest.mark.slow
async def test_who_is_proven_comes_first_and_every_figure_is_its_rows(walk: Walk) -> None:
    await brought(walk)
    found = await walk.do("mira", "GET", SHORTLIST)
    partners = {one["creator"] or "sven": one for one in found["items"]}
    assert next(iter(partners)) == "noor"
    assert set(partners) == set(PEOPLE)
    noor, luca, ring, sven = (partners[name] for name in PEOPLE)
    assert (noor["shares"], noor["subscriptions_millionths"]) == (12, 6_000_000), "neither given back nor free"
    assert noor["expected"]["low_ppm"] > luca["expected"]["low_ppm"], "one lucky click tops nobody"
    assert noor["expected"]["low_ppm"] < 500_000 < noor["expected"]["high_ppm"]
    assert (ring["clicks"], ring["robots"], ring["quality_ppm"], ring["people"]) == (0, 40, 0, 0)
    assert (noor["place"], noor["added_people"], noor["people"], noor["quality_ppm"]) == (1, 12, 12, 1_000_000)
    assert (luca["people"], luca["added_people"]) == (3, 1)
    assert (sven["people"], sven["added_people"], sven["display_name"]) == (3, 0, None)
    assert sum(one["added_people"] for one in partners.values()) == 13
    rows: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = await walk.do("mira", "GET", f"{SHORTLIST}/{noor['viewer_id']}/shares?limit=5{cursor}")
        rows += page["items"]
        cursor = page["next"] and f"&cursor={page['next']}"
    assert len(rows) == noor["shares"]
    assert sum(row["subscriptions_millionths"] for row in rows) == noor["subscriptions_millionths"]
    assert sum(row["clicks"] for row in rows) == noor["clicks"]


@pytest.mark.slow
async def test_what_it_is_narrowed_to_and_who_is_left_out(walk: Walk) -> None:
    await brought(walk)
    elsewhere = await walk.do("mira", "GET", f"{SHORTLIST}?channel=tiktok")
    assert elsewhere["items"] == []
    there = await walk.do("mira", "GET", f"{SHORTLIST}?territory=DE")
    assert {one["subscriptions_millionths"] for one in there["items"]} == {0}
    fit = await walk.do("mira", "GET", f"{SHORTLIST}?title=night-train")
    assert [one["fit_ppm"] for one in fit["items"] if one["clicks"]] == [1_000_000] * 3
    for wrong in ("territory=Germany", "from=2026-02-01&to=2026-01-01"):
        answer = await walk.app.http.get(f"{SHORTLIST}?{wrong}", headers=walk.as_("mira"))
        assert answer.status_code == 422
    assert (await walk.app.http.get(f"{SHORTLIST}?title=none", headers=walk.as_("mira"))).status_code == 404
    assert (await walk.app.http.get(SHORTLIST, headers=walk.as_("noor"))).status_code == 403
    async with walk.world.database.transaction() as session:
        hide = {"subject_kind": "viewer", "subject_id": walk.world.viewers["noor"], "action": "hide"}
        why = {"reason_code": "spam", "explanation": "Spam.", "appeal": "", "decided_by": "viewer:x", "source": "own"}
        session.add(Decision(**hide, **why))
    left = await walk.do("mira", "GET", SHORTLIST)
    assert "noor" not in {one["creator"] for one in left["items"]}


@pytest.mark.slow
async def test_one_person_in_so_many_stands_for_all(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more came than are held in memory, the figures are of a part of the people, the same for everybody."""
    await brought(walk)
    monkeypatch.setattr("groundswell.campaigns.shortlist.PEOPLE_MAX", 9)
    now = utc_now()
    async with walk.world.database.transaction() as session:
        found = await shortlist(session, ShortlistQuery(now - timedelta(days=40), now + timedelta(minutes=1)))
    assert all(one.people % 3 == 0 for one in found), "18 visits, one in three"
    assert sum(one.added.people for one in found) <= 18 * 3


@pytest.mark.slow
async def test_invited_from_the_shortlist(walk: Walk) -> None:
    await brought(walk)
    await walk.campaign(entry="invited")
    mira = await walk.app.session("mira", "marketer")
    page = await walk.app.http.get("/console/shortlist?campaign=autumn&period=28d", headers=mira)
    assert page.status_code == 200, page.text
    assert "no creator yet" in page.text
    ids = {name: str(walk.world.viewers[name]) for name in PEOPLE}
    rows = await walk.app.http.get(f"/console/shortlist/{ids['noor']}?period=28d", headers=mira)
    assert rows.status_code == 200, rows.text
    refused = await walk.app.http.post("/console/shortlist/invitations", data={"who": ids["noor"]}, headers=mira)
    assert refused.status_code == 422, "to which campaign?"
    body = {"who": [ids["noor"], ids["luca"], ids["sven"]], "campaign": "autumn"}
    for told in (3, 0):
        done = await walk.app.http.post("/console/shortlist/invitations", data=body, headers=mira)
        assert done.headers["location"] == f"/console/shortlist?campaign=autumn&invited={told}"
    parts = {one["creator"]: one for one in (await walk.do("mira", "GET", f"{SHORTLIST}?campaign=autumn"))["items"]}
    assert (parts["noor"]["part"], parts["ring"]["part"], parts[None]["invitation"]) == ("invited", None, "invited")

    inbox = (await walk.do("noor", "GET", "/v1/notifications"))["items"]
    (told,) = [each for each in inbox if each["kind"] == "invitation"]
    assert (told["text"], told["path"]) == ("You are invited to the campaign Autumn", "/creator/campaigns/autumn")
    noor, luca, sven = [await walk.app.session(name) for name in ("noor", "luca", "sven")]
    studio = await walk.app.http.get("/creator/campaigns/autumn", headers=noor)
    assert "Take part" in studio.text
    assert "Decline" in studio.text
    taken = await walk.app.http.post("/creator/campaigns/autumn/apply", headers=noor)
    assert taken.headers["location"].endswith("saved=accepted")
    declined = await walk.app.http.post("/creator/campaigns/autumn/leave", headers=luca)
    assert declined.headers["location"].endswith("saved=declined")
    inbox = (await walk.do("noor", "GET", "/v1/notifications"))["items"]
    assert not [each for each in inbox if each["kind"] == "invitation"], "it was answered"
    again = await walk.do("mira", "POST", f"{PATH}/autumn/invitations", creators=["luca"])
    assert again == {"invited": 0}, "who declined is not asked again"
    applied = await walk.do("luca", "POST", "/v1/creators/me/campaigns/autumn/apply", note="Yes after all.")
    assert applied["status"] == "applied"
    withdrawn = await walk.do("luca", "POST", "/v1/creators/me/campaigns/autumn/leave")
    assert withdrawn["status"] == "withdrawn"

    assert "You are invited" in (await walk.app.http.get("/creator", headers=sven)).text
    (told,) = (await walk.do("sven", "GET", "/v1/notifications"))["items"]
    assert (told["text"], told["path"]) == ("You are invited to become a creator", "/creator")
    became = await walk.app.http.post("/creator", data={"handle": "sven", "display_name": "Sven"}, headers=sven)
    assert became.headers["location"] == "/creator?saved=became"
    (kept,) = (await walk.do("mira", "GET", "/v1/creator-invitations"))["items"]
    assert kept["status"] == "accepted"


async def test_who_declines_to_become_a_creator_is_not_asked_again(walk: Walk) -> None:
    sven = str(walk.world.viewers["sven"])
    for viewers, status in (([str(uuid4())], 404), ([], 422), ([sven] * 101, 422)):
        await walk.do("mira", "POST", "/v1/creator-invitations", status, viewers=viewers)
    await walk.do("sven", "POST", "/v1/creator-invitations", 403, viewers=[sven])
    ids = [sven, str(walk.world.viewers["noor"])]
    assert await walk.do("mira", "POST", "/v1/creator-invitations", viewers=ids) == {"invited": 1}
    assert (await walk.do("sven", "GET", "/v1/creators/me/invitation"))["status"] == "invited"
    assert (await walk.do("sven", "POST", "/v1/creators/me/invitation/decline"))["status"] == "declined"
    missing = await walk.do("sven", "POST", "/v1/creators/me/invitation/decline", 404)
    assert missing["code"] == "invitation_missing"
    assert await walk.do("mira", "POST", "/v1/creator-invitations", viewers=[sven]) == {"invited": 0}


async def test_whoever_was_invited_is_accepted_when_they_apply(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk.app.runtime.settings, "creator_entry", "review")
    asked = {"handle": "sven", "display_name": "Sven", "country": "SE", "adult": True}
    mine = "/v1/creators/me/application"
    assert (await walk.do("sven", "POST", mine, 201, **asked))["status"] == "waiting"
    assert (await walk.do("sven", "POST", f"{mine}/withdraw"))["status"] == "withdrawn"
    assert (await walk.do("sven", "POST", f"{mine}/withdraw", 409))["code"] == "application_decided"
    await walk.do("mira", "POST", "/v1/creator-invitations", viewers=[str(walk.world.viewers["sven"])])
    standing = await walk.app.http.get("/creator/standing", headers=await walk.app.session("sven"))
    assert "You are invited" in standing.text
    assert (await walk.do("sven", "POST", mine, 201, **asked))["status"] == "accepted"
    async with walk.world.database.transaction() as session:
        assert await session.scalar(select(Creator.handle).filter_by(viewer_id=walk.world.viewers["sven"])) == "sven"
        assert await session.scalar(select(CreatorInvitation.status)) == "accepted"
