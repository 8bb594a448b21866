"""AAC as transport streams carry it (ADTS, ISO 14496-3, 1.A.2): its header, and the same sound without it."""

from __future__ import annotations

from dataclasses import dataclass

SHORT, LONG = 7, 9


@dataclass(frozen=True)
class AdtsHeader:
    """``config`` is the AudioSpecificConfig that says the same; ``size`` how many bytes the header has."""

    config: bytes
    size: int

    @classmethod
    def parse(cls, data: bytes) -> AdtsHeader | None:
        """None for what does not begin with a header, or with one whose channels stand elsewhere."""
        if len(data) < SHORT or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
            return None
        profile, rate = data[2] >> 6, data[2] >> 2 & 15
        channels = (data[2] & 1) << 2 | data[3] >> 6
        if rate > 12 or not channels:
            return None
        config = (profile + 1) << 11 | rate << 7 | channels << 3
        return cls(config.to_bytes(2, "big"), SHORT if data[1] & 1 else LONG)
