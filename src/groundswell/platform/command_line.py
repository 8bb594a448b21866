"""What the commands of ``groundswell`` share: how they read settings, and how they refuse."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from .cannot_start import CannotStart
from .settings import Settings
from .telemetry import configure_logging

errors = Console(stderr=True)

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]


USUAL = gc.get_threshold()
SELDOM = (100_000, 50, 50)
"""How many objects are made between two passes of the garbage collector: while a process serves, and before."""


class Commands(TyperGroup):
    """Commands of which any may find that it cannot start. Each loads much that stays, and most end soon after: the
    collector is left out of that as far as it goes (see `settled`)."""

    def main(self, *arguments: Any, **options: Any) -> Any:
        gc.set_threshold(*SELDOM)
        return super().main(*arguments, **options)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CannotStart as error:
            raise refuse(f"{error.code}: {error}") from None


@contextmanager
def importing() -> Iterator[None]:
    """Leave the garbage collector out while the block imports modules: they stay, and walking through them again and
    again is a sixth of the time that the whole application takes to load."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def settled() -> None:
    """From now on this process serves: what is here stays, and the collector need not walk through it while requests
    wait; what comes from now on, it collects as usual."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*USUAL)


def refuse(message: str) -> typer.Exit:
    """Say on one line why not; the exit code is 2."""
    errors.print(message, style="red", highlight=False, markup=False, soft_wrap=True)
    return typer.Exit(2)


def read_settings(**overrides: object) -> Settings:
    """The settings of this process, with what the command line says over them."""
    from pydantic import ValidationError

    try:
        settings = Settings(**{name: value for name, value in overrides.items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        reasons = "; ".join(f"GROUNDSWELL_{e['loc'][0]}".upper() + f": {e['msg']}" for e in error.errors())
        raise refuse(reasons) from None
    configure_logging(settings)
    return settings
