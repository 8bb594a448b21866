"""What H.265 parameter sets say (ITU-T H.265, 7.3.2), as far as slice headers depend on it."""

from __future__ import annotations

from dataclasses import dataclass

from .bits import Reader, unescape


@dataclass(frozen=True)
class Sps:
    """What slice headers depend on. For sets made by our own encoder: one layer, no scaling lists, no PCM."""

    chroma: int
    depth: int
    depth_chroma: int
    poc_bits: int
    sao: bool
    rps_count: int
    rps_deltas: tuple[int, ...]
    long_term: bool
    temporal_mvp: bool

    @classmethod
    def parse(cls, nal: bytes) -> Sps:
        """Raises ``ValueError`` for tools our encoder never uses."""
        r = Reader(unescape(nal))
        r.skip(16)
        skip_to_sps_id(r)
        r.ue()
        chroma = r.ue()
        if chroma == 3:
            r.skip(1)
        r.ue(), r.ue()
        if r.u(1):
            r.ue(), r.ue(), r.ue(), r.ue()
        depth, depth_chroma = 8 + r.ue(), 8 + r.ue()
        poc_bits = 4 + r.ue()
        r.skip(1)
        r.ue(), r.ue(), r.ue()
        for _ in range(6):
            r.ue()
        if r.u(1):
            return cls(chroma, depth, depth_chroma, poc_bits, False, 0, (), False, False)
        r.skip(1)
        sao = bool(r.u(1))
        if r.u(1):
            raise ValueError("PCM blocks")
        count = r.ue()
        deltas: list[int] = []
        for n in range(count):
            deltas.append(reference_set(r, n))
        long_term = bool(r.u(1))
        if long_term:
            raise ValueError("long-term references")
        return cls(chroma, depth, depth_chroma, poc_bits, sao, count, tuple(deltas), long_term, bool(r.u(1)))


@dataclass(frozen=True)
class Pps:
    """What slice headers depend on in a picture parameter set of our own encoder."""

    output_flag: bool
    extra_bits: int
    cabac_init: bool
    chroma_offsets: bool
    weighted: bool
    override: bool
    deblocking_off: bool
    loop_across: bool
    lists: bool
    extension: bool

    @classmethod
    def parse(cls, nal: bytes) -> Pps:
        """Raises ``ValueError`` for tiles, wavefronts and scaling lists."""
        r = Reader(unescape(nal))
        r.skip(16)
        r.ue(), r.ue()
        r.skip(1)
        output_flag, extra_bits = bool(r.u(1)), r.u(3)
        r.skip(1)
        cabac_init = bool(r.u(1))
        r.ue(), r.ue(), r.se()
        r.skip(2)
        if r.u(1):
            r.ue()
        r.se(), r.se()
        chroma_offsets, weighted = bool(r.u(1)), bool(r.u(1))
        r.skip(2)
        if r.u(1) or r.u(1):
            raise ValueError("tiles or wavefronts")
        loop_across = bool(r.u(1))
        override = off = False
        if r.u(1):
            override, off = bool(r.u(1)), bool(r.u(1))
            if not off:
                r.se(), r.se()
        if r.u(1):
            raise ValueError("scaling lists")
        lists = bool(r.u(1))
        r.ue()
        return cls(
            output_flag,
            extra_bits,
            cabac_init,
            chroma_offsets,
            weighted,
            override,
            off,
            loop_across,
            lists,
            bool(r.u(1)),
        )


def lead_of(sps: bytes) -> bytes:
    """The first 22 bytes of an hvcC record for a sequence parameter set."""
    rbsp = unescape(sps)
    found = Sps.parse(sps)
    return (
        b"\1"
        + rbsp[3:15]
        + b"\xf0\x00\xfc"
        + bytes([0xFC | found.chroma, 0xF8 | found.depth - 8, 0xF8 | found.depth_chroma - 8, 0, 0, 0x0F])
    )


def skip_to_sps_id(reader: Reader) -> None:
    reader.skip(4)
    layers = reader.u(3)
    reader.skip(1 + 88 + 8)
    if layers:
        present = [(reader.u(1), reader.u(1)) for _ in range(layers)]
        if layers < 8:
            reader.skip(2 * (8 - layers))
        for profile, level in present:
            reader.skip(88 * profile + 8 * level)


def reference_set(r: Reader, index: int) -> int:
    """Read an st_ref_pic_set (7.3.7); how many pictures it refers to."""
    if index and r.u(1):
        raise ValueError("predicted reference sets")
    negative, positive = r.ue(), r.ue()
    for _ in range(negative + positive):
        r.ue()
        r.skip(1)
    return negative + positive
