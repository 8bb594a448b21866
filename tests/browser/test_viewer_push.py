"""A message that is pushed is shown by the browser once, and a tap opens what it is about.

A subscription of Chromium's is made at its maker's push service, which no machine without it can reach: the message is
handed to the worker by the DevTools protocol, encrypted and decrypted nowhere (``tests/notifications/test_push.py``
does that, against a receiver of its own).
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Browser, CDPSession, Page, expect

from .conftest import WITH_WINDOWS, Lumen, NewVisitor, launched

pytestmark = pytest.mark.browser

SHOWN = """async () => {
    const worker = await navigator.serviceWorker.ready;
    return (await worker.getNotifications()).map(({ body, lang, data }) => [body, lang, data.url]);
}"""
CLOSE = """async () => {
    for (const each of await (await navigator.serviceWorker.ready).getNotifications()) each.close();
}"""
TAP = """async () => {
    const [notification] = await self.registration.getNotifications();
    const tap = new NotificationEvent("notificationclick", { notification });
    self.dispatchEvent(tap);
}"""


@pytest.fixture(scope="module")
async def chromium() -> AsyncIterator[Browser]:
    """One with windows: without them a browser forgets at once what it has shown."""
    async with launched(WITH_WINDOWS) as browser:
        yield browser


async def registered(page: Page) -> tuple[CDPSession, str]:
    """The DevTools of a page, and the id of the worker that is registered there."""
    tools = await page.context.new_cdp_session(page)
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def note(told: dict[str, Any]) -> None:
        for each in told["registrations"]:
            if not each["isDeleted"] and not found.done():
                found.set_result(each["registrationId"])

    tools.on("ServiceWorker.workerRegistrationUpdated", note)
    await tools.send("ServiceWorker.enable")
    await page.evaluate(
        "() => navigator.serviceWorker.register('/push-worker.js').then(() => navigator.serviceWorker.ready)"
    )
    return tools, await asyncio.wait_for(found, 30)


async def test_a_push_is_shown_once_and_opens_what_it_is_about(lumen: Lumen, visitor: NewVisitor) -> None:
    someone = await visitor()
    page, context = someone.page, someone.context
    await context.grant_permissions(["notifications"], origin=lumen.url)
    await lumen.sign_in(page, "ada")
    await page.goto(f"{lumen.url}/inbox/settings")
    await expect(page.locator("#push-begin")).to_be_visible()
    tools, worker = await registered(page)

    async def pushed(id: str, body: str) -> None:
        message = {"id": id, "title": "Lumen", "body": body, "tag": id, "lang": "en", "dir": "ltr", "url": "/inbox"}
        said = {"origin": lumen.url, "registrationId": worker, "data": json.dumps(message)}
        await tools.send("ServiceWorker.deliverPushMessage", said)

    async def shown(*bodies: str) -> None:
        wanted = json.dumps([[body, "en", "/inbox"] for body in bodies], separators=(",", ":"))
        await page.wait_for_function(f"async () => JSON.stringify(await ({SHOWN})()) === {json.dumps(wanted)}")

    await pushed("1", "12 people watched your moment")
    await shown("12 people watched your moment")
    await page.evaluate(CLOSE)
    await pushed("1", "12 people watched your moment")  # as push services may, once more
    await pushed("2", "Kofi commented on your moment")
    await shown("Kofi commented on your moment")
    await page.goto(f"{lumen.url}/inbox")
    await context.service_workers[0].evaluate(TAP)
    await shown()
    assert page.url == f"{lumen.url}/inbox"
