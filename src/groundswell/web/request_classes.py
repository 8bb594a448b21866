"""Classes of requests: which requests are of one kind, and how many of them may be answered at once."""

import re
from functools import lru_cache
from typing import NamedTuple

from groundswell.platform.database import Pool
from groundswell.platform.settings import Settings


class RequestClass(NamedTuple):
    """One class of requests.

    Args:
        most: requests of it that may be answered at once.
        deadline_s: seconds in which an answer must begin.
        to_the_end: it holds its place until its answer has been sent, not just until that begins.
        weight: its part of the processor where that does not suffice, beside the other classes'.
        waits: its requests wait for renders or other services, and take next to no processor meanwhile.
    """

    name: str
    pool: Pool
    most: int
    deadline_s: float
    retry_after_s: int
    to_the_end: bool = False
    weight: int = 1
    waits: bool = False


def request_classes(settings: Settings) -> dict[str, RequestClass]:
    """Every class, by name. Media, signing in, ingest and visitors' reactions wait for renders, for other services and
    for the log: they hold no connection meanwhile. Links that lead on wait for one short look-up when nobody has
    followed them lately: were they to share visitors' places, a hit whose links are new would be refused with nobody to
    make room for."""
    deadline_s = settings.request_deadline_s
    classes = (
        RequestClass("visitors", "visitors", settings.visitors_at_once, deadline_s, 1, weight=2),
        RequestClass("links", "visitors", settings.links_at_once, deadline_s, 1, waits=True),
        RequestClass("viewers", "viewers", settings.viewers_at_once, deadline_s, 1, weight=2),
        RequestClass("console", "console", settings.console_at_once, deadline_s, 2),
        RequestClass("exports", "exports", settings.exports_at_once, 2 * deadline_s, 5, to_the_end=True),
        RequestClass("media", "visitors", settings.media_at_once, deadline_s, 2, waits=True),
        RequestClass("sign_in", "viewers", settings.sign_ins_at_once, deadline_s, 2, waits=True),
        RequestClass("ingest", "visitors", settings.ingest_at_once, deadline_s, 1),
    )
    return {each.name: each for each in classes}


_FILES = re.compile(r"\.(csv|jsonl|json|parquet)$")
_MEDIA = re.compile(r"\.(mp4|m3u8|jpg|vtt)$|/hls/|/windows$|/progress$|/media$")
_STAFF = re.compile(r"/v1/(reports/|ledger|pools|payouts|experiments|campaigns|rights|decisions)")
_PUBLIC = re.compile(r"/(s|m|embed|titles|creators)/|/v1/(oembed|visits)$|/(discover|search|feed)?$|/v1/(search$|feed)")
_REACTIONS = re.compile(r"/v1/moments/[^/]+/reactions$")
_UNBOUNDED = re.compile(r"/(healthz|readyz|metrics)$|/static/|/favicon\.ico$|/\.well-known/")


@lru_cache(maxsize=10_000)
def class_of(path: str) -> str | None:
    """The class of a request for ``path``; None for probes and files, which cost next to nothing."""
    if _UNBOUNDED.match(path):
        return None
    if path == "/v1/events" or _REACTIONS.match(path):
        return "ingest"
    if is_link(path) and path.endswith("/go"):
        return "links"
    if path.startswith("/session/"):
        return "sign_in"
    if path.startswith("/console"):
        return "exports" if _FILES.search(path) else "console"
    if _MEDIA.search(path):
        return "media"
    if (_FILES.search(path) and not path.endswith("openapi.json")) or path.startswith("/moments/export."):
        return "exports"
    if _STAFF.match(path):
        return "console"
    return "visitors" if _PUBLIC.match(path) else "viewers"


def is_link(path: str) -> bool:
    """Whether a request for ``path`` may be for a link, which is answered while it is read where that can be."""
    return path.startswith("/s/")
