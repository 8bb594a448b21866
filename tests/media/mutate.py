"""Damage files the way disks, networks and enemies do."""

import random
import struct

KINDS = (
    b"moov",
    b"trak",
    b"stts",
    b"stsz",
    b"stco",
    b"stsc",
    b"ctts",
    b"stss",
    b"avcC",
    b"elst",
    b"moof",
    b"trun",
    b"tfdt",
)


def mutated(data: bytes, seed: int) -> bytes:
    """A damaged copy: flipped bits, a cut, zeros, swapped blocks, or boxes that lie about their size."""
    chance = random.Random(seed)
    damaged = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        if len(damaged) < 16:
            break
        chance.choice((_flip, _flip_early, _cut, _zero, _swap, _lie, _lie))(damaged, chance)
    return bytes(damaged)


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 40)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def _flip_early(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 10)):
        data[chance.randrange(min(len(data), 3000))] ^= 1 << chance.randrange(8)


def _cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(1, len(data)) :]


def _zero(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    size = min(len(data) - at, chance.randint(1, 2000))
    data[at : at + size] = bytes(size)


def _swap(data: bytearray, chance: random.Random) -> None:
    size = min(512, len(data) // 4)
    a, b = chance.randrange(len(data) - size), chance.randrange(len(data) - size)
    data[a : a + size], data[b : b + size] = data[b : b + size], data[a : a + size]


def _lie(data: bytearray, chance: random.Random) -> None:
    kind = chance.choice(KINDS)
    at = data.find(kind)
    if at < 4:
        return _flip_early(data, chance)
    lie = chance.choice((0, 1, 7, 8, 0xFFFFFFFF, 0x7FFFFFFF, chance.getrandbits(32), chance.getrandbits(12)))
    where = chance.choice((at - 4, at + 4, at + 8, at + 12))
    if where + 4 <= len(data):
        struct.pack_into(">I", data, where, lie)
    return None
