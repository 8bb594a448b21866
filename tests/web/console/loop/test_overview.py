"""The loop's page: its numbers are those of the rows they open, down to the evidence of one conversion."""

import csv
import html
import io
import re
from datetime import timedelta

import httpx
import pyarrow.parquet as pq
import pytest

from groundswell.events.event import Event
from groundswell.events.lake.sealer import seal_now
from groundswell.events.log.event_log import record
from groundswell.events.visits.touch_tokens import touch_token
from groundswell.platform.clock import utc_now
from groundswell.platform.ids import uuid7
from groundswell.shares.tables import Share
from tests.events.places import Shared, make_share, make_shared
from tests.support import App

pytestmark = pytest.mark.usefixtures("still_server")


def text_of(answer: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


async def happen(app: App, shared: Shared, share: Share, kind: str, visitor: str, verdict: str = "human") -> Event:
    event = Event(
        kind=kind,  # type: ignore[arg-type]
        at=utc_now() - timedelta(minutes=5),
        id=uuid7(),
        share_id=share.id,
        moment_id=shared.moment.id,
        title_id=shared.title.id,
        channel=share.channel,
        visitor=visitor,
        verdict=verdict,
        verdict_reason="<b>why</b>",
        verdict_rule="1",
        inputs={"ua": "Test"},
    )
    async with app.runtime.database.transaction() as session:
        await record(session, event)
    return event


@pytest.fixture
async def shared(app: App) -> Shared:
    return await make_told(app)


async def make_told(app: App) -> Shared:
    """A share on X, re-shared on WhatsApp; three people clicked the latter, two played, one joined and paid. Sealed."""
    shared = await make_shared(app.runtime.database, app.runtime.settings)
    again, _ = await make_share(
        app.runtime.database, app.runtime.settings, shared.moment, None, channel="whatsapp", parent=shared.share
    )
    await happen(app, shared, shared.share, "click", "first")
    click = await happen(app, shared, again, "click", "a")
    for visitor in "bc":
        await happen(app, shared, again, "click", visitor)
    for visitor in "ab":
        await happen(app, shared, again, "play", visitor)
    await happen(app, shared, again, "click", "bot", "robot")
    service = await app.service_key("conversions:write")
    token = touch_token(app.runtime.settings.secret, click.at, click.id)
    for kind, more in (("sign_up", {"touch": token}), ("subscription", {"amount": {"minor": 999, "currency": "EUR"}})):
        body = {"id": kind, "kind": kind, "viewer": "newcomer", "at": (utc_now() - timedelta(minutes=1)).isoformat()}
        answer = await app.http.post("/v1/conversions", json=body | more, headers=service)
        assert answer.status_code == 201, answer.text
    await seal_now(app.runtime)
    return shared


@pytest.fixture
def mira(app: App) -> dict[str, str]:
    return app.signed_in("mira", "marketer")


@pytest.mark.slow
async def test_an_empty_loop_explains_itself(app: App, mira: dict[str, str]) -> None:
    page = text_of(await app.http.get("/console/loop", headers=mira))
    assert "nothing has been sealed yet" in page
    assert "Not defined: nobody signed up in this period." in page
    assert "No conversions in this period" in page


def funnel_of(page: httpx.Response) -> dict[str, tuple[str, str]]:
    """Each step's number and the address of the rows behind it."""
    found = re.findall(r'class="step-(\w+)">.*?<a class="count" href="([^"]+)">([\d,.]+)</a>', page.text, re.DOTALL)
    return {step: (count, html.unescape(address)) for step, address, count in found}


@pytest.mark.slow
async def test_every_number_of_the_funnel_is_that_of_the_rows_it_opens(
    app: App, shared: Shared, mira: dict[str, str]
) -> None:
    page = await app.http.get("/console/loop", headers=mira)
    steps = funnel_of(page)
    numbers = {step: count for step, (count, _) in steps.items()}
    assert numbers == {"share": "0", "unfurl": "0", "click": "4", "play": "2", "sign_up": "1", "subscription": "1"}
    for count, address in steps.values():
        rows = await app.http.get(address.replace("/console/events", "/console/events.csv"), headers=mira)
        assert len(list(csv.DictReader(io.StringIO(rows.text)))) == int(count)
    words = text_of(page)
    assert "€9.99" in words
    assert "K = shares per new viewer × sign-ups per share" in words
    assert "Cohort still open" in words


@pytest.mark.slow
async def test_who_clicks_twice_is_one_visitor_and_two_rows(app: App, shared: Shared, mira: dict[str, str]) -> None:
    await happen(app, shared, shared.share, "click", "first")
    await seal_now(app.runtime)
    count, address = funnel_of(await app.http.get("/console/loop", headers=mira))["click"]
    assert count == "4"
    assert "5 events of 4 visitor-days" in text_of(await app.http.get(address, headers=mira))


@pytest.mark.slow
async def test_a_channel_and_a_title_can_be_looked_at_alone(app: App, shared: Shared, mira: dict[str, str]) -> None:
    by_channel = funnel_of(await app.http.get("/console/loop?channel=x", headers=mira))
    assert (by_channel["click"][0], by_channel["sign_up"][0]) == ("1", "0")
    by_title = funnel_of(await app.http.get(f"/console/loop?title={shared.title.slug}", headers=mira))
    assert by_title["click"][0] == "4"
    earlier = funnel_of(await app.http.get("/console/loop?from=2026-01-01&to=2026-01-02", headers=mira))
    assert earlier["click"][0] == "0"


MEANINGLESS = [
    ("model=nonsense", "filter_invalid"),
    ("from=x&to=y", "filter_invalid"),
    ("title=none", "title_unknown"),
    ("channel=<b>", "filter_invalid"),
    ("period=%00", "filter_invalid"),
]


async def test_an_address_that_means_nothing_is_refused_with_a_reason(app: App, mira: dict[str, str]) -> None:
    for query, code in MEANINGLESS:
        refused = await app.http.get(f"/console/loop?{query}", headers=mira)
        assert refused.status_code in {404, 422}, query
        assert code in refused.text


@pytest.mark.slow
async def test_a_conversion_opens_the_whole_way_back_to_the_clip(
    app: App, shared: Shared, mira: dict[str, str]
) -> None:
    page = await app.http.get("/console/loop", headers=mira)
    address = re.search(r"/console/conversions/[0-9a-f-]{36}", page.text)
    assert address is not None
    evidence = await app.http.get(address[0], headers=mira)
    words = text_of(evidence)
    assert "Subscription of €9.99" in words
    assert "Certain token passed on by the service" in words
    for model in ("Last touch", "First touch", "Linear", "Position"):
        assert model in words
    assert evidence.text.count('class="edge way"') == 1
    assert evidence.text.count("share way") == 2
    assert "<b>why</b>" not in evidence.text
    credits = list(csv.DictReader(io.StringIO((await app.http.get(f"{address[0]}/credits.csv", headers=mira)).text)))
    assert {(row["model"], row["weight_ppm"], row["amount_minor"]) for row in credits} == {
        (model, "1000000", "999")
        for model in ("first", "last", "linear", "position", "time_decay", "shapley", "markov")
    }
    events = list(csv.DictReader(io.StringIO((await app.http.get(f"{address[0]}/events.csv", headers=mira)).text)))
    assert [row["kind"] for row in events] == ["click", "play", "sign_up", "subscription"]


async def test_the_cascade_of_a_share_is_shown_with_what_each_brought(
    app: App, shared: Shared, mira: dict[str, str]
) -> None:
    page = text_of(await app.http.get(f"/console/shares/{shared.share.id}", headers=mira))
    assert "WhatsApp" in page
    assert "2 that go back to the same first share" in page
    missing = await app.http.get(f"/console/shares/{uuid7()}", headers=mira)
    assert missing.status_code == 404


@pytest.mark.slow
async def test_older_events_follow_without_a_gap(app: App, shared: Shared, mira: dict[str, str]) -> None:
    for number in range(150):
        await happen(app, shared, shared.share, "click", f"visitor-{number}")
    seen: list[str] = []
    address: str | None = "/console/events?kind=click&channel=x&period=7d"
    while address:
        page = await app.http.get(address, headers=mira)
        seen += re.findall(r'<td class="mono">([\w-]+)</td>', page.text)
        older = re.search(r'rel="next"\s+href="([^"]+)"', page.text)
        address = html.unescape(older[1]) if older else None
    assert len(seen) == 151


async def test_conversions_without_a_share_say_so(app: App, mira: dict[str, str]) -> None:
    service = await app.service_key("conversions:write")
    body = {"id": "1", "kind": "sign_up", "viewer": "alone", "at": utc_now().isoformat()}
    made = await app.http.post("/v1/conversions", json=body, headers=service)
    page = text_of(await app.http.get(f"/console/conversions/{made.json()['id']}", headers=mira))
    assert "No share led to it" in page


TABLES = ["days", "channels", "titles", "weeks"]


@pytest.mark.slow
async def test_every_table_is_a_csv_file(app: App, shared: Shared, mira: dict[str, str]) -> None:
    for table in TABLES:
        answer = await app.http.get(f"/console/loop/{table}.csv?period=7d", headers=mira)
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert len(rows) == {"days": 7, "channels": 2, "titles": 1, "weeks": 1}[table]
        answer = await app.http.get(f"/console/loop/{table}.parquet?period=7d", headers=mira)
        assert pq.read_table(io.BytesIO(answer.content)).num_rows == len(rows)
