"""The components on a bare page of somebody else's: another port, a strict policy, a token, nothing of ours."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.built import ROOT, npm, search_path
from tests.catalog.films import film

from .conftest import PHONE, Lumen, NewVisitor
from .elsewhere import served, write_site
from .walking import handle, shown_link

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def minute(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film of a minute."""
    return film(tmp_path_factory.mktemp("minute") / "made.mp4", shot_seconds=20)


@pytest.fixture
def site(lumen: Lumen, minute: Path, components: Path, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The how-to's page, served."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    write_site(lumen, folder, minute, components)
    with served(folder, lumen.elsewhere, lumen.url) as url:
        yield url, folder


async def ready(page: Page, address: str, at: int = 40) -> None:
    """The page with its film loaded, at a second, paused."""
    await page.goto(address)
    await page.wait_for_function("() => document.querySelector('#player').readyState >= 2")
    await page.evaluate(f"() => {{ document.querySelector('#player').currentTime = {at} }}")
    await page.wait_for_function("() => !document.querySelector('#player').seeking")


@pytest.mark.parametrize("path", ["/", "/hls.html"])
async def test_a_clip_is_made_and_shared_from_a_bare_page(
    lumen: Lumen, site: tuple[str, Path], visitor: NewVisitor, path: str
) -> None:
    page = (await visitor()).page
    await ready(page, site[0] + path)
    kinds = ["gs-clip-start", "gs-clip-change", "gs-clip-created", "gs-clip-shared"]
    await page.evaluate(
        """kinds => {
            globalThis.heard = [];
            for (const kind of kinds)
                document.addEventListener(kind, (event) => heard.push([kind, event.composed && event.cancelable]));
        }""",
        kinds,
    )
    await page.get_by_role("button", name="Clip").click()
    await expect(handle(page, "End")).to_have_attribute("aria-valuenow", re.compile(r"^(39\.9|40)"))
    await page.get_by_label("Your words").fill(f"From elsewhere {path}")
    await page.get_by_role("button", name="Save moment").click()
    link = await shown_link(page)
    assert link.startswith(f"{lumen.url}/s/")
    await page.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_role("button", name="Copied")).to_be_visible()
    heard = await page.evaluate("() => heard")
    assert {kind for kind, _ in heard} == set(kinds)
    assert all(as_said for _, as_said in heard)
    maker = "SELECT name FROM viewers JOIN moments ON moments.viewer_id = viewers.id WHERE caption = %s"
    assert lumen.rows(maker, f"From elsewhere {path}") == [("Ada",)]
    assert await page.context.cookies() == []


@pytest.mark.parametrize("player", ["videojs", "shaka"])
async def test_the_adapters_find_what_plays_and_which_subtitles_are_on(
    site: tuple[str, Path], visitor: NewVisitor, player: str
) -> None:
    page = (await visitor()).page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{site[0]}/{player}.html")
    await page.wait_for_function("() => document.querySelector('gs-clip-button').token")
    await page.wait_for_function("() => document.querySelector('video').readyState >= 2")
    await page.wait_for_function("() => document.querySelector('gs-clip-button').player.captions() === 'en'")
    assert await page.evaluate("() => document.querySelector('gs-clip-button').playing instanceof HTMLVideoElement")
    await page.evaluate("() => { document.querySelector('video').currentTime = 40 }")
    await page.get_by_role("button", name="Clip", exact=True).click()
    await expect(handle(page, "End")).to_have_attribute("aria-valuenow", re.compile(r"^(39\.9|40)"))
    assert any(re.search(r"/v1/titles/lamp\?language=en", url) for url in asked)


async def test_the_page_may_stop_every_step(site: tuple[str, Path], visitor: NewVisitor, lumen: Lumen) -> None:
    page = (await visitor()).page
    await ready(page, site[0])
    await page.evaluate(
        """() => {
            globalThis.stop = "gs-clip-start";
            for (const kind of ["gs-clip-start", "gs-clip-created"])
                document.addEventListener(kind, (event) => event.type === stop && event.preventDefault());
        }"""
    )
    await page.get_by_role("button", name="Clip").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.evaluate("() => { stop = 'gs-clip-created' }")
    await page.get_by_role("button", name="Clip").click()
    await page.get_by_role("button", name="Save moment").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("language", "clip", "save", "direction"),
    [
        ("ar", "اقتطاع", "حفظ اللحظة", "rtl"),
        ("de", "Clip", "Moment speichern", "ltr"),
        ("es", "Recortar", "Guardar momento", "ltr"),
        ("ja", "クリップ", "クリップを保存", "ltr"),
    ],
)
async def test_they_speak_the_page_s_language(
    site: tuple[str, Path], visitor: NewVisitor, language: str, clip: str, save: str, direction: str, tmp_path: Path
) -> None:
    page = (await visitor(PHONE)).page
    await ready(page, f"{site[0]}/{language}.html")
    await page.get_by_role("button", name=clip, exact=True).click()
    button = page.get_by_role("button", name=save)
    await expect(button).to_be_visible()
    dialog = page.get_by_role("dialog")
    assert await dialog.evaluate("dialog => getComputedStyle(dialog).direction") == direction
    wide = await dialog.evaluate("dialog => dialog.scrollWidth - dialog.clientWidth")
    assert wide <= 0, "nothing sticks out"
    if pictures := os.environ.get("PICTURES"):
        await page.screenshot(path=Path(pictures) / f"trimmer-{language}.png")
    # Time runs from left to right in every language.
    sliders = page.get_by_role("slider")
    boxes = [await sliders.nth(n).bounding_box() for n in range(2)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["x"] < boxes[1]["x"]
    await button.click()
    await expect(page.get_by_role("textbox").first).to_have_value(re.compile("/s/"))
    if pictures:
        await page.screenshot(path=Path(pictures) / f"sheet-{language}.png")


async def test_a_token_that_is_refused_is_said(site: tuple[str, Path], visitor: NewVisitor) -> None:
    page = (await visitor()).page
    await ready(page, site[0])
    await page.evaluate("() => { document.querySelector('gs-clip-button').token = 'forged' }")
    await page.evaluate(
        """() => {
            globalThis.denied = new Promise((heard) =>
                document.addEventListener("gs-clip-denied", (event) => heard(event.detail.code)));
        }"""
    )
    await page.get_by_role("button", name="Clip").click()
    assert await page.evaluate("() => denied") == "token_invalid"


IN_REACT = """
import type { GroundswellJsx } from "groundswell-elements";
import { ClipButton } from "groundswell-elements/react";
import { FollowButton } from "groundswell-elements/react/people";
declare module "react" { namespace JSX { interface IntrinsicElements extends GroundswellJsx {} } }
export const wrapped = (
  <ClipButton for="player" titleSlug="film" token="t" onClipShared={({ detail }) => detail.channel.trim()} />
);
export const follow = <FollowButton handle="noor" onFollowed={({ detail }) => detail.state.trim()} />;
export const tag = <gs-clip-button for="player" titleSlug="film" />;
// @ts-expect-error there is no such event
export const wrong = <ClipButton onClipSharedd={() => undefined} />;
// @ts-expect-error a slug is a text
export const wronger = <ClipButton titleSlug={7} />;
"""


def test_the_package_is_typed(components: Path, tmp_path: Path) -> None:
    npm()
    folder = tmp_path
    modules = folder / "node_modules"
    modules.mkdir()
    (modules / "groundswell-elements").symlink_to(components)
    for name in ("lit", "lit-html", "lit-element", "@lit", "@types", "react", "csstype"):
        (modules / name).symlink_to(ROOT / "node_modules" / name)
    (folder / "use.ts").write_text(
        'import { ClipButton, fromHls, addMessages, type GroundswellEvents } from "groundswell-elements";\n'
        'const button = document.querySelector<ClipButton>("gs-clip-button")!;\n'
        "button.player = fromHls({ media: null, subtitleTrack: -1, subtitleTracks: [] });\n"
        'addMessages("fr", { clip: "Extraire" });\n'
        'const name: keyof GroundswellEvents = "gs-clip-created";\n'
        "export { name };\n"
    )
    (folder / "react.tsx").write_text(IN_REACT)
    tsc = ROOT / "node_modules/.bin/tsc"
    options = "--noEmit --strict --target es2022 --module esnext --moduleResolution bundler --skipLibCheck"
    options += " --preserveSymlinks --jsx react-jsx --lib es2023,dom,dom.iterable use.ts react.tsx"
    command = [str(tsc), *options.split()]
    environment = os.environ | {"PATH": search_path()}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
