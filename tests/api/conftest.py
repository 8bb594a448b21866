"""A little of everything, for tests that walk the whole API: a film, a moment of it, a creator, and a play."""

from typing import Any

import pytest
from pydantic import SecretStr

from groundswell.accounts.keys import SCOPES
from groundswell.platform.settings import Settings
from tests.api.fuzzing import people, world
from tests.api.senders import BROWSER, STAFF, STRIPE_SECRET, WHERE
from tests.earnings.world import in_closed_month
from tests.payouts.places import PAYER
from tests.shares.conftest import film, moment, title
from tests.shares.sharing import shared
from tests.support import App

__all__ = ["film", "moment", "people", "title", "world"]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(
        update={
            "stripe_webhook_secret": SecretStr(STRIPE_SECRET),
            "territory_header": WHERE,
            "payer_iban": PAYER["payer_iban"],
        }
    )


@pytest.fixture
def staff(app: App) -> dict[str, str]:
    """Headers of somebody with every role."""
    return app.signed_in("sam", *STAFF)


@pytest.fixture
async def service(app: App) -> dict[str, str]:
    """Headers of a service that may do everything but erase."""
    return await app.service_key(*(scope for scope in SCOPES if scope != "viewers:erase"))


@pytest.fixture
async def played(app: App, moment: dict[str, Any], service: dict[str, str]) -> dict[str, Any]:
    """Ada's moment, with the ``token`` of a share that somebody played; Ada is a creator."""
    ada = app.signed_in("ada")
    answer = await app.http.post("/v1/creators", json={"handle": "ada", "display_name": "Ada"}, headers=ada)
    assert answer.status_code == 201, answer.text
    share = await shared(app, moment=moment["id"])
    play: dict[str, Any] = {
        "kind": "play",
        "share": share["token"],
        "visitor": "v1",
        "user_agent": BROWSER,
        "watched_ms": 9000,
    }
    play["at"] = in_closed_month().isoformat()
    assert (await app.http.post("/v1/events", json={"events": [play]}, headers=service)).is_success
    return moment | {"token": share["token"]}
