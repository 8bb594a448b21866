"""What the catalogue asks of the rooms above it."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.questions import Question

from .schemas import ClipRights
from .tables import Source, Title

clip_rights: Question[[AsyncSession, Title, Source, Viewer | None], ClipRights | None] = Question(None)
"""What may be clipped of a title, for whoever asks (None: a visitor). Answered by trust."""
