"""What is shown while the demo prepares itself: bars for people, lines for logs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

Report = Callable[[float], None]
"""Told the part that is done, 0 to 1."""

Stage = Callable[[str], Report]
"""Begins a stage by its name; returns what its progress is reported to."""


@contextmanager
def stages(console: Console) -> Iterator[Stage]:
    """A progress display that lasts as long as the block."""
    if not console.is_terminal:
        yield lambda name: _in_lines(console, name)
        return
    columns = (TextColumn("{task.description:<34}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:

        def stage(name: str) -> Report:
            task = progress.add_task(name, total=1.0)
            return lambda part: progress.update(task, completed=part)

        yield stage


def _in_lines(console: Console, name: str) -> Report:
    """A line for each quarter done: a pipe cannot be drawn over."""
    console.print(f"→ {name}")
    told = 0

    def report(part: float) -> None:
        nonlocal told
        quarter = int(part * 4)
        if quarter > told:
            told = quarter
            console.print(f"  {quarter * 25} %")

    return report
