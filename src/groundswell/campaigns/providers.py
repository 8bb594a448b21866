"""What campaigns ask of the features above them."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question

earned_so_far: Question[[AsyncSession, Collection[UUID]], Mapping[UUID, Mapping[str, int]]] = Question({})
"""ids of creators → what each earned until now, in minor units by currency, less what was taken back. Answered by the
feature that pays."""
