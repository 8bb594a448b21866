"""``groundswell keys`` and ``groundswell audit``."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from groundswell.platform.command_line import read_settings, refuse

if TYPE_CHECKING:
    from .tables import AuditEntry

keys = typer.Typer(help="The service's own keys, for its back end.", no_args_is_help=True)
audit = typer.Typer(help="The audit log: who did what, when and from where.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    app.add_typer(keys, name="keys")
    app.add_typer(audit, name="audit")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; may be given more than once.")],
) -> None:
    """Make a service key. It is printed once; only its hash is kept."""
    from groundswell.platform.problems import Problem
    from groundswell.platform.runtime import open_runtime

    from .keys import ensure_known, make_key

    async def run() -> str:
        async with open_runtime(read_settings()) as runtime, runtime.database.transaction() as session:
            return await make_key(session, name, scope)

    try:
        ensure_known(scope)  # before a database is started for nothing
        print(asyncio.run(run()))
    except Problem as problem:
        raise refuse(f"{problem.code}: {problem.detail}") from None
    except ValueError as error:
        raise refuse(str(error)) from None


@keys.command("revoke")
def revoke_key_named(name: Annotated[str, typer.Argument(help="The key's name.")]) -> None:
    """Revoke every key of this name."""
    from groundswell.platform.runtime import open_runtime

    from .keys import revoke_key

    async def run() -> int:
        async with open_runtime(read_settings()) as runtime, runtime.database.transaction() as session:
            return await revoke_key(session, name)

    revoked = asyncio.run(run())
    if not revoked:
        raise refuse(f"there is no live key called {name}")
    print(f"{revoked} revoked")


@audit.command("verify")
def verify_audit(
    file: Annotated[Path | None, typer.Argument(help="An export; by default the database's own log.")] = None,
    head: Annotated[str, typer.Option(help="The latest hash as it was noted elsewhere: it must still be there.")] = "",
) -> None:
    """Go through the audit log's chain. Exit 1 when an entry was changed, removed or slipped in, or the end cut off."""
    from .audit import ChainBroken, read_export, verified_through

    async def rows() -> list[tuple[int, str, bytes]]:
        return [(row.seq, row.entry, row.hash) async for row in _audit_entries()]

    try:
        found = list(read_export(file.read_text().splitlines())) if file else asyncio.run(rows())
        count, latest = verified_through(found, bytes.fromhex(head) if head else None)
    except (ChainBroken, OSError, ValueError) as error:
        raise refuse(f"the audit log is not whole: {error}") from None
    print(f"{count} entries, whole; the latest hash is {latest.hex()}")


@audit.command("export")
def export_audit() -> None:
    """Print the whole audit log, one JSON document a line."""
    from .audit import exported

    async def run() -> None:
        async for row in _audit_entries():
            print(exported(row))

    asyncio.run(run())


async def _audit_entries() -> AsyncIterator["AuditEntry"]:
    from groundswell.platform.runtime import open_runtime

    from .audit import entries

    async with open_runtime(read_settings()) as runtime, runtime.database.transaction() as session:
        async for row in entries(session):
            yield row
