"""Rights staff write rules for territories and windows, see beforehand what they change, and ask the simulator."""

import re
from typing import Any

import pytest
from sqlalchemy import select

from groundswell.catalog.schemas import RightsTerms
from groundswell.catalog.tables import RightsRule
from tests.events.places import Shared, make_shared
from tests.support import App
from tests.web.console.test_shell import follow, rows_of, text_of

S = 1_000_000


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_shared(app.runtime.database, app.runtime.settings)


async def rules(app: App) -> list[RightsRule]:
    async with app.runtime.database.transaction() as session:
        return list((await session.scalars(select(RightsRule).order_by(RightsRule.id))).all())


WHOLE: dict[str, Any] = {
    "territory": "de",
    "speaks_from": "2026-12-01T00:00",
    "speaks_until": "2026-12-24T20:00",
    "sharing": "on",
    "opens_at": "2026-01-01T00:00",
    "closes_at": "2030-01-01T00:00",
    "min_clip": "6",
    "max_clip": "30.5",
    "viewer_total": "20",
    "viewer_total_unit": "seconds",
    "title_total": "50",
    "title_total_unit": "percent",
    "ending_percent": "5",
    "ending_days": "7",
    "blocked_start": ["0:00", "1:00.5", "", ""],
    "blocked_end": ["0:10", "1:02", "", ""],
    "blocked_reason": ["opening credits", "a song", "", ""],
    "public_playback": "off",
    "download": "off",
    "kids": "on",
    "ad_tier": "off",
    "live": "off",
    "captions": "on",
    "ratings_off": "18, 16,18",
    "kids_ratings": "6",
    "targets_mode": "only",
    "targets": ["copy", "whatsapp"],
    "note": "Contract 12",
}


async def test_every_field_of_a_rule_is_written_shown_and_written_again_unchanged(app: App, shared: Shared) -> None:
    ravi, address = app.signed_in("ravi", "rights"), f"/console/rights/title/{shared.title.slug}"
    saved = await app.http.post(address, data=WHOLE | {"new": "1", "rule": ""}, headers=ravi)
    page = await follow(app, saved, ravi)
    (rule,) = await rules(app)
    assert (rule.territory, f"{rule.speaks_from:%d}", f"{rule.speaks_until:%H}") == ("DE", "01", "20")
    assert (rule.min_clip_us, rule.max_clip_us, rule.viewer_total_us) == (6 * S, 30_500_000, 20 * S)
    assert (rule.title_total_percent, rule.ending_percent, rule.ending_days) == (50, 5, 7)
    assert rule.blocked_ranges == [
        {"start_us": 0, "end_us": 10 * S, "reason": "opening credits"},
        {"start_us": 60_500_000, "end_us": 62 * S, "reason": "a song"},
    ]
    assert (rule.ratings_off, rule.kids_ratings, rule.targets) == (["18", "16"], ["6"], ["copy", "whatsapp"])
    assert (rule.sharing, rule.kids, rule.ad_tier, rule.live, rule.captions) == (True, True, False, False, True)
    assert "DE, from 1 December 2026 until 24 December 2026, 20:00 UTC" in text_of(page)
    said = {name: getattr(rule, name) for name in RightsTerms.model_fields}
    fields = shown_fields(page.text)
    again = await app.http.post(address, data=fields, headers=ravi)
    assert again.status_code == 303, text_of(again)
    (same,) = await rules(app)
    assert {name: getattr(same, name) for name in said} == said


def shown_fields(html: str) -> dict[str, Any]:
    """The rule form's fields as a browser would send them."""
    form = html[html.index("rule-form") : html.index("</form>", html.index("rule-form"))]
    fields: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        ticked = "checked" in tag or not re.search(r'type="(radio|checkbox)"', tag)
        if name and ticked:
            fields.setdefault(name[1], []).append(value[1] if value else "")
    for name, options in re.findall(r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)"\s+selected', options)
        fields[name] = [chosen[1] if chosen else re.search(r'value="([^"]*)"', options)[1]]  # type: ignore[index]
    return fields


async def test_a_place_has_a_rule_for_each_territory_and_moving_one_leaves_none_behind(
    app: App, shared: Shared
) -> None:
    ravi, address = app.signed_in("ravi", "rights"), f"/console/rights/title/{shared.title.slug}"
    await app.http.post(address, data={"max_clip": "30"}, headers=ravi)
    german = await app.http.post(address, data={"new": "1", "territory": "DE", "max_clip": "20"}, headers=ravi)
    assert german.status_code == 303
    assert [rule.territory for rule in await rules(app)] == [None, "DE"]
    again = await app.http.post(address, data={"new": "1", "territory": "DE", "max_clip": "9"}, headers=ravi)
    assert (again.status_code, "rule_exists" in text_of(again)) == (422, True)
    rule = (await rules(app))[1]
    moved = await app.http.post(address, data={"rule": str(rule.id), "territory": "AT"}, headers=ravi)
    assert moved.status_code == 303
    assert [(rule.territory, rule.max_clip_us) for rule in await rules(app)] == [(None, 30 * S), ("AT", 20 * S)]
    opened = await app.http.get(f"/console/rights/rules/{(await rules(app))[1].id}", headers=ravi)
    assert opened.headers["location"].startswith(address)


WRONG_FIELDS = [
    ({"territory": "Germany"}, "two letters"),
    ({"territory": "", "speaks_from": "soon"}, "Write a date and time"),
    ({"closes_at": "2026-13-01T00:00"}, "Write a date and time"),
    ({"opens_at": "2027-01-01T00:00", "closes_at": "2026-01-01T00:00"}, "opens_at must come before closes_at"),
    ({"blocked_start": "1:2:3:4", "blocked_end": "5", "blocked_reason": "x"}, "Row 1: Write a time"),
    ({"blocked_start": "0:20", "blocked_end": "0:10", "blocked_reason": "x"}, "the end must come after"),
    ({"blocked_start": "0:20", "blocked_end": "0:30", "blocked_reason": ""}, "say why"),
    ({"blocked_start": "9:20:00", "blocked_end": "9:30:00", "blocked_reason": "x"}, "begins after the end"),
    ({"ending_days": "-1"}, "whole days"),
    ({"targets_mode": "only", "targets": "javascript:x"}, "pattern"),
]


async def test_what_cannot_be_understood_is_said_beside_the_field_and_nothing_is_written(
    app: App, shared: Shared
) -> None:
    for typed, words in WRONG_FIELDS:
        address = f"/console/rights/title/{shared.title.slug}"
        answer = await app.http.post(address, data=typed, headers=app.signed_in("ravi", "rights"))
        assert answer.status_code == 422, typed
        assert words in text_of(answer)
        assert await rules(app) == []


async def test_a_draft_shows_what_it_would_stop_and_saves_nothing(app: App, shared: Shared) -> None:
    ravi, slug = app.signed_in("ravi", "rights"), shared.title.slug
    ask = {"scope": "title", "name": slug, "territory": "", "public_playback": "off"}
    draft = await app.http.get("/console/rights/draft", params=ask, headers=ravi)
    assert draft.status_code == 200, text_of(draft)
    assert "Would stop playing 1 of 1 live moment" in text_of(draft)
    assert "members_only" in text_of(draft)
    member = await app.http.get("/console/rights/draft", params=ask | {"look_as": "member"}, headers=ravi)
    assert "Would stop playing 0 of 1 live moment" in text_of(member)
    assert "No moment changes by it" in text_of(member)
    table = rows_of(await app.http.get("/console/rights/draft.csv", params=ask, headers=ravi))
    assert [(row["effect"], row["moment"], row["code_after"]) for row in table] == [
        ("stops", shared.moment.code, "members_only")
    ]
    assert await rules(app) == []


async def test_a_draft_looks_at_another_day_and_country(app: App, shared: Shared) -> None:
    ravi = app.signed_in("ravi", "rights")
    ask = {"scope": "all", "name": "titles", "territory": "FR", "closes_at": "2027-05-01T00:00"}
    early = await app.http.get("/console/rights/draft", params=ask | {"look_at": "2027-04-30T23:59"}, headers=ravi)
    late = await app.http.get("/console/rights/draft", params=ask | {"look_at": "2027-05-01T00:00"}, headers=ravi)
    other = ask | {"look_at": "2027-05-01T00:00", "look_in": "DE"}
    elsewhere = await app.http.get("/console/rights/draft", params=other, headers=ravi)
    found = [re.search(r"Would stop playing (\d)", text_of(page))[1] for page in (early, late, elsewhere)]  # type: ignore[index]
    assert found == ["0", "1", "0"]
    assert "licence_ended" in text_of(late)


async def test_lengths_bar_only_clipping_anew(app: App, shared: Shared) -> None:
    ask = {"scope": "title", "name": shared.title.slug, "max_clip": "1"}
    draft = await app.http.get("/console/rights/draft", params=ask, headers=app.signed_in("ravi", "rights"))
    assert "could not be clipped anew 1 of 1" in text_of(draft)
    assert "clip_too_long" in text_of(draft)


async def test_removing_a_rule_can_be_tried_first(app: App, shared: Shared) -> None:
    ravi, slug = app.signed_in("ravi", "rights"), shared.title.slug
    await app.http.post(f"/console/rights/title/{slug}/sharing", data={"sharing": "off"}, headers=ravi)
    (rule,) = await rules(app)
    ask = {"scope": "title", "name": slug, "rule": str(rule.id), "removes": "1"}
    draft = await app.http.get("/console/rights/draft", params=ask, headers=ravi)
    assert "Would play again 1 of 1" in text_of(draft)
    assert len(await rules(app)) == 1


async def test_a_draft_can_be_edited_further(app: App, shared: Shared) -> None:
    ravi, slug = app.signed_in("ravi", "rights"), shared.title.slug
    draft = await app.http.get(
        "/console/rights/draft", params={"scope": "title", "name": slug, "max_clip": "17"}, headers=ravi
    )
    edit = re.search(r'href="([^"]*)"\s*>\s*Go on editing', draft.text)
    assert edit is not None
    form = await app.http.get(edit[1].replace("&amp;", "&"), headers=ravi)
    assert 'name="max_clip" type="text" value="17"' in " ".join(form.text.split())


async def test_the_simulator_answers_for_a_place_a_day_a_person_and_a_channel(app: App, shared: Shared) -> None:
    ravi, slug = app.signed_in("ravi", "rights"), shared.title.slug
    rule = {"scope": "title", "title": slug, "territory": "DE", "targets": ["whatsapp"], "kids": True}
    await app.http.put("/v1/rights", json=rule | {"closes_at": "2027-01-01T00:00:00Z"}, headers=ravi)
    ask = {"title": slug, "start": "0:10", "end": "0:20", "territory": "DE", "at": "2026-12-31T12:00", "who": "kids"}

    async def answer(**more: str) -> str:
        page = await app.http.get("/console/rights/simulator", params=ask | more, headers=ravi)
        assert page.status_code == 200, text_of(page)
        return text_of(page)

    assert "Not allowed" not in await answer()
    assert " Allowed " in await answer()
    tiktok = await answer(target="tiktok", purpose="download")
    assert "Not allowed" in tiktok
    assert "target_off" in tiktok
    assert "rule for this title in DE" in tiktok
    late = await answer(at="2027-01-01T00:00", target="tiktok", purpose="download")
    assert "Reason licence_ended" in late
    assert "target_off" in late, "what stands behind the first refusal is shown too"
    assert "kids_profile" in await answer(territory="FR")


WRONG_QUESTIONS = [
    ({"start": "1:2:3:4"}, "Write a time"),
    ({"end": "nan"}, "Write a time"),
    ({"at": "tomorrow"}, "Write a date and time"),
    ({"territory": "Ätna"}, "two letters"),
    ({"title": "none"}, "title_unknown"),
]


async def test_the_simulator_says_what_it_cannot_understand(app: App, shared: Shared) -> None:
    for typed, words in WRONG_QUESTIONS:
        ask = {"title": shared.title.slug, "start": "0:10", "end": "0:20"} | typed
        page = await app.http.get("/console/rights/simulator", params=ask, headers=app.signed_in("ravi", "rights"))
        assert page.status_code == 422, typed
        assert words in text_of(page)


async def test_only_rights_staff_simulate(app: App, shared: Shared) -> None:
    for address in ("/console/rights/simulator", "/console/rights/draft", "/console/rights/draft.csv"):
        refused = await app.http.get(address, headers=app.signed_in("mira", "marketer"))
        assert refused.status_code == 403
