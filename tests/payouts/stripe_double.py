"""A double of Stripe's API for transfers to connected accounts, on a port of loopback: it keeps what it was asked for
by idempotency key as Stripe does, and fails in Stripe's ways (docs.stripe.com/api/errors, /api/idempotent_requests).

``failures`` are used up one a request that would make something:

- ``lost``: done, and the connection ends without an answer; ``refused``: it ends before anything is done;
- ``in_use``: 409, another request has this key; ``limited``: 429; ``broken``: 500, and nothing was done;
- ``done_broken``: 500, and it was done;
- ``poor``: 400 ``balance_insufficient``; ``closed``: 400, the account cannot be paid.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

FINAL = {"poor": "balance_insufficient", "closed": "account_closed"}
STATUS = {"in_use": (409, "idempotency_key_in_use"), "limited": (429, "rate_limit"), "broken": (500, None)}


class Stripe:
    """What the double holds. ``transfers`` are in the order in which they were made; ``tag`` is in every event's id."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.transfers: list[dict[str, Any]] = []
        self.accounts: list[dict[str, Any]] = []
        self.answers: dict[str, tuple[dict[str, str], int, Any]] = {}
        self.failures: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.lock = Lock()

    def tell(self, kind: str, about: dict[str, Any]) -> None:
        event = {
            "id": f"evt_{self.tag}{len(self.events):08}",
            "object": "event",
            "type": kind,
            "created": int(time.time()),
        }
        self.events.append(event | {"data": {"object": dict(about)}})

    def reverse(self, index: int) -> None:
        """The platform reverses a transfer whole, in Stripe's dashboard."""
        transfer = self.transfers[index]
        transfer |= {"reversed": True, "amount_reversed": transfer["amount"]}
        self.tell("transfer.reversed", transfer)

    def ready(self, account: str, enabled: bool = True) -> None:
        self.tell("account.updated", {"id": account, "object": "account", "payouts_enabled": enabled})


def signed(secret: str, event: dict[str, Any], at: int | None = None) -> tuple[bytes, dict[str, str]]:
    """An event as Stripe sends it: the body and its signature."""
    body, stamp = json.dumps(event).encode(), at or int(time.time())
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={stamp},v1={mac}"}


class Handler(BaseHTTPRequestHandler):
    """One request. ``stripe`` is set by the server."""

    stripe: Stripe
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        group = asked.get("transfer_group")
        rows = [each for each in self.stripe.transfers if each["transfer_group"] == group][::-1]
        after = next((i for i, each in enumerate(rows) if each["id"] == asked.get("starting_after")), -1) + 1
        page = rows[after : after + int(asked.get("limit", "10"))]
        more = after + len(page) < len(rows)
        self.answer(200, {"object": "list", "data": page, "has_more": more, "url": "/v1/transfers"})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        asked, key = dict(parse_qsl(raw)), self.headers.get("Idempotency-Key") or ""
        with self.stripe.lock:
            failure = self.stripe.failures.pop(0) if self.stripe.failures else ""
            if failure == "refused":
                self.close_connection = True
                return
            if failure in STATUS:
                status, code = STATUS[failure]
                self.refuse(status, code)
                return
            known = self.stripe.answers.get(key)
            if known is not None and known[0] != asked:
                self.refuse(400, None, "idempotency_error")
                return
            if known is None:
                known = (asked, *self.made(asked, failure))
                if known[1] == 200:
                    self.stripe.answers[key] = known
        if failure == "lost":
            self.close_connection = True
        elif failure == "done_broken":
            self.refuse(500, None)
        else:
            self.answer(known[1], known[2])

    def made(self, asked: dict[str, str], failure: str) -> tuple[int, Any]:
        path = urlsplit(self.path).path
        if path == "/v1/transfers":
            if failure in FINAL:
                return 400, error(FINAL[failure])
            return 200, self.transfer(asked)
        if path == "/v1/accounts":
            account = {"id": f"acct_{len(self.stripe.accounts):08}", "object": "account", "asked": asked}
            self.stripe.accounts.append(account)
            return 200, account
        return 200, {"object": "account_link", "url": f"https://connect.stripe.example/{asked['account']}"}

    def transfer(self, asked: dict[str, str]) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": f"tr_{len(self.stripe.transfers):08}",
            "object": "transfer",
            "amount": int(asked["amount"]),
            "amount_reversed": 0,
            "created": int(time.time()),
            "currency": asked["currency"],
            "destination": asked["destination"],
            "metadata": {"groundswell_payout": asked["metadata[groundswell_payout]"]},
            "reversed": False,
            "transfer_group": asked["transfer_group"],
        }
        self.stripe.transfers.append(made)
        self.stripe.tell("transfer.created", made)
        return made

    def refuse(self, status: int, code: str | None, kind: str = "invalid_request_error") -> None:
        self.answer(status, error(code, kind))

    def answer(self, status: int, content: Any) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def error(code: str | None, kind: str = "invalid_request_error") -> dict[str, Any]:
    return {"error": {"type": kind, "message": "No."} | ({"code": code} if code else {})}


@contextmanager
def stripe_double(tag: str = "") -> Iterator[tuple[Stripe, str]]:
    """The double and its address, until the end of the block."""
    stripe = Stripe(tag)
    handler = type("OneHandler", (Handler,), {"stripe": stripe})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield stripe, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
