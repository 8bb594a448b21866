"""A synthetic audience: who clipped what, whom they sent it to, and what came of it. Pure, and the same for a seed.

Each share starts a branching process: it brings a number of clicks that depends on the channel, on how well its
sender is followed and on how catching the moment is; some clicks become plays, some plays a re-share (one generation
on) or a sign-up, some sign-ups a subscription. Robots fetch previews and are told apart later, by the service.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

SECOND_US = 1_000_000
SEED = 20_26
MAX_GENERATION = 9
MAX_CLICKS = 60

NAMES = (
    "Amara Ben Chiara Dmitri Elif Farid Greta Hana Ivo Jun Kofi Lena Mateo Nia Oskar Priya Quinn Rosa Sami Tove "
    "Uma Viktor Wren Ximena Yara Zeno Aiko Bruno Carmen Dara Emre Freya Gustav Hugo Ines Jonas Kaya Liam Malik "
    "Naomi Olga Pavel Rania Sven Talia Umar Vera Wanda Yusuf Zoe"
).split()

SURNAMES = "Adeyemi Brandt Costa Duarte Eriksen Fischer Gupta Haddad Ito Jansen Kim Laine Moreau Novak".split()

QUIPS = (
    "I have watched this nine times and I am not done",
    "The light in this shot. The LIGHT.",
    "Nobody told me it would get this good",
    "Sound on for this one",
    "This is the moment I knew",
    "For everyone who has ever missed a train",
    "My whole personality now",
    "Watch their hands",
    "The pause before the answer",
    "I gasped. Out loud. On a bus.",
    "Please watch this so we can talk about it",
    "",
)


@dataclass(frozen=True)
class AudienceChannel:
    """How a channel behaves: its weight among shares, mean clicks a share, and the robot that previews its links."""

    name: str
    weight: float
    clicks: float
    robot: str | None


CHANNELS = (
    AudienceChannel("whatsapp", 0.30, 3.2, "WhatsApp/2.24.20.89 A"),
    AudienceChannel("copy", 0.20, 2.1, None),
    AudienceChannel(
        "instagram", 0.12, 4.0, "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)"
    ),
    AudienceChannel("tiktok", 0.10, 5.5, "Mozilla/5.0 (compatible; TikTokSpider; ttspider-feedback@tiktok.com)"),
    AudienceChannel("x", 0.12, 2.6, "Twitterbot/1.0"),
    AudienceChannel("discord", 0.10, 3.4, "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)"),
    AudienceChannel("telegram", 0.06, 2.4, "TelegramBot (like TwitterBot)"),
)

CRAWLED = 0.2
CRAWLERS = (
    "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "python-requests/2.32.3",
)

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
LAPTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/144.0.0.0 Safari/537.36"


@dataclass(frozen=True)
class AudienceFilm:
    """What the audience needs to know of a title."""

    slug: str
    duration_us: int
    lines: Sequence[tuple[int, int, str]]


@dataclass(frozen=True)
class AudienceMember:
    """A viewer of the service; ``reach`` scales the clicks their shares bring."""

    subject: str
    name: str
    reach: float
    joined_at: datetime
    creator: bool = False


@dataclass(frozen=True)
class PlannedMoment:
    """A moment to be; ``appeal`` scales the clicks and re-shares it brings."""

    number: int
    person: AudienceMember
    film: AudienceFilm
    start_us: int
    end_us: int
    caption: str
    public: bool
    appeal: float
    at: datetime


@dataclass(frozen=True)
class PlannedShare:
    """A share to be; ``person`` is None for a visitor without an account."""

    number: int
    moment: PlannedMoment
    person: AudienceMember | None
    channel: AudienceChannel
    parent: "PlannedShare | None"
    at: datetime

    @property
    def generation(self) -> int:
        return 0 if self.parent is None else self.parent.generation + 1


@dataclass(frozen=True)
class PlannedEvent:
    """An unfurl, a click or a play of a share."""

    number: int
    kind: str
    share: PlannedShare
    visitor: str
    user_agent: str
    at: datetime


@dataclass(frozen=True)
class PlannedConversion:
    """What the service will report: ``click`` is the click that the newcomer arrived by."""

    number: int
    kind: str
    person: AudienceMember
    click: PlannedEvent
    at: datetime
    original: int | None = None


@dataclass
class History:
    """Everything that happened, each list in the order in which it was made up."""

    people: list[AudienceMember] = field(default_factory=list)
    moments: list[PlannedMoment] = field(default_factory=list)
    shares: list[PlannedShare] = field(default_factory=list)
    events: list[PlannedEvent] = field(default_factory=list)
    conversions: list[PlannedConversion] = field(default_factory=list)


def imagine(
    films: Sequence[AudienceFilm],
    cast: Sequence[AudienceMember],
    until: datetime,
    *,
    days: int = 35,
    viewers: int = 90,
    moments: int = 42,
    seed: int = SEED,
) -> History:
    """The audience's history over the ``days`` before ``until``.

    Args:
        films: what there is to clip; must not be empty.
        cast: people who exist anyway (the demo's personas); the others are made up.
    """
    return _Imagination(films, until, days, seed).run(cast, viewers, moments)


class _Imagination:
    """One run: the random generator, the clock's bounds, and the history so far."""

    def __init__(self, films: Sequence[AudienceFilm], until: datetime, days: int, seed: int) -> None:
        self.random = np.random.default_rng(seed)
        self.films, self.until, self.begin = films, until, until - timedelta(days=days)
        self.days = days
        self.cast = 0
        self.history = History()

    def run(self, cast: Sequence[AudienceMember], viewers: int, moments: int) -> History:
        self.cast = len(cast)
        self.history.people = [*cast, *self.crowd(viewers)]
        for number in range(moments):
            self.history.moments.append(self.moment(number))
        waiting = [share for moment in self.history.moments for share in self.first_shares(moment)]
        while waiting:
            waiting.extend(self.spread(waiting.pop(0)))
        return self.history

    def crowd(self, count: int) -> Iterator[AudienceMember]:
        for number in range(count):
            name = f"{self.pick(NAMES)} {self.pick(SURNAMES)}"
            reach = float(self.random.lognormal(-0.2, 0.7))
            joined = self.begin - timedelta(days=float(self.random.uniform(1, 300)))
            yield AudienceMember(f"viewer-{number:03}", name, reach, joined, creator=reach > 2.2)

    def moment(self, number: int) -> PlannedMoment:
        """Clips gather around a few memorable lines of each film, as they do in life."""
        film = self.films[int(self.random.choice(len(self.films), p=self.zipf(len(self.films), 0.6)))]
        line = int(self.random.choice(len(film.lines), p=self.peaks(film)))
        start = max(0, film.lines[line][0] - int(self.random.uniform(0.5, 4) * SECOND_US))
        length = int(np.clip(self.random.lognormal(2.5, 0.35), 6, 28) * SECOND_US)
        end = min(start + length, film.duration_us)
        quote = film.lines[line][2].replace("\n", " ")
        at = self.begin + timedelta(days=float(self.random.beta(1.3, 1.1)) * (self.days - 0.5))
        person = self.clipper(number)
        caption = f"“{quote}”" if self.random.random() < 0.5 else self.pick(QUIPS)
        appeal = float(self.random.lognormal(-0.15, 0.55))
        public = bool(self.random.random() < 0.8)
        return PlannedMoment(number, person, film, max(0, end - length), end, caption, public, appeal, at)

    def clipper(self, number: int) -> AudienceMember:
        """Every fifth clip is by one of the cast in turn; the others come mostly from those who are followed."""
        people = self.history.people
        if self.cast and number % 5 == 0:
            return people[number // 5 % self.cast]
        weights = np.array([person.reach * (6 if person.creator else 1) for person in people])
        return people[int(self.random.choice(len(weights), p=weights / weights.sum()))]

    def peaks(self, film: AudienceFilm) -> np.ndarray:
        """How memorable each line is: the same few for everybody (drawn from the film's own name)."""
        taste = np.random.default_rng(sum(film.slug.encode()))
        weights = taste.pareto(1.2, len(film.lines)) + 0.05
        weights[int(len(weights) * 0.9) :] = 0.01  # few clip the end credits
        return np.asarray(weights / weights.sum())

    def first_shares(self, moment: PlannedMoment) -> Iterator[PlannedShare]:
        for _ in range(1 + int(self.random.poisson(1.4 * moment.appeal))):
            yield self.share(moment, moment.person, None, moment.at + self.delay(minutes=20))

    def share(
        self, moment: PlannedMoment, person: AudienceMember | None, parent: PlannedShare | None, at: datetime
    ) -> PlannedShare:
        weights = np.array([channel.weight for channel in CHANNELS])
        channel = CHANNELS[int(self.random.choice(len(CHANNELS), p=weights / weights.sum()))]
        share = PlannedShare(len(self.history.shares), moment, person, channel, parent, min(at, self.until))
        self.history.shares.append(share)
        return share

    def spread(self, share: PlannedShare) -> Iterator[PlannedShare]:
        """What a share brings; yields the re-shares."""
        if share.channel.robot is not None:
            for fetch in range(1 + int(self.random.integers(0, 2))):
                self.event("unfurl", share, f"robot-{fetch}", share.channel.robot, share.at + timedelta(seconds=2))
        if self.random.random() < CRAWLED:
            self.event("click", share, "crawler", self.pick(CRAWLERS), share.at + self.delay(minutes=600))
        reach = share.person.reach if share.person else 0.8
        mean = share.channel.clicks * share.moment.appeal * reach * float(self.random.lognormal(-0.3, 0.8))
        for _ in range(int(min(self.random.poisson(mean), MAX_CLICKS))):
            at = share.at + self.delay(minutes=240)
            if at < self.until:
                yield from self.visit(share, at)

    def visit(self, share: PlannedShare, at: datetime) -> Iterator[PlannedShare]:
        visitor = f"visitor-{len(self.history.events)}"
        agent = PHONE if self.random.random() < 0.7 else LAPTOP
        click = self.event("click", share, visitor, agent, at)
        if click is None or self.random.random() > 0.72:
            return
        self.event("play", share, visitor, agent, at + timedelta(seconds=float(self.random.uniform(1, 6))))
        newcomer = self.sign_up(click) if self.random.random() < 0.06 else None
        keenness = 0.55 if newcomer else self.passing_on(share)
        if share.generation < MAX_GENERATION and self.random.random() < keenness:
            again = at + self.delay(minutes=90)
            if again < self.until:
                yield self.share(share.moment, newcomer, share, again)

    def passing_on(self, share: PlannedShare) -> float:
        """How likely one who has watched shares it again: less with each generation, as novelty wears off."""
        return 0.09 * min(share.moment.appeal, 1.6) * float(0.82**share.generation)

    def sign_up(self, click: PlannedEvent) -> AudienceMember | None:
        """A newcomer, and what they paid, took back or ended since."""
        at = click.at + timedelta(minutes=float(self.random.uniform(1, 30)))
        if at >= self.until:
            return None
        number = len(self.history.conversions)
        name = f"{self.pick(NAMES)} {self.pick(SURNAMES)}"
        person = AudienceMember(f"newcomer-{number:04}", name, float(self.random.lognormal(-0.3, 0.6)), at)
        self.history.people.append(person)
        self.convert("sign_up", person, click, at)
        if self.random.random() < 0.55:
            paid_at = at + timedelta(hours=float(self.random.exponential(30)))
            paid = self.convert("subscription", person, click, paid_at)
            fate = self.random.random()
            if paid is not None and fate < 0.05:
                self.convert("refund", person, click, paid_at + timedelta(days=2), paid)
            elif paid is not None and fate < 0.12:
                self.convert("cancellation", person, click, paid_at + timedelta(days=6), paid)
        return person

    def convert(
        self,
        kind: str,
        person: AudienceMember,
        click: PlannedEvent,
        at: datetime,
        original: PlannedConversion | None = None,
    ) -> PlannedConversion | None:
        if at >= self.until:
            return None
        number = len(self.history.conversions)
        of = original.number if original else None
        conversion = PlannedConversion(number, kind, person, click, at, of)
        self.history.conversions.append(conversion)
        return conversion

    def event(self, kind: str, share: PlannedShare, visitor: str, agent: str, at: datetime) -> PlannedEvent | None:
        if at >= self.until:
            return None
        event = PlannedEvent(len(self.history.events), kind, share, visitor, agent, at)
        self.history.events.append(event)
        return event

    def delay(self, *, minutes: float) -> timedelta:
        return timedelta(minutes=float(self.random.lognormal(np.log(minutes) - 0.7, 1.2)))

    def zipf(self, count: int, exponent: float) -> np.ndarray:
        weights = 1 / np.arange(1, count + 1) ** exponent
        return np.asarray(weights / weights.sum())

    def pick(self, words: Sequence[str]) -> str:
        return words[int(self.random.integers(len(words)))]
