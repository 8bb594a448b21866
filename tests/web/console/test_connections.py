"""The console's Connections: keys made, used and revoked; a webhook made, tried and looked into."""

import re

import pytest

from groundswell.platform.settings import Settings
from groundswell.webhooks.lifespan import ask
from tests.support import App, started
from tests.web.console.test_shell import HTML, text_of
from tests.webhook_receiver import Receiver, receiving


@pytest.mark.slow
async def test_a_newcomer_joins_a_service(settings: Settings) -> None:
    """One walk: nothing yet, a key, a webhook, an example that arrives, sent again, a new secret, off, removed."""
    local = settings.model_copy(update={"outbound_networks": ["127.0.0.0/8"]})
    async with started(local) as app, receiving() as receiver:
        admin = await app.session("root", "admin") | HTML
        first = text_of(await app.http.get("/console/connections", headers=admin))
        assert "there is no key" in first
        assert "A webhook is an address of yours" in first
        made = await app.http.post(
            "/console/connections/keys", data={"name": "Billing", "scopes": ["conversions:write"]}, headers=admin
        )
        assert made.headers["cache-control"] == "no-store"
        key = {"Authorization": "Bearer " + re.findall(r"gsk_[\w-]{40,}", made.text)[0]}
        answer = await app.http.post("/v1/conversions", json={}, headers=key)
        assert answer.status_code == 422
        keys = await app.http.get("/console/connections/keys", headers=admin)
        assert "gsk_" not in keys.text
        assert "conversions:write" in keys.text
        assert "never" not in text_of(keys)
        revoke = re.findall(r"/console/connections/keys/[\w-]+/revoke", keys.text)[0]
        assert (await app.http.post(revoke, headers=admin)).status_code == 303
        answer = await app.http.post("/v1/conversions", json={}, headers=key)
        assert answer.json()["code"] == "service_key_invalid"
        bad = {"name": "", "scopes": ["everything"]}
        assert (await app.http.post("/console/connections/keys", data=bad, headers=admin)).status_code == 422
        await hooks(app, admin, receiver)
        for who in (await app.session("mia", "marketer"), {}):
            assert (await app.http.get("/console/connections", headers=who)).status_code in {303, 403}


async def hooks(app: App, admin: dict[str, str], receiver: Receiver) -> None:
    address = receiver.address
    refused = await app.http.post("/console/connections/webhooks", data={"address": "http://10.1.1.1/"}, headers=admin)
    said = {"address": address, "kinds": ["payout.made"]}
    made = await app.http.post("/console/connections/webhooks", data=said, headers=admin)
    assert "whsec_" in made.text
    if refused.status_code == 200:  # it is found out when it is connected to
        assert "10.1.1.1" in (await app.http.get("/console/connections/webhooks", headers=admin)).text
    at = re.findall(r"/console/connections/webhooks/[\w-]{36}", made.text)[0]
    assert (await app.http.post(f"{at}/example", data={"kind": "payout.made"}, headers=admin)).status_code == 303
    await ask(app.runtime.database)
    await app.run_jobs()
    assert receiver.kinds == ["payout.made"]
    shown = await app.http.get(f"{at}?status=delivered", headers=admin)
    assert "answered 204" in text_of(shown)
    assert "whsec_" not in shown.text
    again = re.findall(rf"{at}/deliveries/\d+/replay", shown.text)[0]
    for path, data in (
        (again, {}),
        (f"{at}/kinds", {"kinds": ["payout.made", "moment.created"]}),
        (f"{at}/switch", {"on": "false"}),
    ):
        assert (await app.http.post(path, data=data, headers=admin)).status_code == 303
    rotated = await app.http.post(f"{at}/secret", headers=admin)
    assert "the one before" in text_of(rotated)
    assert "Off" in text_of(await app.http.get("/console/connections", headers=admin))
    assert (await app.http.post(f"{at}/remove", headers=admin)).status_code == 303
    assert (await app.http.get(at, headers=admin)).status_code == 404
