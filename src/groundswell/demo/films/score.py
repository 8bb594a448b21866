"""The music and sound of the three films, laid to their shots."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from groundswell.demo.films import synth
from groundswell.demo.films.film import Film
from groundswell.demo.films.loudness import Sound
from groundswell.demo.films.synth import Mix, pitch

Chord = Sequence[str]


def compose(film: Film, seconds: float | None = None) -> Sound:
    """A film's soundtrack, or its first ``seconds``: (samples, 2) at 48 kHz, about -18 LUFS."""
    mix = Mix(film.duration_us / 1e6 if seconds is None else seconds, film.seed)
    _SCORES[film.slug](film, mix)
    return mix.master(reverb_s=2.2 if film.slug == "night-frequency-s1e1" else 3.2)


def _pads(
    mix: Mix, chords: Sequence[Chord], start: float, stop: float, each: float, gain: float, bright: float
) -> None:
    """One chord after another from ``start`` to ``stop``, overlapping, spread over the stereo field."""
    stop = min(stop, mix.seconds)
    at, k = start, 0
    while at < stop - 0.5:
        length = min(each, stop - at)
        for n, name in enumerate(chords[k % len(chords)]):
            pan = (n / max(1, len(chords[k % len(chords)]) - 1) - 0.5) * 1.2
            mix.add(synth.pad(pitch(name), length + 1.6, bright), at, gain, pan, 0.5)
        at, k = at + length, k + 1


def _waltz(
    mix: Mix, chords: Sequence[Chord], tune: Sequence[str], start: float, stop: float, beat: float, gain: float
) -> None:
    """Three in a bar: bass, two soft chords, and a tune above (one name a beat, ``-`` holds)."""
    stop = min(stop, mix.seconds)
    at, bar = start, 0
    while at + beat * 3 <= stop + 0.01:
        chord = chords[bar % len(chords)]
        mix.add(synth.piano(pitch(chord[0]) / 2, 3.0), at, gain * 0.9, -0.25, 0.3)
        for k in (1, 2):
            for name in chord[1:]:
                mix.add(synth.piano(pitch(name), 1.6), at + beat * k + 0.012 * k, gain * 0.33, -0.1, 0.35)
        for k in range(3):
            name = tune[(bar * 3 + k) % len(tune)]
            if name != "-":
                mix.add(synth.piano(pitch(name), 3.4, 0.8), at + beat * k, gain, 0.25, 0.45)
        at, bar = at + beat * 3, bar + 1


_MINOR = (("D3", "F3", "A3", "D4"), ("Bb2", "F3", "Bb3", "D4"), ("F3", "A3", "C4", "F4"), ("C3", "E3", "G3", "C4"))
_DARK = (("D3", "F3", "A3"), ("D3", "F3", "Bb3"), ("D3", "G3", "Bb3"), ("C#3", "E3", "A3"))
_MAJOR = (("F3", "A3", "C4", "F4"), ("C3", "G3", "C4", "E4"), ("Bb2", "F3", "Bb3", "D4"), ("C3", "G3", "Bb3", "E4"))
_TUNE = "A4 - D5 F5 - E5 D5 - - C5 - A4 A4 - C5 F5 - A5 G5 - - E5 - -".split()
_HOME = "C5 - F5 A5 - G5 E5 - C5 D5 - - Bb4 D5 F5 E5 - - C5 - - - - -".split()


def _light_for_nobody(film: Film, mix: Mix) -> None:
    """Felt piano waltz and strings; the sea under everything; silence when the lamp fails."""
    span, end = film.shot_span, film.duration_us / 1e6
    storm, blackout, flame = span("storm")[0], span("panel")[0] + 3.6, span("flame")
    rescue, morning = span("rescue")[0], span("morning")[0]
    _pads(mix, _MINOR, 0, span("kitchen")[0], 5.4, 0.11, 1.7)
    _waltz(mix, _MINOR, _TUNE, 1.8, span("lamp_room")[0], 0.6, 0.34)
    _waltz(mix, _MINOR, _TUNE, *span("kitchen"), 0.6, 0.26)
    _pads(mix, _MINOR, *span("kitchen"), 6.0, 0.07, 2.0)
    _pads(mix, _DARK, storm, blackout, 4.2, 0.14, 1.4)
    for k, at in enumerate(np.arange(storm, blackout, 0.6)):
        mix.add(synth.kick(40, 0.7), float(at), 0.5 if k % 3 == 0 else 0.22, 0.3 * (-1) ** k, 0.4)
    _pads(mix, _DARK[::-1], *span("dark_sea"), 4.0, 0.11, 1.5)
    for k, at in enumerate(np.arange(span("stairs")[0], flame[0] - 0.2, 0.3)):
        note = ("D3", "A3", "D4", "F4", "E4", "A3", "D4", "G4")[k % 8]
        mix.add(synth.piano(pitch(note), 1.0), float(at), 0.2 + 0.012 * k, (k % 5 - 2) * 0.2, 0.4)
        mix.add(synth.kick(44, 0.5), float(at), 0.3 if k % 2 == 0 else 0.0, 0, 0.3)
    mix.add(
        synth.coloured(21, 1.0, 2500, 9000) * np.exp(-np.linspace(0, 9, 48_000)).astype(np.float32),
        flame[0] + 0.5,
        1.2,
        0.2,
    )
    _pads(mix, (("D4", "A4"), ("C4", "A4")), flame[0] + 1.2, flame[1], 3.0, 0.07, 1.9)
    _pads(mix, _MAJOR, rescue, end, 3.6, 0.16, 1.35)
    for k, at in enumerate(np.arange(rescue, morning, 0.45)):
        mix.add(
            synth.pluck(pitch(("F4", "A4", "C5", "F5", "C5", "A4")[k % 6]), 1.2, 1.4, 3.5),
            float(at),
            0.17,
            0.4 * (-1) ** k,
            0.6,
        )
    for at in np.arange(rescue, morning, 1.8):
        mix.add(synth.kick(42, 0.8), float(at), 0.55, 0, 0.5)
    _waltz(mix, _MAJOR, _HOME, morning + 0.2, end - 2, 0.56, 0.36)
    _sea_and_sky(film, mix)


def _sea_and_sky(film: Film, mix: Mix) -> None:
    span, end = film.shot_span, film.duration_us / 1e6
    for at, stop, gain in ((0, span("lamp_room")[0], 0.5), (span("morning")[0], end, 0.35)):
        mix.bed(synth.waves(stop - at + 0.6, 3), at, gain)
    for k, at in enumerate((2.0, 6.6, 10.4, 12.9, 16.2, span("morning")[0] + 1.2, span("morning")[0] + 5.1)):
        for n in range(3):  # gulls
            t = np.arange(int(0.32 * 48_000)) / 48_000
            cry = np.sin(2 * np.pi * (1500 * t - 900 * t * t + 14 * np.sin(24 * t))) * np.sin(np.pi * t / 0.32) ** 2
            mix.add(cry.astype(np.float32), at + n * 0.42, 0.05 - 0.01 * n, (-0.7, 0.6, 0.1)[k % 3], 0.9)
    mix.bed(synth.rumble(12.4, 8), span("lamp_room")[0], 0.28)
    mix.bed(synth.rain(20.4, 5), span("face")[0], 0.20)
    mix.bed(synth.rain(span("stairs")[0] - span("storm")[0], 6), span("storm")[0], 0.42, 0.15)
    mix.bed(synth.wind(span("morning")[0] - span("storm")[0], 2), span("storm")[0], 0.8, 0.3)
    mix.bed(synth.waves(span("stairs")[0] - span("panel")[1], 9, 4.0), span("dark_sea")[0], 0.9, 0.1)
    mix.bed(synth.waves(9.0, 12, 4.6), span("rescue")[0], 0.7, 0.1)
    for at, seed in ((2.1, 31), (7.2, 32)):
        mix.add(synth.thunder(seed), span("storm")[0] + at + 0.25, 0.85, -0.5 if seed == 31 else 0.2, 0.4)
    hum = synth.beep(50, 3.4) + 0.5 * synth.beep(100, 3.4)
    mix.add(hum, span("panel")[0], 0.16, 0, 0.1)
    mix.add(synth.kick(30, 1.2), span("panel")[0] + 3.5, 1.2, 0, 0.8)
    for k in range(6):
        mix.add(synth.beep(880, 0.2), span("panel")[0] + 4.35 + k * 0.714, 0.07, 0.4, 0.3)
    for k in range(10):
        mix.add(synth.static(0.5, 40 + k), span("dark_sea")[0] + k, 0.07, -0.3, 0)
    mix.add(synth.horn((pitch("D2"), pitch("A2")), 2.6), span("rescue")[0] + 4.2, 0.45, 0.5, 0.8)
    mix.add(synth.horn((pitch("F2"), pitch("C3")), 1.6), span("morning")[0] + 0.6, 0.16, -0.6, 0.9)


_NIGHT = (("A2", "E3", "A3", "C4"), ("F2", "C3", "A3", "C4"), ("C3", "G3", "B3", "E4"), ("G2", "D3", "B3", "D4"))


def _arpeggio(
    mix: Mix, chords: Sequence[Chord], start: float, stop: float, step: float, bar: float, gain: float, decay: float
) -> None:
    """Sixteenths up and down each chord and its octave, moving from side to side."""
    stop = min(stop, mix.seconds)
    for k, at in enumerate(np.arange(start, stop - step, step)):
        chord = chords[int((at - start) / bar) % len(chords)]
        ladder = [pitch(n) for n in chord] + [pitch(n) * 2 for n in chord[1:]]
        order = (0, 2, 4, 3, 5, 4, 6, 2)
        accent = 1.0 if k % 4 == 0 else 0.62
        mix.add(
            synth.pluck(ladder[order[k % 8] % len(ladder)] * 2, 0.5, 1.0, decay),
            float(at),
            gain * accent,
            0.55 * np.sin(k * 0.41),
            0.45,
        )


def _drive(mix: Mix, chords: Sequence[Chord], start: float, stop: float, beat: float, bar: float, gain: float) -> None:
    """Kick, off-beat bass and hats."""
    stop = min(stop, mix.seconds)
    for k, at in enumerate(np.arange(start, stop - beat / 2, beat / 2)):
        root = pitch(chords[int((at - start) / bar) % len(chords)][0])
        mix.add(synth.bass(root if k % 4 != 3 else root * 2, beat * 0.48), float(at), gain * 0.5, 0, 0.05)
        if k % 2 == 0:
            mix.add(synth.kick(), float(at), gain, 0, 0.05)
        mix.add(synth.hat(0.08 if k % 2 else 0.05), float(at), gain * (0.35 if k % 2 else 0.14), 0.3, 0.1)


def _wrong_number(film: Film, mix: Mix) -> None:
    """Synthesizers at 96 a minute: an arpeggio that keeps him company, pads for her."""
    span, end, beat = film.shot_span, film.duration_us / 1e6, 0.625
    bar = beat * 4
    shake, tunnel = span("corridor"), span("mountain")
    _pads(mix, _NIGHT, 0, shake[0], bar * 2, 0.10, 1.5)
    _arpeggio(mix, _NIGHT, span("viaduct")[0], span("halcyon")[0], beat / 4, bar, 0.17, 7)
    _arpeggio(mix, _NIGHT, span("cab")[0], span("window")[0], beat / 4, bar, 0.2, 7)
    _drive(mix, _NIGHT, span("cab")[0], span("window")[0], beat, bar, 0.42)
    for k, at in enumerate(np.arange(span("window")[0], span("city")[0], beat * 1.5)):
        mix.add(
            synth.bell(pitch(("E5", "A5", "C6", "B5", "G5", "E5")[k % 6]), 3.5), float(at), 0.10, 0.6 * (-1) ** k, 0.8
        )
    _arpeggio(mix, _NIGHT, span("city")[0], span("radio")[0], beat / 4, bar, 0.22, 5)
    _drive(mix, _NIGHT, span("city")[0], span("radio")[0], beat, bar, 0.46)
    for k, at in enumerate(np.arange(span("aurora")[0], span("forest")[0], beat * 2)):
        mix.add(synth.bell(pitch(("A5", "E6", "C6", "G5", "D6")[k % 5]), 4), float(at), 0.09, 0.7 * (-1) ** k, 0.9)
    _arpeggio(mix, _NIGHT, span("forest")[0], shake[0], beat / 4, bar, 0.2, 6)
    _drive(mix, _NIGHT, span("forest")[0], shake[0], beat, bar, 0.4)
    mix.bed(synth.rumble(shake[1] - shake[0] - 1.4, 14), shake[0] + 1.5, 1.35, 0.8)
    for k, at in enumerate(np.arange(shake[0] + 0.4, shake[1], 1.0)):
        mix.add(synth.beep(620 if k % 2 else 830, 0.42), float(at), 0.1, 0.2, 0.4)
    _pads(mix, (("A2", "D#3", "A3"), ("G#2", "D3", "A3")), shake[0], shake[1], 4.4, 0.13, 1.2)
    _pads(
        mix,
        (("F2", "C3", "A3", "E4"), ("G2", "D3", "B3", "D4"), ("A2", "E3", "B3", "C4")),
        tunnel[0],
        end,
        bar * 1.5,
        0.13,
        1.5,
    )
    _arpeggio(mix, _NIGHT, tunnel[1], end - 1.5, beat / 4, bar, 0.13, 8)
    _night_sounds(film, mix)


def _night_sounds(film: Film, mix: Mix) -> None:
    span = film.shot_span
    for name, gain in (("viaduct", 0.28), ("cab", 0.4), ("city", 0.42), ("forest", 0.6), ("mountain", 0.34)):
        at, stop = span(name)
        mix.bed(
            synth.clacks(stop - at, 0.82 if name != "mountain" else 0.9),
            at,
            gain,
            0.25,
            0.2 if name == "forest" else -0.2,
            0.2,
        )
        mix.bed(synth.rumble(stop - at, 15), at, gain * 1.4, 0.25)
    for name in ("orbit", "halcyon", "window", "aurora"):
        at, stop = span(name)
        hum = synth.coloured(17, stop - at, 60, 420, 0.7)
        mix.bed(hum, at, 0.3, 0.5)
    mix.bed(synth.rain(span("city")[1] - span("city")[0], 22), span("city")[0], 0.14, 0.2)
    for name in ("viaduct", "cab", "mountain"):
        mix.bed(synth.wind(span(name)[1] - span(name)[0], 5), span(name)[0], 0.35, 0.2)
    mix.bed(synth.static(span("radio")[1] - span("radio")[0], 6), span("radio")[0], 0.16, 0.1)
    for name in ("orbit", "viaduct", "halcyon", "window", "radio", "aurora"):
        mix.add(synth.static(0.35, 50), span(name)[0] + 0.15, 0.12, 0.3, 0.1)
        mix.add(synth.beep(1180, 0.09), span(name)[0] + 0.5, 0.09, 0.3, 0.3)
    mix.add(synth.horn((pitch("A3"), pitch("C#4"), pitch("E4")), 1.3), span("mountain")[0] + 0.7, 0.2, -0.5, 0.9)
    mix.bed(synth.static(2.4, 61), span("mountain")[1] - 4.2, 0.2, 0.3)
    for k in range(9):
        mix.add(synth.beep(440 * (1 + k % 3), 0.06), span("credits")[0] + 0.9 + k * 1.1, 0.05, 0.5 * (-1) ** k, 0.4)


_STONE = (("E2", "B2", "E3", "G3"), ("C3", "G3", "E4"), ("A2", "E3", "A3", "C4"), ("B2", "F#3", "D#4"))
_DAWN = (("E3", "B3", "E4", "G#4"), ("A2", "E3", "C#4", "A4"), ("C#3", "G#3", "E4"), ("B2", "F#3", "D#4", "B4"))


def _mountain_heard(film: Film, mix: Mix) -> None:
    """Bells and a heartbeat at 72; the mountain's own low note; then E major and daylight."""
    span, end, beat = film.shot_span, film.duration_us / 1e6, 0.8333
    door, dawn = span("door")[0], span("dawn")[0]
    _pads(mix, _STONE, 0, span("tunnel")[0], beat * 6, 0.13, 1.6)
    for k, at in enumerate(np.arange(1.0, span("screen")[0], beat)):
        if (k * 5) % 8 not in (3, 6):
            note = ("E5", "G5", "B5", "E6", "D6", "B5", "G5", "F#5", "C6", "A5")[(k * 3) % 10]
            mix.add(synth.bell(pitch(note), 3.2), float(at), 0.085, 0.6 * np.sin(k * 1.3), 0.8)
    for at in np.arange(span("driver")[0], span("tunnel")[0], beat * 2):
        mix.add(synth.kick(42, 0.6), float(at), 0.5, 0, 0.3)
        mix.add(synth.kick(42, 0.5), float(at) + 0.26, 0.3, 0, 0.3)
    screen = span("screen")[0]
    for k in range(14):
        mix.add(
            synth.coloured(70 + k, 0.09, 200 + 300 * (k % 5), 6000), screen + 5.0 + k * 0.31, 0.25, (-1) ** k * 0.6, 0.2
        )
    for at in (6.7, 7.05, 7.4):
        mix.add(synth.kick(92, 0.28), screen + at, 0.9, -0.2, 0.5)
    for k, at in enumerate(np.arange(*span("tunnel"), beat / 4)):
        mix.add(synth.bass(pitch(("E2", "E2", "G2", "E2", "B1", "E2")[k % 6]), 0.2), float(at), 0.34, 0, 0.1)
        mix.add(synth.hat(0.06, 5000), float(at), 0.1, 0.4 * (-1) ** k, 0.3)
    mix.add(synth.horn((pitch("E3"), pitch("G#3"), pitch("B3")), 1.5), span("tunnel")[1] - 1.6, 0.5, 0, 0.7)
    mix.add(synth.horn((pitch("E3"), pitch("G#3"), pitch("B3")), 2.4), span("section")[0] + 0.15, 0.13, 0, 1.6)
    _pads(
        mix,
        (("E2", "B2", "F#3"), ("C3", "G3", "D4"), ("A2", "E3", "B3")),
        span("section")[0],
        door,
        beat * 4,
        0.15,
        1.45,
    )
    for k, at in enumerate(np.arange(span("section")[0] + 2, door, beat * 1.5)):
        mix.add(
            synth.piano(pitch(("B4", "E5", "D5", "G4", "A4", "E4")[k % 6]), 3.5), float(at), 0.24, 0.3 * (-1) ** k, 0.7
        )
    _pads(mix, _DAWN, door + 0.4, end, beat * 4, 0.15, 1.3)
    for k, at in enumerate(np.arange(dawn, end - 3, beat / 2)):
        chord = _DAWN[int((at - dawn) / (beat * 4)) % 4]
        mix.add(
            synth.piano(pitch(chord[(0, 2, 1, 3, 2, 1, 3, 2)[k % 8] % len(chord)]) * 2, 2.4, 0.9),
            float(at),
            0.2,
            0.4 * np.sin(k),
            0.5,
        )
    for k, at in enumerate(np.arange(dawn + beat * 4, end - 3, beat)):
        mix.add(
            synth.bell(pitch(("B5", "E6", "G#5", "C#6", "F#6", "E6")[k % 6]), 3), float(at), 0.05, 0.7 * (-1) ** k, 0.9
        )
        mix.add(synth.kick(46, 0.45), float(at), 0.26 if k % 2 == 0 else 0.0, 0, 0.1)
    _under_the_mountain(film, mix)


def _under_the_mountain(film: Film, mix: Mix) -> None:
    span, end = film.shot_span, film.duration_us / 1e6
    mix.bed(synth.wind(19.2, 8), 0, 0.5)
    mix.bed(synth.coloured(81, 10.2, 90, 500, 0.8), span("greenhouse")[0], 0.4)
    for name, gain in (("driver", 0.4), ("tunnel", 0.8), ("seat", 0.3), ("credits", 0.2)):
        at, stop = span(name)
        mix.bed(
            synth.clacks(stop - at, 0.7 if name == "tunnel" else 0.82),
            at,
            gain,
            0.2,
            0,
            0.3 if name == "tunnel" else 0.1,
        )
        mix.bed(synth.rumble(stop - at, 83), at, gain * 1.15, 0.2)
    mix.bed(synth.rumble(7.0, 84), span("section")[0], 1.0, 0.6)
    mix.bed(synth.coloured(85, 9.4, 40, 260, 0.8), span("lantern")[0], 0.5, 0.4)
    for k in range(13):  # steps on ballast, then none: he has found the door
        step = synth.coloured(90 + k % 4, 0.12, 700, 5000) * np.exp(-np.linspace(0, 8, 5760)).astype(np.float32)
        if k * 0.53 < 6.2:
            mix.add(step, span("lantern")[0] + k * 0.53, 0.4, -0.4 + 0.05 * k, 0.7)
    for k in range(6):
        drip = synth.beep(1700 + 130 * (k % 3), 0.05)
        mix.add(drip, span("lantern")[0] + 0.8 + k * 1.37, 0.07, 0.5 * (-1) ** k, 1.4)
    mix.bed(synth.coloured(95, 2.6, 50, 900, 0.6), span("door")[0] + 0.2, 0.8, 0.5)
    mix.bed(synth.wind(9.6, 11), span("dawn")[0], 0.22)
    mix.bed(synth.waves(11.4, 14, 5.5), span("credits")[0], 0.4)
    mix.add(synth.static(0.5, 51), 9.3, 0.1, 0.3, 0.1)
    mix.add(synth.static(1.2, 52), end - 10.6, 0.12, -0.3, 0.1)
    mix.add(synth.horn((pitch("E3"), pitch("G#3"), pitch("B3")), 1.0), end - 4.4, 0.14, 0.5, 1.2)


_SCORES: dict[str, Callable[[Film, Mix], None]] = {
    "a-light-for-nobody": _light_for_nobody,
    "night-frequency-s1e1": _wrong_number,
    "night-frequency-s1e2": _mountain_heard,
}
