"""A standalone Spark cluster on this machine: one master and two workers, each a process of its own."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from bench.served import free_port

WORKERS = 2
START_S = 150


class ClusterMissing(RuntimeError):
    """Spark cannot run here; it says why."""


class ClusterSilent(RuntimeError):
    """The cluster did not come up in time; its logs say why."""


def java_missing() -> str | None:
    """Why Spark cannot run here."""
    java = shutil.which("java")
    if java is None:
        return "Spark needs Java 17 or newer and there is none here (Debian: openjdk-17-jre-headless)"
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(\d+)', told)
    return None if found and int(found[1]) >= 17 else f"Spark needs Java 17 or newer; this is {told.splitlines()[:1]}"


@contextmanager
def spark_cluster(folder: Path) -> Iterator[str]:
    """A cluster for as long as the block lasts; yields its address. Logs and work go to ``folder``.

    Raises:
        ClusterMissing, ClusterSilent.
    """
    try:
        import pyspark
    except ImportError:
        raise ClusterMissing("PySpark is not installed: make test-engines installs it") from None
    if why := java_missing():
        raise ClusterMissing(why)
    home = Path(pyspark.__file__).parent
    port, page = free_port(), free_port()
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    (folder / "spark-defaults.conf").write_text(
        "spark.executor.memory 512m\nspark.sql.shuffle.partitions 2\nspark.network.timeout 300s\n"
    )
    os.environ["SPARK_CONF_DIR"] = str(folder)
    environment = os.environ | {"SPARK_HOME": str(home), "SPARK_NO_DAEMONIZE": "1"}

    def started(number: int, role: str, *arguments: str) -> subprocess.Popen[bytes]:
        command: list[str | Path] = [
            home / "bin" / "spark-class",
            f"org.apache.spark.deploy.{role.lower()}.{role}",
            *arguments,
        ]
        log = (folder / f"{role}-{number}.log").open("wb")
        return subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)

    url = f"spark://127.0.0.1:{port}"
    with ExitStack() as stack:
        places = ["--host", "127.0.0.1", "--port", str(port), "--webui-port", str(page)]
        stack.callback(_end, started(0, "Master", *places))
        for number in range(WORKERS):
            work = folder / f"work-{number}"
            options = ["--host", "127.0.0.1", "--cores", "1", "--memory", "512m", "--work-dir", str(work)]
            stack.callback(_end, started(number, "Worker", *options, "--webui-port", str(free_port()), url))
        _wait_for_workers(page, folder)
        stack.callback(_stop_session)
        yield url


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()


def _stop_session() -> None:
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()


def alive(page: int) -> int:
    """How many workers the master says it has; none while it does not say: it answers its page before its JSON."""
    try:
        with urlopen(f"http://127.0.0.1:{page}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, json.JSONDecodeError):
        return 0


def _wait_for_workers(page: int, folder: Path) -> None:
    end = time.monotonic() + START_S
    while alive(page) < WORKERS:
        if time.monotonic() > end:
            logs = "\n".join(path.read_text()[-2000:] for path in folder.glob("*.log"))
            raise ClusterSilent(f"the Spark cluster did not start:\n{logs}")
        time.sleep(0.5)
