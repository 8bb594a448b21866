"""``groundswell sync``: bring the catalogue up to date with a feed, by hand or by cron."""

import asyncio
import json
from typing import Annotated

import typer

from groundswell.platform.command_line import errors, read_settings, refuse

Source = Annotated[
    str, typer.Argument(help="A file or an http(s) address: NDJSON, CSV or MRSS; or that of a Jellyfin or Plex server.")
]
Name = Annotated[str, typer.Option(help="Of the feed; what it brought is known by it.")]
Format = Annotated[
    str | None, typer.Option(help="ndjson, csv, mrss, jellyfin or plex; by the ending of its name by default.")
]
NotLive = Annotated[bool, typer.Option("--not-live", help="Nothing in it is a live event, unless a line says so.")]
Missing = Annotated[bool, typer.Option("--withdraw-missing", help="Withdraw what this feed brought and has no more.")]
Percent = Annotated[int, typer.Option(help="Withdraw nothing when more of the feed than that is gone.", min=0, max=100)]
Token = Annotated[
    str, typer.Option(help="An API key of Jellyfin's, or a token of Plex's.", envvar="GROUNDSWELL_SYNC_TOKEN")
]
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]


def sync_command(
    source: Source,
    name: Name = "main",
    format: Format = None,
    not_live: NotLive = False,
    withdraw_missing: Missing = False,
    gone_at_most: Percent = 10,
    token: Token = "",
    as_json: AsJson = False,
) -> None:
    """Bring the catalogue up to date with a feed; says what changed. Exit 1 when lines were refused."""
    from groundswell.catalog.feeds.source import FORMATS
    from groundswell.catalog.feeds.sync import FeedOptions, SyncReport, sync
    from groundswell.catalog.feeds.table import FeedUnreadable
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime
    from groundswell.web import features

    if format is not None and format not in FORMATS:
        raise refuse(f"{format} is no format; there are {', '.join(FORMATS)}")
    if not name.isprintable() or not 1 <= len(name) <= 60:
        raise refuse("the name of a feed has 1 to 60 characters")
    if not (token.isascii() and token.isprintable()) or '"' in token:
        raise refuse("a token has printable ASCII characters and no quotes")
    features.load("tables")
    features.load("jobs")
    wanted = FeedOptions(name, source, format, not_live, withdraw_missing, gone_at_most, token)

    async def run() -> SyncReport:
        async with open_runtime(read_settings()) as runtime:
            return await sync(runtime.database, runtime.outbound, wanted, _progress)

    try:
        report = asyncio.run(run())
    except FeedUnreadable as error:
        raise refuse(f"feed_unreadable: {error}") from None
    except Problem as problem:
        raise refuse(f"{problem.reason()}: {problem.detail}") from None
    for line in report.refusals:
        errors.print(f"line {line.line}: {line.code}: {line.detail}", highlight=False, markup=False, soft_wrap=True)
    counts = {result: report.counts[result] for result in RESULTS}
    if as_json:
        refusals = [line.model_dump(exclude_none=True) for line in report.refusals]
        print(json.dumps({**counts, "fresh": report.fresh, "refusals": refusals}))
    elif not report.fresh:
        print("unchanged: it is the version that was synced before")
    else:
        print(", ".join(f"{count} {result}" for result, count in counts.items()))
    raise typer.Exit(1 if report.counts["refused"] else 0)


RESULTS = ("created", "changed", "unchanged", "refused", "withdrawn")


def _progress(lines: int) -> None:
    """A line for every so many, where somebody looks."""
    if lines % 10_000 == 0:
        errors.print(f"{lines:,} lines")
