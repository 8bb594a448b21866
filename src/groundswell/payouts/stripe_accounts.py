"""Creators' accounts at Stripe: made for them once, told ready by Stripe when it may pay them."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from uuid import UUID

import stripe
from babel.numbers import get_currency_precision
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.creators.tables import Creator
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.problems import Conflict, Problem
from groundswell.platform.settings import Settings

from .tables import StripeAccount

SECONDS = 20.0
CREATOR = "groundswell_creator"
OTHER_AMOUNTS = frozenset({"ISK", "UGX"})
"""Written there in hundredths that they do not have (docs.stripe.com/currencies, "Special cases")."""


class StripeMissing(Conflict):
    code, title = "stripe_missing", "GROUNDSWELL_STRIPE_SECRET_KEY is not set: nothing can be paid by Stripe."


class CurrencyNotOnRail(Conflict):
    code, title = "currency_not_on_rail", "Stripe writes amounts of this currency otherwise; pay it by a file."


class StripeUnreachable(Problem):
    status, code, title = 502, "stripe_unreachable", "Stripe does not answer as it should; try again later."


def check(settings: Settings, currency: str) -> None:
    """Return when a currency can be paid by Stripe.

    Raises:
        StripeMissing, CurrencyNotOnRail.
    """
    if settings.stripe_secret_key is None:
        raise StripeMissing()
    if currency in OTHER_AMOUNTS or get_currency_precision(currency) not in (0, 2):
        raise CurrencyNotOnRail(f"Stripe writes amounts in {currency} otherwise; pay it by a file.")


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[stripe.StripeClient]:
    """Stripe's own client. It repeats nothing by itself: what was asked for and not answered is looked for first.

    Raises:
        StripeMissing.
    """
    if settings.stripe_secret_key is None:
        raise StripeMissing()
    http = stripe.HTTPXClient(timeout=SECONDS)
    try:
        yield stripe.StripeClient(
            settings.stripe_secret_key.get_secret_value(),
            base_addresses={"api": settings.stripe_api_url},
            max_network_retries=0,
            http_client=http,
        )
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


async def ready(session: AsyncSession, creators: Collection[UUID]) -> dict[UUID, str]:
    """The accounts of those among ``creators`` whom Stripe may pay."""
    query = select(StripeAccount.creator_id, StripeAccount.account).where(StripeAccount.ready)
    rows = await session.execute(query.where(among(StripeAccount.creator_id, set(creators))))
    return {row.creator_id: row.account for row in rows}


async def of_creator(session: AsyncSession, creator_id: UUID) -> StripeAccount | None:
    """A creator's account; None while none was made."""
    return await session.get(StripeAccount, creator_id)


async def open_account(session: AsyncSession, settings: Settings, creator: Creator, back: str) -> str:
    """The address at Stripe where a creator says what it wants to know of them; their account is made at the first.

    Args:
        back: the page of ours to which Stripe leads them afterwards.

    Raises:
        StripeMissing, StripeUnreachable.
    """
    row = await session.get(StripeAccount, creator.id)
    try:
        async with connected(settings) as client:
            account = await _made(session, client, creator) if row is None else row.account
            link = await client.v1.account_links.create_async(
                {"account": account, "type": "account_onboarding", "return_url": back, "refresh_url": back}
            )
    except stripe.StripeError as error:
        raise StripeUnreachable(f"Stripe: {error.code or type(error).__name__}") from None
    return link.url


async def _made(session: AsyncSession, client: stripe.StripeClient, creator: Creator) -> str:
    made = await client.v1.accounts.create_async(
        {
            "type": "express",
            "capabilities": {"transfers": {"requested": True}},
            "metadata": {CREATOR: creator.id.hex},
        },
        {"idempotency_key": f"account/{creator.id.hex}"},
    )
    values = {"creator_id": creator.id, "account": made.id, "ready": False, "made_at": utc_now()}
    await session.execute(insert(StripeAccount).values(values).on_conflict_do_nothing())
    return (await session.get_one(StripeAccount, creator.id)).account


async def hear(session: AsyncSession, account: str, is_ready: bool) -> None:
    """Stripe says whether it may pay an account."""
    row = await session.scalar(select(StripeAccount).filter_by(account=account).with_for_update())
    if row is not None:
        row.ready, row.heard_at = is_ready, utc_now()
