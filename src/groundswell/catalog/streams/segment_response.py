"""A segment of the service's own, sent on at an address of ours."""

from fastapi.responses import FileResponse, Response

from groundswell.media import MediaError
from groundswell.media.streams.ladder import StreamRange
from groundswell.platform.files import REVALIDATE
from groundswell.platform.problems import Problem
from groundswell.platform.runtime import Runtime

from .sources import reader_of


class SegmentUnavailable(Problem):
    """``code`` is the clip engine's own reason."""

    status, code, title = 502, "segment_unavailable", "The service's own segment cannot be had."

    def __init__(self, refusal: MediaError) -> None:
        super().__init__(refusal.detail)
        self._reason = refusal.code

    def reason(self) -> str:
        return self._reason


async def segment_response(runtime: Runtime, part: StreamRange, media_type: str) -> Response:
    """The bytes of ``part``, whole or the range that is asked for.

    Raises:
        SegmentUnavailable: they cannot be had, for good.
        AddressUnreachable, AnswerTooSlow, AnswerRefused: not now.
    """
    try:
        path = await reader_of(runtime).kept(part)
    except MediaError as refusal:
        raise SegmentUnavailable(refusal) from None
    headers = {"Cache-Control": REVALIDATE, "X-Content-Type-Options": "nosniff"}
    return FileResponse(path, headers=headers, media_type=media_type)
