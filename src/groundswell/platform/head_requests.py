"""HEAD for whatever answers GET: the same status and headers, no content (RFC 9110, section 9.3.2).

Monitors, link checkers and players ask so. Routes that take HEAD themselves, since a visit is counted only when
something is shown, are asked as they are; where the router knows only GET, that is asked and its content left out.
"""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

REFUSED = 405


class HeadRequests:
    """ASGI middleware, next to the router."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return
        refused = False

        async def unless_refused(message: Message) -> None:
            nonlocal refused
            refused = refused or message.get("status") == REFUSED
            if not refused:
                await send(message)

        asked = {**scope, "state": dict(scope.get("state", {}))}
        await self.app(asked, receive, unless_refused)
        if refused:
            await self._without_content({**scope, "method": "GET"}, receive, send)

    async def _without_content(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a GET by its head alone; what would be sent without end, ends with it."""
        ended = False

        async def send_head(message: Message) -> None:
            nonlocal ended
            if ended:
                return
            if message["type"] == "http.response.start":
                await send(message)
                ended = True
                await send({"type": "http.response.body", "body": b"", "more_body": False})

        async def receive_until_sent() -> Message:
            return {"type": "http.disconnect"} if ended else await receive()

        await self.app(scope, receive_until_sent, send_head)
