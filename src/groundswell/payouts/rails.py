"""The ways by which a run leaves, behind one small Protocol: two files for a bank, and Stripe Connect.

Whatever the rail, a run is posted in the ledger in the transaction in which its instructions are written, and what
comes back is read as what a bank says (``bank_messages.BankNotice``). A file is carried to the bank by hand; what
Stripe is asked for is sent by a job (``stripe_transfers``).
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.clock import utc_now
from groundswell.platform.csv_response import csv_text
from groundswell.platform.problems import Conflict
from groundswell.platform.settings import Settings

from . import pain001, stripe_accounts
from .bank_text import NAME_MOST, TEXT_MOST, bank_text
from .pain001 import FileHeader, Transfer, amount_text
from .payees import payer_of, without_account
from .tables import PayoutRun

CSV_HEADER = (
    "end_to_end_id", "name", "iban", "bic", "street", "postcode", "town", "country", "amount", "currency",
    "execution_on", "text",
)  # fmt: skip


class PayerMissing(Conflict):
    code, title = "payer_missing", "GROUNDSWELL_PAYER_IBAN is not set: from which account is this paid?"


class Rail(Protocol):
    """A way by which runs leave. ``ending`` and ``media_type`` are those of its instructions."""

    ending: str
    media_type: str

    def check(self, settings: Settings, currency: str) -> None:
        """Return when something can leave by it in a currency; else raise the refusal."""

    async def gaps(self, session: AsyncSession, creators: Collection[UUID]) -> Mapping[UUID, list[str]]:
        """What it asks of payees beyond what every rail asks for, and they lack: codes of ``requirements.MISSING``."""

    async def instructions(
        self, session: AsyncSession, settings: Settings, run: PayoutRun, transfers: Mapping[UUID, Transfer]
    ) -> bytes:
        """What is to be paid, by creator, as whoever pays reads it: the same whenever it is asked for."""


class FileRail:
    """A file that is carried to the bank by hand."""

    async def gaps(self, session: AsyncSession, creators: Collection[UUID]) -> Mapping[UUID, list[str]]:
        return {id: ["account_missing"] for id in await without_account(session, creators)}

    def check(self, settings: Settings, currency: str) -> None:
        """Raises ``PayerMissing``, ``PayerUnreadable``."""
        if payer_of(settings) is None:
            raise PayerMissing()


class Pain001(FileRail):
    """ISO 20022: pain.001.001.09."""

    ending, media_type = "xml", "application/xml"

    async def instructions(
        self, session: AsyncSession, settings: Settings, run: PayoutRun, transfers: Mapping[UUID, Transfer]
    ) -> bytes:
        payer = payer_of(settings)
        if payer is None:
            raise PayerMissing()
        header = FileHeader(
            run.id.hex, payer.name, payer.iban, payer.bic, run.currency, run.execution_on, run.filed_at or utc_now()
        )
        return pain001.write_file(header, list(transfers.values()))


class Csv(FileRail):
    """A table for banks that take one."""

    ending, media_type = "csv", "text/csv; charset=utf-8"

    async def instructions(
        self, session: AsyncSession, settings: Settings, run: PayoutRun, transfers: Mapping[UUID, Transfer]
    ) -> bytes:
        return csv_text(CSV_HEADER, _rows(run, list(transfers.values()))).encode()


def _rows(run: PayoutRun, transfers: Sequence[Transfer]) -> list[tuple[str, ...]]:
    return [
        (
            *(each.end_to_end_id, bank_text(each.name, NAME_MOST), each.iban, each.bic or ""),
            *(each.street, each.postcode, each.town, each.country),
            *(amount_text(each.amount_minor, run.currency), run.currency, run.execution_on.isoformat()),
            bank_text(each.about, TEXT_MOST),
        )
        for each in transfers
    ]


class StripeConnect:
    """Transfers to creators' accounts at Stripe, which pays them out."""

    ending, media_type = "json", "application/json"

    def check(self, settings: Settings, currency: str) -> None:
        """Raises ``StripeMissing``, ``CurrencyNotOnRail``."""
        stripe_accounts.check(settings, currency)

    async def gaps(self, session: AsyncSession, creators: Collection[UUID]) -> Mapping[UUID, list[str]]:
        ready = await stripe_accounts.ready(session, creators)
        return {id: ["stripe_account_missing"] for id in creators if id not in ready}

    async def instructions(
        self, session: AsyncSession, settings: Settings, run: PayoutRun, transfers: Mapping[UUID, Transfer]
    ) -> bytes:
        accounts = await stripe_accounts.ready(session, transfers)
        rows = [  # an account that Stripe has closed since it was looked at is none: its transfer comes back
            {
                "id": each.end_to_end_id,
                "account": accounts.get(id),
                "amount_minor": each.amount_minor,
                "about": each.about,
            }
            for id, each in transfers.items()
        ]
        return json.dumps({"currency": run.currency, "transfers": rows}, ensure_ascii=False, indent=1).encode()


RAILS: dict[str, Rail] = {"pain.001": Pain001(), "csv": Csv(), "stripe": StripeConnect()}
