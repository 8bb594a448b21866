"""Exact HLS in the players people use: one stretch of media, as long as the clip, every frame of it, no complaint."""

from asyncio import gather
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from groundswell.media import (
    ExactHls,
    Package,
    exact_hls_bounded_sync,
    exact_master_playlist,
    exact_media_playlist,
    run_bounded_sync,
)
from tests.browser.conftest import serving
from tests.media.film import Film, make
from tests.media_cache import remembered
from tests.processes import free_port

pytestmark = pytest.mark.browser

PLAYERS = Path(__file__).parents[2] / "node_modules"
STEADY = Film(size=(640, 360), frames=24 * 14, gop=48, b_frames=3, rate=Fraction(24))
FILMS = {
    "24 fps, B-frames": STEADY,
    "29.97 fps, short GOPs, from a transport stream": Film(
        size=(640, 360), frames=400, gop=30, rate=Fraction(30000, 1001), container="mpegts", start=Fraction(7)
    ),
    "24 fps without sound": Film(size=(640, 360), frames=24 * 14, gop=48, rate=Fraction(24), audio=None),
}
PLAYED_IN = ("hls.js", "Shaka")
START_US, END_US = 2_958_333, 9_458_333
PAGE = """<!doctype html><title>Players</title><video muted playsinline width="640"></video>
<script src="/players/hls.js/dist/hls.js"></script>
<script src="/players/shaka-player/dist/shaka-player.compiled.js"></script>
<script>
async function play(player, url, patience) {
  const video = document.querySelector("video");
  const seen = {errors: [], times: [], ended: false};
  video.onerror = () => seen.errors.push(video.error.message);
  if (player === "hls.js") {
    const hls = new Hls();
    hls.on(Hls.Events.ERROR, (_, data) => seen.errors.push(`${data.type} ${data.details} ${data.error}`));
    hls.loadSource(url);
    hls.attachMedia(video);
  } else {
    shaka.polyfill.installAll();
    const shown = new shaka.Player();
    shown.addEventListener("error", event => seen.errors.push(`shaka ${event.detail.code}`));
    await shown.attach(video);
    await shown.load(url);
  }
  const look = (_, frame) => {
    seen.times.push(frame.mediaTime);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  const over = new Promise(done => {
    video.onended = () => { seen.ended = true; done(); };
    setTimeout(done, patience);
  });
  await video.play();
  await over;
  const {buffered} = video;
  seen.buffered = Array.from({length: buffered.length}, (_, n) => [buffered.start(n), buffered.end(n)]);
  seen.duration = video.duration;
  seen.frames = video.getVideoPlaybackQuality().totalVideoFrames;
  return seen;
}
</script>"""


@dataclass(frozen=True)
class Served:
    """Where the clips are served, and what each is."""

    url: str
    clips: dict[str, ExactHls]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Exact clips of the films with their packages, over HTTP with byte ranges."""
    if not (PLAYERS / "shaka-player").is_dir() or not (PLAYERS / "hls.js").is_dir():
        pytest.skip("the players are not installed: npm ci")
    root = tmp_path_factory.mktemp("hls")
    with remembered():
        clips = {name: clip_of(film, root / str(n)) for n, (name, film) in enumerate(FILMS.items())}
    port = free_port()
    routes = [
        Route("/", lambda _: HTMLResponse(PAGE)),
        Mount("/players", StaticFiles(directory=PLAYERS)),
        Mount("/media", StaticFiles(directory=root)),
    ]
    with serving(Starlette(routes=routes), port):
        yield Served(f"http://127.0.0.1:{port}", clips)


def clip_of(film: Film, folder: Path) -> ExactHls:
    """A clip, its package and its playlists in one folder."""
    folder.mkdir()
    asked = {"source": str(make(film, folder / "title")), "folder": str(folder)}
    packed = Package.model_validate(run_bounded_sync("package", asked))
    clip = exact_hls_bounded_sync(packed, folder, START_US, END_US, folder / "clip")
    assert isinstance(clip, ExactHls)
    made = set(clip.files)

    def url(name: str) -> str:
        return f"clip/{name}" if name in made else name

    (folder / "video.m3u8").write_text(exact_media_playlist(clip.video, url))
    for n, track in enumerate(clip.audio):
        (folder / f"audio{n}.m3u8").write_text(exact_media_playlist(track, url))
    names = [f"audio{n}.m3u8" for n in range(len(clip.audio))]
    (folder / "master.m3u8").write_text(exact_master_playlist(clip, "video.m3u8", names))
    return clip


@pytest.fixture(scope="module")
async def played(chromium: Browser, served: Served) -> dict[tuple[str, str], dict[str, Any]]:
    """What each player has seen of each clip; it plays all at once, since each takes as long as it lasts."""
    played: dict[tuple[str, str], dict[str, Any]] = {}
    for player in PLAYED_IN:
        seen = await gather(*[seen_in(chromium, served, player, number) for number in range(len(FILMS))])
        played |= {(name, player): each for name, each in zip(FILMS, seen, strict=True)}
    return played


async def seen_in(chromium: Browser, served: Served, player: str, number: int) -> dict[str, Any]:
    """What ``player`` sees of a clip, from its beginning to its end."""
    context = await chromium.new_context()
    page = await context.new_page()
    await page.goto(served.url)
    asked = [player, f"/media/{number}/master.m3u8"]
    seen: dict[str, Any] = await page.evaluate("([player, url]) => play(player, url, 60000)", asked)
    await context.close()
    return seen


@pytest.mark.parametrize("player", PLAYED_IN)
@pytest.mark.parametrize("name", FILMS)
async def test_a_player_sees_one_stretch_of_media(
    served: Served, played: dict[tuple[str, str], dict[str, Any]], name: str, player: str
) -> None:
    film, clip, seen = FILMS[name], served.clips[name], played[name, player]
    assert [p.made for p in clip.video.pieces][:2] == [True, False]
    frame = float(1 / film.rate)
    seconds = clip.duration_us / 1e6
    assert seconds == pytest.approx((END_US - START_US) / 1e6, abs=frame)
    assert seen["errors"] == []
    assert seen["ended"]
    assert len(seen["buffered"]) == 1, "the buffer has a gap"
    start, end = seen["buffered"][0]
    assert abs(start) <= frame
    assert abs(end - start - seconds) <= frame
    assert abs(seen["duration"] - seconds) <= frame
    again = 12 if player == "Shaka" else 0  # it seeks to the beginning once it has it, and decodes that again
    assert clip.frames <= seen["frames"] <= clip.frames + again
    assert seen["times"] == sorted(seen["times"])
    # All were decoded; which of them a busy machine gets to show is its own affair, but none at another time than its.
    assert all(at == pytest.approx(round(at / frame) * frame, abs=0.003) for at in seen["times"])
    assert seen["times"][0] < 0.5, "the beginning is not shown"
    assert seconds - 0.5 < seen["times"][-1] <= seconds - frame + 0.003, "the end is not shown"
