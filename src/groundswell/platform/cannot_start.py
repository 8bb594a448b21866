"""What keeps a process from starting: a reason code for programs, words for people. Nothing has been done by then."""

from typing import ClassVar


class CannotStart(Exception):
    """The process cannot start; the words say why, and what to do. The command says both on one line and exits 2."""

    code: ClassVar[str]


class DatabaseUnreachable(CannotStart):
    """There is no database at the address that the settings name, or it lets us not in."""

    code = "database_unreachable"


class EmbeddedDatabaseFailed(CannotStart):
    """The embedded PostgreSQL does not start; its log says why."""

    code = "embedded_database_failed"


class DataFolderUnwritable(CannotStart):
    """The data folder cannot be written: its disk is read-only or full, or it is somebody else's."""

    code = "data_folder_unwritable"
