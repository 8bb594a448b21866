"""Where "Continue watching" leads, by title, installation and device."""

import pytest
from pydantic import ValidationError

from groundswell.catalog.tables import Title
from groundswell.catalog.watch_address import device_of, own_devices, watch_address
from groundswell.platform.settings import Settings

HERE = Settings(service_url="https://play.example/")
EVERYWHERE = Settings(
    watch_urls={
        "web": "https://play.example/v/{external_id}?t={seconds}",
        "tv": "https://tv.example/{external_id}/{seconds}",
    }
)


def title(**watch: str) -> Title:
    return Title(external_id="tt1:a", slug="the-fog", name="The Fog", watch=watch or None)


def test_without_a_template_it_is_the_service_and_its_own_id() -> None:
    assert watch_address(HERE, title(), 62) == "https://play.example/watch/tt1%3Aa?t=62"
    assert own_devices(HERE, None) == ()


def test_a_titles_own_template_comes_first_then_the_installations_and_of_each_the_devices() -> None:
    assert watch_address(EVERYWHERE, title(), 5, "ios") == "https://play.example/v/tt1%3Aa?t=5"
    assert watch_address(EVERYWHERE, title(), 5, "tv") == "https://tv.example/tt1%3Aa/5"
    own = title(web="https://a.example/{slug}?t={seconds}", ios="https://i.example/{slug}?t={seconds}")
    assert watch_address(EVERYWHERE, own, 5) == "https://a.example/the-fog?t=5"
    assert watch_address(EVERYWHERE, own, 5, "ios") == "https://i.example/the-fog?t=5"
    assert watch_address(EVERYWHERE, own, 5, "tv") == "https://a.example/the-fog?t=5"
    assert (own_devices(EVERYWHERE, None), own_devices(EVERYWHERE, own.watch)) == (("tv",), ("ios",))


def test_settings_with_no_usable_template_are_refused() -> None:
    for template in ("/watch/{external_id}", "https://play.example/{external_id}", "https://play.example/?t={seconds}"):
        with pytest.raises(ValidationError, match=r"address|lacks"):
            Settings(watch_urls={"web": template})


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Mobile Safari/604.1", "ios"),
        ("Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "android"),
        ("Mozilla/5.0 (Linux; Android 14; BRAVIA 4K VH2) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", "tv"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) AppleWebKit/537.36 Version/8.0 TV Safari/537.36", "tv"),
        ("Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 Chrome/108.0 Safari/537.36", "tv"),
        ("Mozilla/5.0 (Linux; Android 11; AFTKM) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36", "tv"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.0 Safari/605.1.15", "web"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 DraftAFTER", "web"),
        ("", "web"),
    ],
)
def test_a_device_is_known_by_what_its_browser_says(user_agent: str, device: str) -> None:
    assert device_of(user_agent) == device
