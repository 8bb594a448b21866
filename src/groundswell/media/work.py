"""The pieces of work a bounded child does, by name: JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

Report = Callable[[float], None]
Work = Callable[[dict[str, Any], Report], Any]


def _probe(arguments: dict[str, Any], _: Report) -> Any:
    from .probe import probe

    return json.loads(probe(**arguments).to_json())


def _cut(arguments: dict[str, Any], report: Report) -> Any:
    from .card import EndCard
    from .cut import cut
    from .limits import Limits

    limits = Limits(**arguments.pop("limits"))
    card = arguments.pop("card", None)
    arguments["card"] = None if card is None else EndCard(**card)
    return asdict(cut(**arguments, limits=limits, on_progress=report))


def _poster(arguments: dict[str, Any], _: Report) -> Any:
    from .stills import poster

    return poster(**{**arguments, "size": tuple(arguments.get("size", (1200, 630)))})


def _storyboard(arguments: dict[str, Any], _: Report) -> Any:
    from .stills import storyboard

    return asdict(storyboard(**arguments))


def _waveform(arguments: dict[str, Any], _: Report) -> Any:
    from .stills import waveform

    return waveform(**arguments)


def _preview(arguments: dict[str, Any], _: Report) -> Any:
    from .stills import preview

    return asdict(preview(**arguments))


def _find_shots(arguments: dict[str, Any], report: Report) -> Any:
    from .shots import find_shots

    return find_shots(**arguments, on_progress=report)


def _survey(arguments: dict[str, Any], report: Report) -> Any:
    from .survey import survey

    return asdict(survey(**arguments, on_progress=report))


def _artwork(arguments: dict[str, Any], _: Report) -> Any:
    from .artwork import artwork

    return artwork(**{**arguments, "size": tuple(arguments["size"])})


def _package(arguments: dict[str, Any], _: Report) -> Any:
    from .packaging import package

    return json.loads(package(**arguments).to_json())


def _exact_hls(arguments: dict[str, Any], _: Report) -> Any:
    from .exact import NotExact, exact_hls
    from .hls import Package

    made = exact_hls(**{**arguments, "package": Package.model_validate(arguments["package"])})
    return {"not_exact": made.reason} if isinstance(made, NotExact) else made.model_dump(mode="json")


def _sign(arguments: dict[str, Any], _: Report) -> Any:
    from .credentials import Manifest, sign
    from .signer import Signer

    manifest = arguments["manifest"]
    claimed = Manifest(**{**manifest, "edits": tuple(manifest["edits"])})
    return sign(arguments["path"], claimed, Signer.read(arguments["signer"]))


WORK: dict[str, Work] = {
    "probe": _probe,
    "cut": _cut,
    "poster": _poster,
    "storyboard": _storyboard,
    "waveform": _waveform,
    "preview": _preview,
    "package": _package,
    "exact_hls": _exact_hls,
    "find_shots": _find_shots,
    "survey": _survey,
    "artwork": _artwork,
    "sign": _sign,
}
