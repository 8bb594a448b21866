"""What moments ask of the features above them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.platform.providers import Question
from groundswell.platform.settings import Settings

members_of_scenes: Question[[Collection[UUID] | None], Select[Any] | None] = Question(None)
"""A query for (moment_id, scene_id), of the scenes given or of all: which scene each moment belongs to. A moment that
is not there is a scene of its own, as are all where there is no query. Answered by discovery."""

link_leads_to: Question[[AsyncSession, Settings, str], UUID | None] = Question(None)
"""The id of the moment to which the link with this token leads now; raises why it leads nowhere. Answered by shares."""
