"""The ``groundswell`` command."""

import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeElapsedColumn

from groundswell.check import check_command
from groundswell.components import components_command
from groundswell.media.commands import cut_command, probe_command
from groundswell.platform.command_line import Commands, Host, Port, errors, importing, read_settings, refuse
from groundswell.shares.preview.commands import preview_command
from groundswell.sync import sync_command
from groundswell.web import features

app = typer.Typer(
    cls=Commands,
    help="Moments for any streaming service: clip, share, see what it brought, share the revenue.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
jobs = typer.Typer(help="Background jobs that failed for good.", no_args_is_help=True)
app.add_typer(jobs, name="jobs")
payees = typer.Typer(help="Where creators are paid, as it is kept.", no_args_is_help=True)
app.add_typer(payees, name="payees")
app.command("check")(check_command)
app.command("components")(components_command)
app.command("cut")(cut_command)
app.command("probe")(probe_command)
app.command("preview")(preview_command)
app.command("sync")(sync_command)


def say_version(asked: bool) -> None:
    """Print the version, and nothing else."""
    if asked:
        from groundswell import __version__

        print(f"groundswell {__version__}")
        raise typer.Exit


Version = Annotated[bool, typer.Option("--version", help="Say which version.", callback=say_version, is_eager=True)]


@app.callback()
def main(version: Version = False) -> None:
    """Moments for any streaming service: clip, share, see what it brought, share the revenue."""


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A progress display on standard error, for whatever takes longer than a second."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=False) as progress:
        yield progress


def _told(progress: Progress, task: TaskID) -> Callable[[str, float], None]:
    """Moves a bar; where there is no terminal to draw one on, writes a line for each stage and each quarter of it."""
    said: tuple[str, int] = ("", 0)

    def tell(stage: str, part: float) -> None:
        nonlocal said
        progress.update(task, description=stage, completed=part)
        now = (stage, int(part * 4))
        if not errors.is_terminal and now != said:
            said = now
            errors.print(f"{stage}: {now[1] * 25} %")

    return tell


@app.command()
def serve(host: Host = None, port: Port = None) -> None:
    """Serve the API and the pages (settings come from GROUNDSWELL_* variables)."""
    from groundswell.web.port_check import ensure_free

    settings = read_settings(host=host, port=port)
    if settings.jwks_url is None and not settings.viewer_issuers and not settings.demo:
        raise refuse(
            "GROUNDSWELL_JWKS_URL is not set: where does your service publish the keys that sign its viewers' tokens? "
            "(To look around first: groundswell demo.)"
        )
    ensure_free(settings)
    with importing():
        from groundswell.web.server import run_server

    # By name: the demo stands above all, and nothing imports it.
    app = import_module("groundswell.demo.app").create_demo_app(settings) if settings.demo else None
    run_server(settings, app)


@app.command()
def work(concurrency: Annotated[int | None, typer.Option(help="Jobs at once.")] = None) -> None:
    """Run background jobs: as many of these as you like, on as many machines as you like."""
    with importing():
        from groundswell.web.server import run_workers

    run_workers(read_settings(worker_concurrency=concurrency))


@app.command("import")
def import_(
    file: Annotated[
        str,
        typer.Argument(
            help="An MP4, MOV, MKV, WebM or TS file; or the address of an HLS or DASH ladder, or of an MP4: that stays "
            "where it is."
        ),
    ],
    title: Annotated[
        str | None, typer.Option(help="What the title is called; may be left out with --external-id.")
    ] = None,
    subtitles: Annotated[
        Path | None, typer.Option(help="SRT, WebVTT, ASS, SAMI, TTML, SCC or EBU STL, in any common encoding.")
    ] = None,
    language: Annotated[str, typer.Option(help="Language of the subtitles (BCP 47).")] = "en",
    slug: Annotated[str | None, typer.Option(help="Its address; made from the title by default.")] = None,
    synopsis: Annotated[str, typer.Option(help="What it is about.")] = "",
    series: Annotated[str | None, typer.Option(help="The series, when it is an episode.")] = None,
    season: Annotated[int | None, typer.Option(help="The season, when it is an episode.")] = None,
    episode: Annotated[int | None, typer.Option(help="The number in the season.")] = None,
    external_id: Annotated[str | None, typer.Option(help="Your own id of the title; its slug by default.")] = None,
    rating: Annotated[str | None, typer.Option(help="Its age rating. Unknown: rules that need it refuse.")] = None,
    released: Annotated[str | None, typer.Option(help="The day of its release, such as 2026-10-31.")] = None,
    live: Annotated[bool | None, typer.Option("--live/--not-live", help="Whether it is, or was, a live event.")] = None,
) -> None:
    """Add a title to the catalogue from a file, or the file to a title that is there (--external-id)."""
    from groundswell.catalog.importer import import_title
    from groundswell.catalog.tables import Title
    from groundswell.media.errors import MediaError
    from groundswell.platform.clock import parse_day
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime

    if title is None and external_id is None:
        raise refuse("say what it is called (--title), or of which title it is the file (--external-id)")
    released_on = parse_day(released)
    if released is not None and released_on is None:
        raise refuse(f"{released} is not a day; write it like 2026-10-31")
    features.load("tables")
    features.load("jobs")

    async def run(progress: Progress) -> tuple[str, str | None]:
        task = progress.add_task("reading", total=1.0)
        async with open_runtime(read_settings()) as runtime:
            title_id = await import_title(
                runtime,
                file if file.startswith(("http://", "https://")) else Path(file),
                name=title,
                slug=slug,
                subtitles=subtitles,
                language=language,
                synopsis=synopsis,
                series=series,
                season=season,
                episode=episode,
                external_id=external_id,
                rating=rating,
                released_on=released_on,
                live=live,
                on_progress=_told(progress, task),
            )
            progress.update(task, description="ready", completed=1.0)
            async with runtime.database.transaction() as session:
                return str(title_id), (await session.get_one(Title, title_id)).doubtful_encoding

    try:
        with progress_bar() as progress:
            title_id, doubtful = asyncio.run(run(progress))
    except MediaError as error:
        raise refuse(f"{error.code}: {error.detail}") from None
    except Problem as problem:
        raise refuse(f"{problem.reason()}: {problem.detail}") from None
    if doubtful is not None:
        words = f"The subtitles were read as {doubtful}, but it may have been another encoding: look at them."
        print(f"{words} If they are wrong, save the file as UTF-8 and import it again.", file=sys.stderr)
    print(title_id)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    sign_in: Annotated[bool, typer.Option("--sign-in", help="Walk the round trip of signing in, too.")] = False,
    catalogue: Annotated[
        bool, typer.Option("--catalogue", help="Look at the titles instead: rules that cannot bind, and media.")
    ] = False,
) -> None:
    """Say what is right and what is wrong with this installation. Exit 1 when something is wrong."""
    with importing():
        from groundswell.doctor import catalogue as examine_catalogue
        from groundswell.doctor import examine

    settings = read_settings()
    findings = asyncio.run(examine_catalogue(settings) if catalogue else examine(settings, sign_in=sign_in))
    if as_json:
        print(json.dumps([finding.__dict__ for finding in findings], indent=2))
    else:
        for finding in findings:
            code = f" ({finding.code})" if finding.code else ""
            print(f"{'✓' if finding.ok else '✗'} {finding.what}: {finding.detail}{code}")
    raise typer.Exit(0 if all(finding.ok for finding in findings) else 1)


@app.command()
def recredit(
    days: Annotated[int, typer.Option(help="How far back.", min=1, max=3650)] = 400,
) -> None:
    """Divide conversions that the present credit models have not divided yet; what older ones gave stays."""
    from groundswell.attribution.backfill import credit_again
    from groundswell.platform.clock import utc_now
    from groundswell.platform.runtime import open_runtime

    features.load("tables")

    async def run(progress: Progress) -> int:
        task, done = progress.add_task("dividing", total=None), 0
        settings, now = read_settings(), utc_now()
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
        async with reach_database(read_settings()) as url:
            await asyncio.to_thread(run_migrations, url)

    asyncio.run(run())


@app.command("accept-clock")
def accept_clock_now() -> None:
    """Say that the clock is right, after it jumped or all stood still for long: things are dropped by age again."""
    from groundswell.platform.runtime import open_runtime
    from groundswell.platform.trusted_clock import accept_clock

    async def run() -> str:
        async with (
            open_runtime(read_settings()) as runtime,
            await runtime.database.connect(autocommit=True) as connection,
        ):
            return (await accept_clock(connection)).isoformat()

    print(asyncio.run(run()))


@app.command("backup")
def make_backup(
    target: Annotated[str, typer.Argument(help="A folder, or a bucket: s3://…, gs://…, az://….")],
    keys: Annotated[bool, typer.Option(help="With the keys that sign links; they lie there as they are.")] = True,
) -> None:
    """Back up the database, the objects, the lake and the keys, while the service runs; prints the backup's name."""
    from groundswell.backup import BackupFailed, back_up

    try:
        print(asyncio.run(back_up(read_settings(), target, with_keys=keys)))
    except (BackupFailed, OSError) as error:
        raise refuse(f"there is no backup: {error}") from None


def restore_backup(source: str, name: str | None) -> None:
    """Restore a backup into an empty place."""
    from groundswell.backup import BackupFailed, restore

    try:
        manifest = asyncio.run(restore(read_settings(), source, name))
    except (BackupFailed, OSError) as error:
        raise refuse(f"not restored: {error}") from None
    rows = sum(manifest.rows.values())
    print(
        f"restored as of {manifest.made_at}: {rows} rows, {len(manifest.objects)} objects, {len(manifest.lake)} files "
        "of the lake"
    )


@app.command()
def restore(
    backup: Annotated[str | None, typer.Argument(help="Where `groundswell backup` put it.")] = None,
    name: Annotated[str | None, typer.Option(help="Which one there; the latest by default.")] = None,
    from_lake: Annotated[bool, typer.Option("--from-lake", help="Days that were dropped, out of the lake.")] = False,
    put_back: Annotated[bool, typer.Option("--put-back", help="Days that lie aside and are not dropped yet.")] = False,
    first: Annotated[str, typer.Option(help="The first day, such as 2026-01-01.")] = "",
    last: Annotated[str, typer.Option(help="The last day.")] = "",
) -> None:
    """Restore a backup into an empty place, or bring days of the event log back into PostgreSQL."""
    from groundswell.events.lake import retention
    from groundswell.platform.runtime import open_runtime

    async def run() -> str:
        async with (
            open_runtime(read_settings()) as runtime,
            await runtime.database.connect(autocommit=True) as connection,
        ):
            if put_back:
                return f"{len(await retention.put_back(connection))} days put back"
            days = date.fromisoformat(first), date.fromisoformat(last or first)
            return f"{await retention.restore(connection, runtime.settings, *days)} events brought back"

    if [backup is not None, from_lake, put_back].count(True) != 1:
        raise refuse("say where the backup is, or --from-lake with --first and --last, or --put-back")
    if backup is not None:
        restore_backup(backup, name)
        return
    try:
        print(asyncio.run(run()))
    except ValueError as error:
        raise refuse(f"a day is written like 2026-01-01: {error}") from None


@app.command("adopt-lake")
def adopt_lake() -> None:
    """Seal the lake from this database from now on: after a restore elsewhere, once the old place has stopped."""
    from groundswell.events.lake.adoption import LakeAhead, adopt
    from groundswell.events.lake.sealer import LakeOfAnotherDatabase
    from groundswell.platform.runtime import open_runtime

    features.load("tables")
    features.load("jobs")

    async def run() -> list[str]:
        async with open_runtime(read_settings()) as runtime:
            return await asyncio.to_thread(adopt, runtime.database.url, runtime.settings)

    try:
        print(", ".join(asyncio.run(run())) or "nothing to adopt: the lake is this database's, or not there yet")
    except (LakeAhead, LakeOfAnotherDatabase) as error:
        raise refuse(str(error)) from None


@payees.command("rotate")
def rotate_payees() -> None:
    """Wrap the keys of all payment details by the present GROUNDSWELL_PAYEE_KEY; prints how many."""
    from groundswell.payouts.payees import rotate
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime

    features.load("tables")

    async def run() -> int:
        async with open_runtime(read_settings()) as runtime:
            return await rotate(runtime.database, runtime.settings)

    try:
        print(asyncio.run(run()))
    except Problem as problem:
        raise refuse(f"{problem.code}: {problem.detail}") from None


@jobs.command("failed")
def failed_jobs(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """List them, the latest first: what each was, and why it is not tried again."""
    from sqlalchemy import select

    from groundswell.platform.jobs import JobFailure
    from groundswell.platform.runtime import open_runtime

    async def run() -> list[JobFailure]:
        async with open_runtime(read_settings()) as runtime, runtime.database.transaction() as session:
            return list(await session.scalars(select(JobFailure).order_by(JobFailure.failed_at.desc()).limit(1000)))

    for row in asyncio.run(run()):
        said = {"id": row.job_id, "task": row.task, "at": row.failed_at.isoformat(), "attempts": row.attempts}
        if as_json:
            print(json.dumps({**said, "args": row.args, "error": row.error}))
        else:
            print(*said.values(), row.error, sep="\t")


@jobs.command("retry")
def retry_job(
    job_id: Annotated[int, typer.Argument(help="The job's number, as `groundswell jobs failed` has it.")],
) -> None:
    """Queue a failed job once more."""
    from groundswell.platform.jobs import try_again
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime

    async def run() -> None:
        async with open_runtime(read_settings()) as runtime:
            await try_again(runtime.jobs, job_id)

    try:
        asyncio.run(run())
    except Problem as problem:
        raise refuse(f"{problem.code}: {problem.detail}") from None


for module in features.load("commands", everywhere=True):
    module.register(app)

if __name__ == "__main__":
    sys.exit(app())
