"""Clips checked against the rules and decisions in the database."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.catalog.tables import Line, Title
from groundswell.platform.database import Database
from groundswell.trust.clip_checks import ClipRefused, check_clip, check_play
from groundswell.trust.decisions import decide
from groundswell.trust.providers import ClipSpans, clip_spans
from tests.catalog.rows import S, add_series, add_title, add_viewer
from tests.support import App

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
async def shelf(app: App) -> App:
    async with app.runtime.database.transaction() as session:
        await add_title(session, "fog")
        series = await add_series(session)
        await add_title(session, "part-1", series=series, season=1, episode=1)
        await add_viewer(session, "ada", territory="DE")
    return app


async def put(app: App, **rule: Any) -> str:
    answer = await app.http.put("/v1/rights", json=rule, headers=app.signed_in("ravi", "rights"))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def code_of(app: App, slug: str = "fog", start_s: int = 100, end_s: int = 120, **asked: Any) -> str | None:
    """The code with which Ada's clip is refused, or None."""
    asked = {"territory": "DE", "at": NOW, "by_viewer": [], "by_title": [], **asked}
    async with app.runtime.database.transaction() as session:
        viewer, title = await rows(session, slug)
        viewer.kids = asked.pop("kids", False)
        try:
            await check_clip(session, viewer=viewer, title=title, start_us=start_s * S, end_us=end_s * S, **asked)
        except ClipRefused as refused:
            return refused.reason()
    return None


async def play_code_of(app: App, start_s: int = 100, end_s: int = 120, **asked: Any) -> str | None:
    asked = {"territory": "DE", "at": NOW, "member": True, **asked}
    async with app.runtime.database.transaction() as session:
        _, title = await rows(session, "fog")
        try:
            await check_play(session, title=title, start_us=start_s * S, end_us=end_s * S, **asked)
        except ClipRefused as refused:
            return refused.reason()
    return None


async def rows(session: AsyncSession, slug: str) -> tuple[Viewer, Title]:
    viewer = (await session.scalars(select(Viewer).filter_by(subject="ada"))).one()
    return viewer, (await session.scalars(select(Title).filter_by(slug=slug))).one()


async def test_the_defaults_hold_where_there_are_no_rules(shelf: App) -> None:
    assert await code_of(shelf) is None
    assert await code_of(shelf, end_s=103) == "clip_too_short"
    assert await code_of(shelf, end_s=170) == "clip_too_long"
    assert await code_of(shelf, kids=True) == "kids_profile"
    assert await code_of(shelf, by_viewer=[(200 * S, 301 * S)]) == "viewer_total_reached"
    assert await code_of(shelf, by_viewer=[(200 * S, 300 * S)]) is None
    assert await code_of(shelf, by_title=[(0, 90 * S), (200 * S, 990 * S)]) is None
    assert await code_of(shelf, start_s=990, end_s=1010) == "outside_title"


async def test_rules_are_found_for_everything_a_series_a_season_and_a_title(shelf: App) -> None:
    await put(shelf, scope="all", max_clip_us=10 * S)
    assert await code_of(shelf) == "clip_too_long"
    await put(shelf, scope="series", series="lighthouse", max_clip_us=30 * S)
    assert (await code_of(shelf, "part-1"), await code_of(shelf)) == (None, "clip_too_long")
    await put(shelf, scope="season", series="lighthouse", season=1, sharing=False)
    assert await code_of(shelf, "part-1") == "sharing_off"
    await put(shelf, scope="title", title="part-1", territory="DE", sharing=True)
    assert await code_of(shelf, "part-1") is None
    assert await code_of(shelf, "part-1", territory="FR") == "sharing_off"


async def test_a_refusal_names_its_rule_and_says_why(shelf: App) -> None:
    rule = await put(shelf, scope="title", title="fog", min_clip_us=30 * S)
    async with shelf.runtime.database.transaction() as session:
        viewer, title = await rows(session, "fog")
        asked: dict[str, Any] = {"territory": None, "at": NOW, "by_viewer": [], "by_title": []}
        with pytest.raises(ClipRefused) as refused:
            await check_clip(session, viewer=viewer, title=title, start_us=0, end_us=20 * S, **asked)
    problem = refused.value.document()
    assert (problem["status"], problem["code"], problem["rule"]) == (403, "clip_too_short", rule)
    assert (problem["field"], problem.get("default")) == ("min_clip_us", None)
    assert problem["detail"] == "A clip of this title is at least 30 s long; this one is 20 s."


async def test_a_refusal_by_a_default_says_so_and_which(shelf: App) -> None:
    async with shelf.runtime.database.transaction() as session:
        viewer, title = await rows(session, "fog")
        asked: dict[str, Any] = {"territory": None, "at": NOW, "by_viewer": [(0, 110 * S)], "by_title": []}
        with pytest.raises(ClipRefused) as refused:
            await check_clip(session, viewer=viewer, title=title, start_us=200 * S, end_us=220 * S, **asked)
    problem = refused.value.document()
    assert (problem["code"], problem["default"]) == ("viewer_total_reached", "viewer_total")
    assert not problem.keys() & {"rule", "field"}
    assert problem["detail"] == "By default one person may clip 2:00 of this title in all; you have clipped 1:50."


async def test_rules_of_every_kind_reach_policy(shelf: App) -> None:
    await put(
        shelf,
        scope="title",
        title="fog",
        title_total_us=30 * S,
        viewer_total_percent=100,
        kids=True,
        opens_at=NOW.isoformat(),
        closes_at=(NOW + timedelta(days=1)).isoformat(),
        blocked_ranges=[{"start_us": 110 * S, "end_us": 111 * S, "reason": "a song"}],
        public_playback=False,
        download=False,
    )
    assert await code_of(shelf) == "range_blocked"
    assert await code_of(shelf, start_s=200, end_s=220, by_title=[(0, 11 * S)]) == "title_total_reached"
    assert await code_of(shelf, start_s=200, end_s=220, kids=True, by_viewer=[(300 * S, 900 * S)]) is None
    assert await code_of(shelf, at=NOW - timedelta(seconds=1)) == "not_yet_open"
    assert await code_of(shelf, at=NOW + timedelta(days=1)) == "licence_ended"
    assert await play_code_of(shelf, at=NOW + timedelta(days=1)) == "licence_ended"
    assert await play_code_of(shelf) == "range_blocked"
    assert await play_code_of(shelf, 200, 220, member=False) == "members_only"
    assert await play_code_of(shelf, 200, 220) is None
    assert await play_code_of(shelf, 200, 220, purpose="download") == "download_off"


async def test_the_ending_of_a_new_title_is_held_back(shelf: App) -> None:
    async with shelf.runtime.database.transaction() as session:
        (await rows(session, "fog"))[1].released_on = date(2026, 5, 30)
    assert await code_of(shelf, start_s=890, end_s=910) == "ending_held"
    assert await play_code_of(shelf, 890, 910) == "ending_held"
    async with shelf.runtime.database.transaction() as session:
        (await rows(session, "fog"))[1].released_on = None
    assert await code_of(shelf, start_s=890, end_s=910) == "release_unknown"
    assert await play_code_of(shelf, 890, 910) == "release_unknown"
    await put(shelf, scope="title", title="fog", ending_days=0)
    assert await code_of(shelf, start_s=890, end_s=910) is None


async def test_targets_plans_and_ratings_reach_policy(shelf: App) -> None:
    await put(
        shelf,
        scope="title",
        title="fog",
        targets=["whatsapp"],
        ad_tier=False,
        ratings_off=["18"],
        kids_ratings=["6"],
        live=False,
    )
    assert await play_code_of(shelf) == "rating_unknown"
    async with shelf.runtime.database.transaction() as session:
        (await rows(session, "fog"))[1].rating = "12"
    assert await play_code_of(shelf) == "live_unknown"
    async with shelf.runtime.database.transaction() as session:
        (await rows(session, "fog"))[1].live = False
    assert await play_code_of(shelf, purpose="share", target="tiktok") == "target_off"
    assert await play_code_of(shelf, purpose="share", target="whatsapp") is None
    assert await play_code_of(shelf, ad_tier=True) == "ad_tier_off"
    assert await play_code_of(shelf, kids=True) == "kids_rating"
    async with shelf.runtime.database.transaction() as session:
        (await rows(session, "fog"))[1].rating = "18"
    assert (await code_of(shelf), await play_code_of(shelf)) == ("rating_off", "rating_off")
    async with shelf.runtime.database.transaction() as session:
        title = (await rows(session, "fog"))[1]
        title.rating, title.live = "6", True
    assert await code_of(shelf) == "live_off"


async def test_a_title_is_captioned_when_it_has_lines(shelf: App) -> None:
    await put(shelf, scope="all", captions=True)
    assert await code_of(shelf) == "captions_required"
    async with shelf.runtime.database.transaction() as session:
        title = (await rows(session, "fog"))[1]
        session.add(Line(title_id=title.id, language="de", number=1, start_us=0, end_us=S, text="Nebel."))
    assert await code_of(shelf) is None
    assert await play_code_of(shelf, purpose="download", captions=False) == "captions_required"


async def test_a_rule_with_a_window_stands_beside_the_one_that_always_holds(shelf: App) -> None:
    always = await put(shelf, scope="title", title="fog", max_clip_us=30 * S)
    from_, until = NOW.isoformat(), (NOW + timedelta(days=1)).isoformat()
    window = await put(shelf, scope="title", title="fog", sharing=False, speaks_from=from_, speaks_until=until)
    assert always != window
    assert await put(shelf, scope="title", title="fog", sharing=False, speaks_from=from_, speaks_until=until) == window
    assert await code_of(shelf) == "sharing_off"
    assert await code_of(shelf, at=NOW + timedelta(days=1)) is None
    assert await code_of(shelf, at=NOW - timedelta(seconds=1), end_s=140) == "clip_too_long"


async def restrict(database: Database, kind: str, subject_id: UUID) -> None:
    async with database.transaction() as session:
        what = {"kind": kind, "subject_id": subject_id, "action": "hide", "reason_code": "rights"}
        await decide(session, **what, explanation=f"This {kind} is under review.", decided_by="rule")


async def test_decisions_stop_clips_and_playing_too(shelf: App) -> None:
    async with shelf.runtime.database.transaction() as session:
        viewer, title = await rows(session, "fog")
    await restrict(shelf.runtime.database, "viewer", viewer.id)
    assert (await code_of(shelf), await play_code_of(shelf)) == ("viewer_restricted", None)
    await restrict(shelf.runtime.database, "title", title.id)
    assert (await code_of(shelf), await play_code_of(shelf)) == ("title_restricted", "title_restricted")
    rights = (await shelf.http.get("/v1/titles/fog", headers=shelf.signed_in())).json()["rights"]
    assert (rights["sharing"], rights["words"]) == (False, "This title is under review.")


@pytest.fixture
def clipped() -> Iterator[None]:
    """Ada has clipped 0:10 to 0:20 and 0:15 to 0:30; somebody else 0:25 to 0:40."""
    before = clip_spans._function

    async def spans(session: AsyncSession, title_id: UUID, viewer_id: UUID | None) -> ClipSpans:
        hers = [(10 * S, 20 * S), (15 * S, 30 * S)]
        return ClipSpans([] if viewer_id is None else hers, [*hers, (25 * S, 40 * S)])

    clip_spans._function = spans
    yield
    clip_spans._function = before


async def test_the_title_page_says_what_is_left(shelf: App, clipped: None) -> None:
    await put(shelf, scope="title", title="fog", title_total_us=100 * S, viewer_total_us=50 * S)
    rights = (await shelf.http.get("/v1/titles/fog", headers=shelf.signed_in())).json()["rights"]
    assert (rights["viewer_total_us"], rights["viewer_remaining_us"]) == (50 * S, 30 * S)
    assert (rights["title_total_us"], rights["title_remaining_us"], rights["remaining_us"]) == (100 * S, 70 * S, 30 * S)
    assert rights["clipped_ranges"] == [[10 * S, 30 * S]]
    visitor = (await shelf.http.get("/v1/titles/fog")).json()["rights"]
    assert (visitor["viewer_remaining_us"], visitor["clipped_ranges"]) == (50 * S, [])


async def test_what_is_left_is_what_is_allowed(shelf: App, clipped: None) -> None:
    """The page's promise and the verdict agree to the microsecond."""
    await put(shelf, scope="title", title="fog", title_total_us=60 * S, viewer_total_us=50 * S)
    rights = (await shelf.http.get("/v1/titles/fog", headers=shelf.signed_in())).json()["rights"]
    async with shelf.runtime.database.transaction() as session:
        viewer, title = await rows(session, "fog")
        spans = await clip_spans(session, title.id, viewer.id)
    had = {"by_viewer": spans.by_viewer, "by_title": spans.by_title}
    left = rights["remaining_us"] // S
    assert await code_of(shelf, start_s=100, end_s=100 + left, **had) is None
    assert await code_of(shelf, start_s=100, end_s=101 + left, **had) in {"viewer_total_reached", "title_total_reached"}


async def test_the_title_page_shows_what_is_forbidden_before_anybody_tries(shelf: App) -> None:
    today = datetime.now(UTC).date()
    async with shelf.runtime.database.transaction() as session:
        (await rows(session, "fog"))[1].released_on = today
    await put(
        shelf,
        scope="title",
        title="fog",
        blocked_ranges=[{"start_us": 0, "end_us": 60 * S, "reason": "opening credits"}],
    )
    rights = (await shelf.http.get("/v1/titles/fog", headers=shelf.signed_in())).json()["rights"]
    parts = [(part["start_us"], part["end_us"], part["code"]) for part in rights["blocked_ranges"]]
    assert parts == [(0, 60 * S, "range_blocked"), (900 * S, 1000 * S, "ending_held")]
    await put(shelf, scope="title", title="fog", sharing=False)
    rights = (await shelf.http.get("/v1/titles/fog")).json()["rights"]
    assert (rights["sharing"], rights["code"], rights["words"]) == (
        False,
        "sharing_off",
        "This title cannot be shared.",
    )


async def test_what_holds_for_a_title_and_who_says_so(shelf: App) -> None:
    rule = await put(shelf, scope="all", territory="DE", max_clip_us=20 * S)
    headers = shelf.signed_in("ravi", "rights")
    answer = (await shelf.http.get("/v1/titles/fog/rights", params={"territory": "DE"}, headers=headers)).json()
    assert answer["terms"]["max_clip_us"] == {"value": 20 * S, "rule_id": rule, "scope": "all", "territory": "DE"}
    assert answer["terms"]["viewer_total"]["value"] == 120 * S
    assert answer["terms"]["min_clip_us"] == {"value": 5 * S, "rule_id": None, "scope": None, "territory": None}
    anywhere = (await shelf.http.get("/v1/titles/fog/rights", headers=headers)).json()
    assert anywhere["terms"]["max_clip_us"]["value"] == 60 * S
    refused = await shelf.http.get("/v1/titles/fog/rights", headers=shelf.signed_in())
    assert refused.json()["code"] == "role_missing"


async def test_staff_ask_what_would_be_allowed(shelf: App) -> None:
    rule = await put(shelf, scope="title", title="fog", territory="DE", targets=["whatsapp"], kids=True)
    body = {"title": "fog", "start_us": 0, "end_us": 20 * S, "territory": "DE", "at": NOW.isoformat()}
    ravi = shelf.signed_in("ravi", "rights")

    async def ask(**more: Any) -> dict[str, Any]:
        answer = await shelf.http.post("/v1/rights/simulations", json=body | more, headers=ravi)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    said = await ask(kids=True, target="tiktok", purpose="download")
    assert (said["allowed"], said["code"], said["rule_id"]) == (False, "target_off", rule)
    assert said["speakers"] == [{"rule_id": rule, "scope": "title", "territory": "DE", "settled": ["kids", "targets"]}]
    assert (await ask(kids=True))["allowed"]
    assert (await ask(kids=True, territory="FR"))["code"] == "kids_profile"
    assert (await ask(clipped_us=101 * S))["code"] == "viewer_total_reached"
    assert (await ask(clipped_us=100 * S))["allowed"]
    bad = await shelf.http.post("/v1/rights/simulations", json=body | {"at": "tomorrow"}, headers=ravi)
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid")
    other = await shelf.http.post("/v1/rights/simulations", json=body, headers=shelf.signed_in("mira", "marketer"))
    assert other.json()["code"] == "role_missing"
