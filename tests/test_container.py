"""The container, line by line: what it is built from and what it runs as. No engine is needed; a build is tried where
there is one."""

import ast
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def instructions() -> list[tuple[str, str]]:
    """Each instruction of the Containerfile, continued lines joined, with its arguments."""
    lines = [line for line in (ROOT / "Containerfile").read_text().splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(name, rest.strip()) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line)]


def of(name: str) -> list[str]:
    return [rest for each, rest in instructions() if each == name]


def final() -> list[tuple[str, str]]:
    """The instructions of the image that is shipped."""
    found = instructions()
    last = max(index for index, (name, _) in enumerate(found) if name == "FROM")
    return found[last:]


def test_every_stage_is_built_from_one_base_that_is_named_by_digest() -> None:
    (base,) = of("ARG")
    assert re.fullmatch(r"BASE=docker\.io/library/python:3\.12-slim-bookworm@sha256:[0-9a-f]{64}", base)
    assert {rest.split(" ")[0] for rest in of("FROM")} == {"${BASE}"}
    assert instructions()[0][0] == "ARG", "before the first stage, so that it holds for all"
    assert not any("latest" in rest for _, rest in instructions())


def test_all_that_is_installed_is_checked_by_hash() -> None:
    """The lock has a hash for each package, the wheel's own requirements are all in it, and nothing else is fetched."""
    (install,) = (rest for name, rest in final() if name == "RUN")
    assert "--verify-hashes" in install
    assert "--constraint /wheel/requirements.lock" in install
    assert "--no-cache" in install
    assert not re.search(r"curl|wget|apt-get|http://|https://|--index-url|--trusted-host", install)
    lock = (ROOT / "requirements.lock").read_text()
    entries = re.split(r"\n(?=[A-Za-z0-9])", re.sub(r"^\s*#.*\n", "", lock, flags=re.M))
    pinned = [entry for entry in entries if "==" in entry]
    assert len(pinned) > 60
    assert all("--hash=sha256:" in entry for entry in pinned)
    assert not re.search(r"^(git\+|-e |https?:)|--trusted-host|--extra-index-url", lock, re.M)


def test_what_the_service_asks_for_is_in_the_lock() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    (block,) = re.findall(r"^dependencies = (\[.*?^\])", text, re.M | re.S)
    wanted = {re.split(r"[\[<>=!~; ]", each)[0].lower().replace("_", "-") for each in ast.literal_eval(block)}
    locked = {name.lower().replace("_", "-") for name in re.findall(r"^([A-Za-z0-9._-]+)==", locked_text(), re.M)}
    assert wanted - locked == set()


def locked_text() -> str:
    return (ROOT / "requirements.lock").read_text()


def test_it_runs_as_nobody_in_particular_and_writes_to_its_volume_alone() -> None:
    shipped = final()
    names = [name for name, _ in shipped]
    (user,) = (rest for name, rest in shipped if name == "USER")
    assert user.isdigit(), "a number, so that an orchestrator can see that it is not root"
    assert int(user) >= 10_000
    assert names.index("USER") < names.index("ENTRYPOINT")
    assert "RUN" not in names[names.index("USER") :], "nothing is written by, or for, the user after that"
    (install,) = (rest for name, rest in shipped if name == "RUN")
    assert f"useradd --uid {user}" in install
    assert "install -d -o groundswell -m 0700 /data" in install
    assert [rest for name, rest in shipped if name == "VOLUME"] == ["/data"]
    (environment,) = (rest for name, rest in shipped if name == "ENV")
    assert "GROUNDSWELL_DATA_DIR=/data" in environment
    assert "PYTHONDONTWRITEBYTECODE=1" in environment, "the root can be read-only"
    said = (ROOT / "Containerfile").read_text().split("ARG", 1)[0]
    for flag in ("--read-only", "--tmpfs /tmp", "--cap-drop=all", "no-new-privileges"):
        assert flag in said, "how it is meant to be run stands at its head"


def test_no_secret_and_nothing_of_the_build_is_in_it() -> None:
    shipped = final()
    copied = [rest for name, rest in shipped if name in ("COPY", "ADD")]
    assert [name for name, _ in instructions() if name == "ADD"] == []
    assert {rest.split()[-1] for rest in copied} == {"/wheel", "/usr/local/bin/uv", "/wheel/"}
    (install,) = (rest for name, rest in shipped if name == "RUN")
    assert "rm -r /wheel /usr/local/bin/uv" in install
    assert not re.search(r"(?i)(secret|password|token)\w*=", " ".join(rest for _, rest in instructions()))
    ignored = set((ROOT / ".containerignore").read_text().split())
    assert {".git", ".venv", "data", "node_modules"} <= ignored


def test_its_health_is_what_the_service_says_of_itself() -> None:
    (check,) = of("HEALTHCHECK")
    options, _, command = check.partition(" CMD ")
    assert {"--start-period", "--interval", "--timeout"} <= {each.split("=")[0] for each in options.split()}
    program, flag, script = json.loads(re.sub(r",\s+", ", ", command))
    assert (program, flag) == ("python", "-c"), "the image has no curl"
    compile(script, "HEALTHCHECK", "exec")
    assert "/healthz" in script


def test_fonts_come_with_what_is_installed() -> None:
    """Captions are drawn by fonts of packages, and none of the image's."""
    assert {"manimgx-fonts", "manimgx-fonts-cjk"} <= set(re.findall(r"^([a-z-]+)==", locked_text(), re.M))
    assert not any("fonts-" in rest for _, rest in instructions())


def test_it_starts_the_service_without_a_shell() -> None:
    assert of("ENTRYPOINT") == ['["groundswell"]']
    assert of("CMD") == ['["serve"]']
    assert of("EXPOSE") == ["8000"]


@pytest.mark.slow
def test_it_is_built_where_it_can_be() -> None:
    engine = next((name for name in ("podman", "docker") if shutil.which(name)), None)
    if engine is None:
        pytest.skip("no container engine on this machine")
    if subprocess.run([engine, "info"], capture_output=True, check=False).returncode:
        pytest.skip("the container engine does not run here")
    built = subprocess.run(
        [engine, "build", "-q", "-f", "Containerfile", "."], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
