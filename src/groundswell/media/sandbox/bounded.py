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
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from groundswell.media.credentials.manifest import Manifest
from groundswell.media.errors import MediaError, writing
from groundswell.media.limits import DEFAULT_LIMITS, Limits
from groundswell.media.request import ClipRequest, CutResult
from groundswell.media.scratch import scratch
from groundswell.media.title import TitleIndex

from . import child_process
from .child import STALLED
from .child_process import ChildProcess, status_of

ProgressCallback = Callable[[float], object] | Callable[[float], Awaitable[object]]
LINE_LIMIT = 64 << 20


async def probe_bounded(path: str | Path, *, limits: Limits = DEFAULT_LIMITS) -> TitleIndex:
    """`probe` in a bounded child. Raises what `probe` raises, and ``timed_out``, ``out_of_memory``, ``crashed``."""
    return TitleIndex.from_document(await run_bounded("probe", {"path": str(path)}, limits))


async def cut_bounded(
    source: str | Path,
    request: ClipRequest,
    destination: str | Path,
    *,
    index: TitleIndex | None = None,
    on_progress: ProgressCallback | None = None,
) -> CutResult:
    """`cut` in a bounded child. ``on_progress`` (sync or async) hears numbers from 0 to 1. Cancelling the task
    kills the child. Raises what `cut` raises, and ``timed_out``, ``out_of_memory``, ``crashed``."""
    with handed_over(Path(destination)) as made:
        arguments = _cut_arguments(source, request, made, index)
        return _cut_result(await run_bounded("cut", arguments, request.limits, on_progress))


async def sign_bounded(
    path: str | Path, manifest: Manifest, signer: str | Path, *, limits: Limits = DEFAULT_LIMITS
) -> None:
    """`sign` in a bounded child, in place, with the PEM file ``signer``. Raises what `sign` and `Signer.read` raise."""
    arguments = {"path": str(path), "manifest": asdict(manifest), "signer": str(signer)}
    await run_bounded("sign", arguments, limits)


async def confinement_left_out(limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """What this machine does not let a child be cut off from: ``network``, ``files``."""
    answer: dict[str, list[str]] = await run_bounded("confinement", {}, limits)
    return answer["left_out"]


def probe_bounded_sync(path: str | Path, *, limits: Limits = DEFAULT_LIMITS) -> TitleIndex:
    """`probe_bounded` for code that is not async."""
    return TitleIndex.from_document(run_bounded_sync("probe", {"path": str(path)}, limits))


def cut_bounded_sync(
    source: str | Path,
    request: ClipRequest,
    destination: str | Path,
    *,
    index: TitleIndex | None = None,
    on_progress: Callable[[float], object] | None = None,
) -> CutResult:
    """`cut_bounded` for code that is not async."""
    with handed_over(Path(destination)) as made:
        arguments = _cut_arguments(source, request, made, index)
        return _cut_result(run_bounded_sync("cut", arguments, request.limits, on_progress))


def _cut_arguments(source: str | Path, request: ClipRequest, made: Path, index: TitleIndex | None) -> dict[str, Any]:
    return {
        "source": str(source),
        "request": request.to_json(),
        "destination": str(made),
        "index": None if index is None else index.to_json(),
    }


def _cut_result(document: dict[str, Any]) -> CutResult:
    return CutResult(**{**document, "missing_scripts": tuple(document["missing_scripts"])})


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


def _request(call: str, arguments: dict[str, Any], limits: Limits, temporary: Path) -> bytes:
    asked = {
        "call": call,
        "arguments": arguments,
        "memory_bytes": limits.memory_bytes,
        "cpu_s": limits.cpu_s,
        "temporary": str(temporary),  # a folder of its own, which goes with it however it ends
        "working": str(Path.cwd()),
    }
    return json.dumps(asked).encode() + b"\n"


async def run_bounded(
    call: str, arguments: dict[str, Any], limits: Limits = DEFAULT_LIMITS, on_progress: ProgressCallback | None = None
) -> Any:
    """Run one named piece of work (`groundswell.media.sandbox.calls`) in a child; its JSON answer.

    Raises `MediaError`: what the work refused with, or how the child died.
    """
    with scratch() as temporary, closing(_started()) as child:
        child.words.setblocking(False)
        child.end.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=child.words, limit=LINE_LIMIT)
        try:
            async with asyncio.timeout(limits.wall_s):
                with contextlib.suppress(ConnectionError):
                    writer.write(_request(call, arguments, limits, temporary))
                    await writer.drain()
                while line := await _line(reader):
                    message = json.loads(line)
                    if "progress" not in message:
                        return _answer(message)
                    if on_progress is not None and inspect.isawaitable(heard := on_progress(message["progress"])):
                        await heard
                raise _death(await _ended(child))
        except TimeoutError as error:
            raise MediaError("timed_out") from error
        finally:
            child.kill()
            writer.transport.abort()
            await _ended(child)


async def _line(reader: asyncio.StreamReader) -> bytes:
    """The child's next line; empty where it has ended, whatever it was in the middle of."""
    try:
        return await reader.readline()
    except ConnectionError:
        return b""


def run_bounded_sync(
    call: str,
    arguments: dict[str, Any],
    limits: Limits = DEFAULT_LIMITS,
    on_progress: Callable[[float], object] | None = None,
) -> Any:
    """`run_bounded` for code that is not async."""
    with scratch() as temporary, closing(_started()) as child:
        late = threading.Event()

        def stop() -> None:
            late.set()
            child.kill()

        clock = threading.Timer(limits.wall_s, stop)
        clock.start()
        try:
            return _converse(child, _request(call, arguments, limits, temporary), on_progress, late)
        finally:
            clock.cancel()
            child.kill()
            _ended_sync(child)


def _started() -> ChildProcess:
    try:
        return child_process.start()
    except OSError as error:
        raise MediaError("out_of_memory", f"No process could be started: {error.strerror}.") from error


async def _ended(child: ChildProcess) -> int:
    """Wait until a child has ended; how it did."""
    said, loop = b"", asyncio.get_running_loop()
    with contextlib.suppress(ConnectionError):
        while more := await loop.sock_recv(child.end, 64):
            said += more
    return status_of(said)


def _ended_sync(child: ChildProcess) -> int:
    """`_ended` for code that is not async."""
    said = b""
    with contextlib.suppress(ConnectionError):
        while more := child.end.recv(64):
            said += more
    return status_of(said)


def _converse(
    child: ChildProcess, request: bytes, on_progress: Callable[[float], object] | None, late: threading.Event
) -> Any:
    with contextlib.suppress(ConnectionError):
        child.words.sendall(request)
    for line in _lines(child.words):
        message = json.loads(line)
        if "progress" not in message:
            return _answer(message)
        if on_progress is not None:
            on_progress(message["progress"])
    status = _ended_sync(child)
    raise MediaError("timed_out") if late.is_set() else _death(status)


def _lines(words: socket.socket) -> Iterator[bytes]:
    """The child's lines until it has ended, whatever it was in the middle of."""
    with words.makefile("rb") as lines, contextlib.suppress(ConnectionError):
        yield from lines


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
