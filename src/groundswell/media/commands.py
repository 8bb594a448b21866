"""``groundswell cut`` and ``groundswell probe``. Register with ``app.command('cut')(cut_command)``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from .errors import MediaError
from .profiles import PROFILES
from .request import ClipRequest, CutResult
from .sandbox.bounded import cut_bounded_sync, probe_bounded_sync
from .times import clock, parse_time
from .title import TitleIndex

REFUSED = 2


def cut_command(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The title to cut from.")],
    start: Annotated[str, typer.Option("--start", help="Where the clip starts: 12.5, 1:02.5 or 0:01:02.500.")],
    end: Annotated[str, typer.Option("--end", help="Where it ends; the frame at this time is not in it.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The MP4 to write.")],
    profile: Annotated[str, typer.Option(help=f"One of {', '.join(PROFILES)}.")] = "source",
    audio: Annotated[str, typer.Option(help="copy, or exact to the sample.")] = "copy",
    audio_track: Annotated[int | None, typer.Option(help="Which audio track, from 0.")] = None,
    subtitles: Annotated[Path | None, typer.Option(help="A file of subtitles to draw into the picture.")] = None,
    subtitle_track: Annotated[
        int | None, typer.Option(help="Which of the title's own subtitles to draw, from 0.")
    ] = None,
    focus: Annotated[
        float | None, typer.Option(help="Where a tall crop lies, 0 to 1; found by itself if not given.")
    ] = None,
    seam_psnr: Annotated[
        bool, typer.Option("--seam-psnr", help="Measure the re-encoded edges against the title.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Cut a clip out of a title, exact to the frame."""
    try:
        if subtitles is not None and subtitle_track is not None:
            raise MediaError("bad_option", "Subtitles come from a file or from a track, not from both.")
        request = ClipRequest(
            start_us=parse_time(start),
            end_us=parse_time(end),
            profile=profile,
            audio=audio,  # type: ignore[arg-type]  # a request refuses anything but its two choices
            audio_track=audio_track,
            subtitles=subtitle_track if subtitles is None else subtitles,
            focus=focus,
            measure_seam=seam_psnr,
        )
        result = _cut_with_progress(source, request, output)
    except MediaError as error:
        _refuse(error, as_json)
    if as_json:
        typer.echo(json.dumps(asdict(result)))
    else:
        typer.echo(_summary(result, output))


def probe_command(
    source: Annotated[Path, typer.Argument(metavar="INPUT", help="The title to look into.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Say what a title is made of."""
    try:
        index = probe_bounded_sync(source)
    except MediaError as error:
        _refuse(error, as_json)
    typer.echo(index.to_json() if as_json else _description(index))


def _cut_with_progress(source: Path, request: ClipRequest, output: Path) -> CutResult:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    console = Console(stderr=True)
    with Progress(
        *columns, TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("Cutting", total=1.0)
        return cut_bounded_sync(source, request, output, on_progress=lambda done: bar.update(task, completed=done))


def _refuse(error: MediaError, as_json: bool) -> NoReturn:
    if as_json:
        typer.echo(json.dumps({"refused": error.code, "detail": error.detail}))
    typer.echo(str(error).replace("\n", " "), err=True)
    raise typer.Exit(REFUSED)


def _summary(result: CutResult, output: Path) -> str:
    return (
        f"{output}: {result.frames} frames, {clock(result.duration_us)}, {result.width}×{result.height}, "
        f"{result.frames_copied} copied and {result.frames_encoded} encoded, sound: {result.audio}"
        + (f" ({result.fallback_reason})" if result.fallback_reason else "")
    )


def _description(index: TitleIndex) -> str:
    video = index.video
    rate = "unsteady" if video.is_vfr else f"{float(video.frame_rate):.3f} fps" if video.frame_rate else "unknown rate"
    lines = [
        f"{clock(index.duration_us)}, {index.container}, {index.size_bytes} bytes",
        f"picture: {video.codec} {video.display_width}×{video.display_height}, {rate}, "
        f"{len(video.keyframes_us)} keyframes in the index" + (", HDR" if video.colour.is_hdr else ""),
    ]
    lines += [f"sound {a.index}: {a.codec} {a.language or ''} {a.channels} ch {a.sample_rate} Hz" for a in index.audio]
    lines += [f"subtitles {s.index}: {s.codec} {s.language or ''}" for s in index.subtitles]
    return "\n".join(lines)
