"""A service moves in: from the built wheel, by the how-to "Move in, in a day", with everything on addresses of its own.

A toy service (``toy_service.py``, written from the documents alone), a certified OpenID provider for its staff, a CDN
with ten titles as HLS, CMAF, DASH and MP4, and ``groundswell serve``, each on its own port; then people, in a browser.
"""

import asyncio
import json
import os
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.built import install
from tests.catalog.films import film
from tests.openid_provider import SECRET, openid_provider
from tests.processes import Service, eventually, free_port
from tests.stream_server import LadderKind, StreamServer, make_ladder, stream_server

from .conftest import DESKTOP, ORDINARY, PATIENCE_MS, PHONE, serving
from .toy_service import ToyService
from .walking import STOP_AT, handle, shown_link

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(1500),
    pytest.mark.skipif(
        "GROUNDSWELL_LONG_TESTS" not in os.environ,
        reason="three minutes for one walk of all there is: GROUNDSWELL_LONG_TESTS=1 takes it",
    ),
]

KINDS = {
    "hls": LadderKind(),
    "hls-ranges": LadderKind(single_file=True),
    "hls-sound": LadderKind(separate_audio=True),
    "cmaf": LadderKind(segments="fmp4"),
    "cmaf-ranges": LadderKind(segments="fmp4", single_file=True),
    "dash": LadderKind("dash", "fmp4"),
    "dash-numbers": LadderKind("dash", "fmp4", timeline=False),
    "dash-ranges": LadderKind("dash", "fmp4", single_file=True),
}
ROLES = {"tv-marketing": ["marketer"], "tv-legal": ["rights"]}


@dataclass
class MovedIn:
    """Everything that runs, each at its own address."""

    service: Service
    toy: ToyService
    cdn: StreamServer
    seen: list[str] = field(default_factory=list)

    def said(self, *words: str) -> str:
        """What a command of the wheel's prints."""
        return self.service.command(*words)


@pytest.fixture
def cdn(tmp_path: Path) -> Iterator[StreamServer]:
    """Ten titles of a minute, and the feed that lists them."""
    picture = film(tmp_path / "film.mp4", shot_seconds=20)
    with stream_server() as server:
        server.files["/film.mp4"] = picture.read_bytes()
        sources = {"mp4": "/film.mp4", "mezzanine": "/film.mp4"}
        for name, kind in KINDS.items():
            main = make_ladder(picture, tmp_path / name, kind)
            server.put(tmp_path / name, name)
            sources[name] = f"/{name}/{main}"
        feed = [
            {
                "external_id": f"t{number:02}",
                "name": f"Title {number} as {name}",
                "rating": "12",
                "released_on": "2020-01-01",
                "live": False,
                "sources": [{"url": server.home + path}],
            }
            for number, (name, path) in enumerate(sources.items(), 1)
        ]
        server.files["/catalogue.ndjson"] = "\n".join(map(json.dumps, feed)).encode()
        yield server


@pytest.fixture
async def moved_in(tmp_path: Path, server_folder: Path, cdn: StreamServer, wheel: Path) -> AsyncIterator[MovedIn]:
    """Steps 1 to 6 of the how-to."""
    program = await asyncio.to_thread(install, wheel, tmp_path / "environment")
    folder = server_folder / "data"
    folder.mkdir()
    service = Service(folder, demo=False, program=[str(program)])
    toy_port = free_port()
    package = await asyncio.to_thread(service.command, "components", str(tmp_path / "page"))
    shutil.unpack_archive(package, tmp_path / "page")
    components = tmp_path / "page" / "package"
    toy = ToyService(f"http://127.0.0.1:{toy_port}", service.url, components, f"{cdn.home}/film.mp4")
    with openid_provider(service.url) as issuer, serving(toy.app(), toy_port, lifespan="off"):
        staff = {"issuer": issuer, "client_id": "RS256", "client_secret": SECRET, "name": "Toy TV"}
        service.more = {
            "GROUNDSWELL_BASE_URL": service.url,
            "GROUNDSWELL_PORT": str(service.port),
            "GROUNDSWELL_SERVICE_URL": toy.url,
            "GROUNDSWELL_SERVICE_NAME": "Toy TV",
            "GROUNDSWELL_JWT_ISSUER": toy.url,
            "GROUNDSWELL_JWKS_URL": f"{toy.url}/.well-known/jwks.json",
            "GROUNDSWELL_STAFF_ISSUERS": json.dumps([staff | {"roles_claim": "groups", "roles": ROLES}]),
            "GROUNDSWELL_SIGN_IN_URL": f"{toy.url}/login?to={{return}}",
            "GROUNDSWELL_WATCH_URLS": json.dumps({"web": f"{toy.url}/title/{{external_id}}?t={{seconds}}"}),
            "GROUNDSWELL_COMPONENT_ORIGINS": json.dumps([toy.url]),
            "GROUNDSWELL_OUTBOUND_NETWORKS": '["127.0.0.0/8"]',
            "GROUNDSWELL_SECRET_KEY": "of thirty-two characters or more, the same everywhere",
            "GROUNDSWELL_REPORTS_FRESH_S": "0",
        }
        try:
            here = MovedIn(service, toy, cdn)
            await asyncio.to_thread(set_up, here)
            yield here
        finally:
            await asyncio.to_thread(service.stop)


def set_up(here: MovedIn) -> None:
    """Serve, make keys, bring the catalogue, name the webhook; each as the how-to says."""
    here.service.wait_for_answer(here.service.run("serve", worker_inside=True), "/healthz", 300)
    here.seen.append(here.said("doctor", "--sign-in"))
    here.toy.hand_over_key = here.said("keys", "create", "hand-over", "--scope", "viewers:hand-over")
    scopes = ("--scope", "conversions:write", "--scope", "webhooks")
    here.toy.billing_key = here.said("keys", "create", "billing", *scopes)
    here.seen.append(here.said("sync", f"{here.cdn.home}/catalogue.ndjson"))
    hook = {"name": "Our back end", "address": f"{here.toy.url}/hooks"}
    headers = {"Authorization": f"Bearer {here.toy.billing_key}"}
    made = here.service.http.post("/v1/webhooks", json=hook, headers=headers)
    assert made.status_code == 201, made.text
    here.toy.webhook_secret = made.json()["secret"]

    def all_there() -> bool:
        titles = here.service.http.get("/v1/titles", params={"limit": 50}).json()["items"]
        return len([each for each in titles if each["duration_us"]]) == 10

    eventually(all_there, 300, "media of all ten titles")
    here.seen.append(here.said("doctor", "--catalogue"))


async def someone(chromium: Browser, size: tuple[int, int] = DESKTOP) -> Page:
    """A browser of somebody's own."""
    context = await chromium.new_context(viewport={"width": size[0], "height": size[1]}, user_agent=ORDINARY)
    context.set_default_timeout(PATIENCE_MS)
    return await context.new_page()


async def sign_in_as_staff(here: MovedIn, page: Page, who: str, path: str) -> None:
    """Ask for a page of the console, sign in at the provider by its own pages, and be there."""
    await page.goto(here.service.url + path)
    await page.locator("input[name=login]").fill(who)
    await page.locator("input[name=password]").fill("any")
    await page.locator("button[type=submit]").click()
    await page.locator("button[type=submit]").click()  # consent
    await page.wait_for_url(re.compile(re.escape(here.service.url + path)))


async def clip(page: Page, toy: ToyService, title: str) -> str:
    """Clip in the service's own player and share; the link."""
    await page.goto(f"{toy.url}/title/{title}?t=40")
    await page.wait_for_function("() => document.querySelector('#player').readyState >= 2")
    await page.evaluate(STOP_AT, 40)
    await page.get_by_role("button", name="Clip").click()
    await expect(handle(page, "End")).to_be_visible()
    await page.get_by_role("button", name="Save moment").click()
    return await shown_link(page)


async def test_a_service_moves_in(moved_in: MovedIn, chromium: Browser) -> None:
    here, toy = moved_in, moved_in.toy
    assert "10 created" in here.seen[1]
    assert not [said for said in here.seen if "✗" in said], here.seen

    viewer = await someone(chromium)
    await viewer.goto(f"{toy.url}/login")
    await viewer.get_by_label("Name").fill("ada")
    await viewer.get_by_role("button", name="Sign in").click()
    links = [await clip(viewer, toy, title) for title in ("t03", "t06", "t08", "t01")]
    assert all(link.startswith(f"{here.service.url}/s/") for link in links)

    # She is not signed in at our pages: the service hands her over, and she is where she wanted to go.
    await viewer.goto(f"{here.service.url}/moments")
    assert viewer.url.startswith(f"{toy.url}/login?to=")
    await viewer.get_by_label("Name").fill("ada")
    await viewer.get_by_role("button", name="Sign in").click()
    await viewer.wait_for_url(f"{here.service.url}/moments")
    await expect(viewer.get_by_role("heading", name="Title 3 as hls")).to_be_visible()

    # A friend lands, sees it play, goes on at the service's own address, and pays.
    friend = await someone(chromium, PHONE)
    await friend.goto(links[0])
    await friend.wait_for_function(
        "() => { const v = document.querySelector('gs-moment video'); return v && v.currentTime > 0.2; }"
    )
    await friend.get_by_role("link", name=re.compile("Continue watching")).click()
    await friend.wait_for_url(re.compile(rf"^{toy.url}/title/t03\?t=40&gs="))
    await friend.get_by_label("Name").fill("ben")
    await friend.get_by_role("button", name="Sign up").click()
    await friend.get_by_role("button", name="Subscribe").click()
    await expect(friend.get_by_role("heading", name="Thank you, Ben")).to_be_visible()
    wanted = {"moment.created", "share.created", "share.first_click", "sign_up.credited", "subscription.credited"}
    await asyncio.to_thread(eventually, lambda: wanted <= set(toy.kinds), 200, f"{wanted}")
    (sale,) = [message["data"] for message in toy.told if message["type"] == "subscription.credited"]
    assert (sale["viewer"], sale["amount_minor"], sale["conversion"]) == ("ben", 999, "order-1")
    assert toy.forged == 0

    # Marketing sees it, down to the row; the titles are not theirs to rule.
    marketer = await someone(chromium)
    await sign_in_as_staff(here, marketer, "mira+tv-marketing", "/console/loop")
    await until_counted(marketer, "subscription", "1")
    await marketer.goto(f"{here.service.url}/console/loop/conversions")
    await expect(marketer.get_by_text("9.99").first).to_be_visible()
    closed = await marketer.goto(f"{here.service.url}/console/rights")
    assert closed is not None
    assert closed.status == 403
    # Rights see all ten titles, whose rules all bind, and close one: its link says so, the others go on.
    rights = await someone(chromium)
    await sign_in_as_staff(here, rights, "ravi+tv-legal", "/console/catalogue")
    await expect(rights.get_by_role("row").filter(has_text="Title 10")).to_be_visible()
    await rights.goto(f"{here.service.url}/console/rights")
    await rights.get_by_role("button", name="Switch sharing of Title 8 as dash off").click()
    await expect(rights.get_by_role("status")).to_contain_text("Sharing of Title 8 as dash is off.")
    await friend.goto(links[2])
    await expect(friend.get_by_text("This title cannot be shared")).to_be_visible()
    for link in (links[1], links[3]):
        await friend.goto(link)
        await expect(friend.get_by_role("link", name=re.compile("Continue watching"))).to_be_visible()

    given = ("--origin", toy.url, "--token", toy.token("ada"), "--key", toy.billing_key, "--write", "--json")
    steps: list[dict[str, Any]] = json.loads(await asyncio.to_thread(here.said, "check", here.service.url, *given))
    assert {step["state"] for step in steps} == {"holds"}, [step for step in steps if step["state"] != "holds"]


async def until_counted(page: Page, step: str, count: str) -> None:
    """Reload the loop until its report counts what happened: the lake is sealed every other second. A server that has
    too much to do answers without a report, and is asked again."""
    async with asyncio.timeout(240):
        while await page.locator(f".funnel .step-{step} .count").all_inner_texts() != [count]:
            await page.reload()
