"""What an application holds while it serves, by type: settings, runtime, and what each feature adds of its own.

A feature adds its long-lived objects in its ``lifespan.py`` and asks for them by their class, so that no feature has
to know what another one holds, and the type checker knows what comes back::

    services.add(Redirects(settings, event_log, visitors, destinations))
    services_of(request).get(Redirects)

A route may also declare what it needs: ``receiving: Annotated[Receiving, provided(Receiving)]``.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import Depends
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request

from .database import Database
from .runtime import Runtime
from .settings import Settings

S = TypeVar("S")


class ServiceMissing(LookupError):
    """Nothing of this class was added: the application has not started, or a feature forgot to."""


class Services:
    """One object of each class."""

    def __init__(self, settings: Settings) -> None:
        self._by_class: dict[type, object] = {}
        self.add(settings)

    def add(self, service: object) -> None:
        """Hold ``service`` under its class, in place of an earlier one."""
        self._by_class[type(service)] = service

    def find(self, kind: type[S]) -> S | None:
        """The object of class ``kind``; None when there is none."""
        return self._by_class.get(kind)  # type: ignore[return-value]  # held under its own class

    def get(self, kind: type[S]) -> S:
        """The object of class ``kind``.

        Raises:
            ServiceMissing: there is none.
        """
        service = self.find(kind)
        if service is None:
            raise ServiceMissing(kind.__qualname__)
        return service

    def get_or_add(self, kind: type[S], make: Callable[[], S]) -> S:
        """The object of class ``kind``, made when it is first asked for."""
        service = self.find(kind)
        if service is None:
            service = make()
            self.add(service)
        return service

    @property
    def settings(self) -> Settings:
        return self.get(Settings)

    @property
    def runtime(self) -> Runtime:
        return self.get(Runtime)

    @property
    def database(self) -> Database:
        return self.get(Database)


def install(app: Starlette, services: Services) -> None:
    """Let ``app`` and its requests reach ``services``. The one use of Starlette's untyped ``state`` of applications."""
    app.state.services = services


def services_of(whose: HTTPConnection | Starlette) -> Services:
    """The services of an application, or of the one that a request came to."""
    app: Starlette = whose if isinstance(whose, Starlette) else whose.app
    services = app.state.services
    assert isinstance(services, Services)
    return services


def provided(kind: type[Any]) -> Any:
    """A dependency: the application's object of class ``kind``."""

    async def provide(request: Request) -> object:
        return services_of(request).get(kind)

    return Depends(provide)
