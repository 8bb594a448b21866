"""A person's walk from a clip to a report, in every condition that people are in, meets no dead end.

``GROUNDSWELL_PICTURES=folder`` keeps a picture of each stop.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from groundswell.web.languages import catalogue, direction

from .conftest import DESKTOP, PHONE, Lumen, NewVisitor
from .walking import REST, STOP_AT, settled

pytestmark = pytest.mark.browser

PICTURES = os.environ.get("GROUNDSWELL_PICTURES")
TOUCH: dict[str, Any] = {"has_touch": True, "is_mobile": True}
FOCUSED = """element => {
    let active = document.activeElement;
    while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
    return active === element;
}"""


@dataclass(frozen=True)
class Condition:
    """How somebody walks."""

    name: str
    size: tuple[int, int] = DESKTOP
    language: str = "en"
    keyboard: bool = False
    options: dict[str, Any] = field(default_factory=dict)

    def said(self, english: str) -> str:
        """What is written where ``english`` would stand."""
        return catalogue(self.language).gettext(english)


CONDITIONS = [
    Condition("phone", PHONE, options=TOUCH),
    Condition("desktop"),
    Condition("german", PHONE, "de", options=TOUCH),
    Condition("arabic", PHONE, "ar", options=TOUCH),
    Condition("landscape", (844, 390), options=TOUCH),
    Condition("keyboard", keyboard=True),
]


@dataclass
class Walk:
    """One person's browser, and how they use it."""

    how: Condition
    page: Page
    lumen: Lumen

    async def press(self, what: Locator) -> None:
        """As a finger, a mouse or the Enter key does."""
        if self.how.keyboard:
            await self.reach(what)
            await self.page.keyboard.press("Enter")
        elif self.how.options.get("has_touch"):
            await what.tap()
        else:
            await what.click()

    async def write(self, what: Locator, text: str) -> None:
        if self.how.keyboard:
            await self.reach(what)
            await self.page.keyboard.type(text)
        else:
            await what.fill(text)

    async def choose(self, what: Locator, value: str) -> None:
        if not self.how.keyboard:
            await what.select_option(value)
            return
        await self.reach(what)
        for _ in range(20):
            if await what.input_value() == value:
                return
            await self.page.keyboard.press("ArrowDown")
        raise AssertionError(f"{value} cannot be chosen by keyboard")

    async def reach(self, what: Locator, most: int = 120) -> None:
        """Press Tab until the focus is there."""
        await expect(what).to_be_visible()
        await self.page.evaluate(REST)  # what plays is drawn all the while
        there = await what.element_handle()  # found once: to look for it by its name at each Tab takes far longer
        for _ in range(most):
            if await there.evaluate(FOCUSED):
                return
            await self.page.keyboard.press("Tab")
        raise AssertionError(f"Tab never reached {what}")

    async def stop(self, name: str) -> None:
        """The page speaks the person's language, in its direction, and does not scroll sideways."""
        await settled(self.page)
        root = self.page.locator("html")
        assert await root.get_attribute("lang") == self.how.language
        assert (await root.get_attribute("dir") or "ltr") == direction(self.how.language)
        assert await self.page.evaluate("document.documentElement.scrollWidth") <= self.how.size[0], name
        if PICTURES:
            await self.page.screenshot(path=Path(PICTURES) / f"{self.how.name}-{name}.png")

    def button(self, english: str) -> Locator:
        return self.page.get_by_role("button", name=self.how.said(english), exact=True)

    def field(self, english: str) -> Locator:
        return self.page.get_by_label(self.how.said(english), exact=True)

    async def shown_link(self) -> str:
        link = self.page.locator("gs-share-sheet").get_by_role("textbox").first
        await expect(link).to_have_value(re.compile("/s/"))
        return await link.input_value()

    async def plays(self) -> None:
        await self.page.wait_for_function("() => document.querySelector('video').currentTime > 0.5")


@pytest.mark.parametrize("how", CONDITIONS, ids=[each.name for each in CONDITIONS])
async def test_the_loop_has_no_dead_end(lumen: Lumen, visitor: NewVisitor, how: Condition) -> None:
    link = await clip(await somebody(lumen, visitor, how))
    walk = await somebody(lumen, visitor, how)
    await land_and_join(walk, link)
    passed_on = await pass_it_on(walk, link)
    assert passed_on != link
    await report(walk, passed_on)


async def somebody(lumen: Lumen, visitor: NewVisitor, how: Condition) -> Walk:
    someone = await visitor(how.size, locale=how.language, **how.options)
    return Walk(how, someone.page, lumen)


async def clip(walk: Walk) -> str:
    """Watch, clip, save; returns the link that is offered."""
    page = walk.page
    await walk.lumen.sign_in(page, "ada")
    await page.goto("/watch/lamp?t=40")
    await page.wait_for_function("() => document.querySelector('#player').readyState >= 2")
    await page.evaluate(STOP_AT, 40)  # the same second for everybody: what they clip is cut once
    await walk.stop("watch")
    if walk.how.keyboard:
        await page.keyboard.press("c")
    else:
        await walk.press(walk.button("Clip"))
    words = walk.field("Your words")
    await expect(words).to_be_attached()
    await walk.stop("trim")
    await walk.write(words, f"Walked by {walk.how.name}")
    await walk.press(walk.button("Save moment"))
    link = await walk.shown_link()
    await walk.stop("sheet")
    return link


async def land_and_join(walk: Walk, link: str) -> None:
    """Come by the link, see the clip, go on, become a member, and be at the second where the clip ended."""
    page = walk.page
    await page.goto(link)
    await walk.plays()
    await walk.stop("landing")
    onwards = page.locator("a.go")
    await expect(onwards).to_be_in_viewport()
    await walk.press(onwards)
    await page.wait_for_url(re.compile(r"/watch/lamp\?t=\d+&gs="))
    await walk.stop("gate")
    await walk.write(walk.field("Your name"), "Walker")
    await walk.write(walk.field("Email"), f"{walk.how.name}@lumen.example")
    await walk.press(walk.button("Join and watch"))
    await page.wait_for_url(re.compile(r"/watch/lamp\?t=\d+&gs="))
    second = int(re.findall(r"t=(\d+)", page.url)[0])
    await page.wait_for_function(f"() => document.querySelector('#player')?.currentTime >= {second} - 0.5")
    await walk.stop("film")


async def pass_it_on(walk: Walk, link: str) -> str:
    """Send the clip on, as somebody who has come to it by a link; returns the link that is made."""
    await walk.page.goto(link)
    await walk.press(walk.button("Pass it on"))
    passed_on = await walk.shown_link()
    await walk.stop("passed-on")
    return passed_on


async def report(walk: Walk, link: str) -> None:
    """Say that something is wrong with it, and be told what happens now."""
    page = walk.page
    await page.goto(link)
    await walk.press(page.locator("details.report summary"))
    await walk.choose(walk.field("What is wrong with it?"), "spam")
    await walk.stop("report")
    await walk.press(walk.button("Send report"))
    await expect(page.get_by_role("heading", name=walk.how.said("Thank you for telling us"))).to_be_visible()
    await walk.stop("reported")
    await walk.press(page.locator(".ways a").nth(1))
    await expect(page.locator("video")).to_be_visible()
