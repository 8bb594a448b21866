"""The clip engine: exact, nearly free, and right on any real file. Files in, files out.

>>> from groundswell.media import cut, probe

Usable on its own: no database, no HTTP. Services use the ``…_bounded`` functions, which do the work in a process that
can be killed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cut import cut
from .reading.probe import probe

if TYPE_CHECKING:
    from .analysis.shots import find_shots
    from .analysis.stills import Storyboard, poster, preview, storyboard, waveform
    from .analysis.suggestions import Suggestion, suggest
    from .credentials.manifest import Credentials, Manifest, edits_of, read_credentials, sign
    from .credentials.signer import Signer, make_test_signer
    from .end_card_text import CARD_US, EndCard
    from .errors import REASONS, MediaError
    from .hls.byte_ranges import ByteRange, ExactTrack
    from .hls.exact_hls import ExactHls, NotExact, exact_hls, ranges_needed
    from .hls.package import Package, PackagedTrack, Segment
    from .hls.packager import package
    from .hls.playlists import (
        clip_playlist,
        exact_master_playlist,
        exact_media_playlist,
        master_playlist,
        media_playlist,
    )
    from .limits import DEFAULT_LIMITS, Limits
    from .profiles import PROFILES, Profile
    from .request import ClipRequest, CutResult
    from .sandbox.bounded import (
        cut_bounded,
        cut_bounded_sync,
        probe_bounded,
        probe_bounded_sync,
        run_bounded,
        run_bounded_sync,
        sign_bounded,
    )
    from .sandbox.bounded_hls import exact_hls_bounded, exact_hls_bounded_sync
    from .subtitles.cues import Cue, Cues, CueStyle, clipped, read_subtitles, write_webvtt
    from .subtitles.fonts import colour_emoji, missing_scripts
    from .subtitles.sentences import Sentence, asides, nearest, sentence_ends, sentences
    from .times import clock, parse_time
    from .title import AudioTrack, Colour, SubtitleTrack, TitleIndex, VideoTrack

_WHERE = {
    "end_card_text": "CARD_US EndCard",
    "credentials.manifest": "Credentials Manifest edits_of read_credentials sign",
    "errors": "REASONS MediaError",
    "hls.exact_hls": "ExactHls NotExact exact_hls ranges_needed",
    "sandbox.bounded_hls": "exact_hls_bounded exact_hls_bounded_sync",
    "hls.package": "Package PackagedTrack Segment",
    "limits": "DEFAULT_LIMITS Limits",
    "request": "ClipRequest CutResult",
    "hls.packager": "package",
    "hls.byte_ranges": "ByteRange ExactTrack",
    "hls.playlists": "clip_playlist exact_master_playlist exact_media_playlist master_playlist media_playlist",
    "profiles": "PROFILES Profile",
    "sandbox.bounded": "cut_bounded cut_bounded_sync probe_bounded probe_bounded_sync run_bounded run_bounded_sync "
    "sign_bounded",
    "analysis.shots": "find_shots",
    "credentials.signer": "Signer make_test_signer",
    "subtitles.sentences": "Sentence asides nearest sentence_ends sentences",
    "analysis.stills": "Storyboard poster preview storyboard waveform",
    "subtitles.fonts": "colour_emoji missing_scripts",
    "subtitles.cues": "Cue CueStyle Cues clipped read_subtitles write_webvtt",
    "analysis.suggestions": "Suggestion suggest",
    "times": "clock parse_time",
    "title": "AudioTrack Colour SubtitleTrack TitleIndex VideoTrack",
}
_MODULE = {name: module for module, names in _WHERE.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """What is not loaded until it is asked for: a plain cut takes as long to load as to do (PEP 562)."""
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f".{_MODULE[name]}", __name__), name)
    globals()[name] = found
    return found


__all__ = [
    "CARD_US",
    "DEFAULT_LIMITS",
    "PROFILES",
    "REASONS",
    "AudioTrack",
    "ByteRange",
    "ClipRequest",
    "Colour",
    "Credentials",
    "Cue",
    "CueStyle",
    "Cues",
    "CutResult",
    "EndCard",
    "ExactHls",
    "ExactTrack",
    "Limits",
    "Manifest",
    "MediaError",
    "NotExact",
    "Package",
    "PackagedTrack",
    "Profile",
    "Segment",
    "Sentence",
    "Signer",
    "Storyboard",
    "SubtitleTrack",
    "Suggestion",
    "TitleIndex",
    "VideoTrack",
    "asides",
    "clip_playlist",
    "clipped",
    "clock",
    "colour_emoji",
    "cut",
    "cut_bounded",
    "cut_bounded_sync",
    "edits_of",
    "exact_hls",
    "exact_hls_bounded",
    "exact_hls_bounded_sync",
    "exact_master_playlist",
    "exact_media_playlist",
    "find_shots",
    "make_test_signer",
    "master_playlist",
    "media_playlist",
    "missing_scripts",
    "nearest",
    "package",
    "parse_time",
    "poster",
    "preview",
    "probe",
    "probe_bounded",
    "probe_bounded_sync",
    "ranges_needed",
    "read_credentials",
    "read_subtitles",
    "run_bounded",
    "run_bounded_sync",
    "sentence_ends",
    "sentences",
    "sign",
    "sign_bounded",
    "storyboard",
    "suggest",
    "waveform",
    "write_webvtt",
]
