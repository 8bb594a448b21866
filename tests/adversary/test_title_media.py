"""The film is not ours to give: whoever asks, in whatever way, gets no more of a title than its rights leave."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from groundswell.catalog.providers import TitleView
from groundswell.moments.clips.trim_window import allowance, widened
from groundswell.platform.clock import utc_now
from tests.adversary.titles import SAID, import_whole, takings, title_paths
from tests.moments.clipping import worker
from tests.support import App

pytestmark = pytest.mark.usefixtures("media_cache")

S = 1_000_000
WHOLE = ("media.mp4", "/hls/")


@pytest.fixture
async def lamp(app: App, tmp_path: Path) -> App:
    app.runtime.settings.outward_feeds = True
    await import_whole(app, tmp_path)
    return app


async def rule(app: App, **terms: Any) -> None:
    ravi = app.signed_in("ravi", "rights")
    made = await app.http.put("/v1/rights", json={"scope": "title", "title": "lamp", **terms}, headers=ravi)
    assert made.is_success, made.text


async def hide(app: App) -> None:
    tess = app.signed_in("tess", "trust")
    body = {"subject": {"kind": "title", "id": "lamp"}, "reason_code": "rights", "explanation": "Under review."}
    assert (await app.http.post("/v1/decisions", json=body, headers=tess)).is_success


FORBIDDEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "embargo": ({"opens_at": (utc_now() + timedelta(days=1)).isoformat()}, {}),
    "licence ended": ({"closes_at": (utc_now() - timedelta(days=1)).isoformat()}, {}),
    "sharing off": ({"sharing": False}, {}),
    "wrong territory": ({"territory": "FR", "sharing": False}, {"territory": "FR"}),
    "a child": ({"kids": False}, {"kids": True}),
}
"""What a rule forbids, and of whom it is told by their token."""


@pytest.mark.slow
@pytest.mark.parametrize("end", FORBIDDEN)
async def test_no_route_gives_anything_of_a_title_that_rights_forbid(lamp: App, end: str) -> None:
    lamp.serve_titles()
    terms, told = FORBIDDEN[end]
    await rule(lamp, **terms)
    paths = title_paths(lamp, "lamp")
    assert len(paths) > 10
    for path in paths:
        for who in (lamp.as_told("ada", **told), {} if not told else None):
            if who is not None:
                answer = await lamp.http.get(path, headers=who)
                assert takings(path, answer) == [], (end, path, answer.status_code)
    staff = lamp.as_told("mira", **told, roles=["marketer"])
    for path in paths:
        assert takings(path, await lamp.http.get(path, headers=staff)) == [], path


@pytest.mark.slow
async def test_a_hidden_title_gives_nothing_even_to_the_entitled(lamp: App) -> None:
    lamp.serve_titles()
    await hide(lamp)
    for path in title_paths(lamp, "lamp"):
        answer = await lamp.http.get(path, headers=lamp.as_told(titles=["lamp"]))
        assert takings(path, answer) == [], path


async def test_a_visitor_gets_a_title_s_card_and_nothing_from_within(lamp: App) -> None:
    for path in title_paths(lamp, "lamp"):
        assert takings(path, await lamp.http.get(path)) == [], path
    shown = (await lamp.http.get("/v1/titles/lamp")).json()
    assert (shown["name"], shown["lines"], shown["storyboard_url"], shown["media_url"]) == ("Lamp", [], None, None)


async def test_whole_titles_are_off_unless_the_service_says_so(lamp: App) -> None:
    for path in (path for path in title_paths(lamp, "lamp") if any(part in path for part in WHOLE)):
        for headers in ({}, lamp.signed_in(), lamp.as_told(titles=["*"]), lamp.signed_in("ava", "admin")):
            answer = await lamp.http.get(path, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "title_media_off"), path


@pytest.mark.slow
async def test_a_sign_in_is_no_entitlement(lamp: App) -> None:
    lamp.serve_titles()
    path = "/v1/titles/lamp/media.mp4"
    mine, others = lamp.identity.title_token("ada", "lamp"), lamp.identity.title_token("ben", "lamp")
    asked: list[tuple[dict[str, str], str, int, str]] = [
        ({}, "", 401, "token_missing"),
        (lamp.signed_in(), "", 403, "not_entitled"),
        (lamp.signed_in("ava", "admin"), "", 403, "not_entitled"),
        (lamp.as_told(titles=["other"]), "", 403, "not_entitled"),
        (lamp.signed_in(), others, 403, "not_entitled"),
        ({}, lamp.identity.title_token("ada", "other"), 403, "not_entitled"),
        ({}, lamp.identity.title_token("ada", "lamp", lifetime=timedelta(hours=-1)), 401, "token_expired"),
        ({}, lamp.signed_in()["Authorization"].removeprefix("Bearer "), 401, "token_invalid"),
        ({}, mine[:-4] + "AAAA", 401, "token_invalid"),
        ({}, "", 401, "token_missing"),
    ]
    for headers, token, status, code in asked:
        answer = await lamp.http.get(path, params={"entitlement": token} if token else {}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    for headers in (lamp.as_told(titles=["lamp"]), {}, lamp.signed_in()):
        params = {} if headers == lamp.as_told(titles=["lamp"]) or "titles" in headers else {"entitlement": mine}
        assert (await lamp.http.get(path, params=params, headers=headers)).status_code == 200
    main = await lamp.http.get("/v1/titles/lamp/hls/main.m3u8", params={"entitlement": mine})
    video = main.text.splitlines()[-1]
    assert (await lamp.http.get(f"/v1/titles/lamp/hls/{video}")).status_code == 200, "the token is carried on"


async def test_a_token_for_a_title_signs_nobody_in(lamp: App) -> None:
    for aimed in ("/v1/me", "/v1/moments"):
        token = lamp.identity.title_token("ada", "lamp")
        answer = await lamp.http.get(aimed, headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_the_service_s_own_address_takes_the_place_of_ours(lamp: App) -> None:
    lamp.runtime.settings.title_media_url = "https://cdn.play.example/{slug}/main.m3u8"
    shown = (await lamp.http.get("/v1/titles/lamp", headers=lamp.signed_in())).json()
    assert (shown["media_url"], shown["hls_url"]) == ("https://cdn.play.example/lamp/main.m3u8", None)
    assert (await lamp.http.get("/v1/titles/lamp/media.mp4", headers=lamp.as_told(titles=["*"]))).status_code == 404


async def test_what_is_blocked_is_left_out_of_lines_pictures_and_sound(lamp: App, tmp_path: Path) -> None:
    ada = lamp.signed_in()
    whole = (await lamp.http.get("/v1/titles/lamp/waveform", headers=ada)).json()["peaks"]
    assert any(whole[len(whole) * 9 // 24 :])
    await rule(lamp, blocked_ranges=[{"start_us": 9 * S, "end_us": 24 * S, "reason": "a song"}])
    shown = (await lamp.http.get("/v1/titles/lamp", headers=ada)).json()
    assert [line["text"] for line in shown["lines"]] == SAID[:1]
    assert all(shot["end_us"] <= 9 * S for shot in shown["shots"])
    peaks = (await lamp.http.get(shown["waveform_url"], headers=ada)).json()["peaks"]
    assert peaks[: len(peaks) // 3] == whole[: len(whole) // 3]
    assert not any(peaks[len(peaks) * 9 // 24 + 1 :])
    picture = await lamp.http.get(shown["storyboard_url"], headers=ada)
    (tmp_path / "board.jpg").write_bytes(picture.content)
    with Image.open(tmp_path / "board.jpg") as board:
        last = board.crop((board.width - 100, board.height - 60, board.width - 20, board.height - 20)).getextrema()
        first = board.crop((20, 20, 100, 60)).getextrema()
    assert max(high for _, high in last) < 20, "the last tile is black"  # type: ignore[operator]
    assert max(high for _, high in first) > 60, "the first is not"  # type: ignore[operator]


async def window(app: App, moment: str, start: float, end: float, who: str = "ada") -> Any:
    body = {"start_us": round(start * S), "end_us": round(end * S)}
    return await app.http.post(f"/v1/moments/{moment}/windows", json=body, headers=app.signed_in(who))


@pytest.mark.slow
async def test_windows_for_trimming_never_come_to_the_film(lamp: App) -> None:
    clip = {"title": "lamp", "start_us": 8 * S, "end_us": 13 * S}
    moment = (await lamp.http.post("/v1/moments", json=clip, headers=lamp.signed_in())).json()
    first = await window(lamp, moment["id"], 8, 13)
    assert first.status_code == 201, first.text
    seen = {(first.json()["start_us"], first.json()["end_us"])}
    refused = 0
    for start in range(19):
        answer = await window(lamp, moment["id"], start, start + 5)
        if answer.status_code == 201:
            seen.add((answer.json()["start_us"], answer.json()["end_us"]))
        else:
            assert answer.json()["code"] in {"window_refused", "rate_limited"}
            refused += 1
    frames = {tick for start, end in seen for tick in range(start, end, S // 4)}
    assert refused
    assert len(frames) <= 24 * 4 // 2 + 2, "no more than half of it"
    for who in ("ben", "tess"):
        assert (await window(lamp, moment["id"], 8, 13, who)).status_code == 404


@pytest.mark.slow
async def test_a_window_is_seen_by_who_opened_it_while_rights_last(lamp: App) -> None:
    clip = {"title": "lamp", "start_us": 8 * S, "end_us": 13 * S}
    moment = (await lamp.http.post("/v1/moments", json=clip, headers=lamp.signed_in())).json()
    url = (await window(lamp, moment["id"], 8, 13)).json()["url"]
    async with worker(lamp):
        for _ in range(20):
            answer = await lamp.http.get(url, headers=lamp.signed_in())
            if answer.status_code != 503:
                break
    assert (answer.status_code, answer.content[4:8]) == (200, b"ftyp")
    assert "private" in answer.headers["cache-control"]
    for headers in ({}, lamp.signed_in("ben"), lamp.signed_in("tess", "trust")):
        assert (await lamp.http.get(url, headers=headers)).status_code == 404
    await rule(lamp, sharing=False)
    assert (await lamp.http.get(url, headers=lamp.signed_in())).json()["code"] == "sharing_off"
    assert (await window(lamp, moment["id"], 8, 13)).json()["code"] == "sharing_off"


@given(
    chosen=st.tuples(st.integers(0, 5000), st.integers(1, 500)),
    withheld=st.lists(st.tuples(st.integers(0, 6000), st.integers(1, 900)), max_size=5),
    margin=st.integers(0, 3000),
)
def test_a_window_touches_nothing_that_is_withheld(
    chosen: tuple[int, int], withheld: list[tuple[int, int]], margin: int
) -> None:
    view = TitleView(withheld=tuple((start, start + length) for start, length in withheld))
    start, end = chosen[0], chosen[0] + chosen[1]
    if view.shows(start, end):
        wide = widened(start, end, margin, 6000, view)
        assert view.shows(*wide)
        assert wide[0] <= start
        assert min(end, 6000) <= wide[1] <= 6000


@given(st.integers(0, 10**11), st.integers(0, 10**11), st.integers(1, 10**11))
def test_nobody_is_allowed_more_than_half(viewer_total: int, title_total: int, duration: int) -> None:
    assert allowance(viewer_total, title_total, duration).viewer_us <= duration // 2
