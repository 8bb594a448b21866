"""Content credentials: what a file is, where it is from and who says so, signed into the file (C2PA 2).

A manifest opens the title as its parent ingredient and lists what was done to it by the names of the C2PA specification
("Actions", 18.15): ``c2pa.opened`` first, ``c2pa.trimmed`` for the stretch, the rest as the profile has it. Nothing
here speaks to a network: no time-stamp authority, no remote manifest, no OCSP.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from groundswell.media.errors import MediaError, writing
from groundswell.media.output.mux import new_file
from groundswell.media.profiles import profile_named

from .signer import Signer

GENERATOR = "Groundswell"
MOMENT = "app.groundswell.moment"
PARENT = "title"


@dataclass(frozen=True)
class Manifest:
    """What is claimed of a file. ``title_id``, ``moment_id`` are the service's own ids or URLs; times in microseconds.

    ``edits`` are C2PA action names besides ``c2pa.opened``; `edits_of` gives them for a profile.
    """

    title: str
    title_id: str
    moment: str
    moment_id: str
    service: str
    start_us: int
    end_us: int
    edits: tuple[str, ...] = ("c2pa.trimmed",)


@dataclass(frozen=True)
class Credentials:
    """What a file's own manifest says. ``state`` is ``Trusted`` (signed by an anchor given), ``Valid`` (whole, by an
    unknown signer) or ``Invalid`` (the file is not what was signed). ``said`` is our assertion, or nothing."""

    state: str
    title: str
    issuer: str
    actions: tuple[str, ...]
    parent: str | None
    said: dict[str, Any]


def edits_of(profile: str, *, mode: str = "encode", captions: bool = False) -> tuple[str, ...]:
    """The actions that make a clip in a profile out of its title. ``mode`` as in `CutResult`; raises ``bad_option``."""
    shape = profile_named(profile)
    edits = ["c2pa.trimmed"]
    if shape.framing == "fill":
        edits.append("c2pa.cropped")
    if shape.renders:
        edits.append("c2pa.resized")
    if mode == "encode":
        edits.append("c2pa.transcoded")
    if captions:
        edits.append("c2pa.addedText")
    return tuple(edits)


def sign(path: str | Path, manifest: Manifest, signer: Signer) -> None:
    """Sign an MP4 or JPEG in place, whole or not at all. Costs one read and one write of the file.

    Raises ``cannot_sign`` when the file or the certificate will not do, ``source_missing``, ``disk_full``,
    ``cannot_write``.
    """
    import c2pa

    path = Path(path)
    kind = _kind(path)
    with new_file(path) as temporary:
        try:
            with _context() as context, signer.native() as native:
                builder = c2pa.Builder(json.dumps(_definition(manifest, kind)), context)
                with builder, path.open("rb") as plain, temporary.open("w+b") as signed:
                    builder.sign(native, kind, plain, signed)
        except OSError as error:
            raise writing(error) from error
        except c2pa.C2paError as error:
            raise MediaError("cannot_sign", f"The file could not be signed ({error}).") from error


def read_credentials(path: str | Path, anchors: bytes | None = None) -> Credentials | None:
    """The credentials of a file, None if it has none. ``anchors``: PEM certificates that are trusted.

    Raises ``source_missing``, ``cannot_sign`` when this is no file that could carry credentials.
    """
    import c2pa

    path = Path(path)
    kind = _kind(path)
    with _context(anchors) as context, path.open("rb") as file:
        reader = c2pa.Reader.try_create(kind, file, context=context)
        if reader is None:
            return None
        with reader:
            return _credentials(json.loads(reader.json()))


def _kind(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except FileNotFoundError as error:
        raise MediaError("source_missing", f"There is no file {os.fspath(path)}.") from error
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[4:8] == b"ftyp":
        return "video/mp4"
    raise MediaError("cannot_sign", "Only MP4 and JPEG files carry credentials.")


def _context(anchors: bytes | None = None) -> Any:
    import c2pa

    settings: dict[str, Any] = {
        "verify": {"verify_trust": anchors is not None, "remote_manifest_fetch": False, "ocsp_fetch": False},
        "builder": {"thumbnail": {"enabled": False}},
    }
    if anchors is not None:
        settings["trust"] = {"user_anchors": anchors.decode()}
    return c2pa.Context.from_dict(settings)


def _definition(manifest: Manifest, kind: str) -> dict[str, Any]:
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}
    parent = {"title": manifest.title, "format": "video/mp4", "instance_id": manifest.title_id}
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": version("groundswell")}],
        "format": kind,
        "title": manifest.moment,
        "ingredients": [{**parent, "relationship": "parentOf", "label": PARENT}],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [opened, *(_edit(e, manifest) for e in manifest.edits)]}},
            {"label": MOMENT, "data": _said(manifest)},
        ],
    }


def _edit(edit: str, manifest: Manifest) -> dict[str, Any]:
    action: dict[str, Any] = {"action": edit, "softwareAgent": {"name": GENERATOR}}
    if edit == "c2pa.trimmed":
        time = {"type": "npt", "start": _npt(manifest.start_us), "end": _npt(manifest.end_us)}
        kept = {
            "region": [{"type": "temporal", "time": time}],
            "description": "The stretch of the title that was kept.",
        }
        action["changes"] = [kept]
    return action


def _npt(us: int) -> str:
    """Normal play time (RFC 2326) in seconds."""
    return f"{us // 1_000_000}.{us % 1_000_000:06}"


def _said(manifest: Manifest) -> dict[str, Any]:
    return {
        "service": manifest.service,
        "title": manifest.title,
        "title_id": manifest.title_id,
        "moment": manifest.moment,
        "moment_id": manifest.moment_id,
        "start_us": manifest.start_us,
        "end_us": manifest.end_us,
    }


def _credentials(store: dict[str, Any]) -> Credentials:
    active = store["manifests"][store["active_manifest"]]
    said = {a["label"]: a["data"] for a in active.get("assertions", [])}
    actions: dict[str, Any] = next((data for label, data in said.items() if label.startswith("c2pa.actions")), {})
    parents = [i for i in active.get("ingredients", []) if i.get("relationship") == "parentOf"]
    return Credentials(
        state=store.get("validation_state", "Invalid"),
        title=active.get("title", ""),
        issuer=active.get("signature_info", {}).get("issuer", ""),
        actions=tuple(a["action"] for a in actions.get("actions", [])),
        parent=parents[0].get("title") if parents else None,
        said=said.get(MOMENT, {}),
    )
