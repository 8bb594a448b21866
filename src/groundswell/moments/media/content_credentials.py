"""Content credentials (C2PA) on every file that leaves the house: which title, which moment, which service."""

from pathlib import Path
from typing import Any

from sqlalchemy import select

from groundswell.catalog.tables import Source, Title
from groundswell.media import Limits, Manifest, edits_of, sign_bounded
from groundswell.moments.recipes import POSTER, PREVIEW, Recipe
from groundswell.moments.tables import Moment
from groundswell.platform.runtime import Runtime

PICTURE_EDITS = ("c2pa.trimmed", "c2pa.resized", "c2pa.converted")
PREVIEW_EDITS = ("c2pa.trimmed", "c2pa.resized", "c2pa.transcoded")


async def sign_made(
    runtime: Runtime, recipe: Recipe, source: Source, made: Path, result: dict[str, Any], limits: Limits
) -> bool:
    """Sign ``made`` where the operator has named a certificate; whether it was.

    Raises:
        MediaError: ``bad_certificate``, ``cannot_sign``: what should be signed does not leave unsigned.
    """
    signer = runtime.settings.credentials_file
    if signer is None:
        return False
    await sign_bounded(made, await _manifest(runtime, recipe, source, _edits(recipe, result)), signer, limits=limits)
    return True


async def _manifest(runtime: Runtime, recipe: Recipe, source: Source, edits: tuple[str, ...]) -> Manifest:
    """The claims of a rendition. Moments of one span share its bytes: it names the first that is no secret."""
    span = {"source_id": recipe.source_id, "start_us": recipe.start_us, "end_us": recipe.end_us}
    open_first = Moment.visibility == "private", Moment.id
    async with runtime.database.transaction() as session:
        title = await session.get_one(Title, source.title_id)
        moment = await session.scalar(select(Moment).filter_by(**span, deleted_at=None).order_by(*open_first).limit(1))
    home = runtime.settings.base_url.rstrip("/")
    secret = moment is None or moment.visibility == "private"
    return Manifest(
        title=title.name,
        title_id=f"{home}/v1/titles/{title.slug}",
        moment="" if secret or moment is None else moment.caption[:200],
        moment_id=home if secret or moment is None else f"{home}/m/{moment.code}",
        service=runtime.settings.service_name,
        start_us=recipe.start_us,
        end_us=recipe.end_us,
        edits=edits,
    )


def _edits(recipe: Recipe, result: dict[str, Any]) -> tuple[str, ...]:
    if recipe.profile == POSTER:
        return PICTURE_EDITS
    if recipe.profile == PREVIEW:
        return PREVIEW_EDITS
    return edits_of(
        recipe.profile, mode=result["mode"], captions=recipe.captions is not None or recipe.card is not None
    )
