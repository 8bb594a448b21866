"""The world of most tests of money, unless a file makes another: one creator with one moment."""

import pytest

from groundswell.platform.database import Database

from .world import World, build


@pytest.fixture
async def world(database: Database) -> World:
    world = await build(database)
    await world.creator("noor")
    await world.moment("noor", "kiss")
    return world
