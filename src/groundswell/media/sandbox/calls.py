"""The pieces of work a bounded child does, by name: JSON in, JSON out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

Report = Callable[[float], None]
Work = Callable[[dict[str, Any], Report], Any]


def _probe(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.reading.probe import probe

    return json.loads(probe(**arguments).to_json())


def _cut(arguments: dict[str, Any], report: Report) -> Any:
    from groundswell.media.cut import cut
    from groundswell.media.request import ClipRequest
    from groundswell.media.title import TitleIndex

    index = arguments.get("index")
    made = cut(
        arguments["source"],
        ClipRequest.from_json(arguments["request"]),
        arguments["destination"],
        index=None if index is None else TitleIndex.from_json(index),
        on_progress=report,
    )
    return asdict(made)


def _join(arguments: dict[str, Any], report: Report) -> Any:
    from groundswell.media.end_card_text import EndCard
    from groundswell.media.rendering.join import JoinPart, join

    card = arguments.get("card")
    parts = [JoinPart(**each) for each in arguments["parts"]]
    card = None if card is None else EndCard(**card)
    return asdict(join(parts, arguments["destination"], card=card, on_progress=report))


def _poster(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.analysis.stills import poster

    return poster(**{**arguments, "size": tuple(arguments.get("size", (1200, 630)))})


def _storyboard(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.analysis.stills import storyboard

    return asdict(storyboard(**arguments))


def _waveform(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.analysis.stills import waveform

    return waveform(**arguments)


def _preview(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.analysis.stills import preview

    return asdict(preview(**arguments))


def _crop_plan(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.rendering.crop_plan import crop_plan

    destination = Path(arguments.pop("destination"))
    plan = crop_plan(**arguments)
    destination.write_text(json.dumps([{"start_us": us, "focus": at} for us, at in plan]), encoding="utf-8")
    return len(plan)


def _find_shots(arguments: dict[str, Any], report: Report) -> Any:
    from groundswell.media.analysis.shots import find_shots

    return find_shots(**arguments, on_progress=report)


def _survey(arguments: dict[str, Any], report: Report) -> Any:
    from groundswell.media.analysis.survey import survey

    return asdict(survey(**arguments, on_progress=report))


def _artwork(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.analysis.artwork import artwork

    return artwork(**{**arguments, "size": tuple(arguments["size"])})


def _package(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.hls.packager import package

    return json.loads(package(**arguments).to_json())


def _exact_hls(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.hls.exact_hls import NotExact, exact_hls
    from groundswell.media.hls.package import Package

    made = exact_hls(**{**arguments, "package": Package.model_validate(arguments["package"])})
    return {"not_exact": made.reason} if isinstance(made, NotExact) else made.model_dump(mode="json")


def _stretch(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.streams.stretch import StretchPiece, join_stretch

    pieces = [StretchPiece.model_validate(each) for each in arguments["pieces"]]
    return asdict(join_stretch(pieces, arguments["destination"]))


def _segment_facts(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.streams.stretch import segment_facts

    return segment_facts(**arguments).model_dump(mode="json")


def _sign(arguments: dict[str, Any], _: Report) -> Any:
    from groundswell.media.credentials.manifest import Manifest, sign
    from groundswell.media.credentials.signer import Signer

    manifest = arguments["manifest"]
    claimed = Manifest(**{**manifest, "edits": tuple(manifest["edits"])})
    return sign(arguments["path"], claimed, Signer.read(arguments["signer"]))


def _confinement(arguments: dict[str, Any], _: Report) -> Any:
    """What could not be cut off, and what is to be reached all the same: for `groundswell doctor`."""
    return {"left_out": arguments["left_out"]}


WORK: dict[str, Work] = {
    "confinement": _confinement,
    "probe": _probe,
    "cut": _cut,
    "join": _join,
    "poster": _poster,
    "storyboard": _storyboard,
    "waveform": _waveform,
    "preview": _preview,
    "crop_plan": _crop_plan,
    "package": _package,
    "exact_hls": _exact_hls,
    "stretch": _stretch,
    "segment_facts": _segment_facts,
    "find_shots": _find_shots,
    "survey": _survey,
    "artwork": _artwork,
    "sign": _sign,
}

WRITTEN = ("destination", "folder")


def folders_written(call: str, arguments: dict[str, Any]) -> list[Path]:
    """The folders below which a piece of work writes; it writes nowhere else."""
    if call == "sign":  # in place
        return [Path(arguments["path"]).parent]
    named = [Path(arguments[name]) for name in WRITTEN if name in arguments]
    if call == "exact_hls":  # whose folder is what it reads
        named = [Path(arguments["destination"])]
    return [path if path.is_dir() else path.parent for path in named]
