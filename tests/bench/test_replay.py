"""Replays: what is read, that only the past is ranked by, and that the best order scores best."""

from pathlib import Path

import numpy as np
import pytest
from bench.gaming import least
from bench.harness import Bench
from bench.rankings import OURS, RANKINGS, Counted
from bench.replay import hours, ndcg, replay
from bench.trending import given, report
from bench.votes import DAY_S, HOUR_S, Votes, community, read


def test_files_are_read_with_and_without_names_in_any_order(tmp_path: Path) -> None:
    (tmp_path / "named.csv").write_text("item,unix_seconds\nb,20\na,10.5\nb,5\n")
    (tmp_path / "bare.csv").write_text('b,20\n"a",10.5\nb,5\n\n')
    for name in ("named", "bare"):
        votes = read(tmp_path / f"{name}.csv")
        assert (votes.name, votes.items, votes.at.tolist()) == (name, 2, [5, 10.5, 20])
        assert votes.item[0] == votes.item[2] != votes.item[1]


@pytest.mark.parametrize("content", ["", "item,unix_seconds\n", "a,1\nb\n", "a,1\nb,soon\n", "a,1\nb,nan\n"])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "bad.csv").write_text(content)
    with pytest.raises(ValueError, match=r"bad\.csv"):
        read(tmp_path / "bad.csv")


def test_an_hour_knows_the_past_alone() -> None:
    day = np.array([0.0, DAY_S - 1, DAY_S + 10, 2 * DAY_S])
    votes = Votes.of("few", [day, np.array([DAY_S + 20.0])])
    first = next(iter(hours(votes)))
    assert first.seen.votes.tolist() == [2, 0]
    assert first.there.tolist() == [True, False]
    assert first.future[1].tolist() == [1, 1]
    assert first.seen.decayed[DAY_S][0] == pytest.approx(0.5 + 0.5 ** (1 / DAY_S))


def test_the_best_order_scores_one_and_any_other_less() -> None:
    future = np.array([5.0, 0, 3, 1])
    every = np.ones(4, bool)
    assert ndcg(future, future, every) == pytest.approx(1)
    assert ndcg(-future, future, every) < 1
    assert np.isnan(ndcg(future, np.zeros(4), every))


def test_a_set_is_reported_with_each_ranking_and_its_goals() -> None:
    bench = Bench("sample")
    votes = community(5, items=80, days=6, an_hour=60, name="sample")
    given(bench, [report(bench, votes)])
    names = {measure.name for measure in bench.measures}
    assert {f"sample: {ranking}" for ranking in RANKINGS} < names
    assert all(0 < measure.value < 10 for measure in bench.measures)
    assert "mean of the sets: ours / the best named formula's" in names
    done = replay(votes.slowed(2), {OURS: RANKINGS[OURS]})
    assert 0 < done.mean(OURS) <= 1


def test_the_least_ring_is_that_which_just_beats_the_tenth() -> None:
    hour = next(iter(hours(community(6, items=40, days=3, an_hour=60, name="sample"))))

    def count(seen: Counted) -> np.ndarray:
        return seen.votes

    assert least(6.5, hour, count, 1.0) == 7
    assert least(float("-inf"), hour, count, 1.0) == 1
    assert hour.seen.now_s % HOUR_S >= 0
