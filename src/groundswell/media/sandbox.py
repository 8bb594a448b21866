"""Do media work in a process of its own that is bounded in time and memory and can be killed.

Native decoders meet files from anywhere. Here their worst is a reason code: a hang is ``timed_out``, a crash
``crashed``, a bomb ``out_of_memory``; and whatever happens to the child, nothing half-written is left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .card import EndCard
from .child import STALLED
from .credentials import Manifest
from .errors import MediaError, writing
from .limits import DEFAULT_LIMITS, Limits
from .order import Audio, CutResult
from .title import TitleIndex

Listener = Callable[[float], object] | Callable[[float], Awaitable[object]]
LINE_LIMIT = 64 << 20
COMMAND = (sys.executable, "-m", "groundswell.media.child")


async def probe_bounded(path: str | Path, *, limits: Limits = DEFAULT_LIMITS) -> TitleIndex:
    """`probe` in a bounded child. Raises what `probe` raises, and ``timed_out``, ``out_of_memory``, ``crashed``."""
    return TitleIndex.from_document(await run_bounded("probe", {"path": str(path)}, limits))


async def cut_bounded(
    source: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    profile: str = "source",
    audio: Audio = "copy",
    audio_track: int | None = None,
    subtitles: str | Path | int | None = None,
    focus: float | None = None,
    card: EndCard | None = None,
    measure_seam: bool = False,
    on_progress: Listener | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> CutResult:
    """`cut` in a bounded child. ``on_progress`` (sync or async) hears numbers from 0 to 1. Cancelling the task
    kills the child. Raises what `cut` raises, and ``timed_out``, ``out_of_memory``, ``crashed``."""
    arguments = {
        **_cut_arguments(source, start_us, end_us, profile, audio, audio_track, subtitles, limits),
        **_extras(focus, card, measure_seam),
    }
    with handed_over(Path(destination)) as made:
        result = await run_bounded("cut", {**arguments, "destination": str(made)}, limits, on_progress)
    return CutResult(**result)


async def sign_bounded(
    path: str | Path, manifest: Manifest, signer: str | Path, *, limits: Limits = DEFAULT_LIMITS
) -> None:
    """`sign` in a bounded child, in place, with the PEM file ``signer``. Raises what `sign` and `Signer.read` raise."""
    arguments = {"path": str(path), "manifest": asdict(manifest), "signer": str(signer)}
    await run_bounded("sign", arguments, limits)


def probe_bounded_sync(path: str | Path, *, limits: Limits = DEFAULT_LIMITS) -> TitleIndex:
    """`probe_bounded` for code that is not async."""
    return TitleIndex.from_document(run_bounded_sync("probe", {"path": str(path)}, limits))


def cut_bounded_sync(
    source: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    profile: str = "source",
    audio: Audio = "copy",
    audio_track: int | None = None,
    subtitles: str | Path | int | None = None,
    focus: float | None = None,
    card: EndCard | None = None,
    measure_seam: bool = False,
    on_progress: Callable[[float], object] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> CutResult:
    """`cut_bounded` for code that is not async."""
    arguments = {
        **_cut_arguments(source, start_us, end_us, profile, audio, audio_track, subtitles, limits),
        **_extras(focus, card, measure_seam),
    }
    with handed_over(Path(destination)) as made:
        result = run_bounded_sync("cut", {**arguments, "destination": str(made)}, limits, on_progress)
    return CutResult(**result)


def _extras(focus: float | None, card: EndCard | None, measure_seam: bool) -> dict[str, Any]:
    return {"focus": focus, "card": None if card is None else asdict(card), "measure_seam": measure_seam}


def _cut_arguments(
    source: str | Path,
    start_us: int,
    end_us: int,
    profile: str,
    audio: Audio,
    audio_track: int | None,
    subtitles: str | Path | int | None,
    limits: Limits,
) -> dict[str, Any]:
    return {
        "source": str(source),
        "start_us": start_us,
        "end_us": end_us,
        "profile": profile,
        "audio": audio,
        "audio_track": audio_track,
        "subtitles": str(subtitles) if isinstance(subtitles, Path) else subtitles,
        "limits": asdict(limits),
    }


@contextmanager
def handed_over(destination: Path, *, may_be_missing: bool = False) -> Iterator[Path]:
    """A path in a folder of its own beside ``destination``; what is there at the end takes its place."""
    folder = destination.with_name(f".{destination.name[:80]}.{secrets.token_hex(6)}.parts")
    try:
        folder.mkdir()
        yield folder / "made"
        if (folder / "made").exists() or not may_be_missing:
            os.replace(folder / "made", destination)
    except OSError as error:
        raise writing(error) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _request(call: str, arguments: dict[str, Any], limits: Limits) -> bytes:
    asked = {"call": call, "arguments": arguments, "memory_bytes": limits.memory_bytes, "cpu_s": limits.cpu_s}
    return json.dumps(asked).encode() + b"\n"


async def run_bounded(
    call: str, arguments: dict[str, Any], limits: Limits = DEFAULT_LIMITS, on_progress: Listener | None = None
) -> Any:
    """Run one named piece of work (`groundswell.media.work`) in a child; its JSON answer.

    Raises `MediaError`: what the work refused with, or how the child died.
    """
    child = await asyncio.create_subprocess_exec(
        *COMMAND,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        limit=LINE_LIMIT,
        start_new_session=True,  # a Ctrl-C at the terminal is for us: to the child it would look like a crash
    )
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        async with asyncio.timeout(limits.wall_s):
            with contextlib.suppress(ConnectionError):
                child.stdin.write(_request(call, arguments, limits))
                await child.stdin.drain()
            while line := await child.stdout.readline():
                message = json.loads(line)
                if "progress" not in message:
                    return _answer(message)
                if on_progress is not None and inspect.isawaitable(heard := on_progress(message["progress"])):
                    await heard
            raise _death(await child.wait())
    except TimeoutError as error:
        raise MediaError("timed_out") from error
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)  # child.kill() would first reap it behind asyncio's back
        await child.wait()


def run_bounded_sync(
    call: str,
    arguments: dict[str, Any],
    limits: Limits = DEFAULT_LIMITS,
    on_progress: Callable[[float], object] | None = None,
) -> Any:
    """`run_bounded` for code that is not async."""
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        clock = threading.Timer(limits.wall_s, stop)
        clock.start()
        try:
            return _converse(child, _request(call, arguments, limits), on_progress, late)
        finally:
            clock.cancel()
            child.kill()


def _converse(
    child: subprocess.Popen[bytes],
    request: bytes,
    on_progress: Callable[[float], object] | None,
    late: threading.Event,
) -> Any:
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(ConnectionError):
        child.stdin.write(request)
        child.stdin.flush()
    for line in child.stdout:
        message = json.loads(line)
        if "progress" not in message:
            return _answer(message)
        if on_progress is not None:
            on_progress(message["progress"])
    status = child.wait()
    raise MediaError("timed_out") if late.is_set() else _death(status)


def _answer(message: dict[str, Any]) -> Any:
    if "refused" in message:
        raise MediaError(message["refused"]["code"], message["refused"]["detail"])
    return message["result"]


def _death(status: int) -> MediaError:
    """What the way a child ended says: nothing but a limit sends SIGXCPU, nothing but the kernel SIGKILL."""
    if status in (-signal.SIGXCPU, STALLED):
        return MediaError("timed_out")
    if status == -signal.SIGXFSZ:
        return MediaError("disk_full")
    if status == -signal.SIGKILL:
        return MediaError("out_of_memory")
    return MediaError("crashed", f"The decoder crashed on this file (status {status}).")
