"""``groundswell import-programme``."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, cast

import typer

from groundswell.platform.command_line import errors, read_settings, refuse


def register(app: typer.Typer) -> None:
    """Add it to the command."""
    app.command("import-programme")(import_programme)


def import_programme(
    file: Annotated[Path, typer.Argument(help="A CSV file that the programme exported.")],
    programme: Annotated[str, typer.Option("--from", help="dub, rewardful, tolt or partnerstack.")],
    kind: Annotated[str, typer.Option("--of", help="What is in it: partners or commissions.")],
    currency: Annotated[str | None, typer.Option(help="Of amounts in lines that name none, such as EUR.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would become of it, and keep nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Import partners with their codes, or past commissions as history, from another partner programme.

    Prints a line for each line of the file; exit 1 when one was refused.
    """
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime

    from .programme_files import PROGRAMMES, Kind, read_file
    from .programme_import import ImportResult, import_lines

    if programme not in PROGRAMMES:
        raise refuse(f"--from is one of {', '.join(PROGRAMMES)}")
    if kind not in {"partners", "commissions"}:
        raise refuse("--of is partners or commissions")

    async def run() -> ImportResult:
        async with open_runtime(read_settings()) as runtime, runtime.database.transaction() as session:
            wanted, of = programme, cast(Kind, kind)
            lines = read_file(file.read_bytes(), wanted, of, currency and currency.upper())
            return await import_lines(session, runtime.settings, wanted, of, lines, "command", dry_run=dry_run)

    try:
        result = asyncio.run(run())
    except OSError as error:
        raise refuse(f"{file}: {error.strerror}") from None
    except Problem as problem:
        raise refuse(f"{problem.code}: {problem.detail}") from None
    for line in result.lines:
        if as_json:
            print(json.dumps(vars(line), ensure_ascii=False))
        else:
            print(line.number, line.outcome, line.code, line.name, line.detail, sep="\t")
    counts = ", ".join(f"{result.count(each)} {each}" for each in ("imported", "joined", "known", "refused"))
    errors.print(f"{counts}{' (nothing was kept)' if dry_run else ''}", highlight=False, markup=False)
    if result.count("refused"):
        raise typer.Exit(1)
