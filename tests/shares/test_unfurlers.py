"""Preview robots are known by the names they give themselves; people are not taken for them."""

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from groundswell.shares.unfurlers import unfurler

ROBOTS = {
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)": "discord",
    "WhatsApp/2.24.20.89 A": "whatsapp",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": "facebook",
    "Twitterbot/1.0": "x",
    "TelegramBot (like TwitterBot)": "telegram",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 "
    "Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0": "imessage",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)": "slack",
    "Slackbot 1.0 (+https://api.slack.com/robots)": "slack",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)": "linkedin",
    "Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)": "reddit",
    "Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com": "teams",
    "Mozilla/5.0 (compatible; TikTokSpider; ttspider-feedback@tiktok.com)": "tiktok",
    "WordPress/6.5; https://example.org": "wordpress",
    "Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)": "embedly",
    "http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/) Bot": "mastodon",
    "Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)": "bluesky",
}

PEOPLE = [
    "",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 "
    "Instagram 330.0.0.40.92 (iPhone14,5; iOS 17_5; en_US; en; scale=3.00; 1170x2532; 600000000)",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 Mobile "
    "Safari/537.36 [FB_IAB/FB4A;FBAV/480.0.0.54.88;]",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Mobile Safari/537.36 Telegram-Android/11.2",
    "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 [Pinterest/iOS]",
    "Mozilla/5.0 (iPhone) AppleWebKit/605.1.15 Mobile/15E148 musical_ly_33.0 BytedanceWebview/d8a21c6",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
]


@pytest.mark.parametrize(("user_agent", "name"), ROBOTS.items())
def test_robots_are_known(user_agent: str, name: str) -> None:
    assert unfurler(user_agent) == name


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people_and_other_robots_are_none_of_them(user_agent: str) -> None:
    assert unfurler(user_agent) is None


LISTED = {
    "Discordbot": "discord",
    "WhatsApp": "whatsapp",
    "facebookexternalhit": "facebook",
    "Facebot": "facebook",
    "meta-externalfetcher\\/": "facebook",
    "Meta-ExternalHit\\/": "facebook",
    "Twitterbot": "x",
    "Slackbot": "slack",
    "Slack-ImgProxy": "slack",
    "TelegramBot": "telegram",
    "LinkedInBot": "linkedin",
    "redditbot": "reddit",
    "SkypeUriPreview": "teams",
    "MicrosoftPreview\\/": "teams",
    "TikTokSpider": "tiktok",
    "Snap URL Preview Service": "snapchat",
    "SnapURLPreview\\/": "snapchat",
    "pinterest\\.com\\/bot": "pinterest",
    "Viber": "viber",
    "Linespider": "line",
    "BlueskyPreviewBot": "bluesky",
    "Bluesky\\/": "bluesky",
    "Mastodon": "mastodon",
    "WordPress\\/": "wordpress",
    "Embedly": "embedly",
    "Iframely": "iframely",
    "vkShare": "vk",
    "Synapse": "matrix",
}
"""Entries of the crawler-user-agents list that draw previews, and what we call them."""


@pytest.mark.parametrize(("pattern", "name"), LISTED.items())
def test_every_name_that_the_public_list_has_seen_is_known(pattern: str, name: str) -> None:
    (entry,) = [each for each in CRAWLER_USER_AGENTS_DATA if each["pattern"] == pattern]
    for instance in entry["instances"]:
        assert unfurler(instance) == name, instance
