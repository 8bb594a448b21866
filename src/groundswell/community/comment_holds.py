"""What is not shown before somebody has looked at it, and how much one person may write."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.access import Caller
from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.database import among
from groundswell.platform.locks import Lock, lock
from groundswell.platform.problems import Conflict, TooManyRequests
from groundswell.platform.settings import Settings
from groundswell.trust.decisions import active

from .comment_tables import Comment
from .comment_text import links_in

WINDOW = timedelta(minutes=1)
REPEATED_WITHIN = timedelta(days=1)
NEW_FOR = timedelta(days=1)
TRUSTED_AFTER = timedelta(days=7)
TRUSTED_BY = 3
"""Comments that were let stand, after which somebody's links lead somewhere."""


class CommentRepeated(Conflict):
    code, title = "comment_repeated", "You have written this already."


@dataclass(frozen=True)
class WriterRecord:
    """What is known of somebody as a writer."""

    known_since: datetime
    stood: int

    @property
    def is_new(self) -> bool:
        """Of whom nothing is known yet."""
        return self.stood == 0 and utc_now() - self.known_since < NEW_FOR

    @property
    def is_trusted(self) -> bool:
        """Whose links lead somewhere."""
        return self.stood >= TRUSTED_BY and utc_now() - self.known_since >= TRUSTED_AFTER


async def record_of(session: AsyncSession, caller: Caller) -> WriterRecord:
    """What is known of the caller as a writer."""
    stood = select(Comment.id).filter_by(viewer_id=caller.id, held_for=None, deleted_at=None).limit(TRUSTED_BY)
    return WriterRecord(caller.viewer.created_at, len((await session.scalars(stood)).all()))


async def trusted_among(session: AsyncSession, viewer_ids: Collection[UUID]) -> set[UUID]:
    """Those of some writers whose links lead somewhere."""
    stood = select(Comment.viewer_id).where(among(Comment.viewer_id, viewer_ids), Comment.held_for.is_(None))
    stood = stood.where(Comment.deleted_at.is_(None)).group_by(Comment.viewer_id).having(func.count() >= TRUSTED_BY)
    old = select(Viewer.id).where(among(Viewer.id, viewer_ids), Viewer.created_at <= utc_now() - TRUSTED_AFTER)
    return set(await session.scalars(old.where(Viewer.id.in_(stood))))


async def admit(session: AsyncSession, viewer_id: UUID, same_as: str, per_minute: int) -> None:
    """Let somebody write one more. Their next waits until this transaction ends.

    Raises:
        TooManyRequests: they have written ``per_minute`` within the minute.
        CommentRepeated: they have written the same within a day.
    """
    await lock(session, Lock.COMMENTING, viewer_id)
    now = utc_now()
    mine = select(func.count()).select_from(Comment).filter_by(viewer_id=viewer_id)
    if (await session.scalar(mine.where(Comment.created_at > now - WINDOW)) or 0) >= per_minute:
        raise TooManyRequests(f"You may write {per_minute} comments a minute.", headers={"Retry-After": "30"})
    same = mine.where(Comment.same_as == same_as, Comment.created_at > now - REPEATED_WITHIN)
    if len(same_as) > 3 and await session.scalar(same):
        raise CommentRepeated()


async def held_for(
    session: AsyncSession, settings: Settings, caller: Caller, text: str, known: WriterRecord
) -> str | None:
    """Why a comment is not shown at once: a watched word, the writer's standing, or the level at which comments are
    held (``comment_hold``); None: it is."""
    if watched(settings.comment_watched_words, settings.comment_watched_languages, text):
        return "watched_word"
    if await active(session, "viewer", caller.id, ("hide", "hold", "demote")) is not None:
        return "restricted"
    if settings.comment_hold == "everything":
        return "everything"
    if settings.comment_hold == "links" and known.is_new:
        return "new_account"
    if settings.comment_hold == "links" and links_in(text) and not known.is_trusted:
        return "link"
    return None


UNSPACED = {"zh", "ja", "th", "km", "lo", "my"}
"""Languages that write words without spaces between them: there a watched word is found inside others too."""


def watched(anywhere: Collection[str], by_language: Mapping[str, Collection[str]], text: str) -> bool:
    """Whether ``text`` holds a watched word. Pure.

    Args:
        anywhere: words of any language, as whole words.
        by_language: words by language (BCP 47), found as that language writes them. A comment does not say in which
            language it is, so each is looked for in every comment.
    """
    plain = _plain(text)
    if any(_whole(word, plain) for word in anywhere):
        return True
    for language, words in by_language.items():
        inside = language.lower().partition("-")[0] in UNSPACED
        if any(_plain(word) in plain if inside else _whole(word, plain) for word in words):
            return True
    return False


def _plain(text: str) -> str:
    """As it is compared: one width, one case, one form of each letter."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _whole(word: str, plain: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(_plain(word))}(?!\w)", plain) is not None
