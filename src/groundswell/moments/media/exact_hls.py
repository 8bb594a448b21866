"""Making the exact HLS of a clip: a few fragments of our own beside the title's own segments."""

import asyncio
from pathlib import Path
from typing import Any

from groundswell.catalog.packages import NotPackaged, key_beside, package_of
from groundswell.catalog.streams.stretches import ladder_at
from groundswell.catalog.tables import Source
from groundswell.media import (
    ExactHls,
    ExactTrack,
    Limits,
    MediaError,
    NotExact,
    Package,
    PackagedTrack,
    exact_hls_bounded,
    ranges_needed,
    run_bounded,
)
from groundswell.media.streams.ladder import Ladder
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
    return await _put(store, made, recipe, folder / "made")


async def _put(store: ObjectStore, made: ExactHls, recipe: Recipe, folder: Path) -> tuple[dict[str, Any], int]:
    size = 0
    for name in made.files:
        await store.put_file(f"{recipe.storage_key}/{name}", folder / name)
        size += (folder / name).stat().st_size
    return made.model_dump(mode="json"), size


async def make_exact_of_stretch(
    store: ObjectStore, source: Source, recipe: Recipe, stretch: Path, folder: Path, limits: Limits
) -> tuple[dict[str, Any], int]:
    """As `make_exact`, of a stretch of a service's own ladder: its pictures are copied too, for no address of ours
    leads into the service's segments.

    Raises:
        MediaError: as `make_exact`.
    """
    packed = folder / "package"
    await asyncio.to_thread(packed.mkdir)
    asked = {"source": str(stretch), "folder": str(packed)}
    package = Package.model_validate(await run_bounded("package", asked, limits))
    span = recipe.start_us, recipe.end_us
    made = await exact_hls_bounded(package, packed, *span, folder / "made", limits=limits)
    if isinstance(made, NotExact):
        raise MediaError("not_exact", f"This clip cannot be streamed exact ({made.reason}).")
    ladder = await ladder_at(store, source.storage_key)
    own = await asyncio.to_thread(_owned, made, ladder, packed, folder / "made")
    return await _put(store, own, recipe, folder / "made")


def _owned(made: ExactHls, ladder: Ladder, packed: Path, folder: Path) -> ExactHls:
    """An exact clip with all of its pieces in ``folder``, its sound called as the ladder does."""

    def own(track: ExactTrack, about: PackagedTrack) -> ExactTrack:
        stem = Path(track.about.file).stem
        pieces = []
        for number, piece in enumerate((track.init, *track.pieces)):
            if not piece.made:
                name = f"{stem}.{number}.m4s"
                with (packed / piece.file).open("rb") as file:
                    file.seek(piece.offset)
                    (folder / name).write_bytes(file.read(piece.size))
                piece = piece.model_copy(update={"file": name, "made": True, "offset": 0})
            pieces.append(piece)
        return ExactTrack(about=about, init=pieces[0], pieces=tuple(pieces[1:]))

    audio = []
    for number, track in enumerate(made.audio):
        about = track.about
        if number < len(ladder.audio):
            said = ladder.audio[number]
            called = {"language": said.language, "name": said.label or about.name, "default": said.default}
            about = about.model_copy(update=called)
        audio.append(own(track, about))
    return made.model_copy(update={"video": own(made.video, made.video.about), "audio": tuple(audio)})


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
