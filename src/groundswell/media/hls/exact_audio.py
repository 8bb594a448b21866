"""The sound of an exact HLS clip: whole fragments of the title's own, and at its ends packets copied out of others."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from groundswell.media.isobmff.init_segment import InitSegment
from groundswell.media.isobmff.movie_fragment import Part, Sample
from groundswell.media.times import to_us

from .byte_ranges import ByteRange, ExactTrack, fragment_of, made_piece, read_sample
from .fragments import coded_fragments
from .package import PackagedTrack


def exact_audio(
    track: PackagedTrack,
    folder: Path,
    ranges: list[tuple[int, int]],
    span: tuple[Fraction, Fraction],
    made: Path,
) -> ExactTrack:
    """The packets from the one heard when ``span`` (seconds of the media timeline) begins to the last whose middle lies
    in it: sound that began later than the picture would be a hole in a player's buffer.

    Raises ``ValueError`` for a file that is not what the package says."""
    name, pieces = Path(track.file).stem, list[ByteRange]()
    with (folder / track.file).open("rb") as file:
        init = InitSegment.parse(file.read(track.init_size))
        tick = Fraction(1, init.timescale)
        start, end = span[0] / tick, span[1] / tick
        for fragment in coded_fragments(file, init, ranges):
            samples = [s for s in fragment.samples if s.end > start and s.pts + Fraction(s.duration, 2) < end]
            if not samples:
                continue
            length = _length_us(samples, tick)
            if len(samples) == len(fragment.samples):
                piece = ByteRange(
                    file=track.file, made=False, offset=fragment.offset, size=fragment.size, duration_us=length
                )
            else:
                parts = [Part(s.pts, s.dts, s.duration, True, read_sample(file, s)) for s in samples]
                end_name = "tail" if pieces else "head"
                data = fragment_of(init, len(pieces) + 1, parts)
                piece = made_piece(made, f"{name}.{end_name}.m4s", data, length)
            pieces.append(piece)
    return ExactTrack(
        about=track, init=ByteRange(file=track.file, made=False, size=track.init_size), pieces=tuple(pieces)
    )


def _length_us(samples: list[Sample], tick: Fraction) -> int:
    return to_us((samples[-1].end - samples[0].pts) * tick)
