"""Who can sign in to the demo service: eight people who are there from the start, and whoever joins."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.web.languages import marked

from .tables import Account, Subscription


@dataclass(frozen=True)
class Persona:
    """Somebody to be in the demo: what they are there for, and the staff roles their token grants."""

    subject: str
    name: str
    part: str
    does: str
    home: str
    roles: tuple[str, ...] = ()


PERSONAS = (
    Persona(
        "ada",
        "Ada",
        marked("Viewer"),
        marked("Watches, clips a scene and sends it to friends."),
        "/",
    ),
    Persona(
        "noor",
        "Noor",
        marked("Creator"),
        marked("Clips for an audience, and earns from what it brings."),
        "/creator",
    ),
    Persona(
        "mira",
        "Mira",
        marked("Marketer"),
        marked("Sees what every share brought."),
        "/console/loop",
        ("marketer",),
    ),
    Persona(
        "ravi",
        "Ravi",
        marked("Rights"),
        marked("Decides what may be clipped, and how much."),
        "/console/rights",
        ("rights",),
    ),
    Persona(
        "fay",
        "Fay",
        marked("Finance"),
        marked("Runs the monthly pool and checks the ledger."),
        "/console/finance",
        ("finance",),
    ),
    Persona(
        "pia",
        "Pia",
        marked("Payments"),
        marked("Pays what others divided."),
        "/console/finance",
        ("finance",),
    ),
    Persona(
        "tess",
        "Tess",
        marked("Trust"),
        marked("Answers reports and takes moments down."),
        "/console/trust",
        ("trust",),
    ),
    Persona(
        "uma",
        "Uma",
        marked("Trust"),
        marked("Looks again at what others decided."),
        "/console/appeals",
        ("trust",),
    ),
)
BY_SUBJECT = {persona.subject: persona for persona in PERSONAS}


async def account_of(session: AsyncSession, subject: str) -> Account | None:
    """The customer whom tokens call ``subject``; None for the personas, who need none."""
    account: Account | None = await session.scalar(select(Account).filter_by(subject=subject))
    return account


async def live_subscription(session: AsyncSession, account: Account | None) -> Subscription | None:
    """What the customer pays for now."""
    if account is None:
        return None
    query = select(Subscription).filter_by(account_id=account.id, ended_at=None)
    subscription: Subscription | None = await session.scalar(query)
    return subscription


async def may_watch(session: AsyncSession, subject: str | None) -> bool:
    """Whether whole titles play for ``subject``: the demo's own people, and everybody who pays."""
    if subject is None:
        return False
    return subject in BY_SUBJECT or await live_subscription(session, await account_of(session, subject)) is not None
