"""Bounds on one piece of work."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """``longest_us``: longest clip. ``wall_s``, ``cpu_s`` and ``memory_bytes`` hold in the bounded child alone."""

    longest_us: int = 30 * 60 * 1_000_000
    wall_s: float = 600.0
    cpu_s: int = 1200
    memory_bytes: int = 4 << 30
    threads: int = 0


DEFAULT_LIMITS = Limits()
