"""What is drawn into a moment's picture on request: its subtitles, and a card at the end that leads back to it."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from groundswell.catalog.tables import Line, Title
from groundswell.media import CARD_US, PROFILES, Cue, CueStyle, EndCard, write_webvtt
from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Moment
from groundswell.platform.problems import Problem
from groundswell.platform.settings import Settings


class NoCaptions(Problem):
    status, code, title = 404, "no_captions", "There are no subtitles of this title in this language."


async def lines_of(session: AsyncSession, moment: Moment, language: str | None) -> Sequence[Line]:
    """The title's lines in ``language`` (BCP 47), or in the first there is.

    Raises:
        NoCaptions: there are none.
    """
    language = language or await session.scalar(
        select(Line.language).filter_by(title_id=moment.title_id).order_by(Line.language != "en", Line.language)
    )
    query = select(Line).filter_by(title_id=moment.title_id, language=language)
    lines = (await session.scalars(query.order_by(Line.start_us, Line.number))).all()
    if not lines:
        raise NoCaptions()
    return lines


def webvtt(lines: Sequence[Line], start_us: int, end_us: int, *, timed_to_title: bool = False) -> str:
    """The lines spoken in ``[start_us, end_us)`` as WebVTT, timed to the clip or to the title, as they look."""
    cues = [Cue(line.start_us, line.end_us, line.text, _look(line)) for line in lines if line.end_us > start_us]
    return write_webvtt(cues, 0 if timed_to_title else start_us, end_us)


def _look(line: Line) -> CueStyle | None:
    return None if line.look is None else CueStyle.from_document(line.look)


async def dressed(
    session: AsyncSession, settings: Settings, moment: Moment, recipe: Recipe, captions: str | None, card: bool
) -> Recipe:
    """``recipe`` with subtitles in the language ``captions`` burnt in, and the end card where its profile takes one.

    Raises:
        NoCaptions: there are no subtitles in that language.
    """
    if card and recipe.profile in PROFILES and PROFILES[recipe.profile].takes_card:
        title = await session.get_one(Title, moment.title_id)
        link = f"{settings.base_url.rstrip('/')}/m/{moment.code}"
        recipe = with_card(recipe, EndCard(link, title.name, settings.service_name))
    if captions:
        lines = await lines_of(session, moment, captions)
        spoken = webvtt(lines, recipe.start_us, recipe.end_us, timed_to_title=True)
        recipe = replace(recipe, captions=spoken)
    return recipe


def has_room_for_card(recipe: Recipe) -> bool:
    """Whether a card can follow without anything of the clip being left out for it."""
    longest = PROFILES[recipe.profile].longest_us if recipe.profile in PROFILES else None
    return longest is None or recipe.end_us - recipe.start_us + CARD_US <= longest


def with_card(recipe: Recipe, card: EndCard) -> Recipe:
    """``recipe`` with a card at its end, and shorter by it where the profile has a longest length."""
    longest = PROFILES[recipe.profile].longest_us
    end_us = recipe.end_us if longest is None else min(recipe.end_us, recipe.start_us + longest - CARD_US)
    return replace(recipe, end_us=end_us, card=card)
