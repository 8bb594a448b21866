"""HDR to SDR as a lookup table that FFmpeg's ``lut3d`` applies.

PQ (SMPTE ST 2084) or HLG (ITU-R BT.2100) in BT.2020 colours becomes BT.709: light is rolled off by the EETF of
ITU-R BT.2390-10 (5.4.1) from a 1000 cd/m² master to a 203 cd/m² screen (BT.2408 reference white), applied to the
largest of R, G and B so that hues stay; colours are converted by the matrix of BT.2087 and clipped.
"""

from __future__ import annotations

import atexit
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import numpy as np

from groundswell.media.scratch import scratch

POINTS = 33
MASTER_NITS = 1000.0
SCREEN_NITS = 203.0
PQ, HLG = 16, 18
M1, M2 = 2610 / 16384, 2523 / 4096 * 128
C1, C2, C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
TO_709 = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], dtype=np.float64
)
Light = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def pq_to_nits(signal: Light) -> Light:
    """ST 2084 EOTF: 0 to 1 in, 0 to 10,000 cd/m² out."""
    power = np.power(np.clip(signal, 0, 1), 1 / M2)
    nits: Light = 10_000 * np.power(np.maximum(power - C1, 0) / (C2 - C3 * power), 1 / M1)
    return nits


def nits_to_pq(nits: Light) -> Light:
    """Inverse of `pq_to_nits`."""
    power = np.power(np.clip(nits, 0, 10_000) / 10_000, M1)
    return np.power((C1 + C2 * power) / (1 + C3 * power), M2)


def hlg_to_nits(signal: Light) -> Light:
    """BT.2100 HLG: inverse OETF, then the OOTF of a 1000 cd/m² display. ``signal`` has R, G, B last."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luma = scene @ np.array([0.2627, 0.6780, 0.0593])
    lit: Light = MASTER_NITS * scene * np.power(np.maximum(luma, 1e-9), 0.2)[..., None]
    return lit


def rolled_off(nits: Light) -> Light:
    """BT.2390 EETF from the master to the screen: straight below the knee, a Hermite spline above."""
    source_peak, target_peak = nits_to_pq(np.array([MASTER_NITS, SCREEN_NITS]))
    e = np.minimum(nits_to_pq(nits) / source_peak, 1)
    most = target_peak / source_peak
    knee = 1.5 * most - 0.5
    t = np.clip((e - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (-2 * t**3 + 3 * t**2) * most
    return pq_to_nits(np.where(e < knee, e, spline) * source_peak)


def to_sdr(signal: Light, transfer: int) -> Light:
    """BT.709 signal (gamma 2.4) for a BT.2020 HDR signal; R, G, B last, 0 to 1."""
    nits = pq_to_nits(signal) if transfer == PQ else hlg_to_nits(signal)
    largest = nits.max(axis=-1, keepdims=True)
    scaled = nits * (rolled_off(largest) / np.maximum(largest, 1e-6)) / SCREEN_NITS
    converted: Light = scaled @ TO_709.T
    return np.power(np.clip(converted, 0, 1), 1 / 2.4)


@lru_cache(maxsize=2)
def cube_file(transfer: int) -> str:
    """The path of a ``.cube`` table for PQ or HLG, made once a process and removed at its end."""
    steps = np.linspace(0, 1, POINTS)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    table = to_sdr(np.stack([red, green, blue], axis=-1), transfer).reshape(-1, 3)
    path = _folder() / f"{transfer}.cube"
    with path.open("w", encoding="ascii") as file:
        file.write(f"LUT_3D_SIZE {POINTS}\n")
        file.writelines(f"{r:.6f} {g:.6f} {b:.6f}\n" for r, g, b in table)
    return str(path)


@lru_cache(maxsize=1)
def _folder() -> Path:
    kept = ExitStack()
    atexit.register(kept.close)
    return kept.enter_context(scratch())
