"""A stretch of a stream on this machine, for the clip engine: its own segments are fetched and no others."""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from groundswell.media import Limits, MediaError, run_bounded
from groundswell.media.remote import STRETCH
from groundswell.media.streams.ladder import Ladder, StreamSegment, StreamTrack
from groundswell.media.streams.stretch import StretchPiece
from groundswell.platform.storage import ObjectStore

from .reader import MediaReader

AT_ONCE = 6
TRIES = 5
SLACK_US = 1_000
"""What durations of a playlist may be off before another segment is fetched for a frame."""
DRIFT_MAX_US = 60_000_000
"""By how much durations that a playlist has rounded may have added up."""


KEPT = 64
"""Ladders that a process keeps in memory."""

_read: OrderedDict[str, Ladder] = OrderedDict()


class _Reach(NamedTuple):
    """The first and the last segment of the picture to be fetched, by number."""

    first: int
    last: int


async def ladder_at(store: ObjectStore, key: str) -> Ladder:
    """The ladder kept under ``key``.

    Raises:
        MediaError: ``source_missing``.
    """
    if key in _read:
        _read.move_to_end(key)
        return _read[key]
    try:
        text = await store.get_bytes(key)
    except FileNotFoundError:
        raise MediaError("source_missing") from None
    ladder = _read[key] = await asyncio.to_thread(Ladder.model_validate_json, text)
    while len(_read) > KEPT:
        _read.popitem(last=False)
    return ladder


@asynccontextmanager
async def stretch_of(
    ladder: Ladder, reader: MediaReader, start_us: int, end_us: int, folder: Path, limits: Limits
) -> AsyncIterator[Path]:
    """A path under which the clip engine reads ``[start_us, end_us)`` of the title, with the keyframe before.

    Args:
        folder: an empty one; the caller's to remove.

    Raises:
        MediaError: a segment is not there, or not what it was; ``stream_gap``.
        AddressUnreachable, AnswerTooSlow, AnswerRefused: not now.
    """
    segments = ladder.video.segments
    reach = _reach(ladder.video, start_us, end_us)
    for attempt in range(TRIES):
        inside = folder / str(attempt)
        await asyncio.to_thread(inside.mkdir)
        note = inside / f"title{STRETCH}"
        pieces = await _gather(ladder, reader, reach, (start_us, end_us), inside)
        asked = {"pieces": [piece.model_dump(mode="json") for piece in pieces], "destination": str(note)}
        found = await run_bounded("stretch", asked, limits)
        wider = _wider(segments, reach, found["first_us"], found["end_us"], start_us, end_us)
        if wider == reach:
            yield note
            return
        reach = wider
    raise MediaError("stream_changed", "The stream's segments are not where its playlist says.")


def _reach(video: StreamTrack, start_us: int, end_us: int) -> _Reach:
    numbers = [n for n, s in enumerate(video.segments) if s.start_us < end_us + SLACK_US and s.end_us > start_us]
    return _Reach(numbers[0], numbers[-1]) if numbers else _Reach(len(video.segments) - 1, len(video.segments) - 1)


def _wider(
    segments: Sequence[StreamSegment], reach: _Reach, first_us: int, end_us: int, start_us: int, stop_us: int
) -> _Reach:
    """Where to reach so that what is wanted lies within what came of ``reach``: durations of a playlist are rounded,
    and a segment need not begin with a keyframe."""
    first, last = reach
    if abs(first_us - segments[first].start_us) > DRIFT_MAX_US:
        raise MediaError("stream_changed", "The clock of the stream is not the one that was indexed.")
    if first_us > start_us + SLACK_US and first > 0:
        while first > 0 and segments[reach.first].start_us - segments[first].start_us < first_us - start_us:
            first -= 1
        first = min(first, reach.first - 1)
    if end_us < stop_us - SLACK_US and last < len(segments) - 1:
        while last < len(segments) - 1 and segments[last].end_us - segments[reach.last].end_us < stop_us - end_us:
            last += 1
        last = max(last, reach.last + 1)
    return _Reach(max(0, first), last)


async def _gather(
    ladder: Ladder, reader: MediaReader, reach: _Reach, span_us: tuple[int, int], folder: Path
) -> list[StretchPiece]:
    """Fetch what the picture's segments from one to another need, and the sound of them and of the span; a file for
    each track and run."""
    wanted = ladder.video.segments[reach.first : reach.last + 1]
    start_us, end_us = min(wanted[0].start_us, span_us[0]), max(wanted[-1].end_us, span_us[1])
    chosen: list[tuple[int, StreamTrack, Sequence[StreamSegment]]] = [(0, ladder.video, wanted)]
    for number, track in enumerate(ladder.audio, 1):
        # Where lengths are but nominal, sound lies about where it is said to.
        slack_us = 0 if ladder.timed else max(s.duration_us for s in track.segments)
        chosen.append((number, track, track.covering(start_us - slack_us, end_us + slack_us)))
    if any(s.gap for _, _, segments in chosen for s in segments):
        raise MediaError("stream_gap")
    limit = asyncio.Semaphore(AT_ONCE)
    pieces = [
        _joined(reader, track, number, run, [s for s in segments if s.run == run], folder, limit)
        for number, track, segments in chosen
        for run in dict.fromkeys(s.run for s in segments)
    ]
    return list(await asyncio.gather(*pieces))


async def _joined(
    reader: MediaReader,
    track: StreamTrack,
    number: int,
    run: int,
    segments: Sequence[StreamSegment],
    folder: Path,
    limit: asyncio.Semaphore,
) -> StretchPiece:
    """One file of an init segment and the segments that go with it."""
    inits = dict.fromkeys(s.init for s in segments)
    if len(inits) > 1:
        raise MediaError("damaged", "The stream changes its init segment without a discontinuity where the clip lies.")
    init = next(iter(inits))

    async def kept(part: StreamSegment) -> Path:
        async with limit:
            return await reader.kept(part)

    head = [] if init is None else [await reader.kept(track.inits[init])]
    files = [*head, *await asyncio.gather(*(kept(s) for s in segments))]
    file = folder / f"{number}.{run}"
    await asyncio.to_thread(_concatenate, files, file)
    return StretchPiece(file=str(file), track=number, shift=track.shifts[run], expected_us=segments[0].start_us)


def _concatenate(files: Sequence[Path], destination: Path) -> None:
    with destination.open("wb") as joined:
        for file in files:
            joined.write(file.read_bytes())
