"""Cuts this process off from what media work does not need: the network, other programs, and all files but its own.

Linux only, and as far as the kernel allows: a network namespace of its own (unshare(2)), in which there is nothing to
reach, and Landlock (landlock(7), Linux 5.13), by which files are written below some folders alone, nothing is executed
and, from Linux 6.7, no TCP is spoken. What is confined stays so, for every thread and child that begins afterwards.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path

CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000
PR_SET_NO_NEW_PRIVS = 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
PATH_BENEATH = 1
EXECUTE, WRITE_FILE, REMOVE_AND_MAKE, REFER, TRUNCATE = 1 << 0, 1 << 1, 0b1_1111_1111 << 4, 1 << 13, 1 << 14
TCP = 0b11
RUNTIME = ("/dev/null",)
"""Files that libraries write to without meaning it."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("net", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def confine(writable: Iterable[str | Path]) -> list[str]:
    """Confine this process to writing below ``writable``, existing folders; call it before any thread is started.

    Returns:
        what could not be done: ``network``, ``files``.
    """
    if sys.platform != "linux":
        return ["network", "files"]
    libc = ctypes.CDLL(None, use_errno=True)
    left_out = [] if _without_network(libc) else ["network"]
    tcp = _without_files(libc, [Path(folder) for folder in writable])
    if tcp is None:
        left_out.append("files")
    elif tcp and left_out:
        left_out.clear()  # no namespace, but Landlock refuses TCP
    return left_out


def _without_network(libc: ctypes.CDLL) -> bool:
    """As who may (root in a container often may not), or else as nobody in a user namespace of one's own."""
    return any(libc.unshare(flags) == 0 for flags in (CLONE_NEWNET, CLONE_NEWUSER | CLONE_NEWNET))


def _without_files(libc: ctypes.CDLL, writable: list[Path]) -> bool | None:
    """Whether TCP is refused too; None where the kernel has no Landlock."""
    version = libc.syscall(CREATE_RULESET, None, 0, 1)
    if version < 1 or libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return None
    files = EXECUTE | WRITE_FILE | REMOVE_AND_MAKE | (REFER if version >= 2 else 0) | (TRUNCATE if version >= 3 else 0)
    rules = _Ruleset(files, TCP if version >= 4 else 0)
    ruleset = libc.syscall(CREATE_RULESET, ctypes.byref(rules), 16 if version >= 4 else 8, 0)
    if ruleset < 0:
        return None
    try:
        for folder in writable:
            _allow(libc, ruleset, folder, files & ~EXECUTE)
        for file in RUNTIME:
            _allow(libc, ruleset, Path(file), files & (WRITE_FILE | TRUNCATE))
        return version >= 4 if libc.syscall(RESTRICT_SELF, ruleset, 0) == 0 else None
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, access: int) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = _PathBeneath(access, opened)
        libc.syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(opened)
