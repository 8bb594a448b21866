"""What other partner programmes export, as CSV: their partners, and the commissions that they recorded. Pure.

Columns are found by name, in any case and order, whatever stands between their words; those that are not named here are
passed over. The names are those of the exports where they are published (Dub), else those of the programme's API and
documented import files (Rewardful, Tolt, PartnerStack), which their exports follow.

Amounts with a point, a comma or a sign of currency are in units of the currency (``$1,234.50``); bare whole numbers are
in its minor units, as all four write them. Instants are ISO 8601, or Unix time in seconds or milliseconds.
"""

import csv
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal

from babel.numbers import get_currency_precision

from groundswell.platform.clock import in_utc, parse_instant
from groundswell.platform.currencies import in_use
from groundswell.platform.problems import Invalid

Programme = Literal["dub", "rewardful", "tolt", "partnerstack"]
Kind = Literal["partners", "commissions"]
State = Literal["paid", "due", "void"]

MOST_LINES = 20_000
MOST_CELL = 500
MOST_MINOR = 10**15

PROGRAMMES: dict[Programme, str] = {
    "dub": "Dub",
    "rewardful": "Rewardful",
    "tolt": "Tolt",
    "partnerstack": "PartnerStack",
}

PARTNER_COLUMNS: dict[Programme, dict[str, tuple[str, ...]]] = {
    "dub": {
        "key": ("id", "partner_id"),
        "name": ("name",),
        "status": ("status",),
        "code": ("discount_code", "code", "link_key", "link"),
        "viewer": ("tenant_id",),
    },
    "rewardful": {
        "key": ("id", "affiliate_id"),
        "name": ("name", "affiliate_name"),
        "first_name": ("first_name", "affiliate_first_name"),
        "last_name": ("last_name", "affiliate_last_name"),
        "email": ("email", "affiliate_email"),
        "status": ("state", "status"),
        "code": ("coupon", "token", "link_token", "link"),
    },
    "tolt": {
        "key": ("id", "partner_id"),
        "name": ("name",),
        "code": ("coupon_code", "coupon", "value", "referral_code", "link"),
    },
    "partnerstack": {
        "key": ("partner_key", "key"),
        "name": ("partner", "name"),
        "first_name": ("partner_first", "first_name"),
        "last_name": ("partner_last", "last_name"),
        "email": ("partner_email", "email"),
        "status": ("approved_status", "status"),
        "code": ("coupon_code", "link_key", "partner_key", "key"),
    },
}
"""Beside ``ANY_PARTNER``, which holds for all."""

ANY_PARTNER = {
    "name": ("name",),
    "first_name": ("first_name",),
    "last_name": ("last_name",),
    "email": ("email",),
    "status": ("status",),
    "viewer": ("viewer", "viewer_id"),
}

COMMISSION_COLUMNS: dict[Programme, dict[str, tuple[str, ...]]] = {
    "dub": {
        "amount": ("earnings",),
        "sale": ("amount",),
        "partner": ("partner_id",),
        "viewer": ("partner_tenant_id",),
    },
    "rewardful": {
        "amount": ("commission_amount", "commission", "amount"),
        "sale": ("sale_amount", "charge_amount"),
        "partner": ("affiliate_id",),
        "email": ("affiliate_email", "email"),
        "status": ("state", "status"),
    },
    "tolt": {
        "amount": ("commission", "amount"),
        "sale": ("revenue",),
        "currency": ("currency", "currency_code"),
        "partner": ("partner_id",),
        "email": ("partner_email", "email"),
    },
    "partnerstack": {
        "key": ("key", "reward_key", "id"),
        "amount": ("reward_amount", "amount"),
        "sale": ("transaction_amount",),
        "status": ("reward_status", "status"),
        "partner": ("partner_key", "partnership_key"),
        "email": ("partner_email", "email"),
    },
}
ANY_COMMISSION = {
    "key": ("id",),
    "currency": ("currency",),
    "status": ("status",),
    "earned_at": ("created_at", "created", "date"),
    "paid_at": ("paid_at",),
    "email": ("partner_email",),
}

INACTIVE = frozenset({
    "archived", "banned", "blocked", "deactivated", "declined", "disabled", "inactive", "invited", "pending",
    "rejected", "removed", "suspended",
})  # fmt: skip
_STATES: dict[State, str] = {
    "paid": "paid",
    "due": "approved due held hold pending processed processing scheduled unpaid",
    "void": "canceled cancelled declined duplicate fraud refunded rejected void voided",
}
STATES = {word: state for state, words in _STATES.items() for word in words.split()}

AMOUNT = re.compile(
    r"(?P<minus>-?)(?P<sign>[^\d.,-]*)(?P<minus_after>-?)(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?P<part>\.\d+)?(?P<name>[^\d.,-]*)",
    re.ASCII,
)


class ProgrammeFileUnreadable(Invalid):
    code, title = "programme_file_unreadable", "This is no CSV file of partners or of commissions."


class ProgrammeColumnsMissing(Invalid):
    code, title = "programme_columns_missing", "This file lacks columns without which nothing can be told from it."


class PartnerUnnamed(Invalid):
    code, title = "partner_unnamed", "This line says neither the partner's id nor their e-mail address."


class PartnerNotActive(Invalid):
    code, title = "partner_not_active", "This partner takes no part in the programme that they come from."


class AmountUnreadable(Invalid):
    code, title = "amount_unreadable", "This is no amount of money in that currency."


class CommissionCurrencyMissing(Invalid):
    code, title = (
        "commission_currency_missing",
        "Neither the line nor whoever imports it says in which currency it is.",
    )


class CommissionStateUnknown(Invalid):
    code, title = "commission_state_unknown", "It cannot be told from its status whether this commission was paid."


class CommissionUndated(Invalid):
    code, title = "commission_undated", "This line does not say when the commission was earned."


@dataclass(frozen=True)
class PartnerLine:
    """A partner as they are exported. ``code`` is what visits or sales named them by, in capitals; ``viewer`` is what
    the service itself calls them, where the programme was told."""

    key: str
    email: str
    name: str
    code: str | None
    viewer: str | None


@dataclass(frozen=True)
class CommissionLine:
    """A commission as it is exported: of the partner with this key, address or viewer's id, whichever it says."""

    key: str
    partner: str
    email: str
    viewer: str | None
    amount_minor: int
    currency: str
    sale_minor: int | None
    state: State
    earned_at: datetime
    paid_at: datetime | None


@dataclass(frozen=True)
class Read:
    """Line ``number`` of a file, the header being 1: what it says, or why nothing can be told from it."""

    number: int
    line: PartnerLine | CommissionLine | Invalid


def read_file(content: bytes, programme: Programme, kind: Kind, currency: str | None = None) -> list[Read]:
    """The lines of an export that say something.

    Args:
        currency: of amounts in lines that name none.

    Raises:
        ProgrammeFileUnreadable, ProgrammeColumnsMissing: of the file as a whole.
    """
    try:
        rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        header = [column_name(cell) for cell in next(rows, [])]
        _check(header, programme, kind)
        return _lines(rows, header, kind, programme, currency)
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise ProgrammeFileUnreadable(f"This cannot be read as CSV: {wrong}") from None


def column_name(cell: str) -> str:
    """A column's name as it is looked for: ``Partner ID`` → ``partner_id``."""
    return re.sub(r"[^a-z0-9]+", "_", cell.strip().lower()).strip("_")


NEEDED: dict[Kind, tuple[tuple[str, ...], ...]] = {
    "partners": (("key", "email"),),
    "commissions": (("amount",), ("status",), ("earned_at",), ("partner", "email", "viewer")),
}
"""Of each, what a file must have: one of each group."""


def _check(header: Sequence[str], programme: Programme, kind: Kind) -> None:
    there = set(header)
    if not there - {""}:
        raise ProgrammeFileUnreadable("The first line names the columns.")
    columns = columns_of(programme, kind)
    for group in NEEDED[kind]:
        wanted = [at for name in group for at in columns.get(name, ())]
        if not there & set(wanted):
            raise ProgrammeColumnsMissing(
                f"{PROGRAMMES[programme]}’s {kind} need one of these columns: {', '.join(wanted)}.", columns=wanted
            )


def columns_of(programme: Programme, kind: Kind) -> dict[str, tuple[str, ...]]:
    """By what is wanted, the columns that may have it, the best first."""
    if kind == "partners":
        return ANY_PARTNER | PARTNER_COLUMNS[programme]
    return ANY_COMMISSION | COMMISSION_COLUMNS[programme]


def _lines(
    rows: Iterator[list[str]], header: Sequence[str], kind: Kind, programme: Programme, currency: str | None
) -> list[Read]:
    columns, seen = columns_of(programme, kind), Counter[str]()
    found: list[Read] = []
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if len(found) == MOST_LINES:
            raise ProgrammeFileUnreadable(f"A file has at most {MOST_LINES} lines; export it in parts.")
        cells = dict(zip(header, (cell.strip()[:MOST_CELL].removeprefix("'") for cell in row), strict=False))
        said = {name: next((cells[at] for at in places if cells.get(at)), "") for name, places in columns.items()}
        try:
            line = _partner(said) if kind == "partners" else _commission(said, currency, _digest(row, seen))
        except Invalid as refused:
            found.append(Read(number, refused))
        else:
            found.append(Read(number, line))
    return found


def _digest(row: Sequence[str], seen: Counter[str]) -> str:
    """What tells a line without an id from others, the same whenever the file is read: what it says, and how many
    that said the same stood before it."""
    digest = hashlib.sha256("\x1f".join(cell.strip() for cell in row).encode()).hexdigest()[:32]
    seen[digest] += 1
    return f"line-{digest}-{seen[digest]}"


def _partner(said: Mapping[str, str]) -> PartnerLine:
    if not said.get("key") and not said["email"]:
        raise PartnerUnnamed()
    if said["status"].lower() in INACTIVE:
        raise PartnerNotActive(f"Their status is “{said['status'].lower()}”.")
    name = said["name"] or f"{said['first_name']} {said['last_name']}".strip()
    name = "".join(character for character in name if character.isprintable())[:60].strip()
    code = code_of(said.get("code", ""))
    return PartnerLine(said.get("key", ""), said["email"].lower(), name, code, said.get("viewer") or None)


def code_of(cell: str) -> str | None:
    """A code as people have it in links: alone, or at the end of the link (``…/?via=noor``, ``go.example/noor``)."""
    text = cell.split(",")[0].strip()
    if "/" in text or "=" in text:
        text = re.split(r"[/=]", text.rstrip("/"))[-1]
    text = text.upper()
    return text if re.fullmatch(r"[A-Z0-9._-]{1,40}", text) else None


def _commission(said: Mapping[str, str], currency: str | None, digest: str) -> CommissionLine:
    if not (said.get("partner") or said["email"] or said.get("viewer")):
        raise PartnerUnnamed()
    money = (said["currency"] or currency or "").upper()
    if money not in in_use():
        raise CommissionCurrencyMissing()
    state = STATES.get(said["status"].lower())
    if state is None:
        raise CommissionStateUnknown(f"The status “{said['status'][:40]}” is not known.")
    earned_at = _instant(said["earned_at"])
    if earned_at is None:
        raise CommissionUndated()
    return CommissionLine(
        key=said["key"] or digest,
        partner=said.get("partner", ""),
        email=said["email"].lower(),
        viewer=said.get("viewer") or None,
        amount_minor=minor_units(said["amount"], money),
        currency=money,
        sale_minor=minor_units(said["sale"], money) if said.get("sale") else None,
        state=state,
        earned_at=earned_at,
        paid_at=_instant(said["paid_at"]) if state == "paid" else None,
    )


def minor_units(text: str, currency: str) -> int:
    """An amount in minor units of a currency.

    Raises:
        AmountUnreadable: it is none, has more digits after the point than the currency, or is beyond all reason.
    """
    found = AMOUNT.fullmatch(text)
    if found is None or (found["minus"] and found["minus_after"]):
        raise AmountUnreadable(f"“{text[:40]}” is no amount.")
    value = Decimal(found["whole"].replace(",", "") + (found["part"] or ""))
    in_units = bool(found["sign"] or found["name"] or found["part"] or "," in found["whole"])
    minor = value.scaleb(get_currency_precision(currency)) if in_units else value
    if minor != minor.to_integral_value() or minor >= MOST_MINOR:
        raise AmountUnreadable(f"“{text[:40]}” is no amount in {currency}.")
    return -int(minor) if found["minus"] or found["minus_after"] else int(minor)


def _instant(text: str) -> datetime | None:
    """An instant of an export: ISO 8601, with or without `` UTC`` after it, or Unix time; None when it is none."""
    try:
        if re.fullmatch(r"\d{9,13}", text, re.ASCII):
            seconds = int(text) / (1000 if len(text) > 11 else 1)
            return in_utc(datetime.fromtimestamp(seconds, UTC))
        return parse_instant(text.removesuffix(" UTC"))
    except (ValueError, OverflowError, OSError):
        return None
