"""How a lower feature asks a higher one, which it may not import: the counterpart of ``signals``."""

from collections.abc import Awaitable, Callable
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
A = TypeVar("A")


class Question(Generic[P, A]):
    """Declared where it is asked, answered by one function of a higher feature.

    Args:
        unanswered: what is answered while no feature has an answer.
    """

    def __init__(self, unanswered: A) -> None:
        self._unanswered = unanswered
        self._function: Callable[P, Awaitable[A]] | None = None

    def answer(self, function: Callable[P, Awaitable[A]]) -> Callable[P, Awaitable[A]]:
        """Let ``function`` answer from now on.

        Raises:
            ValueError: another function does already.
        """
        if self._function is not None and self._function.__qualname__ != function.__qualname__:
            raise ValueError(f"{self._function.__qualname__} answers this already")
        self._function = function
        return function

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> A:
        return self._unanswered if self._function is None else await self._function(*args, **kwargs)
