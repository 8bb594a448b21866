"""A streaming service with its own accounts, pages, player and billing, written from the how-to pages and nothing else.

It imports nothing of ours: what it knows of Groundswell is an address, two service keys, and what the documents say.
"""

import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

HEAD = '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Toy TV</title>'
PLAYER = """
import "/groundswell/groundswell.js";

const player = document.querySelector("#player");
player.addEventListener("loadedmetadata", () => (player.currentTime = Number(player.dataset.at)), { once: true });
const button = document.querySelector("gs-clip-button");
if (button) button.token = await (await fetch("/token")).text();
"""


@dataclass
class ToyService:
    """What it knows, and what it was told.

    Args:
        url: its own address.
        moments: Groundswell's.
        components: the folder of the published components.
        media: where its own player gets a title, by its id.
    """

    url: str
    moments: str
    components: Path
    media: str
    hand_over_key: str = ""
    billing_key: str = ""
    webhook_secret: str = ""
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    sessions: dict[str, dict[str, str]] = field(default_factory=dict)
    told: list[dict[str, Any]] = field(default_factory=list)
    forged: int = 0
    orders: int = 0

    def token(self, user: str) -> str:
        """The JWT of a viewer, as its apps have it."""
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "groundswell",
            "sub": user,
            "name": user.title(),
            "iat": now,
            "exp": now + 300,
        }
        return jwt.encode(claims, self.key, "EdDSA", headers={"kid": "toy-1"})

    @property
    def kinds(self) -> list[str]:
        """The kinds of message that came, each once."""
        return list({message["type"]: None for message in self.told})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/.well-known/jwks.json", self.keys),
                Route("/login", self.login, methods=["GET", "POST"]),
                Route("/token", self.my_token),
                Route("/title/{external_id}", self.title),
                Route("/sign-up", self.sign_up, methods=["POST"]),
                Route("/subscribe", self.subscribe, methods=["POST"]),
                Route("/hooks", self.hooks, methods=["POST"]),
                Route("/player.js", self.script),
                Mount("/groundswell", StaticFiles(directory=self.components / "dist")),
            ]
        )

    async def keys(self, request: Request) -> Response:
        jwk = OKPAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return JSONResponse({"keys": [{**jwk, "kid": "toy-1", "use": "sig", "alg": "EdDSA"}]})

    async def login(self, request: Request) -> Response:
        """Its own sign-in; whoever came from Groundswell is handed over with a one-time code."""
        session, back = self._session(request), request.query_params.get("to", "/")
        if back != "/" and not back.startswith(f"{self.moments}/session/hand-over?"):
            return PlainTextResponse("That is not an address to return to.", 400)
        if request.method == "GET":
            form = '<form method="post"><label>Name <input name="user"></label><button>Sign in</button></form>'
            return self._page(request, session, f"<h1>Toy TV</h1>{form}")
        session["user"] = str((await request.form())["user"])
        if back == "/":
            return self._with_cookie(RedirectResponse("/title/t01", 303), session)
        answer = await self._call("/v1/hand-overs", self.hand_over_key, {"token": self.token(session["user"])})
        return self._with_cookie(RedirectResponse(f"{back}&code={quote(answer['code'])}", 303), session)

    async def my_token(self, request: Request) -> Response:
        return PlainTextResponse(self.token(self._session(request)["user"]))

    async def title(self, request: Request) -> Response:
        """A title in its player, at the second asked for; a touch token is kept through the sign-up."""
        session, external_id = self._session(request), request.path_params["external_id"]
        if "gs" in request.query_params:
            session["touch"] = request.query_params["gs"]
        at, source = int(request.query_params.get("t", 0)), self.media.replace("{external_id}", external_id)
        body = f'<h1>{external_id}</h1><video id="player" controls playsinline muted src="{source}" data-at="{at}">'
        body += "</video>"
        if "user" in session:
            body += f'<gs-clip-button for="player" title-slug="{external_id}" api="{self.moments}"></gs-clip-button>'
            body += '<form method="post" action="/subscribe"><button>Subscribe</button></form>'
        else:
            body += '<form method="post" action="/sign-up"><label>Name <input name="user"></label>'
            body += "<button>Sign up</button></form>"
        return self._page(request, session, body)

    async def sign_up(self, request: Request) -> Response:
        session = self._session(request)
        user = session["user"] = str((await request.form())["user"])
        report = {"id": f"sign-up-{user}", "kind": "sign_up", "viewer": user, "at": datetime.now(UTC).isoformat()}
        if touch := session.pop("touch", None):
            report["touch"] = touch
        await self._call("/v1/conversions", self.billing_key, report)
        return self._with_cookie(RedirectResponse("/title/t01", 303), session)

    async def subscribe(self, request: Request) -> Response:
        self.orders += 1
        user, price = self._session(request)["user"], {"minor": 999, "currency": "EUR"}
        report = {"id": f"order-{self.orders}", "kind": "subscription", "viewer": user, "amount": price}
        await self._call("/v1/conversions", self.billing_key, report | {"at": datetime.now(UTC).isoformat()})
        return HTMLResponse(f"{HEAD}</head><body><h1>Thank you, {user.title()}</h1></body></html>")

    async def hooks(self, request: Request) -> Response:
        body = await request.body()
        try:
            Webhook(self.webhook_secret).verify(body, dict(request.headers))
        except WebhookVerificationError:
            self.forged += 1
            return Response(status_code=401)
        message = json.loads(body)
        if request.headers["webhook-id"] not in {each["id"] for each in self.told}:
            self.told.append({"id": request.headers["webhook-id"], **message})
        return Response(status_code=204)

    async def script(self, request: Request) -> Response:
        return Response(PLAYER, media_type="text/javascript")

    async def _call(self, path: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=self.moments, headers={"Authorization": f"Bearer {key}"}) as http:
            answer: dict[str, Any] = (await http.post(path, json=body)).raise_for_status().json()
        return answer

    def _session(self, request: Request) -> dict[str, str]:
        known = self.sessions.get(request.cookies.get("toy", ""))
        return known if known is not None else {"cookie": secrets.token_urlsafe()}

    def _with_cookie(self, response: Response, session: dict[str, str]) -> Response:
        self.sessions[session["cookie"]] = session
        response.set_cookie("toy", session["cookie"], httponly=True, samesite="lax")
        return response

    def _page(self, request: Request, session: dict[str, str], body: str) -> Response:
        """A page under the policy that the how-to gives, and the host of its own films."""
        films = self.media.split("/", 3)
        own = f"{films[0]}//{films[2]}"
        policy = (
            f"default-src 'none'; script-src 'self'; style-src 'self'; media-src 'self' blob: {self.moments} {own}; "
            f"img-src 'self' blob: {self.moments}; connect-src 'self' {self.moments}"
        )
        html = f'{HEAD}<script type="module" src="/player.js"></script></head><body>{body}</body></html>'
        return self._with_cookie(HTMLResponse(html, headers={"Content-Security-Policy": policy}), session)
