"""A viewer who is signed in at the service comes over to our pages: with the service's own token, fresh and once, or
with a one-time code that its back end fetched for that token."""

import asyncio
from datetime import datetime, timedelta
from urllib.parse import quote

import jwt
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import tag

from .return_address import absolute
from .sessions import hash_of, spend
from .tables import HandOverCode
from .tokens import Claims, TokenExpired, TokenInvalid, TokenVerifier

PATH = "/session/hand-over"
FRESH = timedelta(minutes=5)
"""How long after it was issued a token hands its viewer over."""
CODE_LASTS = timedelta(seconds=60)
CODE_PREFIX, CODE_LENGTH = "gsh_", 22


class HandOverInvalid(Problem):
    status, code, title = 400, "hand_over_invalid", "The service did not say who you are in a way that counts here."


class HandOverExpired(Problem):
    status, code, title = 400, "hand_over_expired", "This hand-over is too old; sign in again."


class HandOverSpent(Problem):
    status, code, title = 400, "hand_over_spent", "This hand-over has been used already; sign in again."


class HandOverUnasked(Problem):
    status, code, title = 400, "hand_over_unasked", "We did not ask for this sign-in; begin from our own page."


async def handed_over(session: AsyncSession, verifier: TokenVerifier, token: str, code: str, skew_s: int) -> Claims:
    """Whom the service hands over, by exactly one of ``token`` and ``code``, which are spent by it.

    Raises:
        HandOverInvalid, HandOverExpired, HandOverSpent: as they say.
        Unavailable: the service's keys cannot be fetched.
    """
    if bool(token) == bool(code):
        raise HandOverInvalid("It came with neither a token nor a code, or with both.")
    return await with_token(session, verifier, token or await redeem(session, code), skew_s)


async def with_token(session: AsyncSession, verifier: TokenVerifier, token: str, skew_s: int) -> Claims:
    """Whom ``token`` names, if it was issued just now and hands over for the first time.

    Raises:
        HandOverInvalid, HandOverExpired, HandOverSpent: as they say.
    """
    claims = await verified(verifier, token, skew_s)
    if not await spend(session, f"hand-over {token}", utc_now() + FRESH + timedelta(seconds=2 * skew_s)):
        raise HandOverSpent()
    return claims


async def verified(verifier: TokenVerifier, token: str, skew_s: int) -> Claims:
    """Whom ``token`` names, if it was issued just now.

    Raises:
        HandOverInvalid, HandOverExpired: as they say.
    """
    try:
        claims = await asyncio.to_thread(verifier.verify, token)
    except TokenExpired:
        raise HandOverExpired() from None
    except TokenInvalid as error:
        raise HandOverInvalid(error.detail) from None
    issued = int(jwt.decode(token, options={"verify_signature": False})["iat"])
    if utc_now().timestamp() - issued > FRESH.total_seconds() + skew_s:
        raise HandOverExpired("The token was issued more than five minutes ago.")
    return claims


async def make_code(session: AsyncSession, settings: Settings, token: str) -> tuple[str, datetime]:
    """The code for ``token``, which was verified, and until when it counts. A token has one, however often it is asked
    for."""
    code, until = CODE_PREFIX + tag(settings.secret, "hand-over code", token, CODE_LENGTH), utc_now() + CODE_LASTS
    row = insert(HandOverCode).values(hash=hash_of(code), token=token, until=until)
    await session.execute(row.on_conflict_do_update(index_elements=[HandOverCode.hash], set_={"until": until}))
    return code, until


async def redeem(session: AsyncSession, code: str) -> str:
    """The token for which ``code`` was made.

    Raises:
        HandOverSpent: there is none such, or none any more.
        HandOverExpired: it was made more than a minute ago.
    """
    row = await session.scalar(delete(HandOverCode).filter_by(hash=hash_of(code)).returning(HandOverCode))
    if row is None:
        raise HandOverSpent("This code is unknown, or has been used already.")
    if row.until < utc_now():
        raise HandOverExpired()
    token: str = row.token
    return token


def service_address(settings: Settings, state: str) -> str:
    """Where the service signs viewers in, to be handed over to us under ``state``."""
    template = settings.sign_in_url or f"{settings.service_home}/sign-in?next={{return}}"
    back = absolute(settings, f"{PATH}?state={state}")
    return template.replace("{return}", quote(back, safe=""))
