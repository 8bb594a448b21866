"""Telling visitors of one day apart without keeping who they are.

A visitor is SHA-256 over the day's salt, the address and the user agent. The salt is random, shared by all our
processes through the database, and deleted after two days: from then on nobody, ourselves included, can tell whether
a hash belongs to an address. Addresses themselves are never stored; beside a visitor's hash stand the day's hashes of
their household and network, so that many browsers of one machine can be told from many people. A visitor who sends
``Sec-GPC: 1`` (Global Privacy Control) gets no hash at all.
"""

import hashlib
import ipaddress
import secrets
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from groundswell.events.tables import VisitorSalt
from groundswell.platform.addresses import BLOCK_BITS
from groundswell.platform.database import Database
from groundswell.platform.ids import base64url

KEEP = timedelta(days=2)


class Visitors:
    """Hashes visitors; keeps the salts of the days it has seen."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._salts: dict[date, bytes] = {}

    async def prepare(self, at: datetime) -> bytes:
        """The salt of the day of ``at``, made when it is the first of that day."""
        day = at.astimezone(UTC).date()
        if day not in self._salts:
            async with self.database.transaction() as session:
                fresh = {"day": day, "salt": secrets.token_bytes(16)}
                await session.execute(insert(VisitorSalt).values(fresh).on_conflict_do_nothing())
                salt = await session.scalar(select(VisitorSalt.salt).filter_by(day=day))
            assert salt is not None
            self._salts = {known: kept for known, kept in self._salts.items() if day - known < KEEP} | {day: salt}
        return self._salts[day]

    def salt(self, day: date) -> bytes | None:
        """The salt of ``day`` when ``prepare`` has seen to it."""
        return self._salts.get(day)

    async def forget(self, before: datetime) -> int:
        """Delete the salts of days that ended before an instant; returns how many."""
        old = delete(VisitorSalt).where(VisitorSalt.day < before.astimezone(UTC).date())
        async with self.database.transaction() as session:
            return len((await session.scalars(old.returning(VisitorSalt.day))).all())


def visitor_hash(salt: bytes, *who: str) -> str:
    """A visitor of the day of ``salt``, 22 characters."""
    digest = hashlib.sha256(salt + "\0".join(who).encode("utf-8", "surrogatepass")).digest()
    return base64url(digest[:16])[:22]


def household_of(address: str) -> str:
    """The machine or household at ``address``: itself, or (IPv6, where each household has so many) its /64."""
    return _blocks(address)[0]


def network_of(address: str) -> str:
    """The network of ``address``: its /24 (IPv4) or /48 (IPv6)."""
    return _blocks(address)[1]


@lru_cache(maxsize=20_000)
def _blocks(address: str) -> tuple[str, str]:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address, address
    household, network = (32, BLOCK_BITS[4]) if parsed.version == 4 else (64, BLOCK_BITS[6])
    return _block(parsed, household), _block(parsed, network)


def _block(parsed: ipaddress.IPv4Address | ipaddress.IPv6Address, bits: int) -> str:
    mask = -1 << (parsed.max_prefixlen - bits)
    return f"{type(parsed)(int(parsed) & mask)}/{bits}"


@lru_cache(maxsize=20_000)
def origin(salt: bytes, address: str) -> tuple[str, str]:
    """The day's hashes of the household and of the network at ``address``, 12 characters each."""
    household, network = household_of(address), network_of(address)
    return visitor_hash(salt, "household", household)[:12], visitor_hash(salt, "network", network)[:12]
