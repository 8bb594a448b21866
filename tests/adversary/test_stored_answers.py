"""Secrets are not kept for a day under the idempotency key of the request that made them: they are kept encrypted."""

import re
from typing import Any

from sqlalchemy import select, text, update

from groundswell.platform.routing import IdempotencyKey
from groundswell.web.route_powers import every_route
from tests.support import App
from tests.web.session.test_viewers import fresh

SECRET = re.compile(r"secret|password|private|one.time|shown this once|show(s|ing)? it, this once", re.IGNORECASE)
KNOWN = {
    "/v1/webhooks",
    "/v1/webhooks/{webhook}/secret",
    "/v1/hand-overs",
    "/console/connections/keys",
    "/console/connections/webhooks",
    "/console/connections/webhooks/{hook_id}/secret",
}
"""Every POST whose answer holds a secret."""

NONE = {"/v1/webhooks/{webhook}/examples"}
"""Those whose descriptions only speak of one."""


def test_every_route_whose_answer_holds_a_secret_is_tried_here(app: App) -> None:
    found = set()
    for route in every_route(app.asgi.router):
        if "POST" not in (route.methods or ()):
            continue
        model = getattr(route, "response_model", None)
        fields = " ".join(getattr(model, "model_fields", {}))
        if SECRET.search(f"{fields} {route.endpoint.__doc__ or ''}"):
            found.add(route.path)
    assert found - NONE == KNOWN


async def test_what_is_stored_of_a_secret_cannot_be_read_in_the_database(app: App) -> None:
    key = await app.service_key("webhooks", "viewers:hand-over")
    joe = app.signed_in("joe", "admin")
    hook = {"name": "Mine", "address": "https://hooks.example/in", "kinds": []}
    answers: list[tuple[str, dict[str, Any], dict[str, str], str]] = []

    async def told(path: str, body: dict[str, Any], headers: dict[str, str], secret: str) -> str:
        sent = {"data" if path.startswith("/console") else "json": body}
        wanted = {**headers, "Idempotency-Key": f"once {path}"}
        answer = await app.http.post(path, headers=wanted, **sent)
        assert answer.status_code in (200, 201), answer.text
        (found,) = set(re.findall(secret, answer.text))
        again = await app.http.post(path, headers=wanted, **sent)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert (again.status_code, again.text) == (answer.status_code, answer.text), "it is answered the same"
        assert again.headers["Cache-Control"] == "no-store"
        answers.append((path, body, wanted, found))
        return answer.text

    whsec, handed, gsk = r"whsec_[A-Za-z0-9+/=]{40,}", r"gsh_[A-Za-z0-9_-]{10,}", r"gsk_[A-Za-z0-9_-]{40,}"
    await told("/v1/webhooks", hook, key, whsec)
    ids = (await app.http.get("/v1/webhooks", headers=key)).json()
    await told(f"/v1/webhooks/{ids[0]['id']}/secret", {}, key, whsec)
    await told("/v1/hand-overs", {"token": fresh(app)}, key, handed)
    await told("/console/connections/keys", {"name": "New", "scopes": ["webhooks"]}, joe, gsk)
    await told("/console/connections/webhooks", {"name": "W", "address": "https://hooks.example/b"}, joe, whsec)
    await told(f"/console/connections/webhooks/{ids[0]['id']}/secret", {}, joe, whsec)
    assert len(answers) == len(KNOWN)
    async with app.runtime.database.transaction() as session:
        stored = (await session.scalars(select(IdempotencyKey.body))).all()
        for *_, secret in answers:
            assert not any(secret.encode() in (body or b"") for body in stored)
        await session.execute(update(IdempotencyKey).values(body=text("convert_to('gAAAAAunreadable', 'UTF8')")))
    path, body, wanted, _ = answers[0]
    unreadable = await app.http.post(path, json=body, headers=wanted)
    assert (unreadable.status_code, unreadable.json()["code"]) == (409, "answer_unreadable")
    assert len((await app.http.get("/v1/webhooks", headers=key)).json()) == 2, "nothing is done again"
