"""A service that sells subscriptions and tells us of them, for the tests of money."""

from datetime import timedelta
from uuid import uuid4

from groundswell.attribution.conversions import report
from groundswell.attribution.schemas import Money, NewConversion
from groundswell.attribution.tables import Touch
from groundswell.platform.settings import Settings

from .world import World, early_this_month


class Shop:
    """The service that reports conversions."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world, self.settings = world, settings

    async def sell(self, subject: str, *names: str, minor: int = 999, currency: str = "EUR") -> str:
        """A subscription of somebody who came by shares of the moments ``names``, in that order."""
        viewer = await self.world.viewer(subject)
        at = early_this_month()
        for number, name in enumerate(names):
            share = await self.world.share(name)
            async with self.world.database.transaction() as session:
                touched = at + timedelta(seconds=number)
                session.add(Touch(viewer_id=viewer, event_id=uuid4(), at=touched, share_id=share, matched_by="login"))
        return await self.tell("subscription", subject, minor, None, currency)

    async def tell(self, kind: str, subject: str, minor: int, original: str | None, currency: str = "EUR") -> str:
        id = str(uuid4())
        new = NewConversion.model_validate(
            {
                "id": id,
                "kind": kind,
                "viewer": subject,
                "at": early_this_month() + timedelta(minutes=1 if original is None else 2),
                "amount": Money(minor=minor, currency=currency),
                "original": original,
            }
        )
        async with self.world.database.transaction() as session:
            await report(session, self.settings, new)
        return id

    async def refund(self, sale: str, subject: str, minor: int = 999) -> None:
        await self.tell("refund", subject, minor, sale)
