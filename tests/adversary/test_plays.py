"""Plays that nobody watched: invented, backdated, borrowed, repeated, too quick, too many."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from groundswell.events.event import day_of
from groundswell.events.ingest.limits import SlidingCounts, VisitLimits
from groundswell.events.tables import LoggedEvent
from groundswell.events.traffic.own import own_headers
from groundswell.events.traffic.verdicts import judge
from groundswell.events.traffic.visit_ticket import LASTS, LENGTH, PLACEHOLDER, is_genuine, named_visit, visit_ticket
from groundswell.moments.tables import Moment
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from tests.events.places import Shared, make_shared
from tests.events.test_api import logged
from tests.events.tickets import BROWSER, played, ticket
from tests.support import App

SECRET = b"secret"


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


async def report(app: App, body: dict[str, Any], browser: str = BROWSER) -> tuple[int, str | None]:
    answer = await app.http.post("/v1/events", json=body, headers={"User-Agent": browser})
    return answer.status_code, answer.json().get("code")


async def plays(app: App, verdict: str) -> int:
    return sum(row.kind == "play" and row.verdict == verdict for row in await logged(app))


async def test_a_play_without_a_visit_is_refused_on_every_date(app: App, shared: Shared) -> None:
    """57 dates in one request, once all of them people."""
    dates = [(utc_now() - timedelta(days=n)).isoformat() for n in range(57)]
    backdated = {"events": [{"kind": "play", "share": shared.token, "at": at} for at in dates]}
    assert await report(app, backdated) == (403, "service_key_needed")
    assert await report(app, {"events": [{"kind": "play", "share": shared.token}] * 57}) == (422, "visit_missing")
    assert await logged(app) == []


async def test_a_ticket_brings_one_play_however_often_it_is_sent(app: App, shared: Shared) -> None:
    visit = await ticket(app, share=shared.share.id)
    body = played(visit, share=shared.token)
    body["events"] *= 20
    for _ in range(5):
        assert await report(app, body) == (200, None)
    (row,) = await logged(app)
    visited = named_visit(visit)
    assert visited is not None
    assert (row.at, row.id, row.verdict) == (visited.at, visited.event_id("play"), "human")


async def test_a_ticket_is_worth_nothing_elsewhere(app: App, shared: Shared) -> None:
    other = await make_shared(app.runtime.database, app.runtime.settings)
    visit = await ticket(app, share=shared.share.id)
    assert await report(app, played(visit, share=other.token)) == (422, "visit_invalid")
    assert await report(app, played(visit, moment=shared.moment.code)) == (422, "visit_invalid")
    assert await report(app, played(visit, title=shared.title.slug)) == (422, "visit_invalid")
    assert await report(app, played(visit, share=shared.token), BROWSER + " Edg/126") == (422, "visit_invalid")
    at_another = await ticket(app, share=shared.share.id, address="198.51.100.7")
    assert await report(app, played(at_another, share=shared.token)) == (422, "visit_invalid")
    assert await report(app, played(PLACEHOLDER, share=shared.token)) == (422, "visit_invalid")
    assert await report(app, played("x", share=shared.token)) == (422, "visit_invalid")
    assert await logged(app) == []


async def test_a_ticket_ends_with_its_hour_and_none_is_of_tomorrow(app: App, shared: Shared) -> None:
    for ago in (LASTS + timedelta(minutes=1), -timedelta(days=2), timedelta(days=300)):
        visit = await ticket(app, share=shared.share.id, ago=ago)
        assert await report(app, played(visit, share=shared.token)) == (422, "visit_expired")
    late = await ticket(app, share=shared.share.id, ago=LASTS - timedelta(minutes=1))
    assert await report(app, played(late, share=shared.token)) == (200, None)


@pytest.mark.parametrize(
    ("watched_ms", "ago_s", "expected"),
    [(4_999, 60, "watched_too_little"), (0, 60, "watched_too_little"), (60_000, 10, "watched_too_fast"),
     (5_000, 4, "watched_too_fast"), (5_000, 6, None), (-1, 60, "invalid"), (10**12, 60, "invalid")],
)  # fmt: skip
async def test_nothing_is_watched_faster_than_time(
    app: App, shared: Shared, watched_ms: int, ago_s: int, expected: str | None
) -> None:
    visit = await ticket(app, share=shared.share.id, ago=timedelta(seconds=ago_s))
    assert (await report(app, played(visit, share=shared.token, watched_ms=watched_ms)))[1] == expected


@pytest.mark.slow
async def test_one_address_is_no_crowd_whatever_its_browsers_say(app: App, shared: Shared) -> None:
    """300 invented browser versions from one address, once all of them people."""
    for number in range(300):
        browser = BROWSER.replace("126.0", f"126.0.{number}.0")
        visit = await ticket(app, share=shared.share.id, browser=browser)
        assert await report(app, played(visit, share=shared.token), browser) == (200, None)
    limit = app.runtime.settings.plays_per_address
    assert await plays(app, "human") == limit
    beyond = [row for row in await logged(app) if row.verdict == "robot"]
    assert len(beyond) == 300 - limit
    assert {row.verdict_reason for row in beyond} == {f"address_limit:over {limit} an hour"}


async def test_the_page_hands_out_the_ticket_and_its_plays_never_exceed_its_visits(app: App, shared: Shared) -> None:
    for path, kind in (
        (f"/s/{shared.token}", "click"),
        (f"/s/{shared.token}", "click"),  # from memory this time
        (f"/embed/{shared.moment.code}?s={shared.token}", "view"),
        (f"/m/{shared.moment.code}", "view"),
    ):
        page = (await app.http.get(path, headers={"User-Agent": BROWSER})).text
        visit = page.partition('visit="')[2].partition('"')[0]
        where = {"moment": shared.moment.code} if path.startswith("/m/") else {"share": shared.token}
        assert len(visit) == LENGTH
        assert PLACEHOLDER not in page
        assert await report(app, played(visit, **where)) == (422, "watched_too_fast")
        named = named_visit(visit)
        assert named is not None
        async with app.runtime.database.transaction() as session:
            row = await session.get_one(LoggedEvent, (named.at, named.id))
        assert (row.kind, row.verdict, row.moment_id) == (kind, "human", shared.moment.id)
    begun = await app.http.post("/v1/visits", json={"moment": shared.moment.code}, headers={"User-Agent": BROWSER})
    assert len(begun.json()["visit"]) == LENGTH
    assert [row.kind for row in await logged(app)] == ["click", "click", "view", "view", "view"]


async def test_a_visit_is_begun_at_something_there_is(app: App, shared: Shared) -> None:
    for body, code in (
        ({}, "invalid"),
        ({"share": shared.token, "moment": shared.moment.code}, "invalid"),
        ({"moment": "nosuchcode"}, "reference_unknown"),
        ({"share": "forged"}, "reference_unknown"),
        ({"moment": shared.moment.code, "at": "2026-01-01T00:00:00Z"}, "invalid"),
    ):
        answer = await app.http.post("/v1/visits", json=body, headers={"User-Agent": BROWSER})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert await logged(app) == []


@pytest.mark.parametrize("visibility", ["private", "unlisted"])
async def test_what_is_somebody_s_own_is_no_more_there_than_what_is_not(
    app: App, shared: Shared, visibility: str
) -> None:
    """Neither to who would begin a visit at it, nor to who reports a play of it."""
    async with app.runtime.database.transaction() as session:
        await session.execute(update(Moment).where(Moment.id == shared.moment.id).values(visibility=visibility))

    async def asked(name: str, headers: dict[str, str]) -> list[tuple[int, str | None]]:
        visit = await app.http.post("/v1/visits", json={"moment": name}, headers={"User-Agent": BROWSER} | headers)
        play = await app.http.post("/v1/events", json=played("x" * LENGTH, moment=name), headers=headers)
        return [(answer.status_code, answer.json().get("code")) for answer in (visit, play)]

    nothing = [(422, "reference_unknown"), (422, "visit_invalid")]
    for name in (shared.moment.code, str(shared.moment.id), "nosuchcode", str(uuid4())):
        assert await asked(name, {}) == await asked(name, app.signed_in("ben")) == nothing, name
    assert (await asked(shared.moment.code, app.signed_in("noor")))[0] == (201, None), "it is hers"


async def test_a_visit_to_what_may_not_be_shown_is_refused_as_its_page_is(app: App, shared: Shared) -> None:
    await app.http.delete(f"/v1/shares/{shared.share.id}", headers=app.signed_in("noor"))
    begun = await app.http.post("/v1/visits", json={"share": shared.token}, headers={"User-Agent": BROWSER})
    assert (begun.status_code, begun.json()["code"]) == (410, "link_revoked")
    assert await logged(app) == []


async def test_re_shares_by_nobody_are_one_visitors(app: App, shared: Shared) -> None:
    """Forty of them once weighed four each, and so did those of a script."""
    for browser in (BROWSER, BROWSER, BROWSER, "python-requests/2.31"):
        body = {"parent": shared.token, "channel": "x"}
        answer = await app.http.post("/v1/shares", json=body, headers={"User-Agent": browser})
        assert answer.status_code == 201, answer.text
    rows = [row for row in await logged(app) if row.kind == "share"]
    assert sorted((row.verdict or "", row.visitor is None) for row in rows) == [("human", False)] * 3 + [
        ("robot", False)
    ]
    assert len({row.visitor for row in rows if row.verdict == "human"}) == 1


@pytest.mark.parametrize(
    "name", ["Mozilla/5.0", "Mozilla/4.0 ", "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "(X11)", "Mozilla/5.0 ()"]
)
def test_a_name_that_names_no_browser_is_nobodys(name: str) -> None:
    assert judge(name, {}).kind == "robot"
    assert judge(f"{name} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36", {}).kind == "human"


def test_internet_explorer_named_itself_in_brackets() -> None:
    assert judge("Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)", {}).kind == "human"
    assert judge("Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko", {}).kind == "human"


@given(st.text(max_size=60) | st.text("ABCabc0123-_", min_size=LENGTH, max_size=LENGTH))
def test_no_text_is_a_ticket(text: str) -> None:
    where = uuid4()
    assert named_visit(text) is None or not is_genuine(SECRET, text, where, "visitor")


@given(st.integers(0, LENGTH - 1), st.sampled_from("Az0-_9"))
def test_a_ticket_altered_anywhere_is_refused(index: int, character: str) -> None:
    where = uuid4()
    made = visit_ticket(SECRET, utc_now(), uuid7().bytes, where, "visitor")
    altered = made[:index] + character + made[index + 1 :]
    assert is_genuine(SECRET, made, where, "visitor")
    assert altered == made or not is_genuine(SECRET, altered, where, "visitor")
    assert not is_genuine(b"another", made, where, "visitor")
    assert not is_genuine(SECRET, made, where, "another")


@given(st.lists(st.floats(0, 20_000, allow_nan=False), max_size=200), st.integers(1, 20))
def test_no_hour_has_much_more_than_the_limit(instants: list[float], limit: int) -> None:
    limits = VisitLimits(limit, 1_000)
    passed = [at for at in sorted(instants) if limits.judge("203.0.113.5", at) is None]
    for begin in passed:
        assert sum(begin <= at < begin + 3600 for at in passed) <= 2 * limit


def test_a_network_is_limited_too_and_ipv6_households_are_one() -> None:
    limits = VisitLimits(3, 10)
    told = [limits.judge(f"203.0.113.{n}", 1.0) for n in range(12)]
    assert [verdict.reason for verdict in told if verdict] == ["network_limit:over 10 an hour"] * 2
    told = [limits.judge(f"2001:db8:1:2::{n:x}", 1.0) for n in range(5)]
    assert [verdict.reason for verdict in told if verdict] == ["address_limit:over 3 an hour"] * 2


def test_what_was_not_seen_for_longest_is_forgotten() -> None:
    counts = SlidingCounts(kept=2)
    assert [counts.add(key, 0.0) for key in ("a", "b", "a", "c", "b", "a")] == [1, 1, 2, 1, 1, 1]


async def test_a_robots_share_is_no_vote(app: App, shared: Shared) -> None:
    answer = await app.http.post(
        "/v1/shares", json={"parent": shared.token, "channel": "x"}, headers={"User-Agent": "curl/8.0"}
    )
    assert answer.is_success
    async with app.runtime.database.transaction() as session:
        (row,) = await session.scalars(select(LoggedEvent).filter_by(kind="share"))
    assert (row.verdict, day_of(row.at)) == ("robot", day_of(utc_now()))


async def test_what_we_fetch_from_ourselves_is_no_traffic(app: App, shared: Shared) -> None:
    """The preview lab's own fetches were once counted as link previews."""
    discord = {"User-Agent": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"}
    for own in (own_headers(app.runtime.settings.secret), {"x-groundswell-own": "guessed"}):
        for headers in (discord, {"User-Agent": BROWSER}):
            assert (await app.http.get(f"/s/{shared.token}", headers=headers | own)).status_code == 200
    assert [row.kind for row in await logged(app)] == ["unfurl", "click"], "the guessed ones"
