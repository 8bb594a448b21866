"""A creator's payment details: entered by themselves, encrypted, and every time they are opened in the audit log."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import schwifty
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from groundswell.accounts.audit import Actor, note
from groundswell.accounts.tables import Viewer
from groundswell.creators.tables import Creator
from groundswell.creators.terms import outdated
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database, among
from groundswell.platform.problems import Invalid, NotFound
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import tag

from .bank_text import NAME_MOST, bank_text
from .payee_vault import PayeeUnreadable, rewrapped, seal, unseal
from .requirements import good_until, missing_of
from .schemas import NewPayee, PayeeFacts, PayeeOut
from .tables import Payee, StripeAccount

BATCH = 500
NO_ACCOUNT = ""
"""The tag of a payee who has named no account: Stripe pays them."""


class PayeeMissing(NotFound):
    code, title = "payee_missing", "Where this creator is paid has not been entered."


class PayerUnreadable(Invalid):
    code, title = "payer_unreadable", "GROUNDSWELL_PAYER_IBAN is no IBAN."


@dataclass(frozen=True)
class Payer:
    """From where creators are paid."""

    name: str
    iban: str
    bic: str | None


def payer_of(settings: Settings) -> Payer | None:
    """The service as its bank knows it; None while no account is named.

    Raises:
        PayerUnreadable: it is no account.
    """
    if settings.payer_iban is None:
        return None
    try:
        iban = schwifty.IBAN(settings.payer_iban)
        bic = settings.payer_bic or iban.bic
    except (schwifty.exceptions.SchwiftyException, ValueError):
        raise PayerUnreadable() from None
    name = bank_text(settings.payer_name or settings.service_name, NAME_MOST)
    return Payer(name, str(iban.compact), None if bic is None else str(bic))


def payer_country(settings: Settings) -> str | None:
    """The country by whose law creators are asked: that of the account they are paid from."""
    payer = payer_of(settings)
    return None if payer is None else payer.iban[:2]


async def enter(session: AsyncSession, settings: Settings, creator: Creator, new: NewPayee, by: str) -> PayeeOut:
    """Keep where a creator is paid. Runs that were approved before it changed leave them out.

    Raises:
        Invalid: no account was given, none is kept, and Stripe pays nobody here; or it is no account for these facts.
    """
    row = await session.get(Payee, creator.id, with_for_update=True)
    before = None
    if row is not None:
        try:
            before = await open_one(session, settings, row, by, "change")
        except PayeeUnreadable:
            before = None  # what cannot be read is written anew
    whole = new.whole(before)
    if whole["iban"] is None and settings.stripe_secret_key is None:
        raise Invalid("iban: give the account.", fields=[{"field": "iban", "code": "missing", "detail": "missing"}])
    facts = PayeeFacts.model_validate(whole)
    same_returned = row is not None and row.returned_version == row.version
    if row is None:
        row = Payee(creator_id=creator.id, version=0)
        session.add(row)
    if facts != before or same_returned:
        _keep(settings, row, facts)
    country = payer_country(settings)
    row.missing, row.good_until = missing_of(facts, country, utc_now().date()), good_until(facts, country)
    await session.flush()
    return shown(row, facts).model_copy(update={"missing": await missing_for(session, creator)})


def _keep(settings: Settings, row: Payee, facts: PayeeFacts) -> None:
    row.data_key, row.sealed = seal(settings, row.creator_id, facts.model_dump_json().encode())
    row.version, row.changed_at = row.version + 1, utc_now()
    row.account_tag = tag(settings.secret, "payee account", facts.iban, 22) if facts.iban else NO_ACCOUNT


def shown(row: Payee, facts: PayeeFacts) -> PayeeOut:
    """The record as its owner sees it."""
    data = facts.model_dump(exclude={"iban", "bic"})
    return PayeeOut(
        **data,
        bic=facts.bank,
        bank_name=bank_text(facts.legal_name, NAME_MOST),
        masked_iban=facts.masked_iban,
        missing=gaps(row),
        changed_at=row.changed_at,
    )


def gaps(row: Payee | None, minor: bool = False) -> list[str]:
    """What is missing before a creator can be paid, without opening the record.

    Args:
        minor: their account is a child's by now.
    """
    if row is None:
        return ["payee_missing"]
    today = utc_now().date()
    found = [
        *row.missing,
        "tax_form_expired" * (row.good_until is not None and row.good_until < today),
        "account_returned" * (row.returned_version == row.version),
        "payee_minor" * minor,
    ]
    return list(dict.fromkeys(code for code in found if code))


async def gaps_of(session: AsyncSession, creators: Collection[UUID]) -> dict[UUID, list[str]]:
    """What is missing of each."""
    query = select(Creator.id, Viewer.kids, Payee, StripeAccount.ready).join(Viewer, Viewer.id == Creator.viewer_id)
    query = query.outerjoin(Payee, Payee.creator_id == Creator.id)
    query = query.outerjoin(StripeAccount, StripeAccount.creator_id == Creator.id)
    asked_again = await outdated(session, creators)
    return {
        id: [
            *gaps(row, minor),
            *(["account_missing"] if row is not None and row.account_tag == NO_ACCOUNT and not at_stripe else []),
            *(["terms_missing"] if id in asked_again else []),
        ]
        for id, minor, row, at_stripe in await session.execute(query.where(among(Creator.id, set(creators))))
    }


async def without_account(session: AsyncSession, creators: Collection[UUID]) -> frozenset[UUID]:
    """Those among ``creators`` who have named no account, so that no bank can pay them."""
    query = select(Payee.creator_id).where(Payee.account_tag == NO_ACCOUNT)
    return frozenset((await session.scalars(query.where(among(Payee.creator_id, set(creators))))).all())


async def own_payee(session: AsyncSession, settings: Settings, creator: Creator, by: str) -> PayeeOut:
    """Where a creator is paid, for themselves.

    Raises:
        PayeeMissing: they have not said.
        PayeeUnreadable: it is under a key that the settings do not name.
    """
    row = await session.get(Payee, creator.id)
    if row is None:
        raise PayeeMissing()
    facts = await open_one(session, settings, row, by, "own")
    return shown(row, facts).model_copy(update={"missing": await missing_for(session, creator)})


async def missing_for(session: AsyncSession, creator: Creator) -> list[str]:
    """What a creator has still to say before anything can be paid to them."""
    return (await gaps_of(session, [creator.id]))[creator.id]


async def open_one(session: AsyncSession, settings: Settings, row: Payee, by: str, why: str) -> PayeeFacts:
    """The facts of a record; that they were opened, by whom and why, is in the audit log.

    Raises:
        PayeeUnreadable.
    """
    found = await open_all(session, settings, [row], by, why)
    if row.creator_id not in found:
        raise PayeeUnreadable()
    return found[row.creator_id]


async def open_all(
    session: AsyncSession, settings: Settings, rows: Sequence[Payee], by: str, why: str
) -> dict[UUID, PayeeFacts]:
    """As ``open_one``, several at once: one entry names them all. Those that cannot be read are left out."""
    subject = {"payees": sorted(str(row.creator_id) for row in rows), "why": why}
    await note(session, Actor(by, by), "payees.open", subject)
    found = {}
    for row in rows:
        with suppress(PayeeUnreadable):
            content = unseal(settings, row.creator_id, row.data_key, row.sealed)
            found[row.creator_id] = PayeeFacts.model_validate_json(content)
    return found


async def payees_of(session: AsyncSession, creators: Collection[UUID], *, held: bool = False) -> dict[UUID, Payee]:
    """The records of creators; ``held``: as they are until the transaction ends."""
    query = select(Payee).where(among(Payee.creator_id, set(creators))).order_by(Payee.creator_id)
    rows = await session.scalars(query.with_for_update() if held else query)
    return {row.creator_id: row for row in rows}


async def sharing_accounts(session: AsyncSession, creators: Collection[UUID]) -> frozenset[UUID]:
    """Those among ``creators`` whose account is another creator's too."""
    other = aliased(Payee)
    same = select(other.creator_id).where(other.account_tag == Payee.account_tag, other.creator_id != Payee.creator_id)
    named = select(Payee.creator_id).where(among(Payee.creator_id, set(creators)), Payee.account_tag != NO_ACCOUNT)
    query = named.where(same.exists())
    return frozenset((await session.scalars(query)).all())


async def rotate(database: Database, settings: Settings) -> int:
    """Wrap every data key by the present key, a batch a transaction; returns how many.

    Raises:
        PayeeUnreadable: one was wrapped by a key that the settings do not name any more.
    """
    done, after = 0, UUID(int=0)
    while True:
        async with database.transaction() as session:
            query = select(Payee).where(Payee.creator_id > after).order_by(Payee.creator_id).limit(BATCH)
            rows = (await session.scalars(query.with_for_update())).all()
            for row in rows:
                row.data_key = rewrapped(settings, row.data_key)
            done += len(rows)
            if len(rows) < BATCH:
                await note(session, Actor("command", "groundswell payees rotate"), "payees.rotate", {"payees": done})
                return done
            after = rows[-1].creator_id
