"""Write what was measured of the clip engine into its page: a table with the goals, and a plot."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.harness import RESULTS

DOCS = Path(__file__).parents[1] / "docs"
PAGE, PLOT = DOCS / "clip-engine.md", DOCS / "images" / "clip-engine-cpu.svg"
BETWEEN = re.compile(r"(<!-- measured -->\n).*?(<!-- end of measured -->)", re.DOTALL)


def write_docs(parts: Iterable[str]) -> None:
    """The parts measured so far, in order."""
    found = [json.loads(file.read_text()) for part in parts if (file := RESULTS / f"clip-{part}.json").exists()]
    found = [document for document in found if document["measures"]]
    if not found:
        return
    text = BETWEEN.sub(lambda m: m[1] + table(found) + m[2], PAGE.read_text())
    PAGE.write_text(text)
    plot([m for document in found for m in document["measures"] if m["unit"] == "CPU s"])
    print(f"{PAGE} and {PLOT} say what was measured")


def table(documents: list[dict[str, Any]]) -> str:
    """Markdown: every measure with its goal, and how it was measured."""
    measures = [m for document in documents for m in document["measures"]]
    goals = [m for m in measures if m["holds"] is not None]
    rows = ["| measure | value | goal | holds |", "| --- | ---: | ---: | --- |"]
    for m in measures:
        sign = "≤" if m["at_most"] else "≥"
        goal = "" if m["goal"] is None else f"{sign} {m['goal']:g}"
        holds = {True: "yes", False: "**no**", None: ""}[m["holds"]]
        rows.append(f"| {m['name']} | {m['value']:,.4g} {m['unit']} | {goal} | {holds} |")
    machine = documents[0]["machine"]
    loads = sorted(document["machine"]["load_before"] for document in documents)
    how = (
        f"{sum(m['holds'] for m in goals)} of {len(goals)} goals hold. Measured on {documents[-1]['at'][:10]}, "
        f"{machine['cores']} cores, {machine['system']}, Python {machine['python']}; load before the parts "
        f"{loads[0]:g} to {loads[-1]:g}. {documents[0]['notes'][0]}"
    )
    return "\n".join(["", *rows, "", how, "", "![CPU seconds of each tool](images/clip-engine-cpu.svg)", "", ""])


def plot(measures: list[dict[str, Any]]) -> None:
    """CPU seconds side by side, on a logarithmic scale."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 0.4 * len(measures) + 1.2), layout="constrained")
    axes = figure.subplots()
    names, values = [m["name"] for m in measures][::-1], [m["value"] for m in measures][::-1]
    ours = ["#0f766e" if n.startswith(("groundswell", "exact", "storyboard")) else "#94a3b8" for n in names]
    bars = axes.barh(names, values, color=ours)
    axes.bar_label(bars, fmt=lambda value: f"{value:.2f}", padding=3)
    axes.set(xscale="log", xlabel="CPU seconds (logarithmic)", title="A 30 s clip of a 1080p title")
    axes.margins(x=0.2)
    axes.spines[["top", "right"]].set_visible(False)
    PLOT.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(PLOT, metadata={"Date": None})
