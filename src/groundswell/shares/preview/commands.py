"""``groundswell preview URL``."""

import asyncio
import json
from typing import Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.table import Table

from .assessment import Preview
from .fetcher import Fetcher
from .lab import Lab
from .targets import TARGETS

KINDS = {
    "video": "plays in the card",
    "large": "large picture",
    "small": "small picture",
    "text": "words only",
    "embed": "player",
    "none": "bare link",
}


def preview_command(
    url: Annotated[str, typer.Argument(help="The address that is to be pasted.")],
    as_: Annotated[list[str] | None, typer.Option("--as", help="Only as this place; may be given more often.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Look at a link as Discord, WhatsApp and others do: the card, and every limit broken. Exit 1 when one is."""
    unknown = [name for name in as_ or () if name not in TARGETS]
    if unknown:
        raise typer.BadParameter(f"There is {', '.join(TARGETS)}.", param_hint="--as")
    previews = asyncio.run(_look(url, as_ or list(TARGETS)))
    if as_json:
        print(json.dumps([document(each) for each in previews], indent=2, ensure_ascii=False))
    else:
        _print(previews)
    raise typer.Exit(1 if any(each.serious for each in previews) else 0)


async def _look(url: str, names: list[str]) -> list[Preview]:
    async with httpx.AsyncClient() as client:
        return await Lab(Fetcher(client)).look(url, [TARGETS[name] for name in names])


def document(preview: Preview) -> dict[str, Any]:
    """A preview for programs."""
    card, page = preview.card, preview.found.page
    return {
        "target": preview.target.name,
        "status": page.status or None,
        "redirects": page.redirects,
        "seconds": round(page.seconds, 3),
        "card": {name: getattr(card, name) for name in ("kind", "site", "title", "description", "image", "video")},
        "broken": [{"code": each.code, "words": each.words, "minor": each.minor} for each in preview.broken],
    }


def _print(previews: list[Preview]) -> None:
    table = Table("place", "shows", "title", "breaks", show_lines=True)
    for each in previews:
        broken = "\n".join(f"{'note' if one.minor else 'BROKEN'} {one.code}: {one.words}" for one in each.broken)
        table.add_row(each.target.label, KINDS[each.card.kind], each.card.title or "—", broken or "nothing")
    Console().print(table, markup=False)
    serious = sum(bool(each.serious) for each in previews)
    print(f"{len(previews) - serious} of {len(previews)} places show it as it should be")
