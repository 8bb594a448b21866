"""Sending moments: every share has its own link and knows where it came from."""

import asyncio
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from groundswell.platform.clock import utc_now
from groundswell.shares.channels import SENT_TO
from groundswell.shares.tables import Share
from tests.moments.clipping import clipped, set_rights, take_down
from tests.shares.sharing import share, shared
from tests.support import App


async def test_a_share_is_a_link_of_its_own(app: App, moment: dict[str, Any]) -> None:
    made = await shared(app, moment=moment["id"])
    assert made["url"] == f"http://test/s/{made['token']}"
    assert (made["go_url"], made["qr_url"]) == (made["url"] + "/go", made["url"] + "/qr.svg")
    assert (made["generation"], made["parent"], made["root"]) == (0, None, made["id"])
    assert len(made["token"]) <= 16
    assert (await shared(app, moment=moment["code"]))["token"] != made["token"]


async def test_shares_remember_the_chain(app: App, moment: dict[str, Any]) -> None:
    first = await shared(app, moment=moment["id"])
    second = await shared(app, "noor", parent=first["token"])
    third = await shared(app, None, "whatsapp", moment=moment["code"], parent=second["token"])
    assert (second["parent"], second["root"], second["generation"]) == (first["id"], first["id"], 1)
    assert (third["parent"], third["root"], third["generation"]) == (second["id"], first["id"], 2)
    async with app.runtime.database.transaction() as session:
        row = await session.get_one(Share, third["id"])
    assert (row.viewer_id, row.channel, str(row.moment_id)) == (None, "whatsapp", moment["id"])


@pytest.mark.slow
async def test_every_channel_opens_where_it_should(app: App, moment: dict[str, Any]) -> None:
    for channel, way in SENT_TO.items():
        made = await shared(app, channel=channel, moment=moment["id"])
        if way.intent is None:
            assert made["intent_url"] is None, channel
        else:
            parts = urlsplit(made["intent_url"])
            said = " ".join(value for values in parse_qs(parts.query).values() for value in values)
            assert parts.scheme in {"https", "mailto", "sms"}, channel
            assert made["url"] in said, channel
            assert channel == "facebook" or "Look & listen" in said
        assert ("<iframe" in (made["embed_html"] or "")) is (channel == "embed")


async def test_a_spoilers_words_are_not_sent_ahead(app: App, moment: dict[str, Any]) -> None:
    spoiler = await clipped(app, "noor", caption="He dies", spoiler=True)
    made = await shared(app, "noor", "x", moment=spoiler["id"])
    assert "dies" not in made["intent_url"]
    assert "Numbers" in made["intent_url"]


NO_SHARES = [
    ({}, 422, "nothing_to_share"),
    ({"moment": "nosuchcode"}, 404, "moment_unknown"),
    ({"moment": str(uuid4())}, 404, "moment_unknown"),
    ({"moment": "{id}", "channel": "fax"}, 422, "channel_unknown"),
    ({"moment": "{id}", "channel": "javascript:alert(1)"}, 422, "channel_unknown"),
    ({"moment": "{id}", "expires_at": "2020-01-01T00:00:00Z"}, 422, "expiry_past"),
    ({"moment": "{id}", "expires_at": "2099-01-01T00:00:00"}, 422, "invalid"),
    ({"moment": "{id}", "parent": "nonsense"}, 404, "link_forged"),
    ({"moment": "{id}", "parent": "x" * 201}, 422, "invalid"),
    ({"moment": "{id}", "url": "javascript:alert(1)"}, 422, "invalid"),
]


async def test_what_makes_no_share_is_refused_and_nothing_is_written(app: App, moment: dict[str, Any]) -> None:
    for fields, status, code in NO_SHARES:
        answer = await share(app, **{name: value.format(**moment) for name, value in fields.items()})
        assert (answer.status_code, answer.json()["code"]) == (status, code), fields
        async with app.runtime.database.transaction() as session:
            assert await session.scalar(select(func.count()).select_from(Share)) == 0


async def test_a_visitor_passes_on_what_they_can_see(app: App, moment: dict[str, Any]) -> None:
    answer = await share(app, None, moment=moment["id"])
    assert (answer.status_code, answer.json()["parent"]) == (201, None)


async def test_a_parent_of_another_moment_is_no_parent(app: App, moment: dict[str, Any]) -> None:
    other = await clipped(app, "noor")
    parent = await shared(app, moment=moment["id"])
    answer = await share(app, moment=other["id"], parent=parent["token"])
    assert (answer.status_code, answer.json()["code"]) == (422, "parent_of_other_moment")


async def test_a_link_does_not_outlive_the_one_it_was_passed_on_from(app: App, moment: dict[str, Any]) -> None:
    soon = (utc_now() + timedelta(hours=1)).isoformat()
    late = (utc_now() + timedelta(hours=2)).isoformat()
    parent = await shared(app, moment=moment["id"], expires_at=soon)
    for fields in ({}, {"expires_at": late}):
        child = await shared(app, "noor", parent=parent["token"], **fields)
        assert child["expires_at"] == parent["expires_at"]


@pytest.mark.slow
async def test_what_cannot_be_shown_cannot_be_shared(app: App, moment: dict[str, Any]) -> None:
    parent = await shared(app, moment=moment["id"])
    private = await clipped(app, "noor", visibility="private")
    assert (await share(app, "noor", moment=private["id"])).json()["code"] == "moment_private"
    assert (await share(app, moment=private["id"])).json()["code"] == "moment_unknown"
    await set_rights(app, sharing=False)
    assert (await share(app, moment=moment["id"])).json()["code"] == "sharing_off"
    assert (await share(app, None, parent=parent["token"])).json()["code"] == "sharing_off"
    await set_rights(app, sharing=True)
    await take_down(app, moment["id"])
    assert (await share(app, moment=moment["id"])).json()["code"] == "taken_down"


async def test_a_repeated_request_makes_one_share(app: App, moment: dict[str, Any]) -> None:
    headers = app.signed_in() | {"Idempotency-Key": "once"}
    body = {"channel": "copy", "moment": moment["id"]}
    answers = await asyncio.gather(*[app.http.post("/v1/shares", json=body, headers=headers) for _ in range(4)])
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["token"] for a in answers}) == 1
    other = await app.http.post("/v1/shares", json=body | {"channel": "x"}, headers=headers)
    assert other.json()["code"] == "idempotency_key_reused"


@pytest.mark.slow
async def test_whoever_shares_too_fast_is_told_when_to_go_on(app: App, moment: dict[str, Any]) -> None:
    """Fifty at once, under the settings that one begins with."""
    app.queue_all()
    limit = app.runtime.settings.share_rate_per_minute
    answers = await asyncio.gather(*[share(app, moment=moment["id"]) for _ in range(50)])
    refused = [a for a in answers if a.status_code == 429]
    assert 0 < len(refused) == 50 - limit
    assert {a.json()["code"] for a in refused} == {"rate_limited"}
    assert all(1 <= int(a.headers["retry-after"]) <= 60 for a in refused)
    assert (await share(app, "noor", moment=moment["id"])).status_code == 201
    async with app.runtime.database.transaction() as session:
        assert await session.scalar(select(func.count()).select_from(Share)) == limit + 1


@pytest.mark.slow
async def test_visitors_are_limited_too(app: App, moment: dict[str, Any]) -> None:
    limit = app.runtime.settings.share_rate_per_minute
    parent = await shared(app, moment=moment["id"])
    answers = [await share(app, None, parent=parent["token"]) for _ in range(limit + 1)]
    assert [a.status_code for a in answers] == [201] * limit + [429]


async def test_i_see_my_shares_and_all_of_my_moments(app: App, moment: dict[str, Any]) -> None:
    mine = await shared(app, moment=moment["id"])
    theirs = await shared(app, "noor", parent=mine["token"])

    async def listed(subject: str, **params: Any) -> list[str]:
        answer = await app.http.get("/v1/shares", params=params, headers=app.signed_in(subject))
        return [item["id"] for item in answer.json()["items"]]

    assert await listed("ada") == [mine["id"]]
    assert await listed("ada", moment=moment["code"]) == [theirs["id"], mine["id"]]
    assert await listed("noor", moment=moment["id"]) == [theirs["id"]]
    assert await listed("mira", moment=moment["id"]) == []
    page = (await app.http.get("/v1/shares?limit=1&moment=" + moment["id"], headers=app.signed_in())).json()
    assert await listed("ada", moment=moment["id"], cursor=page["next"]) == [mine["id"]]


async def test_links_are_withdrawn_by_their_maker_or_the_moments(app: App, moment: dict[str, Any]) -> None:
    first = await shared(app, moment=moment["id"])
    theirs = await shared(app, "noor", parent=first["token"])
    other = await app.http.delete(f"/v1/shares/{theirs['id']}", headers=app.signed_in("mira"))
    assert (other.status_code, other.json()["code"]) == (404, "share_unknown")
    for subject in ("noor", "ada"):
        answer = await app.http.delete(f"/v1/shares/{theirs['id']}", headers=app.signed_in(subject))
        assert answer.status_code == 204
    assert (await share(app, None, parent=theirs["token"])).json()["code"] == "link_revoked"
    assert (await share(app, None, parent=first["token"])).status_code == 201
    missing = await app.http.delete(f"/v1/shares/{uuid4()}", headers=app.signed_in())
    assert missing.json()["code"] == "share_unknown"


async def test_the_channels_are_listed(app: App) -> None:
    names = [each["name"] for each in (await app.http.get("/v1/channels")).json()]
    assert names == list(SENT_TO)
