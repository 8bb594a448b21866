"""What banks send back, read: camt.053 and camt.054 (what was booked), pain.002 (what became of a file).

Only what binds a line to a payout of ours is taken: ids, amounts, days and codes; nobody's name, account or words. Any
version of the messages is read, by the names of their elements. Pure.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import Any, Literal

from babel.numbers import get_currency_precision
from defusedxml import DefusedXmlException, ElementTree

from groundswell.platform.currencies import in_use
from groundswell.platform.problems import Invalid

Said = Literal["booked", "returned", "rejected", "accepted", "other"]

KINDS = {"BkToCstmrStmt": "camt.053", "BkToCstmrDbtCdtNtfctn": "camt.054", "CstmrPmtStsRpt": "pain.002"}
SETTLED = frozenset({"ACSC", "ACCC"})
REJECTED = frozenset({"RJCT", "CANC"})
MOST_LINES = 20_000
MOST_ELEMENTS = 1_500_000
READ = frozenset(
    "Document GrpHdr MsgId Stmt Ntfctn Ntry NtryDtls TxDtls Btch PmtInfId Amt CdtDbtInd RvslInd Sts Cd BookgDt Dt DtTm "
    "AcctSvcrRef BkTxCd Domn Fmly SubFmlyCd AmtDtls TxAmt RtrInf Rsn OrgnlEndToEndId Refs EndToEndId OrgnlGrpInfAndSts "
    "GrpSts StsRsnInf OrgnlMsgId OrgnlPmtInfAndSts PmtInfSts TxInfAndSts TxSts".split()
) | set(KINDS)
"""The elements that anything is read of."""
LARGEST = Decimal(10) ** 15
_OURS = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"[A-Za-z0-9./-]{1,35}")


class BankFileUnreadable(Invalid):
    code, title = "bank_file_unreadable", "This is no camt.053, camt.054 or pain.002."


@dataclass(frozen=True)
class BankNotice:
    """What one line says.

    Args:
        end_to_end_id: of the payment, where it has our form; else empty.
        message_id: of the file of ours that it is about as a whole, where it names no payment.
        amount_minor: in minor units; None: none is said, or none that the currency has.
        bank_code: the bank's reason or kind of transaction.
    """

    said: Said
    end_to_end_id: str = ""
    message_id: str = ""
    bank_reference: str = ""
    amount_minor: int | None = None
    currency: str = ""
    booked_on: date | None = None
    bank_code: str = ""


@dataclass(frozen=True)
class BankMessage:
    """A whole file: which message, its id, and its lines."""

    kind: str
    message_id: str
    lines: list[BankNotice]


def read_message(content: bytes) -> BankMessage:
    """The message in a file.

    Raises:
        BankFileUnreadable: it is none of those that are read, or longer than anybody's.
    """
    try:
        root = _root(content)
    except (ElementTree.ParseError, DefusedXmlException, ValueError, LookupError) as wrong:
        raise BankFileUnreadable(f"This is no XML that can be read: {str(wrong)[:200]}") from None
    body = next((child for child in root if child.tag in KINDS), None)
    if body is None:
        raise BankFileUnreadable()
    kind = KINDS[body.tag]
    lines: list[BankNotice] = []
    for line in _report(body) if kind == "pain.002" else _entries(body):
        if len(lines) == MOST_LINES:
            raise BankFileUnreadable(f"A file has at most {MOST_LINES} lines here; ask the bank to divide it.")
        lines.append(line)
    return BankMessage(kind, _code(body.findtext("GrpHdr/MsgId")), lines)


def _root(content: bytes) -> Any:
    """The file with what is read of it, names without their namespaces (these differ by version alone). Whatever else
    an element holds is let go of as soon as it ends: banks write ten times as much as is read."""
    root = None
    for count, (_, element) in enumerate(ElementTree.iterparse(BytesIO(content), forbid_dtd=True)):
        if count == MOST_ELEMENTS:
            raise BankFileUnreadable(f"A file has at most {MOST_ELEMENTS} elements here; ask the bank to divide it.")
        root, name = element, element.tag.rpartition("}")[2]
        if name not in READ:
            element.clear()
        element.tag = name
    return root


def _entries(body: Any) -> Iterator[BankNotice]:
    """The entries of a statement or notification, one line for each transaction in them."""
    for entry in body.iter("Ntry"):
        whole = _entry(entry)
        details = list(entry.iter("TxDtls"))
        if len(details) == 0:
            yield replace(whole, message_id=_id(entry.findtext("NtryDtls/Btch/PmtInfId")) or _batch(entry))
        for detail in details:
            yield _detail(detail, whole, alone=len(details) == 1)


def _batch(entry: Any) -> str:
    return _id(entry.findtext("NtryDtls/Btch/MsgId"))


def _entry(entry: Any) -> BankNotice:
    amount = entry.find("Amt")
    currency = "" if amount is None else amount.get("Ccy", "")
    status = (entry.findtext("Sts/Cd") or entry.findtext("Sts") or "BOOK").strip()
    domain = "/".join(
        filter(None, (entry.findtext(f"BkTxCd/Domn/{place}") for place in ("Cd", "Fmly/Cd", "Fmly/SubFmlyCd")))
    )
    back = (entry.findtext("RvslInd") or "").strip() in {"true", "1"} or domain.endswith("/RRTN")
    debit = (entry.findtext("CdtDbtInd") or "").strip() == "DBIT"
    said: Said = "returned" if back else "booked" if debit else "other"
    if status != "BOOK":
        said = "accepted"  # it may still not be booked
    return BankNotice(
        said,
        bank_reference=_code(entry.findtext("AcctSvcrRef")),
        amount_minor=_minor(None if amount is None else amount.text, currency),
        currency=_currency(currency),
        booked_on=_day(entry.findtext("BookgDt/Dt") or entry.findtext("BookgDt/DtTm")),
        bank_code=_code(domain),
    )


def _detail(detail: Any, whole: BankNotice, *, alone: bool) -> BankNotice:
    """One transaction of an entry: what it says itself, or else what the entry does."""
    amount = detail.find("Amt")
    if amount is None:
        amount = detail.find("AmtDtls/TxAmt/Amt")
    own = _minor(None if amount is None else amount.text, "" if amount is None else amount.get("Ccy", ""))
    reason = detail.findtext("RtrInf/Rsn/Cd")
    credit = (detail.findtext("CdtDbtInd") or "").strip() == "CRDT"
    said = whole.said
    if said == "other" and reason:
        said = "returned"
    elif said == "booked" and credit:
        said = "returned" if reason else "other"
    id = detail.findtext("RtrInf/OrgnlEndToEndId") or detail.findtext("Refs/EndToEndId")
    return replace(
        whole,
        said=said,
        end_to_end_id=_id(id),
        bank_reference=_code(detail.findtext("Refs/AcctSvcrRef")) or whole.bank_reference,
        amount_minor=own if amount is not None else whole.amount_minor if alone else None,
        currency=_currency(amount.get("Ccy", "")) if amount is not None else whole.currency,
        bank_code=_code(reason) or whole.bank_code,
    )


def _report(body: Any) -> Iterator[BankNotice]:
    """What became of a file: of each payment that is named, or of all of it."""
    group = (body.findtext("OrgnlGrpInfAndSts/GrpSts") or "").strip()
    named = list(body.iter("TxInfAndSts"))
    for each in named:
        status = (each.findtext("TxSts") or "").strip()
        yield BankNotice(
            _status(status),
            end_to_end_id=_id(each.findtext("OrgnlEndToEndId")),
            bank_reference=_code(each.findtext("AcctSvcrRef")),
            bank_code=_code(each.findtext("StsRsnInf/Rsn/Cd")) or _code(status),
        )
    payment = (body.findtext("OrgnlPmtInfAndSts/PmtInfSts") or "").strip()
    if not named and (group or payment):
        reason = body.findtext("OrgnlGrpInfAndSts/StsRsnInf/Rsn/Cd") or body.findtext(
            "OrgnlPmtInfAndSts/StsRsnInf/Rsn/Cd"
        )
        yield BankNotice(
            _status(group or payment),
            message_id=_id(body.findtext("OrgnlGrpInfAndSts/OrgnlMsgId")),
            bank_code=_code(reason) or _code(group or payment),
        )


def _status(status: str) -> Said:
    return "booked" if status in SETTLED else "rejected" if status in REJECTED else "accepted"


def _id(text: str | None) -> str:
    """An id of ours, in the hexadecimal that we sent; whatever else stands there is not kept."""
    plain = (text or "").strip().lower()
    return plain if _OURS.fullmatch(plain) else ""


def _code(text: str | None) -> str:
    plain = (text or "").strip()[:35]
    return plain if _CODE.fullmatch(plain) else ""


def _currency(text: str) -> str:
    return text if text in in_use() else ""


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        return None


def _minor(text: str | None, currency: str) -> int | None:
    """An amount in minor units; None where it has more digits than the currency."""
    if not _currency(currency):
        return None
    try:
        value = Decimal((text or "").strip())
        if not value.is_finite() or not 0 <= value <= LARGEST:
            return None
        minor = value.scaleb(get_currency_precision(currency))
        return int(minor) if minor == minor.to_integral_value() else None
    except InvalidOperation:
        return None
