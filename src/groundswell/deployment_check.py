"""``groundswell check``: walks a deployment as a service sees it, from outside, over HTTP, and says what to do.

It knows an address and what it is given: a viewer's token, keys, a title. Without, what needs it is left out and said.
Nothing is written unless ``write`` is asked for: then a viewer's clip is made, shared and deleted, and a sign-up is
reported, of a viewer who does not exist. Every message of this walk can be read again by a program.
"""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from groundswell.platform.addresses import is_private, origin_of

PATIENCE_S = 20.0
WORK_PATIENCES = 3
"""What a worker does (a clip's file, a delivery) is waited for as long as this many answers."""
POLL_S = 0.5
ROBOTS = {
    "WhatsApp": "WhatsApp/2.23.20.0",
    "Facebook": "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "X": "Twitterbot/1.0",
    "Slack": "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Discord": "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Telegram": "TelegramBot (like TwitterBot)",
    "LinkedIn": "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)",
}
CARD = ("og:title", "og:image", "og:url", "twitter:card")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
HEADERS = ("content-security-policy", "x-content-type-options", "referrer-policy")

State = Literal["holds", "fails", "left out"]


class Fails(Exception):
    """What does not hold, and what to do."""

    def __init__(self, detail: str, todo: str) -> None:
        super().__init__(detail)
        self.detail, self.todo = detail, todo


class LeftOut(Exception):
    """What this step needs and was not given."""


@dataclass(frozen=True)
class CheckStep:
    """One step: what was looked at, whether it holds, what was seen, and what to do where it does not."""

    what: str
    state: State
    detail: str
    todo: str = ""


@dataclass
class CheckTarget:
    """What is known of the deployment. ``key`` is a service key; what it may do decides how far the walk goes.
    ``patience`` is how many seconds each answer is waited for."""

    url: str
    token: str | None = None
    key: str | None = None
    title: str | None = None
    origin: str | None = None
    write: bool = False
    patience: float = PATIENCE_S
    found: dict[str, Any] = field(default_factory=dict)
    """What earlier steps found: the title, the moment, the share, the touch."""


def report(steps: list[CheckStep]) -> str:
    """The steps for programs."""
    return json.dumps([asdict(step) for step in steps], indent=2, ensure_ascii=False)


@asynccontextmanager
async def _client(given: CheckTarget) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=given.url.rstrip("/"), timeout=given.patience, headers={"User-Agent": BROWSER}, trust_env=False
    ) as http:
        yield http


async def walk(given: CheckTarget) -> AsyncIterator[CheckStep]:
    """Every step, in the order in which a newcomer would come to it. One that fails ends no other but those on it."""
    async with _client(given) as http:
        for what, step in STEPS.items():
            yield await _taken(what, lambda step=step: step(http, given))  # type: ignore[misc]


async def _taken(what: str, step: Callable[[], Awaitable[str]]) -> CheckStep:
    try:
        return CheckStep(what, "holds", await step())
    except LeftOut as why:
        return CheckStep(what, "left out", str(why))
    except Fails as failed:
        return CheckStep(what, "fails", failed.detail, failed.todo)
    except (httpx.HTTPError, OSError, ValueError) as error:
        return CheckStep(what, "fails", f"{type(error).__name__}: {error}".rstrip(": "), "Look whether it is reached.")


def _code(answer: httpx.Response) -> str:
    """What an answer says of itself, in a few words."""
    said: dict[str, Any] = {}
    if "json" in answer.headers.get("content-type", ""):
        body = answer.json()
        said = body if isinstance(body, dict) else {}
    return f"HTTP {answer.status_code}" + (f" {said['code']}: {said.get('detail', '')}" if "code" in said else "")


def _bearer(token: str | None) -> dict[str, str]:
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _need(given: str | None, option: str, why: str) -> str:
    if given is None:
        raise LeftOut(f"say {option} to have {why} looked at")
    return given


async def reached(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """It answers, over HTTPS, and has what it needs."""
    ready = await http.get("/readyz")
    if not ready.is_success:
        raise Fails(f"/readyz answers {_code(ready)}", "Run groundswell doctor where it runs.")
    if not is_private(given.url):
        raise Fails(f"{given.url} is no https address", "Put it behind HTTPS: tokens and cookies pass through here.")
    version = (await http.get("/v1/openapi.json")).json()["info"]["version"]
    return f"ready, version {version}"


async def pages(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """A page carries what keeps browsers safe, and its cookies do too."""
    page = await http.get("/discover", headers={"Accept": "text/html"})
    if not page.is_success:
        raise Fails(f"/discover answers {_code(page)}", "Run groundswell doctor where it runs.")
    if missing := [name for name in HEADERS if name not in page.headers]:
        raise Fails(f"without {', '.join(missing)}", "Have your proxy pass on the headers that pages come with.")
    for cookie in page.headers.get_list("set-cookie"):
        flags = cookie.lower()
        if given.url.startswith("https") and ("secure" not in flags or "samesite" not in flags):
            raise Fails(f"a cookie lacks Secure or SameSite: {cookie.split('=')[0]}", "Set GROUNDSWELL_BASE_URL.")
    if given.url.startswith("https") and "strict-transport-security" not in page.headers:
        raise Fails("no Strict-Transport-Security", "Set GROUNDSWELL_HSTS_S, or have your proxy say it.")
    return "policy, cookies and transport as they should be"


async def links_host(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """What it calls itself is what you call it: links and cookies are made of it."""
    page = await http.get("/v1/oembed", params={"url": f"{given.url.rstrip('/')}/m/none"})
    start = await http.get("/session/start", params={"return": "/moments"})
    if start.status_code == 307 or (start.is_redirect and _same_page_elsewhere(start, given)):
        own = urlsplit(start.headers["location"]).netloc
        raise Fails(f"it calls itself {own}", "Set GROUNDSWELL_BASE_URL to the address that browsers come by.")
    return "answers under its own name" if page.status_code != 400 else "answers"


def _same_page_elsewhere(start: httpx.Response, given: CheckTarget) -> bool:
    there = urlsplit(start.headers["location"])
    return there.path == "/session/start" and f"{there.scheme}://{there.netloc}" != origin_of(given.url)


async def well_known(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """What phones ask before they open links in your app."""
    said = []
    for path, setting in (("apple-app-site-association", "APPLE_APPS"), ("assetlinks.json", "ANDROID_APPS")):
        answer = await http.get(f"/.well-known/{path}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            said.append(f"{path}: no app opens links (GROUNDSWELL_{setting})")
        elif not answer.is_success or "json" not in answer.headers.get("content-type", ""):
            raise Fails(f"{path} answers {_code(answer)}", "Have your proxy pass /.well-known on.")
        else:
            said.append(f"{path}: there")
    return "; ".join(said)


async def cors(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """Components on the service's pages may call, by every method that they use."""
    origin = origin_of(_need(given.origin, "--origin", "what your own pages may call"))
    for method in METHODS:
        asked = {"Origin": origin, "Access-Control-Request-Method": method}
        answer = await http.options("/v1/moments", headers=asked | {"Access-Control-Request-Headers": "authorization"})
        if answer.headers.get("access-control-allow-origin") not in {origin, "*"} or not answer.is_success:
            raise Fails(f"{method} from {origin} is refused", "Add it to GROUNDSWELL_COMPONENT_ORIGINS.")
    return f"{origin} may call by {', '.join(METHODS)}"


async def viewers_sign_in(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """A viewer on our pages is sent to the service's own sign-in, which answers."""
    start = await http.get("/session/start", params={"return": "/moments"})
    address = start.headers.get("location", "")
    if not start.is_redirect or not urlsplit(address).netloc:
        raise Fails(f"/session/start leads to {address or _code(start)}", "Set GROUNDSWELL_SIGN_IN_URL.")
    there = await http.get(address)
    if there.status_code >= 400:
        raise Fails(f"{address.split('?')[0]} answers HTTP {there.status_code}", "Set GROUNDSWELL_SIGN_IN_URL.")
    return f"at {address.split('?')[0]}"


async def staff_sign_in(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """The console leads to a place where staff sign in."""
    answer = await http.get("/console", headers={"Accept": "text/html"})
    place = given.url
    for _ in range(5):
        if not answer.is_redirect:
            break
        place = urljoin(str(answer.url), answer.headers["location"])
        answer = await http.get(place, headers={"Accept": "text/html"})
    if answer.status_code >= 400:
        raise Fails(
            f"{place.split('?')[0]} answers {_code(answer)}",
            "Set GROUNDSWELL_STAFF_ISSUERS; groundswell doctor --sign-in walks the way.",
        )
    return f"at {place.split('?')[0]}"


async def viewers_token(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """A token of the service's is taken."""
    token = _need(given.token, "--token", "a viewer's token, and what viewers do,")
    answer = await http.get("/v1/me", headers=_bearer(token))
    if not answer.is_success:
        raise Fails(_code(answer), "Compare iss and aud with GROUNDSWELL_JWT_ISSUER and _AUDIENCE, keys with JWKS_URL.")
    given.found["viewer"] = answer.json()
    return f"taken: {answer.json()['name']}"


async def a_title(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """There is something to clip."""
    if given.title is not None:
        answer = await http.get(f"/v1/titles/{given.title}", headers=_bearer(given.token))
        if not answer.is_success:
            raise Fails(_code(answer), f"PUT /v1/titles/{given.title}, or groundswell sync.")
        title = answer.json()
    else:
        answer = await http.get("/v1/titles", headers=_bearer(given.token))
        items = answer.json()["items"] if answer.is_success else []
        title = next((each for each in items if each.get("duration_us")), None)
        if title is None:
            raise Fails("no title has media", "Say what you have: docs/how-to/move-your-catalogue-in.md.")
    length = title.get("duration_us") or (title.get("source") or {}).get("duration_us")
    if not length:
        raise Fails(f"{title['slug']} has no media", "groundswell import FILE --external-id, or give its sources.")
    given.found["title"] = {"slug": title["slug"], "length": length}
    return f"{title['name']}, {length // 1_000_000} s"


def _found(given: CheckTarget, name: str) -> Any:
    if name not in given.found:
        raise LeftOut(f"there is no {name} to look at")
    return given.found[name]


async def a_clip(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """A viewer's clip is cut, and plays."""
    title = _found(given, "title")
    token = _need(given.token, "--token", "a clip")
    _found(given, "viewer")
    if not given.write:
        raise LeftOut("say --write to have a clip made, shared and deleted")
    length, start = min(10_000_000, title["length"] // 4), title["length"] // 3
    body = {"title": title["slug"], "start_us": start, "end_us": start + length, "visibility": "unlisted"}
    made = await http.post("/v1/moments", json=body, headers=_bearer(token))
    if not made.is_success:
        raise Fails(_code(made), f"GET /v1/titles/{title['slug']}/policy says why, and which rule.")
    given.found["moment"] = moment = made.json()
    until = asyncio.get_running_loop().time() + WORK_PATIENCES * given.patience
    while True:
        answer = await http.get(moment["media"]["mp4_url"], headers=_bearer(token), follow_redirects=True)
        if answer.is_success and answer.content[4:8] == b"ftyp":
            return f"{length / 1e6:g} s, {len(answer.content) // 1024} KiB"
        if answer.status_code not in {202, 404, 409, 503} or asyncio.get_running_loop().time() > until:
            raise Fails(f"its media answer {_code(answer)}", "Run a worker: groundswell work; groundswell jobs failed.")
        await asyncio.sleep(POLL_S)


async def a_share(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """A link is made under your own name."""
    moment = _found(given, "moment")
    body = {"moment": moment["id"], "channel": "copy"}
    made = await http.post("/v1/shares", json=body, headers=_bearer(given.token))
    if not made.is_success:
        raise Fails(_code(made), "The reason code says which rule; GET /v1/reason-codes has it.")
    given.found["share"] = share = made.json()
    return str(share["url"])


async def previews(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """Every preview robot gets a card, with a picture that is there."""
    share = _found(given, "share")
    path = urlsplit(share["url"]).path
    for name, agent in ROBOTS.items():
        page = await http.get(path, headers={"User-Agent": agent})
        missing = [tag for tag in CARD if f'"{tag}"' not in page.text]
        if not page.is_success or missing:
            raise Fails(f"{name} gets {_code(page)}, without {', '.join(missing)}", "Let robots through to /s/.")
    image = page.text.split('"og:image"', 1)[1].split('content="', 1)[1].split('"', 1)[0].replace("&amp;", "&")
    picture = await http.get(image, follow_redirects=True)
    if not picture.is_success or not picture.headers.get("content-type", "").startswith("image/"):
        raise Fails(f"the picture answers {_code(picture)}", "Let robots through to the address of pictures.")
    return f"{len(ROBOTS)} robots get a card, the picture is {len(picture.content) // 1024} KiB"


async def continues(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """'Continue watching' leads to the service's own address, which answers."""
    share = _found(given, "share")
    answer = await http.get(urlsplit(share["go_url"]).path)
    address = answer.headers.get("location", "")
    if not answer.is_redirect or not address:
        raise Fails(f"the link answers {_code(answer)}", "Set GROUNDSWELL_WATCH_URLS, or `watch` of the title.")
    given.found["touch"] = parse_qs(urlsplit(address).query).get("gs", [None])[0]
    there = await http.get(address, follow_redirects=True)
    if there.status_code >= 400:
        shown = address.split("?")[0]
        raise Fails(f"{shown} answers HTTP {there.status_code}", "Set GROUNDSWELL_WATCH_URLS to where titles play.")
    return f"at {address.split('?')[0]}"


async def a_conversion(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """A sign-up with the touch token is taken and credited."""
    touch, key = _found(given, "touch"), _need(given.key, "--key", "a conversion")
    name = f"groundswell-check-{secrets.token_hex(6)}"
    body = {"id": name, "kind": "sign_up", "viewer": name, "at": datetime.now(UTC).isoformat(), "touch": touch}
    answer = await http.post("/v1/conversions", json=body, headers=_bearer(key))
    if answer.status_code == 403:
        raise LeftOut("the key lacks the scope conversions:write")
    if not answer.is_success:
        raise Fails(_code(answer), "docs/how-to/report-conversions.md has the call.")
    return f"{name} is taken, and credited with {len(answer.json().get('credits', []))} rows"


async def webhooks(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """Each webhook takes an example."""
    headers = _bearer(_need(given.key, "--key", "webhooks"))
    answer = await http.get("/v1/webhooks", headers=headers)
    if answer.status_code == 403:
        raise LeftOut("the key lacks the scope webhooks")
    hooks = [hook for hook in answer.raise_for_status().json() if hook["status"] == "on"]
    if not hooks:
        raise LeftOut("there is no webhook: Connections in the console, or POST /v1/webhooks")
    if not given.write:
        raise LeftOut("say --write to have each webhook sent an example")
    for hook in hooks:
        at = f"/v1/webhooks/{hook['id']}"
        sent = await http.post(f"{at}/examples", json={"kind": "sign_up.credited"}, headers=headers)
        await _delivered(http, at, sent.raise_for_status().json()["delivery"], hook["name"], headers, given.patience)
    return f"{len(hooks)} took an example"


async def _delivered(
    http: httpx.AsyncClient, at: str, id: int, name: str, headers: dict[str, str], patience: float
) -> None:
    for _ in range(int(WORK_PATIENCES * patience / POLL_S)):
        items = (await http.get(f"{at}/deliveries", params={"limit": 100}, headers=headers)).json()["items"]
        row = next(each for each in items if each["id"] == id)
        if row["status"] == "delivered":
            return
        if row["problem"]:
            raise Fails(
                f"{name}: {row['problem']}", "Its log is in the console; docs/how-to/be-told.md says what counts."
            )
        await asyncio.sleep(POLL_S)
    raise Fails(f"{name}: nobody sends", "Run a worker: groundswell work, or GROUNDSWELL_WORKER_IN_SERVER.")


async def cleared(http: httpx.AsyncClient, given: CheckTarget) -> str:
    """What this walk made for viewers is taken away."""
    moment = _found(given, "moment")
    answer = await http.delete(f"/v1/moments/{moment['id']}", headers=_bearer(given.token))
    if not answer.is_success:
        raise Fails(_code(answer), f"Delete the moment {moment['code']} in My moments.")
    gone = await http.get(urlsplit(_found(given, "share")["url"]).path)
    return f"the clip is deleted, its link answers {gone.status_code}"


STEPS: dict[str, Callable[[httpx.AsyncClient, CheckTarget], Awaitable[str]]] = {
    "it is reached": reached,
    "its name": links_host,
    "pages": pages,
    "well-known files": well_known,
    "your pages' calls (CORS)": cors,
    "viewers sign in": viewers_sign_in,
    "staff sign in": staff_sign_in,
    "a viewer's token": viewers_token,
    "a title": a_title,
    "a clip": a_clip,
    "a share": a_share,
    "link previews": previews,
    "continue watching": continues,
    "a conversion": a_conversion,
    "webhooks": webhooks,
    "cleared away": cleared,
}
