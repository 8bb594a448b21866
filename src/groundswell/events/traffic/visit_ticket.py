"""Visit tickets: what a page hands to the player that it carries, so that a play can prove the visit it belongs to.

A ticket names one visit by its instant and id, and is signed together with the share (or moment) whose page was served
and the visitor (address and browser) it was served to. So it is worth nothing on another link, in another browser, or
after ``LASTS``. What a visitor reports with it takes the visit's instant and an id made from the visit and the kind of
event: the same ticket brings one event of a kind, however often it is sent.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from groundswell.platform.ids import base64url
from groundswell.platform.signatures import tag

PURPOSE = "visit"
LASTS = timedelta(hours=2)
"""The hour in which the page was served, and the next: a page left open is played late, not for ever."""

CODE_LENGTH, TAG_LENGTH = 32, 16
LENGTH = CODE_LENGTH + TAG_LENGTH
PLACEHOLDER = "visit-ticket".ljust(LENGTH, ".")
"""Stands in a page that is kept for many visitors where each one's own ticket goes; as long as a ticket."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TicketedVisit:
    """The visit that a ticket names."""

    at: datetime
    id: UUID

    def event_id(self, kind: str) -> UUID:
        """The id of the one event of ``kind`` that this visit may bring."""
        return uuid5(self.id, kind)


def visit_ticket(secret: bytes, at: datetime, id: bytes, page: UUID | None, visitor: str) -> str:
    """A ticket for the visit ``id`` of ``at``: ``LENGTH`` characters that need no escaping anywhere.

    Args:
        page: the share that the page shows, or the moment where there is none.
        visitor: the hash of the address and browser that it is served to (``visitors.visitor_hash``).
    """
    code = base64url(((at - EPOCH) // MICROSECOND).to_bytes(8, "big") + id)
    return code + _tag(secret, code, page, visitor)


def named_visit(ticket: str) -> TicketedVisit | None:
    """The visit that ``ticket`` names, whoever made it up; None for what is no ticket at all."""
    if len(ticket) != LENGTH or not ticket.isascii():
        return None
    try:
        packed = base64.urlsafe_b64decode(ticket[:CODE_LENGTH])
        return TicketedVisit(EPOCH + int.from_bytes(packed[:8], "big") * MICROSECOND, UUID(bytes=packed[8:]))
    except (ValueError, OverflowError, binascii.Error):
        return None


def is_genuine(secret: bytes, ticket: str, page: UUID | None, visitor: str) -> bool:
    """Whether we made ``ticket`` for this page and this visitor."""
    code, given = ticket[:CODE_LENGTH], ticket[CODE_LENGTH:]
    return hmac.compare_digest(_tag(secret, code, page, visitor), given)


def _tag(secret: bytes, code: str, page: UUID | None, visitor: str) -> str:
    return tag(secret, PURPOSE, f"{code}/{page}/{visitor}", TAG_LENGTH)
