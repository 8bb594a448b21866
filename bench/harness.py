"""What every benchmark shares: measures with goals, a table, a JSON file, a plot, and one last line."""

import json
import os
import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("groundswell", "uvicorn", "fastapi", "psycopg", "deltalake", "duckdb", "ibis-framework", "av")


@dataclass(frozen=True)
class Measure:
    """One number. ``goal`` is its least value (its greatest when ``at_most``); without one it is for information."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False

    @property
    def holds(self) -> bool | None:
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal


@dataclass
class Bench:
    """Collects a benchmark's measures. ``plotted`` names the unit whose measures are drawn side by side."""

    name: str
    measures: list[Measure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    plotted: str = ""

    def measure(self, name: str, value: float, unit: str, goal: float | None = None, *, at_most: bool = False) -> None:
        """Add one measure."""
        self.measures.append(Measure(name, round(value, 4), unit, goal, at_most))

    def note(self, text: str) -> None:
        """Say something about how this was measured."""
        self.notes.append(text)
        print(text, flush=True)

    def finish(self) -> str:
        """Print the table, write the JSON file and the plot; returns the last line."""
        self._print()
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"{self.name}.json").write_text(json.dumps(self.document(), indent=2) + "\n")
        self._plot(RESULTS / f"{self.name}.png")
        goals = [measure.holds for measure in self.measures if measure.holds is not None]
        return f"{self.name}: {sum(goals)} of {len(goals)} goals hold"

    def document(self) -> dict[str, Any]:
        """Everything, as it is written to the JSON file."""
        return {
            "name": self.name,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "machine": machine(),
            "versions": {package: version(package) for package in PACKAGES},
            "measures": [asdict(measure) | {"holds": measure.holds} for measure in self.measures],
            "notes": self.notes,
        }

    def _print(self) -> None:
        table = Table("measure", "value", "unit", "goal", "holds")
        for measure in self.measures:
            sign = "≤" if measure.at_most else "≥"
            goal = "" if measure.goal is None else f"{sign} {measure.goal:g}"
            holds = {True: "yes", False: "no", None: ""}[measure.holds]
            table.add_row(measure.name, f"{measure.value:,.6g}", measure.unit, goal, holds)
        Console(width=110).print(table)

    def _plot(self, path: Path) -> None:
        from matplotlib.figure import Figure

        drawn = [measure for measure in self.measures if measure.unit == self.plotted] or self.measures
        figure = Figure(figsize=(8, 0.5 * len(drawn) + 1.2), layout="constrained")
        axes = figure.subplots()
        bars = axes.barh([measure.name for measure in drawn][::-1], [measure.value for measure in drawn][::-1])
        axes.bar_label(bars, fmt=lambda value: f"{value:,.4g}", padding=3)
        axes.margins(x=0.15)
        axes.set(title=self.name, xlabel=self.plotted)
        figure.savefig(path, dpi=120)


def machine() -> dict[str, Any]:
    """What this was measured on."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_before": round(os.getloadavg()[0], 2),
    }
