"""PostgreSQL's advisory locks: their names in one register, and the calls that take them.

A lock is named by what it guards and, where there are many of the kind, by which of them. Its number is the first 64
bits of a SHA-256 over both, so that no two collide by chance. The database gives a lock back when the transaction ends
(``lock``), or when the connection that took it does (``held``, ``taking``): a process that is killed leaves none
behind.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum
from typing import Any, Literal, LiteralString

import psycopg
from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession


class Lock(Enum):
    """Every advisory lock there is. The value says what one holder keeps others from doing."""

    MIGRATION = "change the database's shape"
    PARTITION = "make a partition of the event log"
    RETENTION = "drop old days of the event log"
    SEALING = "seal tables into the lake"
    IMPORT = "import the same bytes"
    CATALOGUE = "write the catalogue"
    CATALOGUE_SYNC = "sync the catalogue with a feed"
    CLIPPING = "clip a title"
    CLIPPING_RATE = "clip as one viewer"
    TRIMMING = "look around the moments of a title"
    COMMENTING = "comment as one viewer"
    COLLECTING = "make collections, or pass moments on, as one viewer"
    SHARING = "share as one viewer"
    RENDERING = "make the rendition of a recipe"
    TOUCH = "bind a visit to a person"
    SIGN_UP = "record a viewer's one sign-up"
    DEMO_TABLES = "make the demo service's own tables"
    CONVERSION = "record a conversion, or what refers to it"
    HEAT = "read the event log into heat"
    SCENES = "gather the scenes of a title"
    SPOKEN = "index what is said in a title"
    STRIPE = "settle what Stripe tells"
    REVERSALS = "count a pool (alone), or reverse what it may count (together)"
    MONTH = "close a month (alone), or post into it (together)"
    POOL = "fix what a pool of one stream counts"
    STATEMENT_NUMBERS = "number statements"
    CREATOR_TERMS = "publish the terms that creators accept"
    CREATOR_CODES = "take in the codes of a programme (alone), or take one as a creator (together)"
    PARTNER_IMPORT = "import partners of a programme"
    BANK_FILE = "read what the bank says"
    STRIPE_RUN = "send what a payout run asks Stripe for"
    STRIKES = "count what was taken down of one person"
    NOTICE_MAIL = "confirm notices to one address"
    REPORTING = "report as one person"
    WEBHOOK = "deliver to an endpoint"


def number(lock: Lock, of: object = "") -> int:
    """The lock's key: a signed 64-bit integer, the same in every process."""
    digest = hashlib.sha256(f"{lock.name}:{of}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


async def lock(session: AsyncSession, which: Lock, of: object = "", *, shared: bool = False) -> None:
    """Wait for a lock and hold it until the transaction ends; with other sharers where it is ``shared``."""
    await session.execute(until_the_end(which, of, shared=shared))


def until_the_end(which: Lock, of: object = "", *, shared: bool = False) -> Select[Any]:
    """The statement that ``lock`` executes, for a connection that is no session."""
    take = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
    return select(take(number(which, of)))


def taking(
    which: Lock, of: object = "", *, until: Literal["transaction", "connection"] = "connection", wait: bool = True
) -> tuple[LiteralString, list[int]]:
    """The statement that takes a lock, for a bare connection's ``execute``.

    Args:
        until: the end of what gives the lock back.
        wait: without, the statement's one row says whether it was taken.
    """
    return TAKING[until, wait], [number(which, of)]


TAKING: dict[tuple[str, bool], LiteralString] = {
    ("transaction", True): "SELECT pg_advisory_xact_lock(%s)",
    ("transaction", False): "SELECT pg_try_advisory_xact_lock(%s)",
    ("connection", True): "SELECT pg_advisory_lock(%s)",
    ("connection", False): "SELECT pg_try_advisory_lock(%s)",
}


def giving_back(which: Lock, of: object = "") -> tuple[LiteralString, list[int]]:
    """The statement that gives a connection's lock back before the connection ends."""
    return "SELECT pg_advisory_unlock(%s)", [number(which, of)]


@asynccontextmanager
async def held(
    connection: psycopg.AsyncConnection[Any], which: Lock, of: object = "", *, wait: bool = True
) -> AsyncIterator[bool]:
    """Hold a lock on a connection of its own for as long as the block runs; the value says whether it was taken.

    The lock is given back at the block's end, for the server notices only some time after that a connection was
    closed, and whoever asks meanwhile would be told that somebody holds it. A connection that breaks gives it back too.

    Args:
        connection: in autocommit, so that no transaction stays open meanwhile.
        wait: wait for whoever holds it, rather than go without.
    """
    cursor = await connection.execute(*taking(which, of, wait=wait))
    row = await cursor.fetchone()
    taken = wait or (row is not None and bool(row[0]))
    try:
        yield taken
    finally:
        if taken:
            with suppress(psycopg.Error):
                await connection.execute(*giving_back(which, of))


HELD = text("""
SELECT EXISTS (
    SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 1
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND classid = CAST(:high AS oid) AND objid = CAST(:low AS oid)
)
""")


async def is_held(session: AsyncSession, which: Lock, of: object = "") -> bool:
    """Whether anybody holds a lock. Looks without touching it."""
    key = number(which, of) & 0xFFFF_FFFF_FFFF_FFFF
    return bool(await session.scalar(HELD, {"high": key >> 32, "low": key & 0xFFFF_FFFF}))
