"""What attribution asks the features above it."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question

creator_of_code: Question[[AsyncSession, str], UUID | None] = Question(unanswered=None)
"""Whose code this is (in capitals): the viewer's id, or None."""
