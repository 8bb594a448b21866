"""Where the service itself shows a title: the address of "Continue watching", for each kind of device.

A title's own template comes first, then the installation's (``GROUNDSWELL_WATCH_URLS``), each for the device asked for
and then for the web; without any, it is ``{service}/watch/{external_id}?t={seconds}``.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, Protocol, get_args

from groundswell.platform.address_template import filled
from groundswell.platform.settings import Settings

Device = Literal["web", "ios", "android", "tv"]
DEVICES: tuple[Device, ...] = get_args(Device)

_TV = re.compile(
    r"smart-?tv|hbbtv|appletv|googletv|android tv|bravia|\baft[a-z]|web0s|webos|tizen.*tv|roku|crkey|netcast|viera",
    re.I,
)


class Named(Protocol):
    """What an address of a title is made from: a ``Title``, or a row with these of its columns."""

    @property
    def external_id(self) -> str: ...
    @property
    def slug(self) -> str: ...
    @property
    def watch(self) -> Mapping[str, Any] | None: ...


def template_for(settings: Settings, watch: Mapping[str, Any] | None, device: Device = "web") -> str:
    """The template that holds for a title whose own ones are ``watch``."""
    for own in (watch or {}, settings.watch_urls):
        if found := own.get(device) or own.get("web"):
            return str(found)
    return settings.service_home + "/watch/{external_id}?t={seconds}"


def watch_address(
    settings: Settings, title: Named, seconds: int = 0, device: Device = "web", *, referrer: str = ""
) -> str:
    """Where the service shows ``title`` from a second on.

    Args:
        referrer: fills ``{referrer}``.
    """
    template = template_for(settings, title.watch, device)
    return filled(template, external_id=title.external_id, slug=title.slug, seconds=seconds, referrer=referrer)


def own_devices(settings: Settings, watch: Mapping[str, Any] | None) -> tuple[Device, ...]:
    """The devices that are led elsewhere than the web."""
    web = template_for(settings, watch)
    return tuple(device for device in DEVICES if template_for(settings, watch, device) != web)


@lru_cache(maxsize=10_000)
def device_of(user_agent: str) -> Device:
    """What kind of device a browser says that it runs on. A tablet that calls itself a computer is one."""
    if _TV.search(user_agent):
        return "tv"
    if "Android" in user_agent:
        return "android"
    return "ios" if re.search(r"iPhone|iPad|iPod", user_agent) else "web"
