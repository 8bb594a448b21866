"""From object storage, a clip costs little more than its share of the title."""

import dataclasses
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import av
import numpy as np
import pytest
from sqlalchemy import select

from groundswell.catalog.tables import Source
from groundswell.media import probe, probe_bounded
from groundswell.media.isobmff.boxes import read_moov
from groundswell.media.remote import SUFFIX
from groundswell.media.scratch import scratch
from groundswell.moments.media.renderer import make
from groundswell.moments.media.renditions import ensure
from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.range_server import BLOCK, offered, trim_cache
from groundswell.platform.runtime import Runtime
from groundswell.platform.storage import ObjectStore
from tests.catalog.films import film
from tests.film_cache import rendered_once
from tests.moments.clipping import SECOND_US, add_title
from tests.support import App

SECONDS, RATE = 40, 25
SPAN = 12 * SECOND_US + 480_000, 22 * SECOND_US + 520_000


class Counting(ObjectStore):
    """A store that is not on this machine's disk, and counts what is read of it."""

    away = False

    def __init__(self, cache: Path) -> None:
        super().__init__("memory:///", cache)
        self.read_bytes, self.requests = 0, 0

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        if self.away:
            raise OSError("the store is away")
        self.requests += 1
        async for piece in super().read(key, start, end):
            self.read_bytes += len(piece)
            yield piece


@pytest.fixture(scope="session")
def noisy_film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 s that do not compress well, a keyframe a second: about 1 MB/s."""
    return noise(tmp_path_factory.mktemp("films") / "noisy.mp4")


@rendered_once
def noise(path: Path) -> Path:
    noise = np.random.default_rng(1).integers(0, 256, (30, 180, 320, 3), np.uint8)
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "30", "bf": "2"})
        video.width, video.height, video.pix_fmt, video.codec_context.gop_size = 320, 180, "yuv420p", RATE
        sound = output.add_stream("aac", rate=48_000, layout="stereo")
        waves = np.random.default_rng(2).normal(0, 0.2, (2, 48_000)).astype(np.float32)
        for n in range(SECONDS * RATE):
            frame = av.VideoFrame.from_ndarray(noise[n % 30], format="rgb24")
            frame.pts, frame.time_base = n, Fraction(1, RATE)
            output.mux(video.encode(frame))
            if n % RATE == 0:
                block = av.AudioFrame.from_ndarray(waves, format="fltp", layout="stereo")
                block.sample_rate, block.pts, block.time_base = 48_000, n // RATE * 48_000, Fraction(1, 48_000)
                output.mux(sound.encode(block))
        output.mux(video.encode(None))
        output.mux(sound.encode(None))
    return path


@pytest.fixture
async def far(app: App, noisy_film: Path, tmp_path: Path) -> Runtime:
    """The application with the film as a title, in a store that is far away."""
    runtime = dataclasses.replace(app.runtime, store=Counting(tmp_path / "cache"))
    await add_title(runtime, noisy_film)
    return runtime


async def made(runtime: Runtime, profile: str) -> Rendition:
    async with runtime.database.transaction() as session:
        source: UUID = (await session.scalars(select(Source.id))).one()
        recipe = Recipe(source, *SPAN, profile)
        await ensure(session, recipe)
    await make(runtime, recipe.hash)
    async with runtime.database.transaction() as session:
        return await session.get_one(Rendition, recipe.hash)


@pytest.mark.slow
async def test_all_renditions_of_a_clip_read_little_more_than_its_share(far: Runtime, noisy_film: Path) -> None:
    store: Any = far.store
    size = probe(noisy_film).size_bytes
    assert size > 16 << 20
    share = size * (SPAN[1] - SPAN[0]) / (SECONDS * SECOND_US)
    with scratch() as folder:
        async with offered(store, "sources/numbers/1.mp4", SUFFIX, folder) as path:
            await probe_bounded(path)
    opening = store.read_bytes  # the index, and the first packets, from which the frame rate is told: once a machine
    assert opening < len(read_moov(noisy_film)) + size * 12 / SECONDS
    for profile in ("source", "poster", "preview", "wide"):
        row = await made(far, profile)
        assert row.status == "ready", row.failure_words
    assert share < store.read_bytes - opening <= 1.3 * share
    assert store.requests < 80
    async with far.database.transaction() as session:
        row = (await session.scalars(select(Rendition).filter_by(profile="source"))).one()
    assert (row.result or {})["frames"] == 251


@pytest.mark.slow
async def test_a_store_that_is_away_is_not_the_clips_fault(far: Runtime) -> None:
    store: Any = far.store
    store.away = True
    with pytest.raises(OSError, match="away"):
        await made(far, "source")
    store.away = False
    assert (await made(far, "source")).status == "ready"


async def test_a_title_that_the_store_lost_says_so(far: Runtime) -> None:
    await far.store.delete("sources/numbers/1.mp4")
    row = await made(far, "source")
    assert (row.status, row.failure_code) == ("failed", "source_missing")


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "mov", "ts"])
async def test_far_away_every_container_reads_as_it_does_here(suffix: str, tmp_path: Path) -> None:
    near = film(tmp_path / f"film.{suffix}", shot_seconds=1)
    store = Counting(tmp_path / "cache")
    await store.put_file("title", near)
    with scratch() as folder:
        async with offered(store, "title", SUFFIX, folder) as path:
            found = await probe_bounded(path)
    here = probe(near)
    assert found.video == here.video
    assert (found.duration_us, found.audio, found.origin) == (here.duration_us, here.audio, here.origin)


@pytest.mark.slow
async def test_pieces_kept_on_this_machine_have_a_bound(far: Runtime) -> None:
    await made(far, "poster")
    cache = far.store.cache
    held = sum(path.stat().st_size for path in cache.rglob("*") if path.is_file())
    assert held > 4 * BLOCK
    gone = trim_cache(cache, 2 * BLOCK)
    assert gone > 0
    assert sum(path.stat().st_size for path in cache.rglob("*") if path.is_file()) <= 2 * BLOCK
    async with far.database.transaction() as session:
        await session.delete((await session.scalars(select(Rendition))).one())
    assert (await made(far, "poster")).status == "ready"
