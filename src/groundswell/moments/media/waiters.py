"""Waiting for renditions: however many wait for the same one in this process, one looks."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from groundswell.moments.recipes import Recipe
from groundswell.moments.tables import Rendition
from groundswell.platform.database import Database
from groundswell.platform.jobs import WAITING_VIEWER

from .progress_feed import Watch
from .renditions import ensure

LOOK_AGAIN_S = 3.0


class Following:
    """The rendition of one recipe as last seen, for all who wait for it."""

    def __init__(self) -> None:
        self.seen: Rendition | None = None
        self.error: Exception | None = None
        self.waiting = 0
        self.task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    def tell(self) -> None:
        """Wake everybody who waits for news."""
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        await self._news.wait()


class Followers:
    """Those who wait for renditions in this process."""

    def __init__(self, database: Database, watch: Watch) -> None:
        self.database, self.watch = database, watch
        self._following: dict[str, Following] = {}

    def waiting(self) -> int:
        """How many wait at present."""
        return sum(following.waiting for following in self._following.values())

    async def follow(self, recipe: Recipe, priority: int = WAITING_VIEWER) -> AsyncIterator[Rendition]:
        """The rendition now, then again at every change, until it is ready or failed.

        Holds no connection between looks, and sees to it meanwhile that somebody makes it, with ``priority`` where
        nobody else follows it yet. Raises what a look raises, when the database is away.
        """
        last: tuple[str, int] | None = None
        async with self._joined(recipe, priority) as following:
            while True:
                row = following.seen
                if row is not None and (row.status, row.progress) != last:
                    last = row.status, row.progress
                    yield row
                    continue
                if row is not None and row.settled:
                    return
                if following.error is not None:
                    raise following.error
                await following.news()

    async def follow_all(self, recipes: Mapping[Recipe, int]) -> AsyncIterator[Rendition]:
        """As ``follow``, of several recipes with their priorities at once, until all of them are ready or failed."""
        news: asyncio.Queue[Rendition | Exception | None] = asyncio.Queue()

        async def hear(recipe: Recipe, priority: int) -> None:
            try:
                async for rendition in self.follow(recipe, priority):
                    news.put_nowait(rendition)
                news.put_nowait(None)
            except Exception as error:
                news.put_nowait(error)

        hearing = [asyncio.create_task(hear(recipe, priority)) for recipe, priority in recipes.items()]
        try:
            left = len(hearing)
            while left:
                heard = await news.get()
                if isinstance(heard, Exception):
                    raise heard
                if heard is None:
                    left -= 1
                else:
                    yield heard
        finally:
            for task in hearing:
                task.cancel()
            await asyncio.gather(*hearing, return_exceptions=True)

    @asynccontextmanager
    async def _joined(self, recipe: Recipe, priority: int) -> AsyncIterator[Following]:
        following = self._following.get(recipe.hash)
        if following is None:
            following = self._following[recipe.hash] = Following()
            following.task = asyncio.create_task(self._look_again_and_again(recipe, following, priority))
        following.waiting += 1
        try:
            yield following
        finally:
            following.waiting -= 1
            if following.waiting == 0:
                self._forget(recipe, following)

    async def _look_again_and_again(self, recipe: Recipe, following: Following, priority: int) -> None:
        try:
            with self.watch.of(recipe.hash) as changed:
                while following.seen is None or not following.seen.settled:
                    changed.clear()
                    async with self.database.transaction() as session:
                        following.seen = await ensure(session, recipe, priority)
                    following.tell()
                    if not following.seen.settled:
                        with suppress(TimeoutError):
                            await asyncio.wait_for(changed.wait(), LOOK_AGAIN_S)
        except Exception as error:
            following.error = error
        finally:
            self._forget(recipe, following)
            following.tell()

    def _forget(self, recipe: Recipe, following: Following) -> None:
        """Whoever comes next looks for themselves."""
        if self._following.get(recipe.hash) is following:
            del self._following[recipe.hash]
        if following.waiting == 0 and following.task is not None:
            following.task.cancel()
