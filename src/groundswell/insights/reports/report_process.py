"""The processes in which reports are computed: few, apart from the one that serves, and killed when they take too long.

What the serving process does for a report is to wait. Its event loop and its interpreter lock are free meanwhile, and
what a report needs of memory goes with its process. A process stays for the next report, so that it imports once. One
that ends by itself is replaced by the next report, and all of them end with their server.
"""

import asyncio
import os
import pickle
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from types import ModuleType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import anyio
import anyio.to_process
import structlog

from groundswell.insights.engines.contract import EngineDown
from groundswell.platform.database import Database
from groundswell.platform.runtime import Runtime

# A process whose parent's main module is no file (``python -c``) has none, and DuckDB does not load without one.
sys.modules.setdefault("__main__", ModuleType("__main__"))

A = TypeVar("A")
YIELDS = 10
"""By how much a report gives way to what serves (``nice``)."""

log = structlog.get_logger(__name__)
_places: WeakKeyDictionary[Database, anyio.CapacityLimiter] = WeakKeyDictionary()
"""By database, as each runtime has its own: how many reports are computed at once."""


async def computed(runtime: Runtime, work: Callable[[], A]) -> A:
    """What ``work`` returns, which is called in a process of its own. It and what it returns are pickled.

    Raises:
        EngineDown: it took longer than ``reports_deadline_s``, and was killed; or its process ended, as when there is
            no memory for it.
    """
    settings = runtime.settings
    try:
        with anyio.fail_after(settings.reports_deadline_s):
            if not settings.reports_in_processes:
                return await _beside(settings.reports_at_once, work)
            places = _places.setdefault(runtime.database, anyio.CapacityLimiter(settings.reports_at_once))
            return await anyio.to_process.run_sync(_called, work, cancellable=True, limiter=places)
    except TimeoutError:
        log.error("report_too_slow", deadline_s=settings.reports_deadline_s)
        raise EngineDown(f"The report took longer than {settings.reports_deadline_s:g} s.") from None
    except anyio.BrokenWorkerProcess:
        log.error("report_process_ended")
        raise EngineDown("The process that computed the report ended before it was done.") from None


def _called(work: Callable[[], A]) -> A:
    """Runs in the process of the report."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, YIELDS)
    return work()


async def _beside(at_once: int, work: Callable[[], A]) -> A:
    """In a thread of this process, but by the same way: nothing gets there or back that could not be pickled."""
    sent = pickle.dumps(work)

    def run() -> bytes:
        return pickle.dumps(pickle.loads(sent)())  # noqa: S301 - our own

    found: Any = pickle.loads(await asyncio.get_running_loop().run_in_executor(_threads(at_once), run))  # noqa: S301
    answer: A = found
    return answer


@cache
def _threads(at_once: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(at_once, "reports")
