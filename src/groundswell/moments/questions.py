"""What moments ask of the rooms above them."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.questions import Question

scenes_of_moments: Question[[AsyncSession], dict[UUID, UUID]] = Question({})
"""Moment → the scene that it belongs to. A moment that is not there is a scene of its own. Answered by discovery."""
