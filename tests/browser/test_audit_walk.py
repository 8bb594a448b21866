"""Any cent that the demo paid, followed on the audit page from the bank's line to the click or play it was paid for."""

import random
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from playwright.async_api import expect
from sqlalchemy import select

from groundswell.attribution.conversions import report
from groundswell.attribution.schemas import Money, NewConversion
from groundswell.attribution.tables import Touch
from groundswell.catalog.tables import Title
from groundswell.demo.payday import pay_creators
from groundswell.earnings import pools
from groundswell.earnings.tables import Pool
from groundswell.events.tables import LoggedEvent
from groundswell.platform.runtime import Runtime, open_runtime
from tests.earnings.world import NOT_HELD, World, in_month, month_before

from .conftest import Lumen, NewVisitor

pytestmark = pytest.mark.browser

MONTH = month_before(3)
NAMES = ("ines", "juno", "karl", "livia", "milan", "nadja", "oona")
FOLLOWED = 20
TRAIL = "/console/finance/trail?q="
PAID = """
SELECT bank_reference FROM bank_lines WHERE item_id IS NOT NULL AND bank_reference <> ''
UNION ALL SELECT d.number FROM statement_documents d JOIN statements s ON s.id = d.statement_id
    WHERE s.payout_id IS NOT NULL
UNION ALL SELECT '#' || p.number FROM postings p JOIN statements s ON s.id = p.id WHERE s.payout_id IS NOT NULL
UNION ALL SELECT id::text FROM payouts
UNION ALL SELECT c.external_id FROM conversions c WHERE c.external_id LIKE 'audit-%%'
"""
"""What finance may have in hand of what was paid."""


async def earned(runtime: Runtime) -> None:
    """A month in which seven creators were played and brought sales: two pools of it, divided; then payday."""
    async with runtime.database.transaction() as session:
        title = (await session.scalars(select(Title).filter_by(slug="lamp"))).one()
        if await session.scalar(select(Pool.id).filter_by(period=MONTH)):
            return
        assert title.current_source_id is not None
        world = World(runtime.database, title.id, title.current_source_id)
    at = in_month(MONTH)
    for index, name in enumerate(NAMES):
        await world.creator(name)
        await world.moment(name, f"of {name}", visibility="unlisted")
        await world.happen(f"of {name}", "play", *[f"{name}-{n}" for n in range(3 + index)], at=at)
        share = await world.share(f"of {name}", name)
        (click,) = await world.happen(f"of {name}", "click", f"{name}-came", at=at, share=share)
        await sold(runtime, world, f"audit-{name}", click)
    for basis, amount in (("plays", 30_001), ("conversions", 20_003)):
        async with runtime.database.transaction() as session:
            stream: dict[str, Any] = {"period": MONTH, "basis": basis, "currency": "EUR", "created_by": "Lumen"}
            pool = await pools.fund(session, **stream, amount_minor=amount, terms=NOT_HELD)
        await pools.run(runtime.database, pool.id)
    await pay_creators(runtime)


async def sold(runtime: Runtime, world: World, id: str, click: Any) -> None:
    """Somebody who came by a click pays a day later."""
    buyer = await world.viewer(f"buyer-{id}")
    async with runtime.database.transaction() as session:
        seen = (await session.scalars(select(LoggedEvent).filter_by(id=click))).one()
        touch = {"viewer_id": buyer, "event_id": click, "at": seen.at, "share_id": seen.share_id}
        session.add(Touch(matched_by="login", **touch))
        await session.flush()
        told = {"id": id, "kind": "subscription", "viewer": f"buyer-{id}", "at": seen.at + timedelta(minutes=9)}
        amount = Money(minor=999, currency="EUR")
        await report(session, runtime.settings, NewConversion.model_validate(told | {"amount": amount}))


Read = Callable[[str], Awaitable[str]]


async def to_the_event(read: Read, asked: str) -> list[str]:
    """Follow what was asked for by the first step behind each, to an event; the kinds on the way. Every amount on every
    page comes to the same again."""
    way: list[str] = []
    address = TRAIL + quote(asked)
    while True:
        page = await read(address)
        assert "Difference 0" in page, address
        this, _, rest = page.partition('id="behind"')
        way.append(re.findall(r'<h2 id="this">(.*?)</h2>', this)[0])
        if way[-1] == "Event":
            return way
        steps = re.findall(r'<th scope="row" class="wide">\s*<a href="([^"]*)"', rest.partition('id="before"')[0])
        assert steps, f"nothing behind {asked}: {way}"
        address = unescape(steps[-1])


async def test_twenty_random_lines_lead_from_the_bank_to_the_click(lumen: Lumen, visitor: NewVisitor) -> None:
    async with open_runtime(lumen.settings) as runtime:
        await earned(runtime)
    in_hand = [str(row[0]) for row in lumen.rows(PAID)]
    assert len(in_hand) >= FOLLOWED
    fay = await visitor()
    await lumen.sign_in(fay.page, "fay")

    async def read(address: str) -> str:
        answer = await fay.page.context.request.get(lumen.url + address)
        assert answer.ok, address
        return await answer.text()

    ways = [await to_the_event(read, asked) for asked in random.Random(20).sample(in_hand, FOLLOWED)]
    assert {way[0] for way in ways} >= {"Payout", "Statement", "Posting", "Conversion"}
    assert {way[-1] for way in ways} == {"Event"}

    page = fay.page
    (reference,) = lumen.rows("SELECT bank_reference FROM bank_lines WHERE item_id IS NOT NULL ORDER BY id LIMIT 1")
    await page.goto(lumen.url + "/console/finance/trail")
    await page.get_by_label("Payout, bank reference").fill(str(reference[0]))
    await page.get_by_role("button", name="Follow it").click()
    for heading in ("Payout", "Statement"):
        await expect(page.locator("#this")).to_have_text(heading)
        await expect(page.get_by_text("Difference 0")).to_be_visible()
        await (
            page.get_by_role("region", name="Behind it")
            .get_by_role("rowheader")
            .first.get_by_role("link")
            .first.click()
        )
    await expect(page.locator("#this")).to_have_text(re.compile("Event|Conversion"))
    await expect(page.get_by_text("Difference 0")).to_be_visible()
