"""The console's pages of numbers, read: every number is that of the rows it opens, as a file too.

What is only read is made once for all that read it; whatever changes something is in ``test_numbers``.
"""

import csv
import html
import io
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest

from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.platform.ids import uuid7
from tests.databases import Databases
from tests.events.places import Shared
from tests.support import App, own_app
from tests.web.console.loop.test_overview import make_told, text_of
from tests.web.console.test_numbers import numbers_of

PAGES = ("explore", "cohorts", "traffic", "weekly", "live", "experiments", "views", "credits")


@dataclass(frozen=True)
class Told:
    """An application in which something has happened, and who reads of it."""

    app: App
    shared: Shared
    mira: dict[str, str]


@pytest.fixture(scope="module")
async def told(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    async with own_app(databases, tmp_path_factory.mktemp("told")) as app:
        databases.settle()  # so that what happens can be sealed at once
        yield Told(app, await make_told(app), app.signed_in("mira", "marketer"))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
async def test_every_page_explains_itself_before_anything_happened(shared_app: App, page: str) -> None:
    answer = await shared_app.http.get(f"/console/{page}", headers=shared_app.signed_in("mira", "marketer"))
    assert answer.status_code == 200, answer.text[:300]
    assert "as of" in text_of(answer) or "sealed yet" in text_of(answer) or page in ("views", "credits")
    assert (await shared_app.http.get(f"/console/{page}", headers=shared_app.signed_in("ada"))).status_code == 403


async def counted(app: App, mira: dict[str, str], address: str) -> float:
    """What the rows at an address add up to."""
    if address.startswith("/console/credits"):
        rows = await app.http.get(address.replace("/console/credits?", "/console/credits.csv?"), headers=mira)
        return sum(int(row["weight_ppm"]) for row in csv.DictReader(io.StringIO(rows.text))) / 1_000_000
    rows = await app.http.get(address.replace("/console/events?", "/console/events.csv?"), headers=mira)
    found = list(csv.DictReader(io.StringIO(rows.text)))
    return len({row["visitor"] or row["id"] for row in found})


@pytest.mark.slow
@pytest.mark.parametrize("by", list(DIMENSIONS))
async def test_every_number_of_every_dimension_opens_its_rows(told: Told, by: str) -> None:
    page = await told.app.http.get(f"/console/explore?by={by}&period=7d", headers=told.mira)
    found = numbers_of(page)
    assert len(found) >= 3, text_of(page)
    for number, address in found:
        assert await counted(told.app, told.mira, address) == number, address
    clicks = [number for number, address in found if "kind=click" in address]
    assert sum(clicks) == 4


@pytest.mark.slow
async def test_a_row_opens_what_is_inside_it(told: Told) -> None:
    whole = await told.app.http.get("/console/explore?by=channel&period=7d", headers=told.mira)
    narrower = re.search(r'<th scope="row" class="middling">\s*<a\s+href="([^"]+)"\s*>WhatsApp</a>', whole.text)
    assert narrower is not None
    inside = await told.app.http.get(html.unescape(narrower[1]), headers=told.mira)
    words = text_of(inside)
    assert "Channel: WhatsApp" in words
    assert sum(n for n, address in numbers_of(inside) if "kind=click" in address) == 3


@pytest.mark.slow
async def test_two_models_show_how_ranks_move(told: Told) -> None:
    page = await told.app.http.get("/console/explore?by=channel&model=last&other=first&period=7d", headers=told.mira)
    assert "By first touch" in text_of(page)
    assert 'class="move' in page.text


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("page", ["explore", "cohorts", "traffic", "credits"])
async def test_tables_can_be_taken_away(told: Told, page: str, kind: str) -> None:
    by = "&by=channel" if page == "explore" else ""
    answer = await told.app.http.get(f"/console/{page}.{kind}?period=7d{by}", headers=told.mira)
    assert answer.status_code == 200
    rows = (
        list(csv.DictReader(io.StringIO(answer.text)))
        if kind == "csv"
        else pq.read_table(io.BytesIO(answer.content)).to_pylist()
    )
    assert len(rows) >= 1
    if page == "explore":
        assert sum(float(row["click"]) for row in rows) == 4


@pytest.mark.slow
@pytest.mark.parametrize(
    "query", ["by=nonsense&rank=x&other=y&model=z", "scene=x&moment=y&maker=z", "generation=-1&sharer=%00&territory=zz"]
)
async def test_addresses_that_mean_nothing_give_a_page(shared_app: App, query: str) -> None:
    for page in ("explore", "credits", "cohorts", "traffic", "events"):
        answer = await shared_app.http.get(f"/console/{page}?{query}", headers=shared_app.signed_in("mira", "marketer"))
        assert answer.status_code in {200, 422}, (page, answer.text[:200])
        assert answer.status_code == 200 or "filter_" in answer.text, (page, text_of(answer)[:200])


async def test_a_moment_shows_its_whole_tree(told: Told) -> None:
    page = await told.app.http.get(f"/console/moments/{told.shared.moment.id}", headers=told.mira)
    assert page.text.count('class="edge"') == 2
    assert "the clip" in text_of(page)
    assert (await told.app.http.get(f"/console/moments/{uuid7()}", headers=told.mira)).status_code == 404
