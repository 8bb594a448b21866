"""How the campaign walk ends: the month is closed, creators say where they are paid, two pay them, the bank answers."""

import re
from importlib.resources import files
from pathlib import Path

import xmlschema
from defusedxml import ElementTree
from playwright.async_api import expect

from groundswell.payouts.pain001 import MESSAGE, NAMESPACE
from tests.payouts.bank import Entry, statement

from .campaign_walk import (
    BUDGET,
    FOLLOWERS,
    MINE,
    MONTH,
    POOL,
    Walk,
    balance,
    by_hand,
    due,
    euros,
    figure,
    ledger_of,
    pool_parts,
    row,
)
from .conftest import PATIENCE_MS, PHONE


async def close_the_month(walk: Walk) -> None:
    """The month has sales: a pool of it is divided over them; then Fay asks for its end, and Pia confirms it."""
    fay = await walk.open("fay", "/console/finance/months")
    month = row(fay, MONTH)
    await expect(month).to_contain_text("No pool was funded")
    await month.get_by_role("link", name=re.compile("No pool was funded")).click()
    await fay.get_by_label("Month").select_option(MONTH)
    await fay.get_by_label("Amount").fill(f"{POOL / 100:.2f}")
    await fay.get_by_role("radio", name=re.compile("Credited revenue")).check()
    await fay.get_by_role("button", name="Set aside").click()
    await fay.get_by_role("button", name="Count and divide").click()
    await expect(fay.get_by_role("heading", name=re.compile("Divided"))).to_be_visible()
    await walk.open("fay", "/console/finance/months")
    await month.get_by_text("Close it", exact=True).click()
    await month.get_by_label("Why").fill("All that was sold in it is divided.")
    await month.get_by_role("button", name="Ask to close it").click()
    await expect(month).to_contain_text("Fay asked to close it. All that was sold in it is divided.")
    await expect(month.get_by_role("button", name=f"Close {MONTH}")).to_have_count(0)
    pia = await walk.open("pia", "/console/finance/months")
    await pia.get_by_role("button", name=f"Close {MONTH}").click()
    await expect(row(pia, MONTH)).to_contain_text("Closed by Fay and Pia")
    for who, part in pool_parts().items():
        page = await walk.open(who, "/creator")
        await page.get_by_role("link", name=MONTH).click()
        await expect(figure(page, "Earned")).to_have_text(euros(part))
        assert ledger_of(walk, who) == by_hand(who) + part


async def say_where(walk: Walk, who: str, place: dict[str, str]) -> None:
    page = await walk.open(who, "/creator")
    await page.get_by_role("link", name="Where I am paid").first.click()
    missing = await page.get_by_text("Say where you want to be paid.").bounding_box()
    assert missing is not None
    assert missing["width"] > PHONE[0] / 2, "what is missing has the phone's width"
    await page.get_by_label("Name, as your bank has it").fill(f"{who.title()} Müller")
    for name, text in place.items():
        await page.locator(f"#{name}").fill(text)
    await page.get_by_role("button", name="Save").first.click()
    await expect(page.get_by_text("Nothing is missing.")).to_be_visible()


async def pay_by_two(walk: Walk, folder: Path) -> None:
    """Fay drafts a run and cannot approve it; Pia does, and takes its file, which is what ISO's schema says."""
    fay = await walk.open("fay", "/console/finance/runs")
    both = euros(due("ada") + due("noor"))
    await expect(fay.get_by_text(f"2 creators can be paid, together {both}.")).to_be_visible()
    await fay.get_by_role("button", name="Draft the run").click()
    await expect(fay.get_by_text("You drafted this: somebody else approves it.")).to_be_visible()
    await expect(fay.get_by_role("button", name=re.compile("^Approve"))).to_have_count(0)
    pia = await walk.open("pia", fay.url.removeprefix(walk.lumen.url).partition("?")[0])
    await pia.get_by_role("button", name=f"Approve {both}").click()
    await pia.get_by_role("button", name="Post it and make the file").click()
    file = pia.get_by_role("link", name="The bank’s file")
    for _ in range(PATIENCE_MS // 500):
        if await file.is_visible():
            break
        await pia.wait_for_timeout(500)
        await pia.get_by_role("link", name="Look again").click()
    async with pia.expect_download() as download:
        await file.click()
    await (await download.value).save_as(folder / "payout-run.xml")
    written = (folder / "payout-run.xml").read_text()
    xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"{MESSAGE}.xsd")).validate(written)
    assert amounts_in(written) == {f"{minor / 100:.2f}" for minor in (due("ada"), due("noor"))}


def amounts_in(written: str) -> set[str]:
    return {each.text or "" for each in ElementTree.fromstring(written).iter(f"{{{NAMESPACE}}}InstdAmt")}


async def hear_from_the_bank(walk: Walk) -> None:
    """The bank booked both payments, and Noor's came back: she reads it on her phone, and is owed it again."""
    rows = walk.lumen.rows("SELECT c.handle, i.id FROM payout_items i JOIN creators c ON c.id = i.creator_id")
    ids = {who: id.hex for who, id in rows}
    amounts = {who: f"{due(who) / 100:.2f}" for who in ids}
    said = [Entry(ids[who], amounts[who], reference=f"B-{who}") for who in ("ada", "noor")]
    said.append(Entry(ids["noor"], amounts["noor"], reference="B-back", back="AC04"))
    pia = await walk.open("pia", "/console/finance/exceptions")
    answer = {"name": "answer.xml", "mimeType": "text/xml", "buffer": statement(*said)}
    await pia.get_by_label("camt.053, camt.054 or pain.002").set_input_files(answer)
    await pia.get_by_role("button", name="Read it").click()
    await expect(pia.get_by_role("status")).to_contain_text("The file was read.")
    await walk.open("pia", "/console/finance/runs")
    await pia.get_by_role("link", name="1", exact=True).click()
    await expect(row(pia, "@ada")).to_contain_text("Confirmed")
    noors = row(pia, "@noor")
    await expect(noors).to_contain_text("Came back")
    await expect(noors).to_contain_text("B-noor")
    noor = await walk.open("noor", "/creator")
    owed = noor.get_by_role("region", name="Due to you now")
    await expect(owed).to_contain_text(euros(due("noor")))
    await expect(owed).to_contain_text("The last payment came back: look at the account")
    ada = await walk.open("ada", "/creator")
    await expect(ada.get_by_role("region", name="My statements")).to_contain_text("Paid")
    await walk.open("ada", MINE)


async def agree(walk: Walk) -> None:
    """Debits equal credits, and every account has what follows from what was reported."""
    fay = await walk.open("fay", "/console/finance")
    await expect(fay.get_by_text("Debits equal credits")).to_be_visible()
    await walk.open("fay", "/console/finance/trail?q=B-ada")
    await expect(fay.locator("#this")).to_have_text("Payout")
    await expect(fay.get_by_text("Difference 0")).to_be_visible()
    earned = {who: by_hand(who) for who in FOLLOWERS}
    for who, minor in earned.items():
        query = "SELECT sum(amount_minor) FROM campaign_earnings JOIN creators c ON c.id = creator_id WHERE handle = %s"
        assert walk.sum(query, who) == minor
    assert balance(walk, "campaign", "SELECT id::text FROM campaigns") == BUDGET - sum(earned.values())
    assert (ledger_of(walk, "ada"), ledger_of(walk, "noor")) == (0, due("noor"))
    assert walk.sum("SELECT sum(credits_minor - debits_minor) FROM ledger_accounts") == 0
