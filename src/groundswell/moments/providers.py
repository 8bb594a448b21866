"""What moments ask of the features above them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question
from groundswell.platform.settings import Settings

scenes_of_moments: Question[[AsyncSession], dict[UUID, UUID]] = Question({})
"""Moment → the scene that it belongs to. A moment that is not there is a scene of its own. Answered by discovery."""

link_leads_to: Question[[AsyncSession, Settings, str], UUID | None] = Question(None)
"""The id of the moment to which the link with this token leads now; raises why it leads nowhere. Answered by shares."""
