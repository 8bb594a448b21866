"""What a process does that does one piece of media work and can be killed; `fork_server` makes them.

Reads one JSON line ``{"call", "arguments", "memory_bytes", "cpu_s", "temporary", "working"}`` from stdin (the last two
are folders: for its temporary files, and that from which paths begin); writes JSON lines to stdout:
``{"progress": 0.4}`` any number of times, then ``{"result": …}`` or ``{"refused": {"code", "detail"}}``.
Ends by itself when stdin closes, so that it never outlives whoever started it.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from typing import Any, TextIO

from groundswell.media.errors import MediaError, from_read_error

from .confinement import confine

PROGRESS_EVERY_S = 0.1
STALLED_AFTER_S = 30.0
LOOKS = 10
STALLED = 75
"""Exit status of a child that waited for nothing: a damaged stream can make a decoder's threads wait for each other."""


def main() -> None:
    out = _own_stdout()
    request = json.loads(sys.stdin.readline())
    os.chdir(request["working"])
    os.environ["TMPDIR"] = tempfile.tempdir = request["temporary"]
    left_out = _confine(request["call"], request["arguments"])
    if request["call"] == "confinement":
        request["arguments"]["left_out"] = left_out
    threading.Thread(target=_end_with_parent, daemon=True).start()
    threading.Thread(target=end_when_stalled, args=(STALLED_AFTER_S,), daemon=True).start()
    _limit(request["memory_bytes"], request["cpu_s"])
    try:
        answer = {"result": _call(request["call"], request["arguments"], _reporter(out))}
    except (MediaError, MemoryError, OSError, ValueError) as error:
        refusal = _starved(from_read_error(error), request["memory_bytes"])
        answer = {"refused": {"code": refusal.code, "detail": refusal.detail}}
    out.write(json.dumps(answer) + "\n")
    out.flush()
    os._exit(0)


def _confine(call: str, arguments: dict[str, Any]) -> list[str]:
    """Cut this process off (`confine`), as far as that goes; `groundswell doctor` says where it does not."""
    from .calls import folders_written

    try:
        return confine([tempfile.gettempdir(), *folders_written(call, arguments)])
    except OSError:  # a folder that is not there: the work itself will say so
        return ["files"]


def _own_stdout() -> TextIO:
    """Keep stdout for answers: whatever native code prints goes to stderr."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return out


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(1)


def end_when_stalled(after_s: float) -> None:
    """Never return, but end the process once its other threads have used no processor time for so many seconds."""
    used, idle = _used_by_others(), 0
    while idle < LOOKS:  # counted, not timed: a machine that gives nobody the processor does not give it to the watch
        time.sleep(after_s / LOOKS)
        idle += 1
        if _used_by_others() - used > 0.001 * after_s:
            used, idle = _used_by_others(), 0
    os._exit(STALLED)


def _used_by_others() -> float:
    """Processor seconds of every thread but this one: what the watch costs is not work, however slow the machine."""
    return time.process_time() - time.thread_time()


def _limit(memory_bytes: int, cpu_s: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 5))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def _starved(refusal: MediaError, memory_bytes: int) -> MediaError:
    """Libraries that are refused memory fail in their own words; what they had taken by then tells."""
    if refusal.code not in ("damaged", "check_failed", "cannot_write", "truncated", "not_a_video"):
        return refusal
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            peak = next((int(row.split()[1]) << 10 for row in status if row.startswith("VmPeak:")), 0)
    except OSError:
        return refusal
    return MediaError("out_of_memory") if peak > memory_bytes * 0.8 else refusal


def _reporter(out: TextIO) -> Callable[[float], None]:
    last = 0.0

    def report(done: float) -> None:
        nonlocal last
        if time.monotonic() - last >= PROGRESS_EVERY_S:
            last = time.monotonic()
            out.write(json.dumps({"progress": round(done, 4)}) + "\n")
            out.flush()

    return report


def _call(name: str, arguments: dict[str, Any], report: Callable[[float], None]) -> object:
    from .calls import WORK

    return WORK[name](arguments, report)
