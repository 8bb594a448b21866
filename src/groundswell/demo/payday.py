"""The demo's payday: creators who said where they are paid, a run by two people, its file, and what the bank answered.

Safe to be begun again: once there is a run, nothing more is paid. Names and accounts are invented; the accounts hold by
their check digits and belong to nobody.
"""

from collections.abc import Sequence
from uuid import UUID

from schwifty import IBAN
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.actors import actor_of
from groundswell.creators.tables import Creator
from groundswell.earnings.balances import dues_in
from groundswell.payouts import bank_files, payees, payout_runs
from groundswell.payouts.pain001 import amount_text
from groundswell.payouts.run_file import file_run
from groundswell.payouts.schemas import NewPayee, NewPayoutRun
from groundswell.payouts.tables import Payee, PayoutItem, PayoutRun
from groundswell.platform.clock import utc_now
from groundswell.platform.runtime import Runtime
from groundswell.platform.settings import Settings

from .membership import CURRENCY
from .staff import staff_member

PAYER_IBAN = "DE75512108001245126199"
PLACES = (
    {"street": "Weserstraße 12", "postcode": "12047", "town": "Berlin", "country": "DE", "born_on": "1994-05-17",
     "iban": "DE89370400440532013000", "tax_number": "36574261809"},
    {"street": "High Street 4", "postcode": "BS1 2AW", "town": "Bristol", "country": "GB",
     "iban": "GB29NWBK60161331926819"},
    {"street": "Storgata 9", "postcode": "0155", "town": "Oslo", "country": "NO", "iban": "NO9386011117947"},
    {"street": "Seefeldstrasse 60", "postcode": "8008", "town": "Zürich", "country": "CH",
     "iban": "CH9300762011623852957"},
)  # fmt: skip
CAME_BACK = "AC04"
"""The account was closed (ISO 20022, external return reasons)."""


def with_payer(settings: Settings) -> Settings:
    """The settings, with an account to pay from."""
    return settings if settings.payer_iban else settings.model_copy(update={"payer_iban": PAYER_IBAN})


async def pay_creators(runtime: Runtime) -> None:
    """Pay what is due by now: all but the last of them have said where, and one payment comes back."""
    settings = with_payer(runtime.settings)
    async with runtime.database.transaction() as session:
        if await session.scalar(select(PayoutRun.id).limit(1)) is not None:
            return
        dues = [due for due in await dues_in(session, CURRENCY, 50) if due.payable]
        if not dues:
            return
        for number, due in enumerate(dues[:-1] or dues):
            await _say_where(session, settings, due.creator, number)
        fay, pia = [actor_of((await staff_member(session, runtime, name)).id) for name in ("fay", "pia")]
        run = await payout_runs.draft(session, NewPayoutRun(currency=CURRENCY), fay)
        await payout_runs.approve(session, run.id, pia)
        await payout_runs.ask_for_file(session, settings, run.id, pia)
    await file_run(runtime.database, settings, run.id)
    async with runtime.database.transaction() as session:
        items = (await session.scalars(select(PayoutItem).filter_by(run_id=run.id, status="sent"))).all()
        for number, answer in enumerate(_answers(items), 1):
            await bank_files.take_in(session, answer.replace(b"NUMBER", str(number).encode()), pia)


async def _say_where(session: AsyncSession, settings: Settings, creator: Creator, number: int) -> None:
    if await session.get(Payee, creator.id) is None:
        facts = {"legal_name": creator.display_name, **_place(number)}
        await payees.enter(session, settings, creator, NewPayee.model_validate(facts), actor_of(creator.viewer_id))


def _place(number: int) -> dict[str, str]:
    """Where somebody lives, and an account of their own: beyond those at hand in one of the first two countries, whose
    account numbers have no check digit of their own."""
    if number < len(PLACES):
        return PLACES[number]
    place = PLACES[number % 2]
    iban = IBAN(place["iban"])
    account = f"{number:0{len(iban.account_code)}}"
    return {**place, "iban": IBAN.generate(iban.country_code, iban.bank_code, account, iban.branch_code)}


def _answers(items: Sequence[PayoutItem]) -> list[bytes]:
    """The bank's statements of two days: everything is booked, with a fee of the bank's own; then one comes back."""
    booked = [_entry(item.id, item, f"LUM{number:04}") for number, item in enumerate(items, 1)]
    fee = _booking("2.40", CURRENCY, "DBIT", "LUMFEE01", "PMNT", "MDOP", "COMM", "")
    days = ["".join([*booked, fee])]
    if len(items) > 1:
        days.append(_entry(items[-1].id, items[-1], "LUM9001", back=CAME_BACK))
    return [_statement(day) for day in days]


def _entry(id: UUID, item: PayoutItem, reference: str, back: str = "") -> str:
    amount = amount_text(item.amount_minor, item.currency)
    detail = f"<NtryDtls><TxDtls><Refs><EndToEndId>{id.hex}</EndToEndId></Refs>"
    if back:
        detail += f"<RtrInf><Rsn><Cd>{back}</Cd></Rsn></RtrInf>"
    detail += "</TxDtls></NtryDtls>"
    kind = ("CRDT", "RCDT", "RRTN") if back else ("DBIT", "ICDT", "ESCT")
    return _booking(amount, item.currency, kind[0], reference, "PMNT", kind[1], kind[2], detail)


def _booking(
    amount: str, currency: str, side: str, reference: str, domain: str, family: str, kind: str, detail: str
) -> str:
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{utc_now().date()}</Dt></BookgDt><AcctSvcrRef>{reference}</AcctSvcrRef>"
        f"<BkTxCd><Domn><Cd>{domain}</Cd><Fmly><Cd>{family}</Cd><SubFmlyCd>{kind}</SubFmlyCd></Fmly></Domn></BkTxCd>"
        f"{detail}</Ntry>"
    )


def _statement(entries: str) -> bytes:
    now, today = utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"), utc_now().date()
    balance = (
        f'<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="{CURRENCY}">0.00</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{today}</Dt></Dt></Bal>"
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>LUMEN-NUMBER</MsgId><CreDtTm>{now}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>LUMEN-NUMBER</Id><CreDtTm>{now}</CreDtTm><Acct><Id><IBAN>{PAYER_IBAN}</IBAN></Id></Acct>"
        f"{balance}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()
