"""No sequence of clips, edits and deletions, by any number of viewers at once, gets past a cumulative cap."""

import asyncio
from collections import defaultdict
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundswell.trust.intervals import IntervalUnion
from groundswell.trust.rules import Total
from tests.catalog.rows import S, add_title
from tests.support import App

LONG_S = 200
VIEWERS = ("ada", "ben", "cleo")

spans = st.tuples(st.integers(0, LONG_S - 5), st.integers(5, 60))
actions = st.one_of(
    st.tuples(st.just("make"), st.sampled_from(VIEWERS), spans),
    st.tuples(st.just("edit"), st.integers(0, 20), spans),
    st.tuples(st.just("delete"), st.integers(0, 20), st.none()),
)
sequences = st.lists(st.lists(actions, min_size=1, max_size=5), min_size=1, max_size=6)
"""Batches; what is in one batch is asked for at the same instant."""


@pytest.mark.slow
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=sequences, viewer_percent=st.integers(3, 60), title_percent=st.integers(3, 90))
async def test_no_order_of_requests_gets_past_a_cap(
    app: App, batches: list[list[Any]], viewer_percent: int, title_percent: int
) -> None:
    slug = f"film-{uuid4().hex[:12]}"
    async with app.runtime.database.transaction() as session:
        await add_title(session, slug, duration_us=LONG_S * S)
    rule = {"scope": "title", "title": slug}
    caps = {"viewer_total_percent": viewer_percent, "title_total_percent": title_percent}
    put = await app.http.put("/v1/rights", json=rule | caps, headers=app.signed_in("ravi", "rights"))
    assert put.status_code == 200, put.text
    made: list[tuple[str, str]] = []
    granted: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for batch in batches:
        asked = [(action, who_acts(made, action)) for action in batch]
        answers = await asyncio.gather(*(act(app, slug, made, action) for action, _ in asked))
        assert all(answer is None or answer.status_code in {200, 201, 204, 403, 404, 410, 422} for answer in answers)
        for ((kind, _, _), viewer), answer in zip(asked, answers, strict=True):
            if answer is None or answer.status_code not in {200, 201}:
                continue
            granted[viewer].append((answer.json()["start_us"], answer.json()["end_us"]))
            if kind == "make":
                made.append((viewer, answer.json()["id"]))
        assert_caps(granted, viewer_percent, title_percent)


def who_acts(made: list[tuple[str, str]], action: Any) -> str:
    kind, who, _ = action
    return who if kind == "make" or not made else made[who % len(made)][0]


async def act(app: App, slug: str, made: list[tuple[str, str]], action: Any) -> httpx.Response | None:
    """Do it as a person of this film: nobody uses up what they may clip in a minute over films."""
    kind, who, span = action
    if kind == "make":
        body = {"title": slug, "start_us": span[0] * S, "end_us": min(LONG_S, sum(span)) * S}
        return await app.http.post("/v1/moments", json=body, headers=app.signed_in(f"{who}-{slug}"))
    if not made:
        return None
    viewer, moment = made[who % len(made)]
    if kind == "delete":
        return await app.http.delete(f"/v1/moments/{moment}", headers=app.signed_in(f"{viewer}-{slug}"))
    body = {"start_us": span[0] * S, "end_us": min(LONG_S, sum(span)) * S}
    return await app.http.patch(f"/v1/moments/{moment}", json=body, headers=app.signed_in(f"{viewer}-{slug}"))


def assert_caps(granted: dict[str, list[tuple[int, int]]], viewer_percent: int, title_percent: int) -> None:
    """Of everything that was ever granted, whatever has become of it."""
    for had in granted.values():
        assert IntervalUnion(had).total_us <= Total(percent=viewer_percent).of(LONG_S * S)
    together = IntervalUnion(span for had in granted.values() for span in had)
    assert together.total_us <= Total(percent=title_percent).of(LONG_S * S)


@pytest.mark.slow
async def test_fifty_viewers_at_once_share_what_a_title_has_left(app: App) -> None:
    """Each asks for another ten seconds; there is room for three."""
    async with app.runtime.database.transaction() as session:
        await add_title(session, "fog", duration_us=1000 * S)
    rule = {"scope": "title", "title": "fog", "title_total_us": 35 * S}
    await app.http.put("/v1/rights", json=rule, headers=app.signed_in("ravi", "rights"))
    app.queue_all()

    async def one(number: int) -> int:
        body = {"title": "fog", "start_us": number * 15 * S, "end_us": (number * 15 + 10) * S}
        answer = await app.http.post("/v1/moments", json=body, headers=app.signed_in(f"viewer-{number}"))
        return answer.status_code

    statuses = await asyncio.gather(*map(one, range(50)))
    assert (statuses.count(201), statuses.count(403)) == (3, 47)
