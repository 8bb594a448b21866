"""What is repeated survives its errors and ends when its block does."""

import asyncio

import pytest
from structlog.testing import capture_logs

from groundswell.platform.repeat import repeat, repeating


async def test_an_error_is_logged_and_does_not_end_it() -> None:
    done = asyncio.Event()
    calls = 0

    async def work() -> None:
        nonlocal calls
        calls += 1
        if calls < 3:
            raise OSError(f"number {calls}\nsecond line")
        done.set()

    with capture_logs() as logs:
        async with repeating("test.work", 0.001, work):
            await done.wait()
    failed = [(entry["name"], entry["error"], entry["kind"]) for entry in logs if entry["event"] == "repeat_failed"]
    assert failed == [("test.work", "number 1", "OSError"), ("test.work", "number 2", "OSError")]


async def test_it_ends_with_its_block_in_the_midst_of_work() -> None:
    begun, ended = asyncio.Event(), []

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append(True)

    async with repeating("test.work", 0.001, work):
        await begun.wait()
    assert ended == [True], "cancelled, and waited for"


async def test_work_that_returns_when_it_is_cancelled_ends_it_too() -> None:
    begun = asyncio.Event()

    async def work() -> None:
        begun.set()
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            return

    task = asyncio.create_task(repeat("test.work", 3600, work))
    await begun.wait()
    task.cancel()
    await asyncio.wait_for(task, 10)


async def test_it_may_begin_with_the_pause() -> None:
    calls: list[int] = []

    async def work() -> None:
        calls.append(1)

    async with repeating("test.work", 3600, work, at_once=False):
        await asyncio.sleep(0.01)
    assert calls == []


async def test_an_error_of_the_block_is_the_block_s() -> None:
    async def work() -> None:
        return None

    with pytest.raises(ValueError, match="of the block"):
        async with repeating("test.work", 0.001, work):
            raise ValueError("of the block")
