"""``groundswell simulate``: a synthetic audience for a running demo service, and the truth to check its numbers by."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from sqlalchemy import select

from groundswell.accounts.keys import make_key
from groundswell.demo.identity import IdentityProvider
from groundswell.moments.tables import Moment
from groundswell.platform.runtime import open_runtime
from groundswell.platform.settings import Settings

from .player import Player, ServiceRefused, write_truth
from .world import World, WorldPlan

SCOPES = ["conversions:write", "events:write"]
COLUMNS = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    TextColumn("{task.completed} actions"),
    TimeElapsedColumn(),
)


@dataclass(frozen=True)
class SimulationOptions:
    """What was asked for on the command line."""

    seed: int
    viewers: int
    rate: float
    moment: str | None
    experiment: str | None
    units: int
    truth: Path


def simulate_now(settings: Settings, wish: SimulationOptions, console: Console) -> None:
    """Play the audience, with progress; the truth is written even when the service refuses half-way.

    Raises:
        LookupError: there is nothing to share, or nobody who answers; it says which.
    """
    world = World(WorldPlan(seed=wish.seed, viewers=wish.viewers))
    with Progress(*COLUMNS, console=console) as progress:
        task = progress.add_task("playing", total=None)
        try:
            asyncio.run(_play(settings, world, wish, lambda done: progress.update(task, completed=done)))
        except (ServiceRefused, httpx.HTTPError) as error:
            raise LookupError(f"{settings.base_url}: {error or type(error).__name__}") from None
        finally:
            write_truth(world, wish.truth)


async def _play(settings: Settings, world: World, wish: SimulationOptions, on_action: Callable[[int], None]) -> None:
    identity = IdentityProvider(settings)
    async with open_runtime(settings) as runtime, runtime.database.transaction() as session:
        key = await make_key(session, "simulation", SCOPES)
        query = select(Moment.code).filter_by(visibility="public", deleted_at=None).order_by(Moment.id).limit(1)
        code = wish.moment or await session.scalar(query)
    if code is None:
        raise LookupError("there is no public moment to share: make one, or name one with --moment")
    async with httpx.AsyncClient(base_url=settings.base_url, timeout=30) as http:
        player = Player(http, lambda who: identity.token(who, who), key, code, wish.rate)
        await player.play(world, on_action)
        if wish.experiment is not None:
            await player.experiment(world, wish.experiment, wish.units)
