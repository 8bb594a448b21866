"""Programme loudness after ITU-R BS.1770-5, for stereo at 48 kHz: K-weighting, 400 ms blocks, two gates."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Mono = NDArray[np.float32]  # (samples,), full scale ±1
Sound = NDArray[np.float32]  # (samples, 2), full scale ±1
RATE = 48_000

# BS.1770-5, tables 1 and 2: the shelving and the high-pass filter at 48 kHz (b0, b1, b2), (1, a1, a2).
_SHELF = ((1.53512485958697, -2.69169618940638, 1.19839281085285), (1.0, -1.69065929318241, 0.73248077421585))
_HIGH_PASS = ((1.0, -2.0, 1.0), (1.0, -1.99004745483398, 0.99007225036621))


def fast_length(count: int) -> int:
    """The next length from ``count`` up that an FFT is quick at: 8 … 15 times a power of two."""
    step = 1 << max(0, count.bit_length() - 4)
    return -(-count // step) * step


def convolved(signal: Mono, kernel: Mono) -> Mono:
    """``signal`` through the impulse response ``kernel``, as long as ``signal``: overlap-add, block by block."""
    size = fast_length(4 * len(kernel))
    hop = size - len(kernel) + 1
    response = np.fft.rfft(kernel, size)
    out = np.zeros(len(signal) + size, np.float32)
    for start in range(0, len(signal), hop):
        block = np.fft.rfft(signal[start : start + hop], size) * response
        out[start : start + size] += np.fft.irfft(block, size)
    return out[: len(signal)]


@lru_cache(maxsize=1)
def _k_weighting() -> Mono:
    """Both filters' impulse response, 2^14 samples: after a third of a second nothing of it is left."""
    z = np.exp(-2j * np.pi * np.fft.rfftfreq(1 << 16))
    response = np.ones(len(z), np.complex128)
    for numerator, denominator in (_SHELF, _HIGH_PASS):
        response *= np.polyval(numerator[::-1], z) / np.polyval(denominator[::-1], z)
    return np.asarray(np.fft.irfft(response)[: 1 << 14], np.float32)


def integrated_loudness(sound: Sound) -> float:
    """Gated loudness in LUFS of (samples, 2) at 48 kHz; -inf for silence or less than 400 ms."""
    block, hop = RATE * 4 // 10, RATE // 10
    energy = sum(convolved(np.ascontiguousarray(side), _k_weighting()).astype(np.float64) ** 2 for side in sound.T)
    power = np.cumsum(np.pad(energy, (1, 0)))
    starts = np.arange(0, len(sound) - block + 1, hop)
    energy = (power[starts + block] - power[starts]) / block
    energy = energy[energy > 10 ** ((-70 + 0.691) / 10)]
    if not energy.size:
        return float("-inf")
    energy = energy[energy > energy.mean() * 0.1]
    return float(-0.691 + 10 * np.log10(energy.mean()))
