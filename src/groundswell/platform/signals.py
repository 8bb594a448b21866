"""How a lower feature tells a higher one: it sends a named signal; whoever subscribed runs in the same transaction."""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncSession

S = TypeVar("S")
_subscribers: dict[type, list[Callable[[AsyncSession, Any], Awaitable[None]]]] = defaultdict(list)


def on(
    signal: type[S],
) -> Callable[[Callable[[AsyncSession, S], Awaitable[None]]], Callable[[AsyncSession, S], Awaitable[None]]]:
    """Subscribe a function to signals of one type (a frozen dataclass of the feature that sends it)."""

    def subscribe(
        function: Callable[[AsyncSession, S], Awaitable[None]],
    ) -> Callable[[AsyncSession, S], Awaitable[None]]:
        _subscribers[signal].append(function)
        return function

    return subscribe


async def send(session: AsyncSession, signal: object) -> None:
    """Run every subscriber of ``signal``; an error in one rolls the sender's transaction back too."""
    for function in _subscribers[type(signal)]:
        await function(session, signal)


def subscribers(signal: type) -> list[Callable[[AsyncSession, Any], Awaitable[None]]]:
    """The functions that hear signals of one type, in the order in which they run."""
    return list(_subscribers.get(signal, ()))
