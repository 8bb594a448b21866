"""That a campaign is over is told once: when its time has come, or when it is ended early."""

from datetime import timedelta

from groundswell.attribution.tables import Campaign
from groundswell.campaigns.endings import notice_due
from groundswell.campaigns.lifecycle import end, make
from groundswell.campaigns.schemas import NewCampaign
from groundswell.campaigns.signals import CampaignEnded
from groundswell.platform.clock import utc_now
from groundswell.platform.database import Database
from groundswell.platform.settings import Settings
from tests.support import hearing


async def made(database: Database, key: str, begins: float, ends: float) -> Campaign:
    """A campaign that begins and ends in so many days."""
    now = utc_now()
    new = NewCampaign(
        key=key, name=key, begins_at=now + timedelta(days=begins), ends_at=now + timedelta(days=ends), terms=""
    )
    async with database.transaction() as session:
        return await make(session, Settings(), new, None)


async def noticed(database: Database, batch: int = 100) -> int:
    async with database.transaction() as session:
        return await notice_due(session, batch)


async def test_one_whose_time_has_come_is_told_once(database: Database) -> None:
    await made(database, "over", -3, -1)
    await made(database, "running", -3, 1)
    with hearing(CampaignEnded) as heard:
        assert [await noticed(database) for _ in range(2)] == [1, 0]
    assert [signal.campaign.key for signal in heard] == ["over"]


async def test_one_that_is_ended_early_is_told_then_and_not_again(database: Database) -> None:
    campaign = await made(database, "running", -3, 1)
    with hearing(CampaignEnded) as heard:
        for _ in range(2):
            async with database.transaction() as session:
                await end(session, await session.get_one(Campaign, campaign.id))
        assert await noticed(database) == 0
    assert [signal.campaign.key for signal in heard] == ["running"]


async def test_what_could_not_be_told_is_told_later(database: Database) -> None:
    await made(database, "over", -3, -1)
    async with database.sessions() as interrupted:
        assert await notice_due(interrupted) == 1
    assert await noticed(database) == 1


async def test_many_are_told_a_batch_at_a_time(database: Database) -> None:
    for number in range(3):
        await made(database, f"over-{number}", -3, -1)
    assert [await noticed(database, batch=2) for _ in range(3)] == [2, 1, 0]
