"""Paying out as people do it: a creator on their phone, two of finance in the console, programs over the API."""

import re
from collections.abc import AsyncIterator

import pytest

from groundswell.accounts.access import viewer_of
from groundswell.accounts.tokens import TokenVerifier
from groundswell.platform.settings import Settings
from tests.earnings.world import World, build
from tests.support import App, started

from .bank import Entry, statement
from .places import FACTS, PAYER, earned


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[App]:
    async with started(settings.model_copy(update=PAYER)) as app:
        yield app


def text_of(page: str) -> str:
    """What a page says, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", "", page))


async def creator(app: App, world: World, name: str) -> None:
    async with world.database.transaction() as session:
        token = app.identity.token(name, name.title())
        viewer = await viewer_of(session, app.services.get(TokenVerifier).verify(token))
        await session.flush()
        world.viewers[name] = viewer.id
    await world.creator(name)
    await world.moment(name, f"of {name}")


@pytest.mark.slow
async def test_from_the_phone_to_the_bank_and_back(app: App) -> None:
    world = await build(app.runtime.database)
    for name in ("noor", "kofi"):
        await creator(app, world, name)
    await earned(world, 6_000, ["of noor", "of kofi"])
    noor = await app.session("noor")
    page = await app.http.get("/creator/payee", headers=noor)
    assert "Say where you want to be paid." in text_of(page.text)
    typed = {name: str(value) for name, value in FACTS.items()}
    wrong = await app.http.post("/creator/payee", data=typed | {"iban": "DE00", "tax_number": "1"}, headers=noor)
    assert wrong.status_code == 422
    assert "This is no IBAN" in text_of(wrong.text)
    assert 'value="Noor Haddad"' in wrong.text, "nothing typed is lost"
    nothing = await app.http.post("/creator/payee", data=typed | {"iban": ""}, headers=noor)
    assert nothing.status_code == 422
    kept = await app.http.post("/creator/payee", data=typed, headers=noor)
    assert kept.headers["location"] == "/creator/payee?saved=1"
    page = await app.http.get("/creator/payee?saved=1", headers=noor)
    assert "Nothing is missing" in text_of(page.text)
    assert "DE89 … 3000" in page.text
    assert "DE89370400440532013000" not in page.text
    assert page.headers["cache-control"] == "no-store"
    again = await app.http.post("/creator/payee", data=typed | {"iban": "", "town": "Potsdam"}, headers=noor)
    assert again.status_code == 303
    mine = (await app.http.get("/v1/creators/me/payee", headers=app.signed_in("noor"))).json()
    assert (mine["town"], mine["masked_iban"], mine["missing"]) == ("Potsdam", "DE89 … 3000", [])
    missing = await app.http.get("/v1/creators/me/payee", headers=app.signed_in("kofi"))
    assert (missing.status_code, missing.json()["code"]) == (404, "payee_missing")

    fay, pia = await app.session("fay", "finance"), await app.session("pia", "finance")
    page = await app.http.get("/console/finance/runs", headers=fay)
    assert "1 creator can be paid, together €30.00" in text_of(page.text)
    assert "has not said where to be paid" in text_of(page.text)
    drafted = await app.http.post("/console/finance/runs", data={"currency": "EUR"}, headers=fay)
    run = drafted.headers["location"].partition("?")[0]
    own = await app.http.post(f"{run}/approve", headers=fay)
    assert (own.status_code, "same_person" in own.text) == (403, True)
    assert (await app.http.post(f"{run}/file", headers=pia)).status_code == 409
    assert (await app.http.post(f"{run}/approve", headers=pia)).status_code == 303
    assert (await app.http.post(f"{run}/file", headers=pia)).status_code == 303
    assert "File being made" in text_of((await app.http.get(run, headers=pia)).text)
    await app.run_jobs()
    page = await app.http.get(f"{run}?names=1", headers=pia)
    assert "Noor Haddad" in page.text
    file = await app.http.get(f"{run}/file", headers=pia)
    assert file.headers["content-disposition"] == 'attachment; filename="payout-run-1.xml"'
    (end,) = re.findall(r"<EndToEndId>([0-9a-f]{32})<", file.text)
    assert (await app.http.get(f"{run}/lines.csv", headers=pia)).text.count("\n") == 2

    upload = {
        "file": ("answer.xml", statement(Entry(end, "30.00", reference="BANK-7"), Entry("x", "1.00")), "text/xml")
    }
    for said in ("read", "again"):
        read = await app.http.post("/console/finance/exceptions/files", files=upload, headers=pia)
        assert read.headers["location"].endswith(f"saved={said}")
    bad = await app.http.post("/console/finance/exceptions/files", files={"file": ("a", b"?")}, headers=pia)
    assert (bad.status_code, "bank_file_unreadable" in bad.text) == (422, True)
    page = await app.http.get("/console/finance/exceptions", headers=pia)
    assert "It names no payout of ours." in text_of(page.text)
    (resolve,) = re.findall(r'action="(/console/finance/exceptions/[^"]+/resolve)"', page.text)
    assert (await app.http.post(resolve, data={"reason": "Rent."}, headers=pia)).status_code == 303
    assert "Confirmed" in text_of((await app.http.get(run, headers=pia)).text)
    trail = text_of((await app.http.get("/console/finance/trail?q=BANK-7", headers=pia)).text)
    assert "Difference 0" in trail
    assert "Line of payout run 1, confirmed" in trail
    months = text_of((await app.http.get("/console/finance/months", headers=fay)).text)
    assert "The month is not over." in months
    assert "No bank line waits" in months

    key = app.signed_in("pia", "finance")
    back = await app.http.post("/v1/bank-files", content=statement(Entry(end, "30.00", back="AC04")), headers=key)
    assert (back.status_code, back.json()["done"]) == (201, 1)
    lines = await app.http.get(f"/v1/payout-runs/{run.rsplit('/', 1)[1]}/lines", headers=key)
    assert [(each["status"], each["code"]) for each in lines.json()["items"]] == [("returned", "AC04")]
    page = await app.http.get("/creator/payee", headers=noor)
    assert "The last payment came back" in text_of(page.text)
    refused = await app.http.post("/v1/payout-runs", json={"currency": "EUR"}, headers=key)
    assert refused.json()["code"] == "nothing_to_pay"
    listed = await app.http.get("/v1/payout-runs", headers=key)
    assert [each["returned"] for each in listed.json()["items"]] == [1]
