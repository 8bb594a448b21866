"""Making the exact HLS of a clip: a few fragments of our own beside the title's own segments."""

from pathlib import Path
from typing import Any

from groundswell.catalog.packages import NotPackaged, key_beside, package_of
from groundswell.catalog.tables import Source
from groundswell.media import ExactHls, Limits, MediaError, NotExact, exact_hls_bounded, ranges_needed
from groundswell.moments.recipes import HLS, Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.storage import ObjectStore


async def make_exact(
    store: ObjectStore, source: Source, recipe: Recipe, folder: Path, limits: Limits
) -> tuple[dict[str, Any], int]:
    """Make and store the pieces of ``recipe``; what they are, and how many bytes they have.

    Args:
        folder: an empty one to work in.

    Raises:
        MediaError: ``not_exact`` where codec, coding or length do not allow it; and what the clip engine raises.
    """
    try:
        package = await package_of(store, source)
    except NotPackaged:
        raise MediaError("cannot_package") from None
    needed = ranges_needed(package, recipe.start_us, recipe.end_us)
    files = {key_beside(str(source.package_key), name): ranges for name, ranges in needed.items()}
    try:
        beside = await store.local_parts(files, folder / "package")
    except FileNotFoundError:
        raise MediaError("source_missing") from None
    span = recipe.start_us, recipe.end_us
    made = await exact_hls_bounded(package, beside, *span, folder / "made", limits=limits)
    if isinstance(made, NotExact):
        raise MediaError("not_exact", f"This clip cannot be streamed exact ({made.reason}).")
    size = 0
    for name in made.files:
        await store.put_file(f"{recipe.storage_key}/{name}", folder / "made" / name)
        size += (folder / "made" / name).stat().st_size
    return made.model_dump(mode="json"), size


def made_of(rendition: Rendition) -> ExactHls | None:
    """What an exact HLS that is ready is made of."""
    if rendition.status != "ready" or rendition.profile != HLS:
        return None
    return ExactHls.model_validate(rendition.result)


def objects_of(rendition: Rendition) -> list[str]:
    """The keys of everything that a rendition keeps in the store."""
    if rendition.storage_key is None:
        return []
    made = made_of(rendition)
    return [rendition.storage_key] if made is None else [f"{rendition.storage_key}/{name}" for name in made.files]
