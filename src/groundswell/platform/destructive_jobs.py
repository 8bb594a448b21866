"""Everything that destroys something by itself, and what guards it. A test holds that nothing else does."""

from typing import NamedTuple


class DestructiveJob(NamedTuple):
    """What is destroyed, the module that does it, and what must hold before."""

    what: str
    module: str
    guard: str


DESTRUCTIVE_JOBS = (
    DestructiveJob(
        "Days of the event log in PostgreSQL",
        "groundswell.events.lake.retention",
        "A clock that can be trusted; sealed; as many rows in the lake; seven days aside before the drop.",
    ),
    DestructiveJob(
        "Renditions that nobody asks for",
        "groundswell.moments.media.eviction",
        "A clock that can be trusted; nothing asked for within two hours; made again when somebody asks.",
    ),
    DestructiveJob(
        "Supercuts that nobody asks for",
        "groundswell.community.supercut_maker",
        "A clock that can be trusted; the bytes go when no row has them; made again when somebody asks.",
    ),
    DestructiveJob(
        "Salts of past days",
        "groundswell.events.traffic.visitors",
        "A clock that can be trusted; they are meant to be forgotten, so that visitors cannot be told again.",
    ),
    DestructiveJob(
        "Sessions that have ended",
        "groundswell.accounts.sessions",
        "A clock that can be trusted; whoever's is gone signs in once more.",
    ),
    DestructiveJob(
        "What For you served, after 90 days",
        "groundswell.discovery.for_you.impressions",
        "A clock that can be trusted; what somebody did not want may then be shown to them once more.",
    ),
    DestructiveJob(
        "Answers stored for repeated requests, after a day",
        "groundswell.platform.routing",
        "A clock that can be trusted: a request that is repeated would be done twice.",
    ),
    DestructiveJob(
        "Single votes of days that no longer count",
        "groundswell.discovery.tally",
        "A clock that can be trusted; a day's sums stay.",
    ),
    DestructiveJob(
        "Searches without results, after 60 days",
        "groundswell.discovery.search.unfound",
        "A clock that can be trusted; nobody's name is in them.",
    ),
    DestructiveJob(
        "Forecasts of waves that are over",
        "groundswell.discovery.trending.forecasts",
        "A clock that can be trusted; they are made again of what still has votes.",
    ),
    DestructiveJob(
        "Background jobs that ended a week ago, or failed a month ago",
        "groundswell.platform.jobs",
        "A clock that can be trusted; jobs that wait or run are never among them.",
    ),
    DestructiveJob(
        "Why background jobs failed, after 30 days",
        "groundswell.platform.jobs",
        "PostgreSQL's own clock, which wrote when; the log has said it, too.",
    ),
    DestructiveJob(
        "Messages to webhooks, and what became of them, after 30 days",
        "groundswell.webhooks.jobs",
        "A clock that can be trusted; what still waits for somebody stays; what was told stands in its own tables.",
    ),
    DestructiveJob(
        "Notifications to which nothing was added for 90 days, and which day's digest was sent",
        "groundswell.notifications.jobs",
        "A clock that can be trusted; what they told of stands in its own tables.",
    ),
    DestructiveJob(
        "Reports kept for when the lake is away",
        "groundswell.insights.reports.report_cache",
        "Copies alone: they are computed again when somebody asks.",
    ),
    DestructiveJob(
        "Figures of periods as they were first told, after 800 days",
        "groundswell.insights.reports.closed_periods",
        "A clock that can be trusted; figures are computed from the log, and only the mark of what changed is gone.",
    ),
    DestructiveJob(
        "Work folders of renders that were killed",
        "groundswell.moments.media.renderer",
        "Twice as old as a render may get; a render that loses its folder fails in passing, and is made again.",
    ),
    DestructiveJob(
        "Temporary folders of media work that was killed",
        "groundswell.media.scratch",
        "The lock that whoever made a folder holds for as long as they live.",
    ),
    DestructiveJob(
        "Small files of the lake, once joined",
        "groundswell.events.lake.sealer",
        "Delta's own log: only files that no version names; their rows lie in the files that replaced them.",
    ),
    DestructiveJob(
        "Pieces of titles kept on this machine",
        "groundswell.platform.range_server",
        "Copies alone: the title lies in object storage.",
    ),
)
