"""Mutation testing of one room: would its tests notice if a line of it were wrong? ``make mutation ROOM=earnings``.

The application and the tests are imported once, and one database server is started and migrated. A first fork of this
process runs the tests to see which lines each of them reaches. Then each mutant is a fork that swaps the code of one
function and runs the tests that reach it: those of its own module first, the quickest first. What runs only while
modules are imported is out of reach.
"""

import argparse
import builtins
import json
import math
import os
import resource
import signal
import sys
import tempfile
import time
import tomllib
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import psutil
import psycopg
import pytest
from _pytest.main import pytest_runtestloop as run_tests
from scripts.mutants import PROBE, ROOT, Mutant, functions_by_code, put, sample, with_probes
from tests import databases
from tests.databases import QUICK, TEMPLATE, Databases, folder_for_a_server, make_template

from groundswell.platform.embedded import EmbeddedPostgres
from groundswell.web import features

SOURCES, RESULTS = ROOT / "src" / "groundswell", ROOT / "dist" / "mutation"
KNOWN = tomllib.loads((ROOT / "scripts" / "mutation.toml").read_text())
PLAINLY = "--timeout=0 -p no:cacheprovider -p no:xdist -p no:rerunfailures --hypothesis-seed=0".split()
SURVIVED, KILLED, BROKEN = 0, 1, 2
FATES = {SURVIVED: "survived", KILLED: "killed"}
MEMORY_BYTES = 8 << 30
STUCK_AFTER = 3_000
"""Looks, fifty in a second, in which a fork asked for no time of the processor."""


@contextmanager
def kept_running(server: EmbeddedPostgres) -> Iterator[None]:
    """Have the server kept by another process: this one, which forks, has no threads. It stops when this one ends."""
    stop, ended = os.pipe()
    ready, started = os.pipe()
    if (keeper := os.fork()) == 0:
        os.close(ended)
        server.start()
        with suppress(BaseException):
            make_template(server)
            os.write(started, b"1")
            os.read(stop, 1)
        server.stop()
        os._exit(0)
    os.close(started)
    try:
        if not os.read(ready, 1):
            raise pytest.UsageError("no database with every table could be made")
        yield
    finally:
        os.close(ended)
        os.waitpid(keeper, 0)


def file_of(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


class Mutation:
    """A plugin for pytest, that runs the tests for each mutant instead of once."""

    def __init__(self, room: str, mutants: list[Mutant], budget: float) -> None:
        self.room, self.mutants, self.budget = room, mutants, budget
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []
        self.reached: dict[str, dict[str, None]] = {}
        self._context = ""
        self._importing = coverage.Coverage(data_file=None, config_file=False, source=[str(SOURCES / room)])
        self._importing.start()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        features.load("tables")
        features.declared_signals()
        for path in (SOURCES / self.room).rglob("*.py"):
            import_module(".".join(path.relative_to(SOURCES.parent).with_suffix("").parts))
        self._importing.stop()
        databases.AHEAD = 0  # forks are many, and most want few
        self.functions = functions_by_code()
        with folder_for_a_server() as folder, tempfile.TemporaryDirectory() as scratch:
            self.server, self.notes = EmbeddedPostgres(Path(folder) / "postgres", QUICK), Path(scratch) / "notes.json"
            self._share_server(session)
            with kept_running(self.server):
                self._look(session)
                for number, mutant in enumerate(self.mutants, 1):
                    self._try(session, mutant)
                    print(
                        f"{number}/{len(self.mutants)} {mutant.fate} {mutant.place} {mutant.id} {mutant.by}", flush=True
                    )
                    save(self.room, self.mutants[:number])
        return True

    def _share_server(self, session: pytest.Session) -> None:
        """Have the fixtures of every fork use the one server; each makes its databases by a thread of its own."""

        def own_databases(postgres: EmbeddedPostgres) -> Iterator[Databases]:
            yield Databases(postgres, TEMPLATE)

        for item in session.items:
            known = item._fixtureinfo.name2fixturedefs
            for name, function in {"postgres": lambda: self.server, "databases": own_databases}.items():
                for fixture in known.get(name, ()):
                    fixture.func = function

    def _look(self, session: pytest.Session) -> None:
        """Run all tests as they are; remember which of them reach each mutant, and how long they take."""

        def look() -> int:
            vars(builtins)[PROBE] = lambda id: self.reached.setdefault(id, {}).setdefault(self._context)
            for path in {mutant.path for mutant in self.mutants}:
                own = [mutant for mutant in self.mutants if mutant.path == path]
                probed = with_probes(path, own)
                for mutant in own:
                    put(mutant, probed, self.functions)
            run_tests(session)
            self.notes.write_text(json.dumps([self.seconds, self.failed, self.reached]))
            return SURVIVED

        began = time.monotonic()
        if self._fork(session, look) != "survived":
            raise pytest.UsageError("the tests do not run without mutants")
        self.seconds, self.failed, self.reached = json.loads(self.notes.read_text())
        print(
            f"{len(self.seconds)} tests in {time.monotonic() - began:.0f} s, left out as failed: {self.failed}",
            flush=True,
        )

    def _try(self, session: pytest.Session, mutant: Mutant) -> None:
        reaching = self.reached.get(mutant.id, {}).keys() - set(self.failed)
        items = [item for item in session.items if reaching & {item.nodeid, file_of(item)}]
        if not items:
            imported = self._importing.get_data().lines(str(ROOT / mutant.path)) or ()
            mutant.fate = "at import" if mutant.lines[0] in imported else "not covered"
            return
        chosen: list[pytest.Item] = []
        expected = 0.0
        for item in sorted(items, key=self._order(mutant, items)):
            if chosen and expected + self.seconds[item.nodeid] > self.budget:
                break
            chosen.append(item)
            expected += self.seconds[item.nodeid]

        def attempt() -> int:
            mutant.swap(self.functions)
            session.items[:] = chosen
            session.config.option.maxfail = 1
            with suppress(session.Failed, KeyboardInterrupt, SystemExit):
                run_tests(session)
                if not self.failed:
                    return SURVIVED
            self.notes.write_text(json.dumps(self.failed[-1:]))
            return KILLED

        self.failed, failed_before = [], self.failed
        mutant.fate = self._fork(session, attempt, 10 + 3 * expected)
        self.failed = failed_before
        mutant.by = f"{len(chosen)} of {len(items)} tests"
        if mutant.fate == "killed":
            mutant.by = ", ".join(json.loads(self.notes.read_text()))

    def _order(self, mutant: Mutant, items: list[pytest.Item]) -> Callable[[pytest.Item], tuple[Any, ...]]:
        """The module's own tests, then the room's, then others; file by file, as the tests of one share fixtures."""
        quickest: dict[str, float] = {}
        for item in items:
            quickest[file_of(item)] = min(quickest.get(file_of(item), math.inf), self.seconds[item.nodeid])
        own, room = f"test_{Path(mutant.path).stem}.py", f"tests/{self.room}/"

        def order(item: pytest.Item) -> tuple[Any, ...]:
            file = file_of(item)
            rank = 0 if file.endswith(own) else 1 if file.startswith(room) else 2
            return rank, quickest[file], file, self.seconds[item.nodeid]

        return order

    def _fork(self, session: pytest.Session, run: Callable[[], int], seconds: float = math.inf) -> str:
        """What became of a fork that ran it: "timeout" after so many seconds of the processor, or where it asks for no
        more of them. How busy the machine is does not count."""
        if (child := os.fork()) == 0:
            os.setsid()
            errors = os.dup(2)
            session.config.pluginmanager.unregister(name="terminalreporter")
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            os.dup2(1, 2)
            if math.isfinite(seconds):
                resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
                resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
            code = BROKEN
            try:
                code = run()
            except BaseException:
                os.write(errors, traceback.format_exc().encode())
            with suppress(BaseException):
                session._setupstate.teardown_exact(None)
            os._exit(code)
        status, still, used = None, 0, 0.0
        while status is None and still < STUCK_AFTER:
            time.sleep(0.02)
            still += 1
            ended, found = os.waitpid(child, os.WNOHANG)
            status = found if ended else None
            if status is None and (now := sum(psutil.Process(child).cpu_times()[:2])) > used + 0.2:
                still, used = 0, now
        with suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        if status is None:
            os.waitpid(child, 0)
        self._drop_databases()
        if status is None or os.WIFSIGNALED(status):
            return "timeout"
        return FATES.get(os.WEXITSTATUS(status), "broken")

    def _drop_databases(self) -> None:
        """Clear up behind a fork, which may have been killed."""
        with psycopg.connect(self.server.url(), autocommit=True) as connection:
            for (name,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test%'").fetchall():
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        began = time.process_time()
        self._context = item.nodeid
        result = yield
        self.seconds[item.nodeid] = round(time.process_time() - began, 3)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: pytest.FixtureRequest) -> Iterator[None]:
        """What is made once for several tests is reached by all of the file."""
        test = self._context
        if fixturedef.scope != "function":
            self._context = test.partition("::")[0]
        try:
            return (yield)
        finally:
            self._context = test

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not hasattr(report, "wasxfail"):
            self.failed.append(report.nodeid)


def score(killed: int, tried: int) -> str:
    """The share that was killed, with Wilson's interval (95 %)."""
    if not tried:
        return "–"
    share, z = killed / tried, 1.96
    middle, spread = (
        share + z * z / (2 * tried),
        z * math.sqrt(share * (1 - share) / tried + z * z / (4 * tried * tried)),
    )
    low, high = ((middle + sign * spread) / (1 + z * z / tried) for sign in (-1, 1))
    return f"{share:.0%} ({low:.0%} to {high:.0%})"


def results(room: str) -> dict[str, Mutant]:
    """What runs have found so far, by id."""
    file = RESULTS / f"{room}.json"
    return {each["id"]: Mutant(**each) for each in json.loads(file.read_text())} if file.exists() else {}


def save(room: str, mutants: list[Mutant]) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    found = results(room) | {mutant.id: mutant for mutant in mutants}
    (RESULTS / f"{room}.json").write_text(
        json.dumps([asdict(each) | {"code": ""} for each in found.values()], indent=1)
    )


def report(room: str, mutants: list[Mutant]) -> None:
    """Say what was found; the survivors by place, with what was changed and nobody noticed."""
    equal = [mutant for mutant in mutants if mutant.id in KNOWN["equivalent"] and mutant.fate != "killed"]
    tried = [mutant for mutant in mutants if mutant not in equal and mutant.fate != "at import"]
    fates = {
        fate: sum(mutant.fate == fate for mutant in tried) for fate in ("killed", "timeout", "survived", "not covered")
    }
    for mutant in tried:
        if mutant.fate not in ("killed", "timeout"):
            print(f"\n{mutant.place} {mutant.function}: {mutant.fate} ({mutant.id}, {mutant.by})\n{mutant.diff}")
    print("\n| room | mutants | killed | timed out | survived | not covered | equivalent | score (95 %) |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    print(f"| {room} | {len(tried)} | {' | '.join(map(str, fates.values()))} | {len(equal)} ", end="")
    print(f"| {score(fates['killed'] + fates['timeout'], len(tried))} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("room", choices=[path.name for path in SOURCES.iterdir() if path.is_dir()])
    parser.add_argument("--mutants", type=int, default=60, help="how many to try")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget", type=float, default=30, help="seconds of the processor for the tests of one mutant")
    parser.add_argument("--survivors", action="store_true", help="try again those that survived the last run")
    parser.add_argument("--tests", nargs="*", help="run these instead of the room's (see scripts/mutation.toml)")
    parser.add_argument("--slow", action="store_true", help="run the tests that are marked as slow, too")
    options = parser.parse_args()
    if options.survivors:
        ids = {mutant.id for mutant in results(options.room).values() if mutant.fate not in ("killed", "timeout")}
    else:
        ids = set()
        (RESULTS / f"{options.room}.json").unlink(missing_ok=True)
    mutants = sample(SOURCES / options.room, options.mutants, options.seed, ids)
    tests = options.tests or [f"tests/{options.room}", *KNOWN["tests"].get(options.room, [])]
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = tempfile.mkdtemp()
    phases = hypothesis.Phase.explicit, hypothesis.Phase.generate  # whatever fails is enough: no smaller one is wanted
    hypothesis.settings.register_profile("mutation", phases=phases)
    hypothesis.settings.load_profile("mutation")
    kinds = "not browser" if options.slow else "not browser and not slow"
    with tempfile.TemporaryDirectory() as scratch:
        code = pytest.main(
            [*PLAINLY, f"--basetemp={scratch}/tests", "-m", kinds, *tests],
            plugins=[Mutation(options.room, mutants, options.budget)],
        )
    report(options.room, list(results(options.room).values()))
    sys.exit(code)


if __name__ == "__main__":
    main()
