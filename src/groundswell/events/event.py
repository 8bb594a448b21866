"""One event, and how it is written for PostgreSQL's COPY."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, Literal, get_args
from uuid import UUID

from groundswell.platform.column_text import clean
from groundswell.platform.ids import uuid7

Kind = Literal[
    "clip",
    "share",
    "unfurl",
    "click",
    "continue",
    "view",
    "play",
    "react",
    "sign_up",
    "trial",
    "subscription",
    "renewal",
    "refund",
    "cancellation",
    "churn",
]
KINDS: tuple[Kind, ...] = get_args(Kind)

COLUMNS = (
    "id, at, kind, share_id, moment_id, title_id, visitor, viewer_id, channel, territory, "
    "amount_minor, currency, verdict, verdict_reason, verdict_rule, inputs"
)
"""What a writer gives, in this order; the database adds ``received_at`` and ``xid``."""

COPY = f"COPY events ({COLUMNS}) FROM STDIN"
NULL = r"\N"
ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, once. ``id`` and ``at`` together identify it.

    ``visitor`` is a hash salted by the day, never an address. ``verdict`` (``human``, ``robot`` or ``unfurl``) says
    who it was, by which rule and why; ``inputs`` is what the verdict was reached from. Both are absent from what
    the service itself reports. ``amount_minor`` is in minor units of ``currency`` (negative for a refund).
    """

    kind: Kind
    at: datetime
    id: UUID = field(default_factory=uuid7)
    share_id: UUID | None = None
    moment_id: UUID | None = None
    title_id: UUID | None = None
    visitor: str | None = None
    viewer_id: UUID | None = None
    channel: str | None = None
    territory: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    verdict: str | None = None
    verdict_reason: str | None = None
    verdict_rule: str | None = None
    inputs: Mapping[str, Any] | None = None

    def row(self) -> dict[str, Any]:
        """The columns as a mapping."""
        return {name: getattr(self, name) for name in COLUMNS.split(", ")}

    def texts(self) -> tuple[str | None, ...]:
        """The columns as ``column_text`` takes them, in the order of ``COLUMNS``."""
        return (
            self.id.hex,
            self.at.isoformat(),
            self.kind,
            *(None if id is None else id.hex for id in (self.share_id, self.moment_id, self.title_id)),
            clean(self.visitor),
            None if self.viewer_id is None else self.viewer_id.hex,
            clean(self.channel),
            clean(self.territory),
            None if self.amount_minor is None else str(self.amount_minor),
            *(clean(text) for text in (self.currency, self.verdict, self.verdict_reason, self.verdict_rule)),
            json.dumps(self.inputs, ensure_ascii=False) if self.inputs else None,
        )

    def line(self) -> str:
        """The event as one line of COPY's text format."""
        return copy_line(
            str(self.id),
            copy_instant(self.at),
            self.kind,
            copy_place(self.share_id, self.moment_id, self.title_id),
            visitor=copy_text(self.visitor),
            viewer=str(self.viewer_id) if self.viewer_id else None,
            channel=copy_text(self.channel),
            territory=copy_text(self.territory),
            amount_minor=self.amount_minor,
            currency=copy_text(self.currency),
            verdict=copy_verdict(self.verdict, self.verdict_reason, self.verdict_rule),
            inputs=copy_inputs(self.inputs),
        )


def copy_line(
    id: str,
    at: str,
    kind: str,
    place: str,
    *,
    visitor: str | None = None,
    viewer: str | None = None,
    channel: str | None = None,
    territory: str | None = None,
    amount_minor: int | None = None,
    currency: str | None = None,
    verdict: str = "\\N\t\\N\t\\N",
    inputs: str = NULL,
) -> str:
    """A line of COPY from parts already in its format (see ``copy_place``, ``copy_verdict``, ``copy_inputs``); what is
    None is NULL.

    Text that people can choose must have been escaped or checked: everything given here is taken as it is.
    """
    who = f"{NULL if visitor is None else visitor}\t{viewer or NULL}"
    where = f"{NULL if channel is None else channel}\t{NULL if territory is None else territory}"
    money = f"{NULL if amount_minor is None else amount_minor}\t{NULL if currency is None else currency}"
    return f"{id}\t{at}\t{kind}\t{place}\t{who}\t{where}\t{money}\t{verdict}\t{inputs}\n"


def copy_instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def copy_place(share_id: UUID | None, moment_id: UUID | None, title_id: UUID | None) -> str:
    return f"{share_id or NULL}\t{moment_id or NULL}\t{title_id or NULL}"


@lru_cache(maxsize=10_000)
def copy_verdict(verdict: str | None, reason: str | None, rule: str | None) -> str:
    return f"{verdict or NULL}\t{copy_text(reason)}\t{copy_text(rule)}"


def copy_inputs(inputs: Mapping[str, Any] | None) -> str:
    return NULL if not inputs else copy_text(json.dumps(inputs, ensure_ascii=False))


def copy_text(text: str | None) -> str:
    """Any text, escaped for COPY; NUL, which no text column holds, becomes U+FFFD."""
    return NULL if text is None else text.replace("\0", "�").translate(ESCAPES)


def day_of(at: datetime) -> date:
    """The UTC day whose partition holds ``at``."""
    return at.astimezone(UTC).date()
