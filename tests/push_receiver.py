"""A push service and the browser behind it: a real HTTP server that verifies who sends and decrypts what is sent."""

import asyncio
import base64
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import http_ece
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class PushReceiver:
    """What came, decrypted; ``status`` is what is answered, by path where that is other than ``answer``."""

    port: int = 0
    answer: int = 201
    by_path: dict[str, int] = field(default_factory=dict)
    takes_s: float = 0.0
    headers: list[dict[str, str]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def subscription(self, path: str = "/push/1") -> dict[str, Any]:
        """As ``PushSubscription.toJSON()`` has it."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": encoded(point), "auth": encoded(self.auth)}
        return {"endpoint": f"http://127.0.0.1:{self.port}{path}", "expirationTime": None, "keys": keys}

    def distinct(self) -> set[str]:
        """The messages by their ids: what a browser shows."""
        return {each["id"] for each in self.told}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                path = head[0].split(" ")[1]
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
                body = await reader.readexactly(int(headers["content-length"]))
                status = self.by_path.get(path, self.answer)
                if status < 300:
                    self.take(headers, body)
                await asyncio.sleep(self.takes_s)
                writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        writer.close()

    def take(self, headers: dict[str, str], body: bytes) -> None:
        """Verify the sender's signature, and decrypt."""
        scheme, _, rest = headers["authorization"].partition(" ")
        assert scheme == "vapid"
        said = dict(part.strip().split("=", 1) for part in rest.split(","))
        point = base64.urlsafe_b64decode(said["k"] + "==")
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        claims = jwt.decode(said["t"], public, ["ES256"], audience=f"http://127.0.0.1:{self.port}")
        assert claims["sub"].startswith("mailto:")
        assert headers["content-encoding"] == "aes128gcm"
        assert int(headers["ttl"]) > 0
        self.headers.append(headers)
        text = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        self.told.append(json.loads(text))


@asynccontextmanager
async def receiving_pushes() -> AsyncIterator[PushReceiver]:
    receiver = PushReceiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    async with server:
        receiver.port = server.sockets[0].getsockname()[1]
        yield receiver
