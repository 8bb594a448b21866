"""Bits of a NAL unit: read and write Exp-Golomb codes (ITU-T H.264, 9.1; H.265, 9.2)."""

from __future__ import annotations


def unescape(nal: bytes) -> bytes:
    """Without the emulation prevention bytes (H.264, 7.4.1)."""
    out = bytearray()
    at = 0
    while (found := nal.find(b"\0\0\3", at)) >= 0:
        out += nal[at : found + 2]
        at = found + 3
    return bytes(out + nal[at:])


def escape(rbsp: bytes) -> bytes:
    """With an emulation prevention byte wherever a start code could be mistaken."""
    out = bytearray()
    zeros = 0
    for byte in rbsp:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


class Reader:
    """Reads bits from the first to the last. Raises ``ValueError`` past the end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._length = len(data) * 8
        self.position = 0

    def u(self, count: int) -> int:
        if self.position + count > self._length:
            raise ValueError("read past the end of a NAL unit")
        self.position += count
        return self._value >> (self._length - self.position) & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while self.u(1) == 0:
            zeros += 1
            if zeros > 32:
                raise ValueError("not an Exp-Golomb code")
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)

    def skip(self, count: int) -> None:
        self.u(count)


class BitWriter:
    """Appends bits."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def u(self, value: int, count: int) -> None:
        self._value = self._value << count | value
        self._length += count

    def ue(self, value: int) -> None:
        self.u(value + 1, 2 * (value + 1).bit_length() - 1)

    def copy(self, reader: Reader, count: int) -> None:
        self.u(reader.u(count), count)

    def bytes_after_stop_bit(self) -> bytes:
        """The bits, a one, and zeros up to a whole byte."""
        self.u(1, 1)
        spare = -self._length % 8
        return (self._value << spare).to_bytes((self._length + spare) // 8, "big")
