"""The ``groundswell`` command."""

import asyncio
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from groundswell.media.commands import cut_command, probe_command
from groundswell.platform.settings import Settings
from groundswell.platform.telemetry import configure_logging
from groundswell.shares.preview.commands import preview_command

app = typer.Typer(
    help="Moments for any streaming service: clip, share, see what it brought, share the revenue.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="The service's own keys, for its back end.", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.command("cut")(cut_command)
app.command("probe")(probe_command)
app.command("preview")(preview_command)
errors = Console(stderr=True)

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]


def refuse(message: str) -> typer.Exit:
    """Say on one line why not; the exit code is 2."""
    errors.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(2)


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress display on standard error, for whatever takes longer than a second."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=False) as progress:
        yield progress


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serve the API and the pages (settings come from GROUNDSWELL_* variables)."""
    from groundswell.demo.app import create_demo_app
    from groundswell.web.listening import CannotListen, ensure_free
    from groundswell.web.serving import run_server

    settings = _settings(host=host, port=port)
    if settings.jwks_url is None and not settings.demo:
        raise refuse(
            "GROUNDSWELL_JWKS_URL is not set: where does your service publish the keys that sign its viewers' tokens? "
            "(To look around first: groundswell demo.)"
        )
    try:
        ensure_free(settings)
    except CannotListen as error:
        raise refuse(str(error)) from None
    run_server(settings, create_demo_app(settings) if settings.demo else None)


@app.command()
def demo(host: Host = None, port: Port = None) -> None:
    """Serve the whole loop: the demo service Lumen with its films, its audience and its own billing."""
    from groundswell.demo.room import NoRoom
    from groundswell.demo.start import run_demo
    from groundswell.web.listening import CannotListen

    try:
        run_demo(_settings(host=host, port=port, demo=True), errors)
    except (CannotListen, NoRoom) as error:
        raise refuse(str(error)) from None
    except KeyboardInterrupt:
        errors.print("Stopped. The next start goes on from here.")
        raise typer.Exit(130) from None


@app.command()
def work(concurrency: Annotated[int | None, typer.Option(help="Jobs at once.")] = None) -> None:
    """Run background jobs: as many of these as you like, on as many machines as you like."""
    from groundswell.web.serving import run_workers

    run_workers(_settings(worker_concurrency=concurrency))


@app.command("simulate", help="Play a synthetic audience to a running demo, and write down what truly happened.")
def simulate(
    seed: Annotated[int, typer.Option(help="The same seed gives the same audience.")] = 1,
    viewers: Annotated[int, typer.Option(help="Viewers on the follow graph.", min=1, max=100_000)] = 60,
    rate: Annotated[float, typer.Option(help="Actions a second; 0 is as fast as the service answers.", min=0)] = 20,
    moment: Annotated[
        str | None, typer.Option(help="Code of the moment that is shared; by default a public one.")
    ] = None,
    experiment: Annotated[str | None, typer.Option(help="Key of a running experiment to take part in.")] = None,
    units: Annotated[int, typer.Option(help="Units that reach the experiment.", min=0)] = 1000,
    truth: Annotated[Path, typer.Option(help="Where the truth is written.")] = Path("truth.json"),
) -> None:
    """The service is the one at GROUNDSWELL_BASE_URL, with its data in GROUNDSWELL_DATA_DIR."""
    from groundswell.demo.simulation.command import Wish, simulate_now

    wish = Wish(seed, viewers, rate, moment, experiment, units, truth)
    try:
        simulate_now(_settings(), wish, errors)
    except LookupError as error:
        raise refuse(str(error)) from None
    print(truth)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An MP4, MOV, MKV, WebM or TS file.")],
    title: Annotated[str, typer.Option(help="What the title is called.")],
    subtitles: Annotated[Path | None, typer.Option(help="SRT or WebVTT, in any common encoding.")] = None,
    language: Annotated[str, typer.Option(help="Language of the subtitles (BCP 47).")] = "en",
    slug: Annotated[str | None, typer.Option(help="Its address; made from the title by default.")] = None,
    synopsis: Annotated[str, typer.Option(help="What it is about.")] = "",
    series: Annotated[str | None, typer.Option(help="The series, when it is an episode.")] = None,
    season: Annotated[int | None, typer.Option(help="The season, when it is an episode.")] = None,
    episode: Annotated[int | None, typer.Option(help="The number in the season.")] = None,
) -> None:
    """Add a title to the catalogue from a file."""
    from groundswell.catalog.importing import import_title
    from groundswell.media.errors import MediaError
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime
    from groundswell.web import rooms

    rooms.load("tables")
    rooms.load("jobs")

    async def run(progress: Progress) -> str:
        task = progress.add_task("reading", total=1.0)
        async with open_runtime(_settings()) as runtime:
            title_id = await import_title(
                runtime,
                file,
                name=title,
                slug=slug,
                subtitles=subtitles,
                language=language,
                synopsis=synopsis,
                series=series,
                season=season,
                episode=episode,
                on_progress=lambda stage, part: progress.update(task, description=stage, completed=part),
            )
            progress.update(task, description="ready", completed=1.0)
            return str(title_id)

    try:
        with progress_bar() as progress:
            title_id = asyncio.run(run(progress))
    except MediaError as error:
        raise refuse(f"{error.code}: {error.detail}") from None
    except Problem as problem:
        raise refuse(f"{problem.reason()}: {problem.detail}") from None
    print(title_id)


@app.command()
def doctor(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say what is right and what is wrong with this installation. Exit 1 when something is wrong."""
    from groundswell.doctor import examine

    findings = asyncio.run(examine(_settings()))
    if as_json:
        print(json.dumps([finding.__dict__ for finding in findings], indent=2))
    else:
        for finding in findings:
            print(f"{'✓' if finding.ok else '✗'} {finding.what}: {finding.detail}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command()
def recredit(
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=3650)] = 400,
) -> None:
    """Divide conversions that the present credit models have not divided yet; what older ones gave stays."""
    from groundswell.attribution.recrediting import credit_again
    from groundswell.platform.clock import utc_now
    from groundswell.platform.runtime import open_runtime
    from groundswell.web import rooms

    rooms.load("tables")

    async def run(progress: Progress) -> int:
        task, done = progress.add_task("dividing", total=None), 0
        settings, now = _settings(), utc_now()
        async with open_runtime(settings) as runtime:
            pages = credit_again(runtime.database, now - timedelta(days=days), now, settings.attribution_window_days)
            async for looked_at in pages:
                done += looked_at
                progress.update(task, description=f"{done:,} conversions")
        return done

    with progress_bar() as progress:
        print(asyncio.run(run(progress)), "conversions looked at")


@app.command()
def migrate() -> None:
    """Bring the database's tables up to date (every other command does so by itself)."""
    from groundswell.platform.migrations import migrate as run_migrations
    from groundswell.platform.runtime import reach_database

    async def run() -> None:
        async with reach_database(_settings()) as url:
            await asyncio.to_thread(run_migrations, url)

    asyncio.run(run())


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; may be given more than once.")],
) -> None:
    """Make a service key. It is printed once; only its hash is kept."""
    from groundswell.accounts.keys import make_key
    from groundswell.platform.runtime import open_runtime

    async def run() -> str:
        async with open_runtime(_settings()) as runtime, runtime.database.transaction() as session:
            return await make_key(session, name, scope)

    try:
        print(asyncio.run(run()))
    except ValueError as error:
        raise refuse(str(error)) from None


@keys.command("revoke")
def revoke_key_named(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """Revoke every key of this name."""
    from groundswell.accounts.keys import revoke_key
    from groundswell.platform.runtime import open_runtime

    async def run() -> int:
        async with open_runtime(_settings()) as runtime, runtime.database.transaction() as session:
            return await revoke_key(session, name)

    revoked = asyncio.run(run())
    if not revoked:
        raise refuse(f"there is no live key called {name}")
    print(f"{revoked} revoked")


def _settings(**overrides: object) -> Settings:
    """The settings of this process, with what the command line says over them."""
    from pydantic import ValidationError

    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        reasons = "; ".join(f"GROUNDSWELL_{e['loc'][0]}".upper() + f": {e['msg']}" for e in error.errors())
        raise refuse(reasons) from None
    configure_logging(settings)
    return settings


if __name__ == "__main__":
    sys.exit(app())
