"""What every answer says to browsers and caches unless its route says otherwise: keep nothing, guess no types."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOSNIFF = (b"x-content-type-options", b"nosniff")
NO_STORE = (b"cache-control", b"no-store")


class ResponseHeaders:
    """ASGI middleware: adds ``X-Content-Type-Options``, ``Cache-Control: no-store`` where a route has not said what may
    be kept, and (``hsts_s``, over HTTPS) ``Strict-Transport-Security``."""

    def __init__(self, app: ASGIApp, hsts_s: int = 0) -> None:
        self.app = app
        self.hsts = (b"strict-transport-security", f"max-age={hsts_s}".encode()) if hsts_s else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *self._missing(scope, message)]
            await send(message)

        await self.app(scope, receive, send_with_headers)

    def _missing(self, scope: Scope, message: Message) -> list[tuple[bytes, bytes]]:
        said = {name.lower() for name, _ in message["headers"]}
        wanted = [NOSNIFF, NO_STORE]
        if self.hsts is not None and scope.get("scheme") == "https":
            wanted.append(self.hsts)
        return [header for header in wanted if header[0] not in said]
