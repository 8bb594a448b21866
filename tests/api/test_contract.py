"""What holds for the whole API: keys on every POST, opaque cursors on every list, problems with codes everywhere."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import select, text

import groundswell.notifications.lifespan
import groundswell.webhooks.lifespan
from groundswell.accounts.tables import Viewer
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Base
from groundswell.platform.routing import IdempotencyKey
from groundswell.trust.cases import suspect
from tests.api.senders import STRIPE_SECRET, WHERE
from tests.attribution.test_stripe import event, invoice, signature
from tests.earnings.world import closed_month
from tests.moments.clipping import set_rights
from tests.payouts.bank import Entry, statement
from tests.payouts.places import FACTS
from tests.payouts.stripe_double import signed, stripe_double
from tests.push_receiver import PushReceiver
from tests.support import App

METHODS = ("get", "post", "put", "patch", "delete")


class Posts:
    """One acceptable request for every POST of the API, in an order in which each finds what it needs."""

    def __init__(self, app: App, moment: dict[str, Any], staff: dict[str, str], service: dict[str, str]) -> None:
        self.app, self.moment, self.staff, self.service = app, moment, staff, service
        self.ada = app.signed_in("ada")

    async def get(self, path: str) -> Any:
        return (await self.app.http.get(path, headers=self.staff)).json()

    async def divided(self) -> str:
        """The statement that the pool leads to."""
        await self.app.run_jobs()
        (pool,) = (await self.get("/v1/pools"))["items"]
        return str((await self.get(f"/v1/pools/{pool['id']}/statements"))["items"][0]["id"])

    async def case(self) -> str:
        """The address of a case about ada."""
        async with self.app.runtime.database.transaction() as session:
            ada = (await session.scalars(select(Viewer.id).filter_by(subject="ada"))).one()
            return f"/v1/cases/{await suspect(session, 'rate', ada, [])}"

    async def paying(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """A campaign that pays, from its brief until it is settled."""
        theirs, mine, now = "/v1/campaigns/{key}", "/v1/creators/me/campaigns/{key}", utc_now()
        noor, paul, why = self.app.signed_in("noor"), self.app.signed_in("paul", "finance"), {"reason": "As agreed."}
        times = {"begins_at": (now - timedelta(days=7)).isoformat(), "ends_at": (now + timedelta(days=7)).isoformat()}
        budget = {"budget": {"minor": 1_000, "currency": "EUR"}, "attribution_window_days": 1}
        yield "/v1/campaigns", "", {"key": "paying", "name": "Paying"} | times | budget, self.staff
        terms = {"about": "Clip it.", "terms": [{"kind": "post", "amount_minor": 10}]}
        await self.app.http.put("/v1/campaigns/paying/brief", json=terms, headers=self.staff)
        await self.app.http.post("/v1/creators", json={"handle": "ada", "display_name": "Ada"}, headers=self.ada)
        await self.app.http.post("/v1/creators/me/campaigns/paying/apply", json={}, headers=self.ada)
        for path, body, who in (
            (f"{mine}/apply", {}, noor),
            (f"{theirs}/members/{{handle}}/accept", {}, self.staff),
            (f"{theirs}/members/{{handle}}/refuse", why, self.staff),
            (f"{theirs}/invitations", {"creators": ["noor"]}, self.staff),
            (f"{theirs}/pause", {}, self.staff),
            (f"{theirs}/resume", {}, self.staff),
            (f"{theirs}/budget", {}, paul),
        ):
            handle = "noor" if path.endswith("refuse") else "ada"
            yield path, path.format(key="paying", handle=handle), body, who
        for end, body, who in (("accept", {}, self.staff), ("refuse", why, self.staff), ("withdraw", {}, self.ada)):
            post = {"moment": self.moment["code"], "url": f"https://tok.example.com/{end}"}
            yield f"{mine}/submissions", "/v1/creators/me/campaigns/paying/submissions", post, self.ada
            found = await self.app.http.get("/v1/creators/me/campaigns/paying/submissions", headers=self.ada)
            path = f"{mine if end == 'withdraw' else theirs}/submissions/{{submission_id}}/{end}"
            yield path, path.format(key="paying", submission_id=found.json()["items"][0]["id"]), body, who
        yield f"{mine}/leave", "/v1/creators/me/campaigns/paying/leave", {}, self.ada
        async with self.app.runtime.database.transaction() as session:
            await session.execute(text("ALTER TABLE campaigns DISABLE TRIGGER frozen"))
            ended = "begins_at = begins_at - interval '90 days', ends_at = ends_at - interval '90 days'"
            await session.execute(text(f"UPDATE campaigns SET {ended} WHERE key = 'paying'"))
            await session.execute(text("ALTER TABLE campaigns ENABLE TRIGGER frozen"))
        yield f"{theirs}/settle", "/v1/campaigns/paying/settle", why, paul

    async def runs(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """Payout runs, one cancelled and one filed; and what the bank says."""
        await self.app.http.put("/v1/creators/me/payee", json=FACTS, headers=self.ada)
        runs, why, pia = "/v1/payout-runs", {"reason": "Not today."}, self.app.signed_in("pia", "finance")
        yield runs, "", {"currency": "EUR"}, self.staff
        (first,) = (await self.get(runs))["items"]
        (line,) = (await self.get(f"{runs}/{first['id']}/lines"))["items"]
        at = f"{runs}/{first['id']}/lines/{line['id']}/leave-out"
        yield f"{runs}/{{run_id}}/lines/{{line_id}}/leave-out", at, {}, self.staff
        yield f"{runs}/{{run_id}}/cancel", f"{runs}/{first['id']}/cancel", why, self.staff
        second = (await self.app.http.post(runs, json={"currency": "EUR"}, headers=self.staff)).json()
        for end in ("approve", "file"):
            yield f"{runs}/{{run_id}}/{end}", f"{runs}/{second['id']}/{end}", {}, pia
        yield "/v1/bank-files", "", statement(Entry("0" * 32, "1.00")), pia
        (line,) = (await self.get("/v1/bank-exceptions"))["items"]
        yield "/v1/bank-exceptions/{line_id}/resolve", f"/v1/bank-exceptions/{line['id']}/resolve", why, pia

    async def becoming(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """The terms, an application, a channel."""
        olga = self.app.signed_in("olga")
        yield "/v1/creator-terms", "", {"body": "Be kind to everybody."}, self.staff
        yield "/v1/creators/me/terms", "", {"version": 1}, self.ada
        asked = {"handle": "olga", "display_name": "Olga", "country": "NO", "adult": True, "terms_version": 1}
        yield "/v1/creators/me/application", "", asked, olga
        (waits,) = (await self.get("/v1/creator-applications"))["items"]
        decided = {"accepted": True, "reason": "Welcome."}
        path = "/v1/creator-applications/{application_id}/decide"
        yield path, path.format(application_id=waits["id"]), decided, self.staff
        yield "/v1/creators/me/channels", "", {"address": "https://tok.example.com/@olga"}, olga
        (channel,) = (await self.app.http.get("/v1/creators/me/channels", headers=olga)).json()
        path = "/v1/creators/me/channels/{channel_id}/check"
        yield path, path.format(channel_id=channel["id"]), {}, olga
        ivo, asked = self.app.signed_in("ivo"), asked | {"handle": "ivo"}
        await self.app.http.post("/v1/creators/me/application", json=asked, headers=ivo)
        yield "/v1/creators/me/application/withdraw", "", {}, ivo
        async with self.app.runtime.database.transaction() as session:
            invited = (await session.scalars(select(Viewer.id).filter_by(subject="ivo"))).one()
        yield "/v1/creator-invitations", "", {"viewers": [str(invited)]}, self.staff
        yield "/v1/creators/me/invitation/decline", "", {}, ivo

    async def months(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """A month closed by two, and asked to be opened again."""
        why, pia = {"reason": "All is in."}, self.app.signed_in("pia", "finance")
        acts = (("close", why, self.staff), ("confirm", {}, pia), ("reopen", why, self.staff), ("withdraw", {}, pia))
        for act, body, who in acts:
            yield f"/v1/months/{{period}}/{act}", f"/v1/months/2024-01/{act}", body, who

    async def by_stripe(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """An account there, and what Stripe says of it."""
        settings = self.app.runtime.settings
        with stripe_double() as (double, url):
            settings.stripe_secret_key, settings.stripe_api_url = SecretStr("sk_test"), url
            settings.stripe_connect_webhook_secret = SecretStr(STRIPE_SECRET)
            yield "/v1/creators/me/stripe-account", "", {}, self.ada
            double.ready("acct_00000000")
            body, headers = signed(STRIPE_SECRET, double.events[0])
            yield "/v1/payouts/stripe", "", body, headers
        settings.stripe_secret_key = None

    async def people(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """What people do about each other and around a moment."""
        ada, noor, at = self.ada, self.app.signed_in("noor"), f"/v1/moments/{self.moment['code']}"
        mine = (await self.app.http.get("/v1/me", headers=ada)).json()["handle"]
        theirs = (await self.app.http.get("/v1/me", headers=noor)).json()["handle"]
        await self.app.http.patch("/v1/followers", json={"approves": True}, headers=noor)
        yield "/v1/people/{handle}/follow", f"/v1/people/{theirs}/follow", {}, ada
        yield "/v1/followers/{handle}/grant", f"/v1/followers/{mine}/grant", {}, noor
        at_us = self.moment["start_us"] + 1
        felt = {"kind": "love", "at_us": at_us}
        yield "/v1/moments/{moment}/reactions", f"{at}/reactions", felt, noor
        said = {"text": "Look at the light.", "at_us": at_us}
        yield "/v1/moments/{moment}/comments", f"{at}/comments", said, noor
        (comment,) = (await self.app.http.get(f"{at}/comments", headers=noor)).json()["items"]
        for what, body in (("release", {}), ("pin", {}), ("collapse", {}), ("reports", {"reason_code": "spam"})):
            yield f"/v1/comments/{{comment}}/{what}", f"/v1/comments/{comment['id']}/{what}", body, ada
        (item, *_) = (await self.app.http.get("/v1/feed", headers=noor)).json()["items"]
        yield "/v1/feed/{item}", f"/v1/feed/{item['id']}", {"what": "shown"}, noor
        decided = {"action": "feature", "reason": "Premiere week."}
        yield "/v1/scenes/{scene}/decisions", f"/v1/scenes/{item['scene']['id']}/decisions", decided, self.staff
        yield "/v1/trend-alerts", "", {"threshold": 10_000, "title": "numbers"}, self.staff
        yield "/v1/people/{handle}/reports", f"/v1/people/{theirs}/reports", {"reason_code": "spam"}, ada
        await self.app.http.patch(at, json={"visibility": "public"}, headers=ada)
        yield "/v1/moments/{moment}/repost", f"{at}/repost", {}, noor
        yield "/v1/collections", "", {"name": "In order"}, ada
        (made,) = (await self.app.http.get("/v1/collections", headers=ada)).json()["items"]
        for what, body, who in (
            ("parts", {"moment": self.moment["code"]}, ada),
            ("collaborators", {"handle": theirs}, ada),
            ("join", {}, noor),
            ("reports", {"reason_code": "spam"}, noor),
        ):
            yield f"/v1/collections/{{collection}}/{what}", f"/v1/collections/{made['code']}/{what}", body, who
        clip = {"title": "numbers", "start_us": 2_000_000, "end_us": 7_000_000, "visibility": "public"}
        other = (await self.app.http.post("/v1/moments", json=clip, headers=ada)).json()["code"]
        await self.app.http.post(f"/v1/collections/{made['code']}/parts", json={"moment": other}, headers=ada)
        yield "/v1/collections/{collection}/supercut", f"/v1/collections/{made['code']}/supercut", {}, ada
        yield "/v1/barriers", "", {"handle": theirs, "kind": "mute"}, ada

    async def to_the_law(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """A notice, what is decided on it, and how that is contested."""
        noor, uma = self.app.signed_in("noor"), self.app.signed_in("uma", "trust")
        notice = {"subject": {"kind": "moment", "id": self.moment["code"]}, "reason_code": "hate", "text": "It is so."}
        notice |= {"name": "Noor K", "email": "noor@example.com", "good_faith": True}
        yield "/v1/notices", "", notice, noor
        (review,) = (await self.get("/v1/reviews?kind=moment"))["items"]
        at, why = (
            f"/v1/reviews/{review['id']}",
            {"action": "hide", "reason_code": "rights", "explanation": "Not theirs."},
        )
        yield "/v1/reviews/{review}/assign", f"{at}/assign", {}, self.staff
        yield "/v1/reviews/{review}/decision", f"{at}/decision", why, self.staff
        yield "/v1/reviews/{review}/undo", f"{at}/undo", {}, self.staff
        yield "/v1/reviews/decisions", "", why | {"reviews": [review["id"]]}, self.staff
        yield "/v1/saved-replies", "", {"name": "Theirs", "reason_code": "rights", "text": "Not theirs."}, self.staff
        (made, *_) = (await self.app.http.get("/v1/me/decisions", headers=self.ada)).json()["items"]
        mine, at = "/v1/me/decisions/{decision}", f"/v1/me/decisions/{made['id']}"
        counter = {"name": "Ada L", "address": "1 Main Street", "email": "ada@example.com", "text": "It is mine."}
        counter |= {"sworn": True, "jurisdiction": True}
        yield f"{mine}/counter-notice", f"{at}/counter-notice", counter, self.ada
        yield f"{mine}/appeal", f"{at}/appeal", {"text": "It is mine."}, self.ada
        (appeal,) = (await self.get("/v1/appeals"))["items"]
        verdict = {"outcome": "confirmed", "explanation": "It is not."}
        yield "/v1/appeals/{appeal}/verdict", f"/v1/appeals/{appeal['id']}/verdict", verdict, uma
        (given,) = (await self.get("/v1/counter-notices"))["items"]
        court = f"/v1/counter-notices/{given['id']}/court-action"
        yield "/v1/counter-notices/{notice}/court-action", court, {"court_action": "N.D. Cal., 1"}, self.staff

    async def __aiter__(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """The path as the API describes it, the address, the body, and who asks."""
        code, ada, staff, service = self.moment["code"], self.ada, self.staff, self.service
        posted = {"moment": code, "post": "at://did:web:posts.example/app.bsky.feed.post/3k"}
        yield "/v1/bluesky/posts", "", posted, service
        clip = {"title": "numbers", "start_us": 2_000_000, "end_us": 7_000_000}
        yield "/v1/moments", "", clip, ada
        (newest, *_) = (await self.app.http.get("/v1/moments", headers=ada)).json()["items"]
        chosen = {"start_us": 2_000_000, "end_us": 7_000_000}
        yield "/v1/moments/{moment}/windows", f"/v1/moments/{newest['id']}/windows", chosen, ada
        yield "/v1/moments/delete", "", {"moments": [newest["id"]]}, ada
        yield "/v1/shares", "", {"moment": code, "channel": "x"}, ada
        yield "/v1/reports", "", {"moment": code, "reason_code": "spam"}, ada
        (report,) = (await self.get("/v1/reports"))["items"]
        yield "/v1/reports/{report_id}/dismiss", f"/v1/reports/{report['id']}/dismiss", {}, staff
        yield "/v1/rights/simulations", "", clip, staff
        yield "/v1/visits", "", {"moment": code}, {}
        yield "/v1/events", "", {"events": [{"kind": "play", "moment": code}]}, service
        yield "/v1/hand-overs", "", {"token": self.ada["Authorization"].removeprefix("Bearer ")}, service
        yield "/v1/creators", "", {"handle": "noor", "display_name": "Noor"}, self.app.signed_in("noor")
        sign_up = {"id": "s-1", "kind": "sign_up", "viewer": "ada", "at": utc_now().isoformat()}
        yield "/v1/conversions", "", sign_up, service
        yield "/v1/titles", "", b'{"external_id": "tt1", "name": "One"}\n', service
        stripe = event("invoice.paid", invoice(groundswell_viewer="ada"))
        yield "/v1/conversions/stripe", "", stripe, {"Stripe-Signature": signature(stripe, utc_now(), STRIPE_SECRET)}
        about = {"key": "sheet", "name": "The sheet", "subject": "sharing", "unit": "viewer"}
        yield "/v1/experiments", "", about, staff
        yield (
            "/v1/experiments/{key}/exposures",
            "/v1/experiments/sheet/exposures",
            {"exposures": [{"unit": "u"}]},
            service,
        )
        yield "/v1/experiments/{key}/stop", "/v1/experiments/sheet/stop", {}, staff
        campaign = {"key": "autumn", "name": "Autumn", "begins_at": "2026-09-01T00:00Z", "ends_at": "2026-12-01T00:00Z"}
        yield "/v1/campaigns", "", campaign | {"creators": ["noor"], "titles": ["numbers"]}, staff
        yield "/v1/campaigns/{key}/end", "/v1/campaigns/autumn/end", {}, staff
        async for post in self.paying():
            yield post
        pool = {"period": closed_month(), "amount_minor": 5_000, "currency": "EUR", "basis": "plays"}
        yield "/v1/pools", "", pool, staff
        (pool,) = (await self.get("/v1/pools"))["items"]
        yield "/v1/pools/{pool_id}/run", f"/v1/pools/{pool['id']}/run", {}, staff
        pia = self.app.signed_in("pia", "finance")
        yield "/v1/payouts", "", {"statement": await self.divided(), "reference": "SEPA 1"}, pia
        why = {"reason": "Booked twice."}
        (payout,) = (await self.get("/v1/payouts"))["items"]
        yield "/v1/payouts/{payout_id}/return", f"/v1/payouts/{payout['id']}/return", why, staff
        async for post in self.runs():
            yield post
        (share,) = (await self.get("/v1/ledger/postings?reason=pool_share"))["items"]
        yield "/v1/ledger/postings/{posting_id}/reverse", f"/v1/ledger/postings/{share['id']}/reverse", why, staff
        yield "/v1/pools/{pool_id}/cancel", f"/v1/pools/{pool['id']}/cancel", why, staff
        rate = {"currency": "USD", "into": "EUR", "valid_from": "2026-01-01", "rate": "0.92"}
        yield "/v1/exchange-rates", "", rate, staff
        yield "/v1/exchange-rates/import", "", b"currency,into,valid_from,rate\nUSD,EUR,2026-01-02,0.92\n", staff
        for each in (self.becoming(), self.months(), self.by_stripe()):
            async for post in each:
                yield post
        case = await self.case()
        yield "/v1/cases/{case_id}/steps", f"{case}/steps", {"action": "notice", "reason": "Too quick."}, staff
        yield "/v1/cases/{case_id}/appeals", f"{case}/appeals", {"text": "It was not me."}, ada
        held = await self.app.http.post(f"{case}/steps", json={"action": "hold", "reason": "Too quick."}, headers=staff)
        yield "/v1/cases/steps/{step_id}/undo", f"/v1/cases/steps/{held.json()['id']}/undo", {}, staff
        async for post in self.people():
            yield post
        rule = {"scope": "title", "title": "numbers", "territory": "DE", "sharing": False}
        await self.app.http.put("/v1/rights", json=rule, headers=staff)
        yield "/v1/reminders", "", {"share": self.moment["token"]}, ada | {WHERE: "DE"}
        subject = {"kind": "moment", "id": code}
        decision = {"subject": subject, "action": "hide", "reason_code": "copyright", "explanation": "No."}
        yield "/v1/decisions", "", decision, staff
        (made, *_) = (await self.get("/v1/decisions"))["items"]
        yield "/v1/decisions/{decision_id}/lift", f"/v1/decisions/{made['id']}/lift", {}, staff
        async for post in self.to_the_law():
            yield post
        async for post in self.moving_in():
            yield post
        async for post in self.webhooks(await self.app.service_key("webhooks")):
            yield post
        yield "/v1/notifications/read", "", {"all": True}, ada
        browser = PushReceiver().subscription() | {"endpoint": "https://8.8.8.8/push"}
        yield "/v1/notifications/push-subscriptions", "", browser, ada

    async def moving_in(self) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        """A partner programme, and a moderation tool."""
        where = "/v1/partner-imports"
        yield where, f"{where}?programme=rewardful&kind=partners", b"id,email\n1,lena@example.com\n", self.staff
        (partner, *_) = (await self.get("/v1/imported-partners"))["items"]
        token = partner["claim_url"].rpartition("/")[2]
        yield "/v1/creators/me/partner", "", {"token": token}, self.app.signed_in("lena")
        about = {"kind": "moment", "id": self.moment["code"]}
        verdict = {"subject": about, "action": "demote", "reason_code": "spam", "explanation": "Spam.", "tool": "Coop"}
        yield "/v1/verdicts", "", verdict, await self.app.service_key("moderation")

    async def webhooks(self, key: dict[str, str]) -> AsyncIterator[tuple[str, str, Any, dict[str, str]]]:
        yield "/v1/webhooks", "", {"name": "Ours", "address": "https://hooks.play.example/"}, key
        (hook,) = (await self.app.http.get("/v1/webhooks", headers=key)).json()
        at = f"/v1/webhooks/{hook['id']}"
        yield "/v1/webhooks/{webhook}/secret", f"{at}/secret", {}, key
        yield "/v1/webhooks/{webhook}/examples", f"{at}/examples", {"kind": "payout.made"}, key
        (told,) = (await self.app.http.get(f"{at}/deliveries", headers=key)).json()["items"]
        yield "/v1/webhooks/{webhook}/deliveries/{delivery}/replay", f"{at}/deliveries/{told['id']}/replay", {}, key


def sent(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


async def counted(app: App) -> dict[str, int]:
    """How many rows every table has, but for the keys themselves and what is queued; asked in one statement."""
    tables = [name for name in Base.metadata.tables if name != IdempotencyKey.__tablename__]
    each = " UNION ALL ".join(f"SELECT '{name}', (SELECT count(*) FROM {name})" for name in tables)
    async with app.runtime.database.transaction() as session:
        return dict((await session.execute(text(each))).tuples().all())


@pytest.fixture
def nothing_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application that is asked for after this writes nothing but what requests lead to."""
    monkeypatch.setattr(groundswell.webhooks.lifespan, "EVERY_S", 3_600)
    monkeypatch.setattr(groundswell.notifications.lifespan, "PUSHED_EVERY_S", 3_600)
    monkeypatch.setattr(groundswell.notifications.lifespan, "LOOKED_EVERY_S", 3_600)


@pytest.mark.slow
@pytest.mark.usefixtures("nothing_by_itself")
async def test_every_post_is_done_once_under_its_key(
    app: App, played: dict[str, Any], staff: dict[str, str], service: dict[str, str]
) -> None:
    tried = set()
    async for path, address, body, who in Posts(app, played, staff, service):
        headers = {"Content-Type": "application/json", "Idempotency-Key": str(uuid4()), **who}
        where, content = address or path, sent(body)
        first = await app.http.post(where, content=content, headers=headers)
        assert first.is_success, (path, first.text)
        before = await counted(app)
        again = await app.http.post(where, content=content, headers=headers)
        assert (again.status_code, again.content) == (first.status_code, first.content), path
        assert again.headers["idempotency-replayed"] == "true", path
        other = await app.http.post(where, content=content + b" ", headers=headers)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused"), path
        assert await counted(app) == before, path
        tried.add(path)
    described = {path for path, operations in app.asgi.openapi()["paths"].items() if "post" in operations}
    assert tried == described


def operations(app: App) -> list[tuple[str, str, dict[str, Any]]]:
    paths = app.asgi.openapi()["paths"]
    return [(path, method, paths[path][method]) for path in paths for method in METHODS if method in paths[path]]


def parameters(operation: dict[str, Any]) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", [])}


@pytest.mark.slow
async def test_every_operation_is_described(app: App) -> None:
    document = app.asgi.openapi()
    tags = {tag["name"] for tag in document["tags"]}
    for path, method, operation in operations(app):
        where = f"{method} {path}"
        assert len(operation.get("description", "")) > 10, where
        assert set(operation["tags"]) <= tags, where
        assert "application/problem+json" in operation["responses"]["4XX"]["content"], where
        assert "422" not in operation["responses"], where
        assert ("Idempotency-Key" in parameters(operation)) is (method == "post"), where
    assert set(document["components"]["securitySchemes"]) == {"viewer", "service"}


@pytest.mark.slow
async def test_roles_and_scopes_are_described_and_asked_for(app: App, service: dict[str, str]) -> None:
    """Whatever is said to need somebody is refused to nobody, and to somebody without the role or the scope."""
    eraser = await app.service_key("viewers:erase")
    looked_at = 0
    for path, method, operation in operations(app):
        security = operation.get("security", [{}])
        if {} in security:
            continue
        address = path.replace("{", "").replace("}", "")
        anonymous = await app.http.request(method, address)
        assert anonymous.status_code in {401, 422}, (method, path, anonymous.text)
        wanted = security[0].get("viewer")
        unable = service if security[0].get("service") == ["viewers:erase"] else eraser
        headers = app.signed_in("ada") if wanted else unable
        if wanted or "service" in security[0]:
            refused = await app.http.request(method, address, headers=headers)
            assert refused.status_code in {401, 403, 422}, (method, path, refused.text)
            looked_at += 1
        assert anonymous.headers["content-type"] == "application/problem+json", (method, path)
    assert looked_at > 15


@pytest.mark.slow
async def test_every_list_has_opaque_cursors(app: App, staff: dict[str, str], service: dict[str, str]) -> None:
    """A list refuses every cursor not of its making; one within something that is not there says that."""
    await app.http.post("/v1/creators", json={"handle": "sam", "display_name": "Sam"}, headers=staff)
    lists = [path for path, _, operation in operations(app) if "cursor" in parameters(operation)]
    assert len(lists) >= 10
    for path in lists:
        root = app.signed_in("root", "admin")
        scoped = (
            root
            if path == "/v1/preserved"
            else service
            if path.startswith(("/v1/reports/", "/v1/reminders/", "/v1/catalog"))
            else staff
        )
        for cursor in ("1", "AAAA", "é", "' OR 1=1", "x" * 5000):
            answer = await app.http.get(path, params={"cursor": cursor}, headers=scoped)
            expected = (
                {"title_unknown", "moment_unknown", "campaign_unknown", "invalid"}
                if "{" in path
                else {"cursor_invalid"}
            )
            assert answer.json()["code"] in expected, (path, cursor, answer.text)


@pytest.mark.slow
async def test_pages_of_a_list_join_without_gap_or_repetition(app: App, moment: dict[str, Any]) -> None:
    ada = app.signed_in("ada")
    await set_rights(app, viewer_total_us=60_000_000, title_total_us=60_000_000, min_clip_us=1_000_000)
    for number in range(4):
        body = {"title": "numbers", "start_us": number * 1_000_000, "end_us": number * 1_000_000 + 4_000_000}
        answer = await app.http.post("/v1/moments", json=body, headers=ada)
        assert answer.status_code == 201, answer.text
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = (await app.http.get("/v1/moments", params=_page(cursor), headers=ada)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    everything = (await app.http.get("/v1/moments", headers=ada)).json()["items"]
    assert seen == [item["id"] for item in everything]
    assert len(seen) == 5


def _page(cursor: str | None) -> dict[str, str | int]:
    return {"limit": 2} | ({"cursor": cursor} if cursor else {})


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/titles", 405, "method_not_allowed"),
        ("GET", "/v1/moments", 401, "token_missing"),
        ("POST", "/v1/moments", 401, "token_missing"),
        ("GET", "/v1/titles/none", 404, "title_unknown"),
    ],
)
async def test_refusals_have_codes(app: App, method: str, path: str, status: int, code: str) -> None:
    answer = await app.http.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    document = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert document["title"]


async def test_what_goes_wrong_on_our_side_is_a_problem_too_and_says_nothing_of_the_inside(app: App) -> None:
    @app.asgi.get("/v1/broken")
    async def broken() -> None:
        raise ZeroDivisionError("the secret is 42")

    transport = httpx.ASGITransport(app.asgi, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/v1/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert len(answer.json()["request_id"]) == 12
    assert "42" not in answer.text


async def test_the_type_of_a_refusal_leads_to_what_it_means(app: App) -> None:
    refused = (await app.http.get("/v1/titles/none")).json()
    where, _, code = refused["type"].partition("#")
    answer = await app.http.get(where)
    assert answer.status_code == 200
    assert f'<tr id="{code}">' in answer.text
    assert refused["title"] in answer.text


async def test_health_and_readiness(app: App) -> None:
    assert (await app.http.get("/healthz")).json()["status"] == "ok"
    assert (await app.http.get("/readyz")).json()["status"] == "ready"
    metrics = (await app.http.get("/metrics")).text
    assert 'groundswell_http_requests_total{method="GET",route="/readyz",status="200"}' in metrics
