"""Titles that are not files on this machine, read piece by piece from whoever keeps them.

A path that ends in ``.distant`` is a note of JSON, ``{"socket", "size"}``: where a Unix socket listens, and how many
bytes the title has. For every read 16 bytes go out, offset and length (big-endian); back come a length of 8 bytes and
so many bytes of the title, or a negative length when they cannot be had.

A path that ends in ``.stretch`` is a note of JSON, ``{"media", "origin"}``: a file that holds a stretch of a title, and
where on its clock the title begins, in seconds. It is read as the title, of which there is no more than the stretch.
"""

from __future__ import annotations

import errno
import io
import json
import os
import socket
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

SUFFIX = ".distant"
STRETCH = ".stretch"
ASKED = struct.Struct(">QQ")
ANSWERED = struct.Struct(">q")
READ_AT_ONCE = 64 << 10
"""What FFmpeg is made to ask for: much more would be read past the clip's end."""


def is_distant(path: Path) -> bool:
    return path.suffix == SUFFIX


def opened(path: Path) -> BinaryIO:
    """A title's bytes, wherever they are."""
    return io.BufferedReader(Distant(path), 4096) if is_distant(path) else path.open("rb")


def size_of(path: Path) -> int:
    """How many bytes a title has, wherever they are."""
    return int(_note(path)["size"]) if is_distant(path) else path.stat().st_size


def located(path: Path) -> tuple[Path, Fraction | None]:
    """The file to read for ``path``, and where the title begins on its clock where that is known. Raises what reading
    the note does."""
    if path.suffix != STRETCH:
        return path, None
    note = _note(path)
    return Path(note["media"]), Fraction(note["origin"])


def _note(path: Path) -> dict[str, Any]:
    note: dict[str, Any] = json.loads(path.read_bytes())
    return note


class Distant(io.RawIOBase):
    """A file whose bytes are asked for when they are read. Raises ``OSError`` (EIO) when they cannot be had."""

    def __init__(self, path: Path) -> None:
        note = _note(path)
        self._size, self._at = int(note["size"]), 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(note["socket"])
        self._answers = self._socket.makefile("rb")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._size - self._at)
        if wanted <= 0:
            return 0
        self._socket.sendall(ASKED.pack(self._at, wanted))
        answer = self._answers.read(ANSWERED.size)
        (length,) = ANSWERED.unpack(answer) if len(answer) == ANSWERED.size else (-1,)
        data = self._answers.read(length) if length > 0 else b""
        if length < 0 or len(data) != length:
            raise OSError(errno.EIO, "The title's bytes cannot be had")
        view[:length] = data
        self._at += length
        return int(length)

    def close(self) -> None:
        if not self.closed:
            self._answers.close()
            self._socket.close()
        super().close()
