"""What this service fetches from itself is no traffic: such a request carries a mark that nobody else can make."""

import hmac
from collections.abc import Mapping

from groundswell.platform.signatures import tag

HEADER = "x-groundswell-own"


def own_headers(secret: bytes) -> dict[str, str]:
    """The mark, as a header of a request to one of our own pages; not to be sent anywhere else."""
    return {HEADER: tag(secret, "own", HEADER, 16)}


def is_own(secret: bytes, headers: Mapping[str, str]) -> bool:
    """Whether this service itself asks."""
    given = headers.get(HEADER)
    return given is not None and given.isascii() and hmac.compare_digest(given, own_headers(secret)[HEADER])
