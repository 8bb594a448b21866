"""Making and revoking service keys."""

import secrets
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Conflict, NotFound

from .access import hash_key
from .tables import ServiceKey

SCOPES = (
    "catalog",
    "conversions:write",
    "events:write",
    "reports:read",
    "moderation",
    "posts:write",
    "progress:write",
    "reminders:read",
    "viewers:erase",
    "viewers:hand-over",
    "webhooks",
)


MOST = 200
"""Keys that hold at one time. One that was revoked is kept, since what it did is on record under it."""


class KeysFull(Conflict):
    code, title = "service_keys_full", f"There are {MOST} service keys already; revoke one first."


class KeyUnknown(NotFound):
    code, title = "service_key_unknown", "There is no such service key."


def ensure_known(scopes: list[str]) -> None:
    """Raises ValueError: a scope that does not exist."""
    if unknown := set(scopes) - set(SCOPES):
        raise ValueError(f"unknown scope {', '.join(sorted(unknown))}; there are {', '.join(SCOPES)}")


async def make_key(session: AsyncSession, name: str, scopes: list[str]) -> str:
    """A new key, ``gsk_…``: shown this once, stored only as a hash.

    Raises:
        KeysFull: ``MOST`` hold.
        ValueError: a scope that does not exist.
    """
    ensure_known(scopes)
    if (await session.scalar(select(func.count()).select_from(ServiceKey).filter_by(revoked_at=None)) or 0) >= MOST:
        raise KeysFull()
    key = f"gsk_{secrets.token_urlsafe(32)}"
    session.add(ServiceKey(name=name, hash=hash_key(key), scopes=scopes))
    await session.flush()
    return key


async def revoke_key(session: AsyncSession, name: str) -> int:
    """Revoke every key called ``name``; returns how many."""
    keys = (await session.scalars(select(ServiceKey).filter_by(name=name, revoked_at=None))).all()
    for key in keys:
        key.revoked_at = utc_now()
    return len(keys)


async def revoke_one(session: AsyncSession, id: UUID) -> ServiceKey:
    """Revoke one key; again is once.

    Raises:
        KeyUnknown: there is none.
    """
    key = await session.get(ServiceKey, id, with_for_update=True)
    if key is None:
        raise KeyUnknown()
    key.revoked_at = key.revoked_at or utc_now()
    return key
