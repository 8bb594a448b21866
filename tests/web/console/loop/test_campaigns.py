"""The campaigns' pages: every number is that of the rows it opens, and a campaign is made and ended by hand."""

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from groundswell.attribution.tables import Campaign
from groundswell.events.lake.sealer import seal_now
from groundswell.insights.reports.dimensions import DIMENSIONS
from groundswell.platform.clock import utc_now
from groundswell.web.console.loop import campaigns
from tests.attribution.test_conversions import ago, conversion, report, visit
from tests.events.places import Shared, make_shared
from tests.support import App
from tests.web.console.loop.test_overview import mira, shared, text_of
from tests.web.console.test_numbers import numbers_of
from tests.web.console.test_numbers_read import counted

pytestmark = pytest.mark.usefixtures("still_server")

__all__ = ["mira", "shared"]  # fixtures

PAGE = "/console/campaigns"


def form(shared: Shared, **fields: str) -> dict[str, str]:
    today = utc_now().date()
    days = {"from": (today - timedelta(days=20)).isoformat(), "to": (today + timedelta(days=2)).isoformat()}
    return {"key": "autumn", "name": "Autumn <1>", "title": shared.title.slug, "model": "linear", **days, **fields}


@pytest.fixture
async def campaign(app: App, shared: Shared, mira: dict[str, str]) -> str:
    """A linear campaign on the shared title; half of one more newcomer's subscription is another title's."""
    made = await app.http.post(PAGE, data=form(shared, window="14"), headers=mira)
    assert made.status_code == 303, made.text
    other = await make_shared(app.runtime.database, app.runtime.settings, subject="vera")
    one = await visit(app, other, ago(days=2), visitor="n")
    two = await visit(app, shared, ago(days=1), visitor="n", previous=one)
    service = await app.service_key("conversions:write")
    for body in (
        conversion("sign_up", ago(hours=2), id="late-up", viewer="late", touch=two),
        conversion("subscription", ago(hours=1), 500, id="late-sub", viewer="late"),
    ):
        assert (await report(app, service, body)).status_code == 201
    await seal_now(app.runtime)
    return str(made.headers["location"])


async def test_before_any_was_made_the_page_says_what_one_is(app: App, mira: dict[str, str]) -> None:
    assert "No campaign yet" in text_of(await app.http.get(PAGE, headers=mira))
    assert (await app.http.get(PAGE, headers=app.signed_in("ada"))).status_code == 403


async def rows_behind(app: App, mira: dict[str, str], address: str) -> float:
    if "/credits?" not in address:
        return await counted(app, mira, address)
    rows = await app.http.get(address.replace("/credits?", "/credits.csv?"), headers=mira)
    return sum(int(row["weight_ppm"]) for row in csv.DictReader(io.StringIO(rows.text))) / 1_000_000


@pytest.mark.slow
async def test_every_number_of_the_list_opens_its_rows(app: App, mira: dict[str, str], campaign: str) -> None:
    page = await app.http.get(PAGE, headers=mira)
    assert "Autumn &lt;1&gt;" in page.text
    told = {re.search("kind=([a-z_]+)", address)[1]: number for number, address in numbers_of(page)}  # type: ignore[index]
    assert told == {"click": 5, "play": 2, "sign_up": 1.5, "subscription": 1.5}
    for number, address in numbers_of(page):
        assert await rows_behind(app, mira, address) == number, address
        assert (await app.http.get(address, headers=mira)).status_code == 200
    assert "€12.49" in page.text


@pytest.mark.slow
async def test_every_number_of_a_campaign_opens_its_rows(app: App, mira: dict[str, str], campaign: str) -> None:
    for by in DIMENSIONS:
        await open_rows(app, mira, f"{campaign}?by={by}")


async def open_rows(app: App, mira: dict[str, str], address_of_page: str) -> None:
    page = await app.http.get(address_of_page, headers=mira)
    assert page.status_code == 200, page.text[:300]
    found = numbers_of(page)
    assert sum(number for number, address in found if "kind=click" in address) == 5
    for number, address in found:
        assert await rows_behind(app, mira, address) == number, address
    figures = re.findall(r'<a class="value"\s+href="([^"]+)"\s*>([\d.,]+)</a>', page.text)
    assert len(figures) == 6
    for address, number in figures:
        assert await rows_behind(app, mira, html.unescape(address)) == float(number), address


@pytest.mark.slow
async def test_credit_opens_the_evidence_of_its_conversion(app: App, mira: dict[str, str], campaign: str) -> None:
    page = await app.http.get(f"{campaign}/credits?kind=subscription", headers=mira)
    assert "1.5 credited, from 2 conversions" in text_of(page)
    assert "€2.50" in page.text
    (first, _) = re.findall(r"/console/conversions/[0-9a-f-]{36}", page.text)
    assert "Linear" in text_of(await app.http.get(first, headers=mira))


@pytest.mark.slow
async def test_credit_is_read_page_by_page(
    app: App, mira: dict[str, str], campaign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kind in ("subscription", ""):
        asked: str | None = f"{campaign}/credits?kind={kind}"
        whole = re.findall(r"/console/conversions/[0-9a-f-]{36}", (await app.http.get(asked, headers=mira)).text)
        found: list[str] = []
        with monkeypatch.context() as patched:
            patched.setattr(campaigns, "ROWS", 1)
            for _ in range(len(whole) + 1):
                answer = await app.http.get(asked, headers=mira)
                found += re.findall(r"/console/conversions/[0-9a-f-]{36}", answer.text)
                older = re.search(r'href="([^"]+before=[^"]+)"', answer.text)
                if older is None:
                    break
                asked = html.unescape(older[1])
        assert found == whole
        assert len(whole) > 1
    refused = await app.http.get(f"{campaign}/credits?before=x", headers=mira)
    assert refused.status_code == 422


@pytest.mark.slow
async def test_its_table_can_be_taken_away(app: App, mira: dict[str, str], campaign: str) -> None:
    assert (await app.http.get(f"{campaign}/results.parquet?by=channel", headers=mira)).status_code == 200
    answer = await app.http.get(f"{campaign}/results.csv?by=channel", headers=mira)
    assert answer.status_code == 200
    whole, *rows = csv.DictReader(io.StringIO(answer.text))
    assert (whole["label"], whole["subscription"], whole["net_minor_EUR"]) == ("all", "1.5", "1249")
    assert sum(int(row["net_minor_EUR"]) for row in rows) == 1249


@pytest.mark.slow
async def test_it_is_ended_by_hand(app: App, mira: dict[str, str], campaign: str) -> None:
    assert "Running" in text_of(await app.http.get(campaign, headers=mira))
    assert (await app.http.post(f"{campaign}/end", headers=mira)).status_code == 303
    page = text_of(await app.http.get(campaign, headers=mira))
    assert "Over" in page
    assert "ended early" in page
    assert "End this campaign" not in page


async def test_what_was_typed_is_what_is_made(app: App, mira: dict[str, str], shared: Shared) -> None:
    typed = form(shared, key="two", territories="de, at", title="", terms="Be kind.")
    assert (await app.http.post(PAGE, data=typed, headers=mira)).status_code == 303
    async with app.runtime.database.transaction() as session:
        (made,) = await session.scalars(select(Campaign))
    assert (made.territories, made.titles, made.creators, made.terms) == (["AT", "DE"], None, None, "Be kind.")
    assert (made.ends_at - made.begins_at, made.attribution_window_days) == (timedelta(days=23), 30)


async def test_what_cannot_be_made_says_why(app: App, mira: dict[str, str], shared: Shared) -> None:
    wrong = [
        ({"creators": "nobody"}, 404),
        ({"territories": "Mars"}, 422),
        ({"key": "A"}, 422),
        ({"window": "99"}, 422),
    ]
    for fields, status in wrong:
        refused = await app.http.post(PAGE, data=form(shared, **fields), headers=mira)
        assert refused.status_code == status, fields
        assert "code" in refused.text
    for address in (f"{PAGE}/none", f"{PAGE}/none/credits", f"{PAGE}?cursor=x", "/console/events?campaign=none"):
        assert (await app.http.get(address, headers=mira)).status_code in (200, 400, 404)
