"""``groundswell doctor --catalogue``: each title that cannot be shared as its rules mean it, and what to do."""

import pytest
from aiosmtplib import SMTPException
from pydantic import SecretStr

from groundswell.doctor import catalogue, mail_server
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.catalog.rows import add_title
from tests.insights.test_weekly_mail import Mailbox, smtp_server
from tests.processes import free_port
from tests.trust.test_catalogue_health import fill


async def test_it_names_titles_rules_and_what_to_do(database: Database, settings: Settings) -> None:
    await fill(database)
    said = {each.what: each.detail for each in await catalogue(settings)}
    assert set(said) == {"title lacking", "title failed", "title tt1"}
    assert "ending_days lacks released_on (release_unknown)" in said["title lacking"]
    assert "live lacks live (live_unknown)" in said["title lacking"]
    assert "say live, released_on: PUT /v1/titles/lacking" in said["title lacking"]
    assert "groundswell import FILE --external-id tt1" in said["title tt1"]


async def test_a_catalogue_that_is_well_is_one_line(database: Database, settings: Settings) -> None:
    async with database.transaction() as session:
        await add_title(session, "whole")
    (only,) = await catalogue(settings)
    assert (only.ok, only.detail) == (True, "1 in all: every rule binds, and each can be cut")


async def test_a_mail_server_that_is_not_there_is_said(settings: Settings) -> None:
    assert "nothing is mailed" in await mail_server(settings)
    mailbox = Mailbox()
    async with smtp_server(mailbox) as port:
        settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{port}")
        assert f"127.0.0.1:{port} lets us in" in await mail_server(settings)
    assert mailbox.mails == []
    settings.smtp_url = SecretStr(f"smtp://127.0.0.1:{free_port()}")
    with pytest.raises((SMTPException, OSError)):
        await mail_server(settings)
