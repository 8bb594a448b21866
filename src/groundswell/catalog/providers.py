"""What the catalogue asks of the features above it."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.accounts.tables import Viewer
from groundswell.platform.problems import Problem
from groundswell.platform.providers import Question

from .schemas import ClipRights
from .tables import Source, Title

clip_rights: Question[[AsyncSession, Title, Source, Viewer | None], ClipRights | None] = Question(None)
"""What may be clipped of a title, for whoever asks (None: a visitor). Answered by trust."""

Look = Literal["clip", "play"]
"""What somebody looks at a title for: to clip it (its lines, pictures and sound), or to see where it is hot."""


class NotShown(Problem):
    status, code, title = 403, "title_not_shown", "Nothing of this title is shown here."


@dataclass(frozen=True)
class TitleView:
    """How much of a title itself one may look at: nothing (``refusal`` says why), or all but the ``withheld`` spans
    [start, end) in microseconds."""

    refusal: Problem | None = None
    withheld: tuple[tuple[int, int], ...] = ()

    def shows(self, start_us: int, end_us: int) -> bool:
        """Whether [start, end) may be looked at."""
        return self.refusal is None and all(end_us <= start or end <= start_us for start, end in self.withheld)


title_view: Question[[AsyncSession, Title, Source, Viewer | None, str | None, Look], TitleView] = Question(
    TitleView(NotShown())
)
"""How much of a title its rights let a viewer (None: a visitor) in a territory look at, now. Answered by trust."""

title_hidden: Question[[AsyncSession, Title], bool] = Question(True)
"""Whether a decision keeps a title from everybody. Answered by trust."""
