"""10,000 titles by ``POST /v1/titles``, a thousand lines a call, into an empty catalogue, and the same again.

The service runs in a process of its own on its own embedded PostgreSQL (durable, as installed). Each time, every line's
result is read: what was created is counted in the database too. Third, one title in a hundred has changed.
"""

import json
import statistics
import time
from typing import Any

import httpx
from sqlalchemy import func, select

from bench.harness import Bench
from bench.served import HOST, Service, service
from groundswell.accounts.keys import make_key
from groundswell.catalog.tables import CatalogEntry

TITLES = 10_000
A_CALL = 1_000
AGAIN = 5

SERIES = 200


def said(number: int) -> dict[str, Any]:
    """What a service says of one title: a third are films, the others episodes of ten in a season."""
    place: dict[str, Any] = {}
    if number % 3:
        place = {"series": f"Series {number % SERIES}", "season": 1, "episode": 1 + number // SERIES}
    return {
        "external_id": f"tt{number:07}",
        "name": f"Title {number}",
        "names": {"de": f"Titel {number}", "ja": f"題名 {number}"},
        "synopsis": "A keeper, a storm, and a light that nobody lit. " * 3,
        **place,
        "rating": str(6 + number % 4 * 4),
        "kids": number % 7 == 0,
        "released_on": f"20{number % 25:02}-0{1 + number % 9}-1{number % 9}",
        "live": number % 50 == 0,
        "genres": ["Drama", "Mystery"],
        "languages": ["en"],
        "audio_languages": ["en", "de", "fr"],
        "subtitle_languages": ["en", "de", "fr", "ar", "ja"],
        "licences": [{"territories": ["DE", "AT", "CH"], "opens_at": "2026-01-01T00:00:00Z"}],
        "artwork": {"poster": f"https://img.example/{number}/poster.jpg"},
        "watch": {"web": "https://play.example/title/{external_id}?t={seconds}"},
    }


def calls(lines: list[dict[str, Any]]) -> list[bytes]:
    """The lines as the bodies of calls."""
    starts = range(0, len(lines), A_CALL)
    return ["\n".join(json.dumps(line) for line in lines[start : start + A_CALL]).encode() for start in starts]


async def sent(http: httpx.AsyncClient, bodies: list[bytes]) -> tuple[float, dict[str, int]]:
    """Send them one after another; returns the seconds that it took, and how many lines had which result."""
    results: dict[str, int] = {}
    began = time.perf_counter()
    for body in bodies:
        answer = (await http.post("/v1/titles", content=body)).raise_for_status()
        for line in answer.text.splitlines():
            result = json.loads(line)["result"]
            results[result] = results.get(result, 0) + 1
    return time.perf_counter() - began, results


async def run(bench: Bench) -> None:
    bench.plotted = "titles/s"
    async with service(1) as ours:
        async with ours.runtime.database.transaction() as session:
            key = await make_key(session, "catalogue", ["catalog"])
        headers = {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{ours.port}", headers=headers, timeout=120) as http:
            await measured(bench, ours, http)


async def measured(bench: Bench, ours: Service, http: httpx.AsyncClient) -> None:
    lines = [said(number) for number in range(TITLES)]
    bodies = calls(lines)
    first, results = await sent(http, bodies)
    assert results == {"created": TITLES}, results
    async with ours.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(CatalogEntry)) == TITLES
    again = []
    for _ in range(AGAIN):
        seconds, results = await sent(http, bodies)
        assert results == {"unchanged": TITLES}, results
        again.append(seconds)
    changed = calls([line | {"rating": "18"} if n % 100 == 0 else line for n, line in enumerate(lines)])
    third, results = await sent(http, changed)
    assert results == {"unchanged": TITLES * 99 // 100, "changed": TITLES // 100}, results
    unchanged = statistics.median(again)
    bench.note(f"first {first:.2f} s, again {unchanged:.3f} s, one in a hundred changed {third:.3f} s")
    bench.measure("created", TITLES / first, "titles/s", goal=500)
    bench.measure("unchanged", TITLES / unchanged, "titles/s")
    bench.measure("one in a hundred changed", TITLES / third, "titles/s")
    bench.measure("unchanged, beside created", first / unchanged, "times as fast", goal=20)
