"""A benchmark says what it measured, against which goal, and ends with the line that counts."""

import json
from pathlib import Path

import pytest
from bench.__main__ import main
from bench.harness import Bench, Measure

ROOT = Path(__file__).parents[2]


def test_a_goal_holds_or_does_not() -> None:
    assert Measure("a", 0.5, "ratio", 0.3).holds is True
    assert Measure("a", 0.2, "ratio", 0.3).holds is False
    assert Measure("a", 3, "ms", 2, at_most=True).holds is False
    assert Measure("a", 3, "ms").holds is None


def test_results_are_written_with_the_machine_and_the_last_line_counts_goals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.harness.RESULTS", tmp_path)
    bench = Bench("sample", plotted="1/s")
    bench.measure("fast", 100, "1/s", 50)
    bench.measure("slow", 10, "1/s", 50)
    bench.measure("lost", 0, "events", 0, at_most=True)
    assert bench.finish() == "sample: 2 of 3 goals hold"
    written = json.loads((tmp_path / "sample.json").read_text())
    assert [measure["holds"] for measure in written["measures"]] == [True, False, True]
    assert written["machine"]["cores"] >= 1
    assert "groundswell" in written["versions"]
    assert (tmp_path / "sample.png").stat().st_size > 1000


def test_benchmarks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} >= {"redirect", "ingest"}
    assert main(["nothing"]) == 2
