import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from groundswell.media.commands import cut_command, probe_command
from tests.media.conftest import FilmMaker
from tests.media.film import Film, numbers

app = typer.Typer()
app.command("cut")(cut_command)
app.command("probe")(probe_command)
run = CliRunner().invoke


def test_cut_says_in_json_what_it_made(film_of: FilmMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    done = run(app, ["cut", str(film_of(Film())), "--start", "0.5", "--end", "0:01.5", "-o", str(clip), "--json"])
    assert done.exit_code == 0
    said = json.loads(done.stdout)
    assert said["frames"] == len(numbers(clip)) == said["frames_copied"] + said["frames_encoded"]
    assert said["mode"] == "smart"
    assert said["fallback_reason"] is None


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("nan", "2", "bad_time"),
        ("1:2:3:4", "9", "bad_time"),
        ("2", "1", "start_not_before_end"),
        ("80", "90", "past_the_end"),
    ],
)
def test_refusals_exit_with_2_and_one_line(film_of: FilmMaker, tmp_path: Path, start: str, end: str, code: str) -> None:
    clip = tmp_path / "clip.mp4"
    done = run(app, ["cut", str(film_of(Film())), "--start", start, "--end", end, "-o", str(clip)])
    assert done.exit_code == 2
    assert done.stderr.startswith(code + ": ")
    assert done.stderr.count("\n") == 1
    assert not clip.exists()


def test_probe_in_json(film_of: FilmMaker) -> None:
    done = run(app, ["probe", str(film_of(Film())), "--json"])
    assert done.exit_code == 0
    assert json.loads(done.stdout)["video"]["codec"] == "h264"


def test_probe_of_nothing(tmp_path: Path) -> None:
    done = run(app, ["probe", str(tmp_path / "absent.mp4")])
    assert (done.exit_code, done.stderr.split(":")[0]) == (2, "source_missing")
