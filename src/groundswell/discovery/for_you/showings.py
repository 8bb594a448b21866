"""What a page of For you hands out: each showing names itself, so that nothing is written until something comes of it.

A page is read far more often than looked at: by who leaves at once, by robots, by what fetches ahead. A showing is
signed, with all that is noted of it; whoever tells what came of it brings it back. The cursor has the scenes that were
served lately, so that the next page does not have them again.
"""

import base64
import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, get_args
from uuid import UUID

from groundswell.platform.clock import utc_now
from groundswell.platform.settings import Settings
from groundswell.platform.signatures import signed, verified

from .slate import Reason

PURPOSE, CURSOR = "for you item", "for you"
REASONS: tuple[Reason, ...] = get_args(Reason)
PACKED, PLACE = ">16s16s16s16s?BBdI", ">16sI"
TOLD_WITHIN = timedelta(days=1)
"""What came of a showing is told within so long."""

SERVED_MOST = 200
"""Scenes that a cursor has: those served last. What came on screen is known without it."""

PART = 4
"""Bytes of a scene's id by which a cursor has it; one in four thousand millions is left out for another."""


@dataclass(frozen=True)
class FeedShowing:
    """A scene that was served to ``reader`` at ``place`` of a page; ``known``: a signed-in viewer."""

    id: UUID
    reader: UUID
    known: bool
    scene_id: UUID
    title_id: UUID
    place: int
    reason: Reason
    probability: float
    at_s: int

    @property
    def viewer_id(self) -> UUID | None:
        return self.reader if self.known else None

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.at_s, UTC)

    def signed(self, settings: Settings) -> str:
        """Opaque, and ours."""
        ids = (each.bytes for each in (self.id, self.reader, self.scene_id, self.title_id))
        facts = (self.known, self.place, REASONS.index(self.reason), self.probability, self.at_s)
        return signed(settings.secret, PURPOSE, _text(struct.pack(PACKED, *ids, *facts)))

    @classmethod
    def read(cls, settings: Settings, text: str) -> Self | None:
        """The showing that ``text`` names; None when it was not made here, or is long ago."""
        packed = _bytes(verified(settings.secrets, PURPOSE, text))
        if packed is None or len(packed) != struct.calcsize(PACKED):
            return None
        id, reader, scene, title, known, place, reason, probability, at_s = struct.unpack(PACKED, packed)
        found = cls(
            id=UUID(bytes=id),
            reader=UUID(bytes=reader),
            known=known,
            scene_id=UUID(bytes=scene),
            title_id=UUID(bytes=title),
            place=place,
            reason=REASONS[reason],
            probability=probability,
            at_s=at_s,
        )
        return found if utc_now() - found.at <= TOLD_WITHIN else None


@dataclass(frozen=True)
class FeedPlace:
    """Where a reader is in For you: which scenes they were served last, by the first bytes of their ids."""

    reader: UUID
    at_s: int
    served: tuple[bytes, ...] = ()

    def has(self, scene_id: UUID) -> bool:
        return scene_id.bytes[-PART:] in self.served

    def after(self, scenes: Sequence[UUID], at_s: int) -> "FeedPlace":
        """The place after another page."""
        served = (*self.served, *(id.bytes[-PART:] for id in scenes))
        return FeedPlace(self.reader, at_s, served[-SERVED_MOST:])

    def signed(self, settings: Settings) -> str:
        """A cursor: opaque, and ours."""
        packed = struct.pack(PLACE, self.reader.bytes, self.at_s) + b"".join(self.served)
        return signed(settings.secret, CURSOR, _text(packed))

    @classmethod
    def read(cls, settings: Settings, cursor: str) -> Self | None:
        """The place that ``cursor`` names; None when it was not made here."""
        packed, head = _bytes(verified(settings.secrets, CURSOR, cursor)), struct.calcsize(PLACE)
        if packed is None or len(packed) < head or (len(packed) - head) % PART:
            return None
        reader, at_s = struct.unpack(PLACE, packed[:head])
        return cls(UUID(bytes=reader), at_s, tuple(packed[n : n + PART] for n in range(head, len(packed), PART)))


def _text(packed: bytes) -> str:
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def _bytes(code: str | None) -> bytes | None:
    if code is None:
        return None
    try:
        return base64.b64decode(code.encode() + b"=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        return None
