import json
from pathlib import Path

import av
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from groundswell.media.commands import cut_command, probe_command
from tests.media.conftest import FilmMaker
from tests.media.film import Film, numbers
from tests.media.zoo import breed

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


def test_the_seam_is_measured_where_asked(film_of: FilmMaker, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    film = str(film_of(Film()))
    done = run(app, ["cut", film, "--start", "0.3", "--end", "1.7", "-o", str(clip), "--seam-psnr", "--json"])
    said = json.loads(done.stdout)
    assert said["seam_psnr"] > 40
    assert {"mode", "frames", "frames_copied", "frames_encoded", "duration_us", "fallback_reason"} <= set(said)


def test_why_a_title_was_encoded_is_said(film_of: FilmMaker, tmp_path: Path) -> None:
    film = str(film_of(Film(codec="mpeg4", b_frames=0)))
    done = run(app, ["cut", film, "--start", "0", "--end", "1", "-o", str(tmp_path / "clip.mp4"), "--json"])
    said = json.loads(done.stdout)
    assert (said["mode"], said["fallback_reason"]) == ("encode", "codec_mpeg4")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["subtitles in mp4", "subtitles in mkv", "ass in mkv"])
def test_the_titles_own_subtitles_are_drawn(zoo: Path, tmp_path: Path, name: str) -> None:
    source = str(breed(name, zoo))
    plain, drawn = tmp_path / "plain.mp4", tmp_path / "drawn.mp4"
    span = ["--start", "1", "--end", "2.2", "--profile", "wide", "--json"]
    assert run(app, ["cut", source, *span, "-o", str(plain)]).exit_code == 0
    assert run(app, ["cut", source, *span, "-o", str(drawn), "--subtitle-track", "0"]).exit_code == 0
    with av.open(str(plain)) as a, av.open(str(drawn)) as b:
        changed = [
            np.abs(x.to_ndarray(format="gray").astype(int) - y.to_ndarray(format="gray"))[560:].max() > 90
            for x, y in zip(a.decode(video=0), b.decode(video=0), strict=True)
        ]
    assert changed == [25 + n < 38 or 25 + n >= 50 for n in range(30)]


@pytest.mark.parametrize(
    ("extra", "code"),
    [
        (["--subtitle-track", "3"], "no_such_track"),
        (["--subtitle-track", "0", "--subtitles", "x.srt"], "bad_option"),
        (["--subtitles", "absent.srt"], "source_missing"),
        (["--profile", "cinema"], "bad_option"),
        (["--audio", "loud"], "bad_option"),
        (["--audio-track", "7"], "no_such_track"),
        (["--profile", "square", "--focus", "2"], "bad_option"),
    ],
)
def test_choices_there_are_not(film_of: FilmMaker, tmp_path: Path, extra: list[str], code: str) -> None:
    clip = tmp_path / "clip.mp4"
    done = run(app, ["cut", str(film_of(Film())), "--start", "0", "--end", "1", "-o", str(clip), *extra, "--json"])
    assert (done.exit_code, json.loads(done.stdout)["refused"]) == (2, code)
    assert not list(tmp_path.iterdir())
