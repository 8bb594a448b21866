"""Webhooks over HTTP: addresses of the service's that are told what happened, and the log of what they were told."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from groundswell.accounts.access import service
from groundswell.platform.change_pace import kept_to
from groundswell.platform.pages import Limit
from groundswell.platform.routing import DbSession, TransactionalRoute
from groundswell.platform.services import services_of

from . import endpoints
from .kinds import KIND_INFO
from .schemas import (
    Deliveries,
    Delivery,
    ExampleWanted,
    KindOut,
    NewWebhook,
    Webhook,
    WebhookChange,
    WebhookWithSecret,
    delivery_out,
    webhook_out,
    with_secret,
)

router = APIRouter(
    prefix="/v1",
    tags=["webhooks"],
    route_class=TransactionalRoute,
    dependencies=[Depends(service("webhooks.manage"))],
)

NOT_STORED = {"Cache-Control": "no-store"}


@router.get("/webhook-kinds")
async def list_webhook_kinds() -> list[KindOut]:
    """The kinds of message, each with an example of its data."""
    return [KindOut(kind=kind, about=info.about, example=info.example) for kind, info in KIND_INFO.items()]


@router.get("/webhooks")
async def list_webhooks(session: DbSession) -> list[Webhook]:
    """Every webhook, the oldest first."""
    return [webhook_out(each) for each in await endpoints.all_endpoints(session)]


@router.post("/webhooks", status_code=201)
@kept_to(f"{endpoints.ENDPOINTS_MAX} webhooks.")
async def make_webhook(new: NewWebhook, request: Request, response: Response, session: DbSession) -> WebhookWithSecret:
    """Have an address told what happens from now on. The answer holds the secret, which is shown this once."""
    settings = services_of(request).settings
    endpoint, secret = await endpoints.make_endpoint(session, settings, new.name, new.address, new.kinds)
    response.headers.update(NOT_STORED)
    return with_secret(endpoint, secret)


@router.get("/webhooks/{webhook}")
async def read_webhook(webhook: UUID, session: DbSession) -> Webhook:
    """One webhook, and how it is."""
    return webhook_out(await endpoints.find_endpoint(session, webhook))


@router.patch("/webhooks/{webhook}")
async def change_webhook(webhook: UUID, change: WebhookChange, request: Request, session: DbSession) -> Webhook:
    """Change a webhook, turn it off, or on again; on again, what waits is sent at once."""
    settings = services_of(request).settings
    return webhook_out(await endpoints.change_endpoint(session, settings, webhook, **change.model_dump()))


@router.delete("/webhooks/{webhook}", status_code=204)
async def remove_webhook(webhook: UUID, session: DbSession) -> None:
    """Remove a webhook with its log; what waited for it is not sent."""
    await endpoints.remove_endpoint(session, webhook)


@router.post("/webhooks/{webhook}/secret")
async def replace_webhook_secret(
    webhook: UUID, request: Request, response: Response, session: DbSession
) -> WebhookWithSecret:
    """Make a new secret, shown this once. For a day messages are signed with the one before, too: take either."""
    endpoint, secret = await endpoints.replace_secret(session, services_of(request).settings, webhook)
    response.headers.update(NOT_STORED)
    return with_secret(endpoint, secret)


@router.post("/webhooks/{webhook}/examples", status_code=202)
async def send_webhook_example(webhook: UUID, wanted: ExampleWanted, session: DbSession) -> dict[str, int]:
    """Send an example of a kind of message, whose data say `example`. Answers with its `delivery`."""
    return {"delivery": (await endpoints.send_example(session, webhook, wanted.kind)).id}


@router.get("/webhooks/{webhook}/deliveries")
async def list_webhook_deliveries(
    webhook: UUID,
    session: DbSession,
    limit: Limit = 50,
    before: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="`next` of the page before.")] = None,
    status: Literal["waiting", "delivered", "failed", "dropped"] | None = None,
) -> Deliveries:
    """What a webhook was told in the last 30 days, newest first, and what became of each message."""
    await endpoints.find_endpoint(session, webhook)
    rows = await endpoints.deliveries(session, webhook, before, limit, status)
    items: list[Delivery] = [delivery_out(delivery, message) for delivery, message in rows]
    return Deliveries(items=items, next=items[-1].id if len(items) == limit else None)


@router.post("/webhooks/{webhook}/deliveries/{delivery}/replay", status_code=202)
async def replay_webhook_delivery(webhook: UUID, delivery: int, session: DbSession) -> dict[str, int]:
    """Send a message once more, under its own id. Answers with the new `delivery`."""
    return {"delivery": (await endpoints.send_again(session, webhook, delivery)).id}
