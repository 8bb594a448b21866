"""What sharing asks of the features above it."""

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question
from groundswell.platform.settings import Settings

from .cards import EmbedCard

embed_at: Question[[AsyncSession, Settings, str], EmbedCard | None] = Question(None)
"""What embeds the page of ours at a path, which is neither a share's nor a moment's; None where nothing does."""
