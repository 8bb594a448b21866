"""Instruments and weather for the ear: every sound in the films is made here, from sines and noise."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from groundswell.demo.films.loudness import RATE, Mono, Sound, convolved, fast_length, integrated_loudness

_NAMES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch(name: str) -> float:
    """``"A4"`` → 440.0 Hz; ``#`` and ``b`` raise and lower."""
    semitone = _NAMES[name[0]] + name.count("#") - name[1:].count("b") + 12 * (int(name[-1]) + 1)
    return float(440 * 2 ** ((semitone - 69) / 12))


def _time(seconds: float) -> Mono:
    return np.asarray(np.arange(int(seconds * RATE), dtype=np.float32) / RATE, np.float32)


def _swell(length: int, attack: float, release: float) -> Mono:
    """Rise over ``attack`` s, fall over ``release`` s, raised-cosine both."""
    shape = np.ones(length, np.float32)
    up, down = min(int(attack * RATE), length // 2), min(int(release * RATE), length // 2)
    shape[:up] = 0.5 - 0.5 * np.cos(np.linspace(0, np.pi, up))
    shape[length - down :] = 0.5 + 0.5 * np.cos(np.linspace(0, np.pi, down))
    return shape


@lru_cache(maxsize=32)
def _wave(partials: int, slope: float) -> Mono:
    """One cycle of 4096 samples: ``partials`` harmonics falling as 1/k^slope."""
    x = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
    cycle = sum(np.sin(k * x + k * k * 0.7) / k**slope for k in range(1, partials + 1))
    return np.asarray(cycle / np.abs(cycle).max(), np.float32)


def _play(cycle: Mono, frequency: float, seconds: float, wobble: float = 0.0) -> Mono:
    count = int(seconds * RATE)
    phase = np.arange(count, dtype=np.float64) / RATE * frequency
    if wobble:
        phase += wobble * _vibrato(count)
    phase *= 4096
    return np.asarray(cycle[phase.astype(np.int32) & 4095], np.float32)


_swings = np.zeros(0)


def _vibrato(count: int) -> NDArray[np.float64]:
    """What every voice that wobbles swings by: worked out once, as far as the longest goes."""
    global _swings
    if len(_swings) < count:
        _swings = np.sin(2 * np.pi * 4.7 * (np.arange(count, dtype=np.float64) / RATE))
    return _swings[:count]


def pad(frequency: float, seconds: float, bright: float = 1.6, attack: float = 1.5, release: float = 2.0) -> Mono:
    """A warm string-like pad: three detuned voices; lower ``bright`` is brighter."""
    partials = int(np.clip(7000 / frequency, 2, 24))
    voices = [_play(_wave(partials, bright), frequency * cents, seconds, 0.002) for cents in (0.9965, 1.0, 1.0041)]
    sound = np.asarray(sum(voices), np.float32) / 3
    return np.asarray(sound * _swell(len(sound), attack, release), np.float32)


@lru_cache(maxsize=256)
def piano(frequency: float, seconds: float = 3.0, soft: float = 1.0) -> Mono:
    """A felt piano: slightly stretched partials, the high ones dying first, a hammer's thump."""
    t = _time(seconds)
    sound = np.zeros_like(t)
    for k in range(1, int(np.clip(6000 / frequency, 2, 10))):
        stretched = frequency * k * np.sqrt(1 + 0.0004 * k * k)
        sound += np.sin(2 * np.pi * stretched * t) * np.exp(-t * (0.9 + 0.75 * k) * soft) / k**1.35
    sound += 0.15 * np.sin(2 * np.pi * 90 * t) * np.exp(-t * 45)
    return np.asarray(
        (sound * np.minimum(1, t / 0.006) * _swell(len(t), 0.0, 0.4)).astype(np.float32) * 0.6, np.float32
    )


@lru_cache(maxsize=256)
def pluck(frequency: float, seconds: float = 0.7, bright: float = 1.0, decay: float = 6.0) -> Mono:
    """A synthesizer's pluck: a saw-like onset closing to its fundamental."""
    partials = int(np.clip(9000 / frequency, 2, 30))
    t = _time(seconds)
    open_, closed = _play(_wave(partials, bright), frequency, seconds), _play(_wave(2, 1.5), frequency, seconds)
    sound = open_ * np.exp(-t * decay * 2.5) + 0.8 * closed * np.exp(-t * decay)
    return np.asarray((sound * np.minimum(1, t / 0.003) * _swell(len(t), 0, 0.05)).astype(np.float32) * 0.6, np.float32)


@lru_cache(maxsize=128)
def bell(frequency: float, seconds: float = 4.0) -> Mono:
    """A small bell: inharmonic partials."""
    t = _time(seconds)
    partials = ((1, 1, 1.1), (2.76, 0.55, 2.0), (5.4, 0.28, 3.4), (8.93, 0.12, 6), (0.5, 0.2, 0.8))
    sound = sum(a * np.sin(2 * np.pi * frequency * r * t) * np.exp(-t * d) for r, a, d in partials)
    return np.asarray(sound * np.minimum(1, t / 0.002) * _swell(len(t), 0, 0.5), np.float32) * 0.45


def bass(frequency: float, seconds: float) -> Mono:
    t = _time(seconds)
    sound = np.sin(2 * np.pi * frequency * t) + 0.35 * np.sin(4 * np.pi * frequency * t) * np.exp(-t * 3)
    sound = np.tanh(sound * 1.2) * np.minimum(1, t / 0.01) * np.exp(-t * 0.9) * _swell(len(t), 0, 0.08)
    return np.asarray(sound, np.float32)


@lru_cache(maxsize=8)
def kick(low: float = 46, seconds: float = 0.5) -> Mono:
    t = _time(seconds)
    sweep = low * t + (150 - low) * (1 - np.exp(-t * 30)) / 30
    return np.asarray((np.sin(2 * np.pi * sweep) * np.exp(-t * 9) * np.minimum(1, t / 0.002)), np.float32)


@lru_cache(maxsize=16)
def coloured(seed: int, seconds: float, low: float, high: float, slope: float = 0.0) -> Mono:
    """Noise between ``low`` and ``high`` Hz, falling as 1/f^slope; RMS 0.2."""
    wanted = int(seconds * RATE)
    length = fast_length(wanted)
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(length, np.float32))
    f = np.maximum(np.fft.rfftfreq(length, 1 / RATE), 1.0).astype(np.float32)
    shape = 1 / (1 + (low / f) ** 4) / (1 + (f / high) ** 4) / f**slope
    sound = np.fft.irfft(spectrum * shape, length)[:wanted].astype(np.float32)
    return sound * np.float32(0.2 / np.sqrt(np.mean(sound**2)))


@lru_cache(maxsize=8)
def hat(seconds: float = 0.08, low: float = 7000) -> Mono:
    sound = coloured(11, seconds, low, 16000)
    return (sound * np.exp(-_time(seconds) * 60)).astype(np.float32)


def rain(seconds: float, seed: int = 1) -> Mono:
    """A steady hiss and the nearer drops."""
    drops = np.zeros(int(seconds * RATE), np.float32)
    random = np.random.default_rng(seed)
    tick = (np.sin(2 * np.pi * 2600 * _time(0.02)) * np.exp(-_time(0.02) * 260)).astype(np.float32)
    for at in random.integers(0, len(drops) - len(tick), int(seconds * 26)):
        drops[at : at + len(tick)] += tick * random.uniform(0.05, 0.35)
    return coloured(seed, seconds, 900, 9000, 0.4) * 0.7 + drops * 0.5


def wind(seconds: float, seed: int = 2) -> Mono:
    """Gusts: three bands of noise, each swelling at its own pace."""
    t = _time(seconds)
    total = np.zeros_like(t)
    for k, (low, high) in enumerate(((80, 300), (260, 700), (600, 1500))):
        gust = 0.5 + 0.5 * np.sin(2 * np.pi * t * (0.09 + 0.05 * k) + seed + k * 2.1) * np.sin(t * 0.31 + k)
        total += coloured(seed * 7 + k, seconds, low, high) * gust.astype(np.float32) / (1 + 0.6 * k)
    return total


def waves(seconds: float, seed: int = 3, period: float = 6.5) -> Mono:
    """Surf: breaking, drawing back."""
    t = _time(seconds)
    break_ = np.clip(np.sin(2 * np.pi * t / period + seed), 0, 1) ** 2.5
    wash = np.clip(np.sin(2 * np.pi * t / period + seed - 0.9), 0, 1) ** 1.5
    breaking = coloured(seed, seconds, 120, 1800, 0.5) * break_
    drawing_back = coloured(seed + 1, seconds, 1200, 7000, 0.3) * wash
    return np.asarray(breaking + 0.5 * drawing_back, np.float32)


def rumble(seconds: float, seed: int = 4) -> Mono:
    """The low body of a train, a storm or a mountain."""
    return coloured(seed, seconds, 28, 140, 0.6)


def clacks(seconds: float, interval: float = 0.82) -> Mono:
    """Wheels over rail joints: two pairs of thuds every ``interval`` s."""
    sound = np.zeros(int(seconds * RATE), np.float32)
    t = _time(0.16)
    thud = np.sin(2 * np.pi * 74 * t) * np.exp(-t * 34) + 0.5 * coloured(5, 0.16, 900, 4200) * np.exp(-t * 70)
    at = 0.0
    while at < seconds - 0.6:
        for offset, gain in ((0, 1.0), (0.13, 0.75), (0.38, 0.8), (0.51, 0.55)):
            start = int((at + offset) * RATE)
            part = thud[: len(sound) - start]
            sound[start : start + len(part)] += part.astype(np.float32) * gain
        at += interval
    return sound * 0.7


def thunder(seed: int, seconds: float = 4.5) -> Mono:
    t = _time(seconds)
    rolls = sum(np.exp(-((t - at) ** 2) / 0.06) for at in np.random.default_rng(seed).uniform(0.1, 2.6, 7))
    shape = (np.exp(-t * 1.1) + 0.35 * rolls * np.exp(-t * 0.7)) * np.minimum(1, t / 0.02)
    return np.asarray(
        np.tanh(coloured(seed, seconds, 32, 320, 0.5) * 5).astype(np.float32) * shape.astype(np.float32) * 0.6,
        np.float32,
    )


def horn(notes: tuple[float, ...], seconds: float) -> Mono:
    """A ship's or an engine's horn: brassy, breath first."""
    sound = np.asarray(sum(_play(_wave(14, 0.9), f, seconds, 0.001) for f in notes), np.float32) / len(notes)
    return (sound + 0.06 * coloured(9, seconds, 300, 2500)) * _swell(len(sound), 0.12, 0.35) * 0.7


def beep(frequency: float, seconds: float) -> Mono:
    t = _time(seconds)
    return np.asarray((np.sin(2 * np.pi * frequency * t) * _swell(len(t), 0.006, 0.02)), np.float32)


def static(seconds: float, seed: int = 6) -> Mono:
    """Radio noise that comes and goes, with a faint carrier."""
    t = _time(seconds)
    breath = (0.4 + 0.6 * np.sin(t * 1.9 + seed) ** 2).astype(np.float32)
    return np.asarray(coloured(seed, seconds, 500, 4200) * breath + 0.015 * np.sin(2 * np.pi * 1180 * t), np.float32)


class Mix:
    """A stereo tape of ``seconds``: sounds are laid on it dry, with a share sent to the reverb."""

    def __init__(self, seconds: float, seed: int) -> None:
        self.seconds, self._seed = seconds, seed
        self._dry = np.zeros((2, round(seconds * RATE)), np.float32)  # a side after the other
        self._send = np.zeros_like(self._dry)

    def add(self, sound: Mono, at: float, gain: float = 1.0, pan: float = 0.0, room: float = 0.25) -> None:
        """Lay ``sound`` from ``at`` s on; ``pan`` -1 left … 1 right; ``room`` is the reverb's share."""
        start = int(at * RATE)
        part = sound[: max(0, self._dry.shape[1] - start)]
        if start < 0 or not len(part):
            return
        angle = (pan + 1) * np.pi / 4
        sides = np.array([np.cos(angle), np.sin(angle)], np.float32) * np.float32(gain)
        here = np.s_[start : start + len(part)]
        for side, share in enumerate(sides):
            self._dry[side][here] += part * share
            if room:
                self._send[side][here] += part * (share * np.float32(room))

    def bed(self, sound: Mono, at: float, gain: float, fade: float = 0.8, pan: float = 0.0, room: float = 0.1) -> None:
        """Lay an ambience, faded in and out."""
        self.add(sound * _swell(len(sound), fade, fade), at, gain, pan, room)

    def master(self, loudness: float = -18.0, reverb_s: float = 2.6) -> Sound:
        """Reverb, loudness (LUFS), a soft ceiling at -1 dBFS, and faded ends."""
        mixed = self._dry + self._reverberated(reverb_s)
        mixed *= np.float32(10 ** ((loudness - integrated_loudness(mixed.T)) / 20))
        ceiling, knee = np.float32(0.89), np.float32(0.6)
        loud = np.abs(mixed) > knee
        size = np.abs(mixed[loud])
        mixed[loud] = np.sign(mixed[loud]) * (knee + (ceiling - knee) * np.tanh((size - knee) / (ceiling - knee)))
        mixed *= _swell(mixed.shape[1], 0.4, 2.5)
        return mixed.T

    def _reverberated(self, seconds: float) -> Sound:
        t = _time(seconds)
        random = np.random.default_rng(self._seed)
        out = np.empty_like(self._send)
        for side in (0, 1):
            tail = (
                random.standard_normal(len(t)).astype(np.float32) * np.exp(-t * 6.9 / seconds) * np.minimum(1, t / 0.02)
            )
            tail = tail.astype(np.float32)
            tail[1:] = 0.45 * tail[1:] + 0.55 * tail[:-1]  # darker than the source
            tail /= np.sqrt((tail**2).sum())
            out[side] = convolved(self._send[side], tail)
        return out
