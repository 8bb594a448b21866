"""`exact_hls` in a process of its own, bounded in time and memory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from groundswell.media.hls.exact_hls import ExactHls, NotExact
from groundswell.media.hls.package import Package
from groundswell.media.limits import DEFAULT_LIMITS, Limits

from .bounded import handed_over, run_bounded, run_bounded_sync


async def exact_hls_bounded(
    package: Package,
    folder: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    audio_tracks: Sequence[int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ExactHls | NotExact:
    """`exact_hls` in a bounded child. Raises what it raises, and ``timed_out``, ``out_of_memory``, ``crashed``."""
    with handed_over(Path(destination), may_be_missing=True) as made:
        asked = _asked(package, folder, start_us, end_us, made, audio_tracks)
        return _read(await run_bounded("exact_hls", asked, limits))


def exact_hls_bounded_sync(
    package: Package,
    folder: str | Path,
    start_us: int,
    end_us: int,
    destination: str | Path,
    *,
    audio_tracks: Sequence[int] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> ExactHls | NotExact:
    """`exact_hls_bounded` for code that is not async."""
    with handed_over(Path(destination), may_be_missing=True) as made:
        asked = _asked(package, folder, start_us, end_us, made, audio_tracks)
        return _read(run_bounded_sync("exact_hls", asked, limits))


def _asked(
    package: Package, folder: str | Path, start_us: int, end_us: int, made: Path, audio_tracks: Sequence[int] | None
) -> dict[str, Any]:
    return {
        "package": package.model_dump(mode="json"),
        "folder": str(folder),
        "start_us": start_us,
        "end_us": end_us,
        "destination": str(made),
        "audio_tracks": None if audio_tracks is None else list(audio_tracks),
    }


def _read(answer: dict[str, Any]) -> ExactHls | NotExact:
    return NotExact(answer["not_exact"]) if "not_exact" in answer else ExactHls.model_validate(answer)
