"""The clip engine: exact, nearly free, and right on any real file. Files in, files out.

>>> from groundswell.media import cut, probe

Usable on its own: no database, no HTTP. Services use the ``…_bounded`` functions, which do the work in a process that
can be killed.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .cut import cut
from .probe import probe

if TYPE_CHECKING:
    from .card import CARD_US, EndCard
    from .credentials import Credentials, Manifest, edits_of, read_credentials, sign
    from .errors import REASONS, MediaError
    from .exact import ExactHls, NotExact, exact_hls, ranges_needed
    from .exactbounded import exact_hls_bounded, exact_hls_bounded_sync
    from .hls import Package, PackagedTrack, Segment
    from .limits import DEFAULT_LIMITS, Limits
    from .order import CutResult
    from .packaging import package
    from .pieces import ExactTrack, Piece
    from .playlists import (
        clip_playlist,
        exact_master_playlist,
        exact_media_playlist,
        master_playlist,
        media_playlist,
    )
    from .profiles import PROFILES, Profile
    from .sandbox import (
        cut_bounded,
        cut_bounded_sync,
        probe_bounded,
        probe_bounded_sync,
        run_bounded,
        run_bounded_sync,
        sign_bounded,
    )
    from .shots import find_shots
    from .signer import Signer, make_test_signer
    from .speech import Sentence, nearest, sentence_ends, sentences
    from .stills import Storyboard, poster, preview, storyboard, waveform
    from .subtitles import Line, Lines, clipped, read_subtitles, write_webvtt
    from .suggestions import Suggestion, suggest
    from .times import clock, parse_time
    from .title import AudioTrack, Colour, SubtitleTrack, TitleIndex, VideoTrack

_WHERE = {
    "card": "CARD_US EndCard",
    "credentials": "Credentials Manifest edits_of read_credentials sign",
    "errors": "REASONS MediaError",
    "exact": "ExactHls NotExact exact_hls ranges_needed",
    "exactbounded": "exact_hls_bounded exact_hls_bounded_sync",
    "hls": "Package PackagedTrack Segment",
    "limits": "DEFAULT_LIMITS Limits",
    "order": "CutResult",
    "packaging": "package",
    "pieces": "ExactTrack Piece",
    "playlists": "clip_playlist exact_master_playlist exact_media_playlist master_playlist media_playlist",
    "profiles": "PROFILES Profile",
    "sandbox": "cut_bounded cut_bounded_sync probe_bounded probe_bounded_sync run_bounded run_bounded_sync "
    "sign_bounded",
    "shots": "find_shots",
    "signer": "Signer make_test_signer",
    "speech": "Sentence nearest sentence_ends sentences",
    "stills": "Storyboard poster preview storyboard waveform",
    "subtitles": "Line Lines clipped read_subtitles write_webvtt",
    "suggestions": "Suggestion suggest",
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
    "Colour",
    "Credentials",
    "CutResult",
    "EndCard",
    "ExactHls",
    "ExactTrack",
    "Limits",
    "Line",
    "Lines",
    "Manifest",
    "MediaError",
    "NotExact",
    "Package",
    "PackagedTrack",
    "Piece",
    "Profile",
    "Segment",
    "Sentence",
    "Signer",
    "Storyboard",
    "SubtitleTrack",
    "Suggestion",
    "TitleIndex",
    "VideoTrack",
    "clip_playlist",
    "clipped",
    "clock",
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
