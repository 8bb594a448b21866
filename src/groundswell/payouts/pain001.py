"""The file for the bank: ISO 20022 pain.001.001.09, written by sepaxml and held to the ISO schema.

sepaxml writes every amount with two digits and ids of chance; both are put right here: an amount has the digits of its
currency (ISO 4217), and the ids are ours, so that what the bank answers leads back. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from importlib.resources import files
from typing import Any
from xml.etree import ElementTree

from babel.numbers import get_currency_precision
from defusedxml import ElementTree as SafeTree

from .bank_text import NAME_MOST, TEXT_MOST, bank_text

MESSAGE = "pain.001.001.09"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{MESSAGE}"


@dataclass(frozen=True)
class Transfer:
    """One payment: ``amount_minor`` of the file's currency to an account."""

    end_to_end_id: str
    name: str
    iban: str
    bic: str | None
    country: str
    street: str
    postcode: str
    town: str
    amount_minor: int
    about: str


@dataclass(frozen=True)
class FileHeader:
    """Who pays, when, and by what the bank names the file in its answers."""

    message_id: str
    payer_name: str
    payer_iban: str
    payer_bic: str | None
    currency: str
    execution_on: date
    made_at: datetime


def amount_text(minor: int, currency: str) -> str:
    """``1234`` as the currency writes it: ``12.34`` EUR, ``1234`` JPY, ``1.234`` KWD."""
    return f"{Decimal(minor).scaleb(-get_currency_precision(currency)):f}"


def write_file(header: FileHeader, transfers: Sequence[Transfer]) -> bytes:
    """The file of a run.

    Raises:
        ValueError: it is not what the ISO schema says (``xmlschema``).
    """
    written = _by_library(header, transfers)
    root = SafeTree.fromstring(written)
    amounts = {each.end_to_end_id: each.amount_minor for each in transfers}
    total = amount_text(sum(amounts.values()), header.currency)
    _set(root, "GrpHdr/MsgId", header.message_id)
    _set(root, "GrpHdr/CreDtTm", header.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _set(root, "PmtInf/PmtInfId", header.message_id)
    for place in ("GrpHdr/CtrlSum", "PmtInf/CtrlSum"):
        _set(root, place, total)
    if header.currency != "EUR":
        _set(root, "PmtInf/ChrgBr", "SHAR")
    for each in root.iter(f"{{{NAMESPACE}}}CdtTrfTxInf"):
        id = each.findtext(f"{{{NAMESPACE}}}PmtId/{{{NAMESPACE}}}EndToEndId") or ""
        _find(each, "Amt/InstdAmt").text = amount_text(amounts[id], header.currency)
    made: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    _schema().validate(made.decode())
    return made


def _by_library(header: FileHeader, transfers: Sequence[Transfer]) -> bytes:
    from sepaxml import SepaTransfer  # here: what it loads is needed by few

    config: dict[str, Any] = {
        "name": header.payer_name, "IBAN": header.payer_iban, "batch": True, "currency": header.currency,
        "domestic": header.currency != "EUR",
    }  # fmt: skip
    if header.payer_bic:
        config["BIC"] = header.payer_bic
    file = SepaTransfer(config, schema=MESSAGE, clean=False)
    for each in transfers:
        payment: dict[str, Any] = {
            "name": bank_text(each.name, NAME_MOST), "IBAN": each.iban, "amount": each.amount_minor,
            "execution_date": header.execution_on, "endtoend_id": each.end_to_end_id,
            "description": bank_text(each.about, TEXT_MOST), "address": _address(each),
        }  # fmt: skip
        if each.bic:
            payment["BIC"] = each.bic
        file.add_payment(payment)
    written: bytes = file.export(validate=False)
    return written


def _address(transfer: Transfer) -> dict[str, str]:
    """Structured, as SEPA asks from November 2026 on; what nothing is left of is left out."""
    parts = {
        "street_name": bank_text(transfer.street, 70), "postcode": bank_text(transfer.postcode, 16),
        "town": bank_text(transfer.town, 35), "country": transfer.country,
    }  # fmt: skip
    return {name: text for name, text in parts.items() if text}


def _find(element: Any, path: str) -> Any:
    found = element.find("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))
    assert found is not None, path
    return found


def _set(root: Any, path: str, text: str) -> None:
    _find(root, f"CstmrCdtTrfInitn/{path}").text = text


@lru_cache(maxsize=1)
def _schema() -> Any:
    import xmlschema  # here: it takes a second

    return xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"{MESSAGE}.xsd"))
