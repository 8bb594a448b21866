"""``groundswell demo``: prepares the demo service once, with progress, then serves it."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from groundswell.catalog.importer import import_title
from groundswell.catalog.tables import RightsRule, Source, Title
from groundswell.discovery.refresh import refresh
from groundswell.earnings import pools
from groundswell.earnings.jobs import divide_pool
from groundswell.earnings.rules import PoolTerms
from groundswell.earnings.tables import Pool
from groundswell.media import make_test_signer
from groundswell.moments.media.renditions import ensure
from groundswell.moments.media.tiers import recipe_of
from groundswell.moments.recipes import POSTER, WIDE
from groundswell.moments.tables import Moment, Rendition
from groundswell.platform.clock import US_PER_SECOND, utc_now
from groundswell.platform.database import among
from groundswell.platform.jobs import SOON, WHENEVER, defer
from groundswell.platform.runtime import Runtime
from groundswell.platform.services import services_of
from groundswell.platform.settings import Settings
from groundswell.web.port_check import address_of
from groundswell.web.server import run_server

from .app import create_demo_app
from .campaign import make_campaign
from .community import ask_for_supercut, fill_community
from .complaints import fill_decisions, fill_reports
from .disk_space import ensure_room, only_one_prepares
from .films import FILMS, QUICK, WHOLE, Film, RenderedFilm, render_all
from .history import identity, write_history
from .holdout import write_holdout
from .notifications import fill_notifications
from .payday import pay_creators, with_payer
from .people import PERSONAS
from .progress import Report, Stage, stages
from .reporter import service_key
from .staff import save_views

EDITION = "5"
"""Of what is prepared. Raise it when a data folder made by older code must be prepared again."""

POOL_MINOR = {-1: 60_000, 0: 80_000}
"""What the demo service sets aside: month (0 is this one) to amount in cents."""


def run_demo(settings: Settings, console: Console, *, quick: bool = False) -> None:
    """Prepare what is not there yet, then serve until interrupted. ``quick``: the films are drawn with fewer pictures.

    Raises:
        CannotStart: the data folder has no room, or the database is not for this version.
    """
    if "base_url" not in settings.model_fields_set:
        settings = settings.model_copy(update={"base_url": address_of(settings)})
    if not is_prepared(settings):
        ensure_room(settings.data_dir)
        waiting = partial(console.print, "Another start is preparing this folder; waiting for it.")
        with only_one_prepares(settings.data_dir, waiting):
            if not is_prepared(settings):
                prepare_now(settings, console, quick)
    settings = with_payer(with_test_credentials(settings))
    app = create_demo_app(settings)
    run_server(settings, app, on_ready=lambda: welcome(settings, console))


def mark_of(settings: Settings) -> Path:
    """The file that says which edition has been prepared."""
    return settings.data_dir / "demo.edition"


def is_prepared(settings: Settings) -> bool:
    mark = mark_of(settings)
    return mark.exists() and mark.read_text() == EDITION


def prepare_now(settings: Settings, console: Console, quick: bool) -> None:
    """Prepare with progress; the mark comes last, so what was interrupted goes on at the next start."""
    with stages(console) as stage:
        drawing = stage("Drawing and scoring three films")
        films = render_all(settings.data_dir / "films", drawing, QUICK if quick else WHOLE)
        asyncio.run(_interruptible(prepare(with_test_credentials(settings), films, stage)))
    mark_of(settings).write_text(EDITION)


async def _interruptible(work: Coroutine[Any, Any, None]) -> None:
    """Do ``work``; when it is interrupted, say only that: drivers stumble over being cancelled in their own ways."""
    try:
        await work
    except Exception:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError() from None
        raise


def with_test_credentials(settings: Settings) -> Settings:
    """The demo signs what it exports, with a certificate of its own that nobody in the world trusts."""
    if settings.credentials_file is not None:
        return settings
    file = settings.data_dir / "demo-credentials.pem"
    if not file.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        make_test_signer(file, settings.service_name)
    return settings.model_copy(update={"credentials_file": file})


async def prepare(settings: Settings, films: dict[str, RenderedFilm], stage: Stage) -> None:
    """Catalogue, audience, pictures and the pools of two months. Each step finds what is there already."""
    app = create_demo_app(settings.model_copy(update={"worker_in_server": True}))  # its jobs are waited for
    async with app.router.lifespan_context(app):
        runtime = services_of(app).runtime
        await fill_catalogue(runtime, films, stage("Importing them"))
        await set_rights(runtime)
        await fill_audience(app, runtime, stage("Five weeks of audience"))
        await fill_reports(runtime)
        await fill_decisions(runtime)
        await save_views(runtime)
        await draw_posters(runtime, stage("Pictures of their moments"))
        await divide_pools(runtime, stage("Two months of earnings"))


async def fill_catalogue(runtime: Runtime, rendered: dict[str, RenderedFilm], report: Report) -> None:
    for number, film in enumerate(FILMS):

        def progress(stage: str, part: float, number: int = number) -> None:
            report((number + part) / len(FILMS))

        if not await _is_imported(runtime, film, rendered[film.slug]):
            await import_film(runtime, film, rendered[film.slug], progress)
    report(1.0)


async def _is_imported(runtime: Runtime, film: Film, files: RenderedFilm) -> bool:
    """Whether an earlier start got as far as this film."""
    size = select(Source.size_bytes).join(Title, Title.current_source_id == Source.id).where(Title.slug == film.slug)
    async with runtime.database.transaction() as session:
        return await session.scalar(size) == files.video.stat().st_size


async def import_film(
    runtime: Runtime, film: Film, files: RenderedFilm, on_progress: Callable[[str, float], None]
) -> None:
    await import_title(
        runtime,
        files.video,
        name=film.name,
        slug=film.slug,
        subtitles=files.subtitles,
        synopsis=film.synopsis,
        series=film.series,
        season=film.season,
        episode=film.episode,
        released_on=date(film.year, 9, 1),
        rating=film.rating,
        live=False,
        poster=files.poster,
        backdrop=files.backdrop,
        accent=film.accent,
        on_progress=on_progress,
    )


async def set_rights(runtime: Runtime) -> None:
    """One rule for everything: short films need a larger share than the defaults grant."""
    async with runtime.database.transaction() as session:
        if await session.scalar(select(RightsRule.id).limit(1)) is None:
            rule = RightsRule(scope="all", scope_key="*", updated_by="demo", note="What the demo starts with.")
            rule.viewer_total_us = 100 * US_PER_SECOND
            session.add(rule)


async def fill_audience(app: FastAPI, runtime: Runtime, report: Report) -> None:
    key = await service_key(runtime)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=runtime.settings.base_url) as http:
        history, until = await write_history(runtime, http, key, report)
        await write_holdout(runtime, http, key, history, until)
    await make_campaign(runtime, until)
    await fill_community(runtime)
    await fill_notifications(runtime)
    async with runtime.database.transaction() as session:
        await refresh(session)


async def draw_posters(runtime: Runtime, report: Report) -> None:
    """The still of every moment, so that no page begins empty; their clips follow when nobody waits."""
    async with runtime.database.transaction() as session:
        moments = (await session.scalars(select(Moment).filter_by(deleted_at=None))).all()
        recipes = [recipe_of(moment, POSTER) for moment in moments]
        for recipe in recipes:
            await ensure(session, recipe, SOON)
        for moment in moments:
            await ensure(session, recipe_of(moment, WIDE), WHENEVER)
    await ask_for_supercut(runtime)
    hashes = [recipe.hash for recipe in recipes]
    waiting = select(func.count()).where(
        among(Rendition.recipe_hash, hashes), Rendition.status.in_(["queued", "rendering"])
    )
    await _until_none(runtime, waiting, len(hashes), report)


async def divide_pools(runtime: Runtime, report: Report) -> None:
    """Last month's pool, divided by the job that finance would start, and paid by a run; this month's, set aside."""
    for number, back in enumerate(sorted(POOL_MINOR)):
        await _fund_pool(runtime, month(back), POOL_MINOR[back], divide=back < 0)
        report((number + 1) / len(POOL_MINOR))
    await pay_creators(runtime)


async def _fund_pool(runtime: Runtime, period: str, amount: int, *, divide: bool) -> None:
    async with runtime.database.transaction() as session:
        id = identity("pool", period, utc_now().replace(day=1, hour=0, minute=0, second=0, microsecond=0))
        pool = await pools.fund(
            session,
            period=period,
            basis="plays",
            amount_minor=amount,
            currency="EUR",
            created_by="Lumen finance",
            id=id,
            terms=PoolTerms(hold_days=0),  # so that last month's can have been paid
        )
        if divide:
            await defer(session, divide_pool, once=f"pool/{pool.id}", pool_id=str(pool.id))
    undone = select(func.count()).where(Pool.period == period, Pool.status.in_(["funded", "dividing"]))
    if divide:
        await _until_none(runtime, undone, 1, lambda part: None)


def month(back: int) -> str:
    """This month (0) or one before it, as YYYY-MM."""
    today = utc_now()
    months = today.year * 12 + today.month - 1 + back
    return f"{months // 12}-{months % 12 + 1:02}"


async def _until_none(runtime: Runtime, waiting: object, total: int, report: Report) -> None:
    while True:
        async with runtime.database.transaction() as session:
            left = await session.scalar(waiting)  # type: ignore[call-overload]
        report(1 - left / max(total, 1))
        if not left:
            return
        await asyncio.sleep(0.3)


def welcome(settings: Settings, console: Console) -> None:
    """Where to look, and as whom. Addresses are kept whole however narrow the window."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(no_wrap=True, overflow="ignore")
    roomy = console.width >= 76
    for persona in PERSONAS:
        address = f"{settings.base_url}/sign-in?as={persona.subject}"
        table.add_row(f"[bold]{persona.name}[/bold]", persona.part, f"[cyan]{address}[/cyan]", *[persona.does] * roomy)
    console.print(f"\nLumen, the demo service: [bold cyan]{settings.base_url}[/bold cyan]\nSign in as:\n")
    console.print(table)
    folder = str(Path(settings.data_dir).resolve())
    console.print(f"\nCtrl-C stops it; everything is kept in {folder}", style="dim", highlight=False, markup=False)
