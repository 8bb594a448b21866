"""Sessions on our own pages: a random cookie, and a row that says whose it is and how long it holds.

A session ends when nothing was asked for a while (idle), after a longer while in any case (absolute), when its browser
signs out, and when its viewer is erased. Staff have shorter ones than viewers.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings

from .staff_roles import note, roles_held
from .tables import HandOverCode, SignIn, SpentToken, Viewer
from .tokens import Claims, TokenExpired

PREFIX = "gss_"
"""What the cookie of a session begins with."""
MOST = 100
"""Sessions of one viewer; the one that was seen longest ago makes room."""
SEEN_AGAIN = timedelta(minutes=1)
"""How old the note of the latest request may be; a tenth of the idle time where that is less."""


class SessionEnded(TokenExpired):
    status, code, title = 401, "session_ended", "You have been signed out; sign in again."


@dataclass(frozen=True)
class Session:
    """A session that holds: its row, and who it is."""

    row: SignIn
    viewer: Viewer

    @property
    def claims(self) -> Claims:
        """What it says of its viewer: the viewer as last told of, and the roles and titles of this sign-in."""
        row, viewer = self.row, self.viewer
        return Claims(
            issuer=viewer.issuer,
            subject=viewer.subject,
            name=viewer.name,
            roles=frozenset(row.roles),
            territory=viewer.territory,
            kids=viewer.kids,
            ad_tier=viewer.ad_tier,
            language=row.language,
            titles=frozenset(row.titles),
        )

    @property
    def idle_until(self) -> datetime:
        """When it ends unless something is asked before."""
        return min(self.row.seen_at + self.row.idle, self.row.ends_at)


def hash_of(secret: str) -> bytes:
    """What is kept of a cookie, a state or a code."""
    return hashlib.sha256(secret.encode()).digest()


async def begin(
    session: AsyncSession,
    settings: Settings,
    viewer: Viewer,
    claims: Claims,
    *,
    provider: str | None = None,
    id_token: str | None = None,
) -> str:
    """Begin a session of ``viewer``, with the roles and titles of ``claims``; returns its cookie."""
    cookie, now = PREFIX + secrets.token_urlsafe(32), utc_now()
    roles = await roles_held(session, viewer.id, claims)
    await note(session, viewer.id, claims, provider)
    idle, whole = lasts(settings, staff=bool(roles) or provider is not None)
    await _make_room(session, viewer.id)
    session.add(
        SignIn(
            hash=hash_of(cookie),
            viewer_id=viewer.id,
            roles=sorted(roles),
            titles=sorted(claims.titles),
            language=claims.language,
            provider=provider,
            id_token=id_token,
            seen_at=now,
            idle=idle,
            ends_at=now + whole,
        )
    )
    await session.flush()
    return cookie


async def _make_room(session: AsyncSession, viewer_id: UUID) -> None:
    """End those sessions of a viewer that would be too many with one more."""
    latest_first = SignIn.seen_at.desc(), SignIn.id.desc()
    over = select(SignIn.id).filter_by(viewer_id=viewer_id).order_by(*latest_first).offset(MOST - 1)
    await session.execute(delete(SignIn).where(SignIn.id.in_(over)))


def lasts(settings: Settings, *, staff: bool) -> tuple[timedelta, timedelta]:
    """How long a session lasts without a request, and in any case."""
    if staff:
        return timedelta(minutes=settings.staff_idle_minutes), timedelta(hours=settings.staff_session_hours)
    return timedelta(hours=settings.viewer_idle_hours), timedelta(days=settings.viewer_session_days)


async def find(session: AsyncSession, cookie: str, *, seen: bool = True) -> Session:
    """The session of a cookie, noted as seen: unless nobody asked (``seen``), as when a page that is open goes on.

    Raises:
        SessionEnded: there is none, or none any more.
    """
    query = select(SignIn, Viewer).join(Viewer, Viewer.id == SignIn.viewer_id).where(SignIn.hash == hash_of(cookie))
    found, now = (await session.execute(query)).one_or_none(), utc_now()
    if found is None:
        raise SessionEnded()
    row, viewer = found
    if now >= row.ends_at:
        raise SessionEnded("You signed in too long ago; sign in again.")
    if now >= row.seen_at + row.idle:
        raise SessionEnded("Nothing was asked for too long; sign in again.")
    if seen and now - row.seen_at > min(SEEN_AGAIN, row.idle / 10):
        await _note(session, row, now)
    return Session(row, viewer)


async def _note(session: AsyncSession, row: SignIn, now: datetime) -> None:
    """Note that it was seen. A row that another request holds is noted by that one: nobody waits for it."""
    free = select(SignIn.id).filter_by(id=row.id).with_for_update(skip_locked=True).scalar_subquery()
    await session.execute(update(SignIn).where(SignIn.id == free).values(seen_at=now))


async def end(session: AsyncSession, cookie: str) -> SignIn | None:
    """End the session of a cookie; returns what it was."""
    ended: SignIn | None = await session.scalar(delete(SignIn).filter_by(hash=hash_of(cookie)).returning(SignIn))
    return ended


async def spend(session: AsyncSession, secret: str, until: datetime) -> bool:
    """Note that ``secret`` has counted; False when it had before. ``until``: when it would not hold any more."""
    row = insert(SpentToken).values(hash=hash_of(secret), until=until).on_conflict_do_nothing()
    return (await session.execute(row.returning(SpentToken.hash))).first() is not None


async def drop_ended(session: AsyncSession, now: datetime) -> None:
    """Drop the rows of sessions, codes and spent tokens that do not hold any more."""
    await session.execute(delete(SignIn).where((SignIn.ends_at < now) | (SignIn.seen_at + SignIn.idle < now)))
    await session.execute(delete(SpentToken).where(SpentToken.until < now))
    await session.execute(delete(HandOverCode).where(HandOverCode.until < now))
