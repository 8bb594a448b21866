"""Endpoints: made, changed, their secrets replaced, examples sent to them, and messages sent once more."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.ids import uuid7
from groundswell.platform.outbound import Outbound
from groundswell.platform.problems import NotFound, Problem
from groundswell.platform.settings import Settings

from .kinds import KIND_INFO, Kind
from .secret_box import new_secret, seal
from .tables import WebhookDelivery, WebhookEndpoint, WebhookMessage

ENDPOINTS_MAX = 20
BOTH_HOLD = timedelta(hours=24)
"""How long the secret before a new one signs, too."""


class EndpointUnknown(NotFound):
    code, title = "webhook_unknown", "There is no such webhook."


class DeliveryUnknown(NotFound):
    code, title = "webhook_delivery_unknown", "There is no such delivery, or none any more."


class TooManyEndpoints(Problem):
    status, code, title = 409, "webhooks_full", f"There are {ENDPOINTS_MAX} webhooks already; remove one first."


async def all_endpoints(session: AsyncSession) -> Sequence[WebhookEndpoint]:
    """Every endpoint, the oldest first."""
    return (await session.scalars(select(WebhookEndpoint).order_by(WebhookEndpoint.id))).all()


async def find_endpoint(session: AsyncSession, id: UUID) -> WebhookEndpoint:
    """One of them.

    Raises:
        EndpointUnknown: there is none.
    """
    endpoint = await session.get(WebhookEndpoint, id)
    if endpoint is None:
        raise EndpointUnknown()
    return endpoint


async def make_endpoint(
    session: AsyncSession, settings: Settings, name: str, address: str, kinds: Sequence[Kind]
) -> tuple[WebhookEndpoint, str]:
    """A new endpoint, and its secret, which is shown this once.

    Raises:
        AddressNotAllowed: nothing may be sent there from here.
        TooManyEndpoints: see there.
    """
    Outbound(settings).check(address)
    if (await session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0) >= ENDPOINTS_MAX:
        raise TooManyEndpoints()
    secret = new_secret()
    endpoint = WebhookEndpoint(
        name=name.strip(), address=address, kinds=sorted(set(kinds)), status="on", secret=seal(settings, secret)
    )
    session.add(endpoint)
    await session.flush()
    return endpoint, secret


async def change_endpoint(
    session: AsyncSession,
    settings: Settings,
    id: UUID,
    *,
    name: str | None = None,
    address: str | None = None,
    kinds: Sequence[Kind] | None = None,
    on: bool | None = None,
) -> WebhookEndpoint:
    """Change what is not None. Turning one on tries at once what waits; a new address is no longer gone.

    Raises:
        EndpointUnknown, AddressNotAllowed: as they say.
    """
    endpoint = await find_endpoint(session, id)
    if name is not None:
        endpoint.name = name.strip()
    if kinds is not None:
        endpoint.kinds = sorted(set(kinds))
    if address is not None and address != endpoint.address:
        endpoint.address = Outbound(settings).check(address)
        endpoint.failures, endpoint.rests_until = 0, None
    if on is not None:
        endpoint.status = "on" if on else "off"
        endpoint.failures, endpoint.rests_until = 0, None
    await session.flush()
    return endpoint


async def remove_endpoint(session: AsyncSession, id: UUID) -> None:
    """Remove an endpoint with its log; what waited for it is told to nobody.

    Raises:
        EndpointUnknown: there is none.
    """
    await find_endpoint(session, id)
    await session.execute(delete(WebhookEndpoint).filter_by(id=id))


async def replace_secret(session: AsyncSession, settings: Settings, id: UUID) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new secret, which is shown this once; the one before signs beside it for a day.

    Raises:
        EndpointUnknown: there is none.
    """
    endpoint = await find_endpoint(session, id)
    secret = new_secret()
    endpoint.secret_before, endpoint.secret_before_until = endpoint.secret, utc_now() + BOTH_HOLD
    endpoint.secret = seal(settings, secret)
    await session.flush()
    return endpoint, secret


async def send_example(session: AsyncSession, id: UUID, kind: Kind) -> WebhookDelivery:
    """Queue an example of ``kind`` for an endpoint, whether it wants the kind or not; its data say so.

    Raises:
        EndpointUnknown: there is none.
    """
    endpoint = await find_endpoint(session, id)
    message_id = uuid7()
    data = {**KIND_INFO[kind].example, "example": True}
    message = WebhookMessage(
        id=message_id, kind=kind, subject=f"example:{message_id}", at=utc_now(), data=data, people={}
    )
    session.add(message)
    await session.flush()
    return await _queue(session, endpoint, message)


async def send_again(session: AsyncSession, endpoint_id: UUID, delivery_id: int) -> WebhookDelivery:
    """Queue a message once more, under the same id, so that a receiver who has it knows it again. It comes after what
    waits of its subject.

    Raises:
        EndpointUnknown, DeliveryUnknown: as they say.
    """
    endpoint = await find_endpoint(session, endpoint_id)
    delivery = await session.scalar(select(WebhookDelivery).filter_by(id=delivery_id, endpoint_id=endpoint_id))
    if delivery is None:
        raise DeliveryUnknown()
    return await _queue(session, endpoint, await session.get_one(WebhookMessage, delivery.message_id))


async def _queue(session: AsyncSession, endpoint: WebhookEndpoint, message: WebhookMessage) -> WebhookDelivery:
    delivery = WebhookDelivery(
        endpoint_id=endpoint.id, message_id=message.id, subject=message.subject, due_at=utc_now(), status="waiting"
    )
    session.add(delivery)
    await session.flush()
    endpoint.rests_until = None
    return delivery


async def deliveries(
    session: AsyncSession, endpoint_id: UUID, before: int | None, most: int, status: str | None = None
) -> list[tuple[WebhookDelivery, WebhookMessage]]:
    """An endpoint's log, newest first: of those before the delivery ``before``."""
    query = select(WebhookDelivery, WebhookMessage).join(
        WebhookMessage, WebhookMessage.id == WebhookDelivery.message_id
    )
    query = query.where(WebhookDelivery.endpoint_id == endpoint_id).order_by(WebhookDelivery.id.desc()).limit(most)
    if before is not None:
        query = query.where(WebhookDelivery.id < before)
    if status is not None:
        query = query.where(WebhookDelivery.status == status)
    return [(delivery, message) for delivery, message in await session.execute(query)]


async def forget_old(session: AsyncSession, before: object, most: int) -> int:
    """Drop messages written before an instant that wait for nobody, and their deliveries; returns how many."""
    waits = exists().where(WebhookDelivery.message_id == WebhookMessage.id, WebhookDelivery.status == "waiting")
    old = select(WebhookMessage.id).where(WebhookMessage.created_at < before, ~waits)
    ids = (await session.scalars(old.order_by(WebhookMessage.created_at).limit(most))).all()
    if ids:
        await session.execute(delete(WebhookDelivery).where(among(WebhookDelivery.message_id, ids)))
        await session.execute(delete(WebhookMessage).where(among(WebhookMessage.id, ids)))
    return len(ids)
