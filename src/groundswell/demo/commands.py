"""``groundswell demo`` and ``groundswell simulate``."""

from pathlib import Path
from typing import Annotated

import typer

from groundswell.platform.command_line import Host, Port, errors, importing, read_settings, refuse


def register(app: typer.Typer) -> None:
    """Add them to the command."""
    app.command()(demo)
    app.command("simulate", help="Play a synthetic audience to a running demo, and write down what truly happened.")(
        simulate
    )


def demo(
    host: Host = None,
    port: Port = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Draw fewer and smaller pictures: the films jerk, and are there sooner.")
    ] = False,
) -> None:
    """Serve the whole loop: the demo service Lumen with its films, its audience and its own billing."""
    from groundswell.web.port_check import ensure_free

    settings = read_settings(host=host, port=port, demo=True)
    ensure_free(settings)
    try:
        with importing():
            from groundswell.demo.start import run_demo

        run_demo(settings, errors, quick=quick)
    except KeyboardInterrupt:
        errors.print("Stopped. The next start goes on from here.")
        raise typer.Exit(130) from None


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
    from groundswell.demo.simulation.command import SimulationOptions, simulate_now

    wish = SimulationOptions(seed, viewers, rate, moment, experiment, units, truth)
    try:
        simulate_now(read_settings(), wish, errors)
    except LookupError as error:
        raise refuse(str(error)) from None
    print(truth)
