"""Browsers that take pushes: kept as they subscribe, dropped as they go."""

import base64
import binascii
from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.ids import uuid7
from groundswell.platform.outbound import AddressNotAllowed, Outbound
from groundswell.platform.problems import Invalid, NotFound
from groundswell.platform.settings import Settings

from .tables import PushSubscription
from .vapid import holds, public_key

MOST = 10
"""Browsers of one viewer; the oldest makes room."""


class PushKeysInvalid(Invalid):
    code, title = "push_keys_invalid", "These are not the keys of a browser's push subscription."


class PushSubscriptionUnknown(NotFound):
    code, title = "push_subscription_unknown", "There is no such subscription of yours."


async def subscribe(
    session: AsyncSession, settings: Settings, viewer_id: UUID, endpoint: str, p256dh: str, auth: str, key: str | None
) -> PushSubscription:
    """Push to a browser from now on. One that subscribes again takes the place of what it was: whoever used it before
    is pushed to there no more.

    Raises:
        AddressNotAllowed, AddressUnreachable: nothing of ours goes there.
        PushKeysInvalid: as it says.
    """
    await _check(settings, endpoint)
    point, secret = _decoded(p256dh), _decoded(auth)
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise PushKeysInvalid() from None
    if len(point) != 65 or len(secret) != 16:
        raise PushKeysInvalid()
    used = key or public_key(settings)
    if not holds(settings, used):
        raise PushKeysInvalid("The browser subscribed with a key that is not ours.")
    await session.execute(delete(PushSubscription).filter_by(endpoint=endpoint))
    mine = list(await session.scalars(_of(viewer_id)))
    for old in mine[MOST - 1 :]:
        await session.delete(old)
    made = PushSubscription(
        id=uuid7(), viewer_id=viewer_id, endpoint=endpoint, p256dh=point, auth=secret, vapid_key=used
    )
    session.add(made)
    await session.flush()
    await session.refresh(made)
    return made


async def _check(settings: Settings, endpoint: str) -> None:
    """Push services are elsewhere, and public: neither this service nor its neighbours."""
    outbound = Outbound(settings)
    parts = urlsplit(outbound.check(endpoint))
    ours = {urlsplit(address).netloc.lower() for address in (settings.base_url, settings.links_home)}
    if parts.netloc.lower() in ours:
        raise AddressNotAllowed("This is this service's own address.")
    plain = parts.scheme == "http"
    await outbound.resolve(parts.hostname or "", parts.port or (80 if plain else 443), inside=plain)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise PushKeysInvalid() from None


async def subscriptions(session: AsyncSession, viewer_id: UUID) -> Sequence[PushSubscription]:
    """The browsers that are pushed to for a viewer, the newest first."""
    return (await session.scalars(_of(viewer_id))).all()


def _of(viewer_id: UUID) -> Select[PushSubscription]:
    return select(PushSubscription).filter_by(viewer_id=viewer_id).order_by(PushSubscription.id.desc())


async def unsubscribe(session: AsyncSession, viewer_id: UUID, subscription_id: UUID) -> None:
    """Push to a browser no longer.

    Raises:
        PushSubscriptionUnknown: there is none, or it is somebody else's.
    """
    gone = delete(PushSubscription).filter_by(id=subscription_id, viewer_id=viewer_id)
    if await session.scalar(gone.returning(PushSubscription.id)) is None:
        raise PushSubscriptionUnknown()
