"""Every setting of the service: ``GROUNDSWELL_*`` variables, documented in docs/reference/settings.md."""

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


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
    lake_url: str | None = Field(
        None, description="Where the event log is sealed into Delta tables. Unset: `lake` in the data folder."
    )
    analytics_url: str = Field(
        "duckdb:",
        description="Where reports are computed: `duckdb:` (in this process), `clickhouse://user:password@host:port/"
        "database`, `chdb:` (ClickHouse's engine in this process) or `spark://host:port`. What is computed is "
        "the same.",
    )
    base_url: str = Field(
        "http://127.0.0.1:8000", description="The public address of this service; share links begin with it."
    )
    service_url: str | None = Field(
        None,
        description="The streaming service's own address, where 'Continue watching' leads. "
        "Unset: the demo service beside us.",
    )
    service_name: str = Field("Lumen", description="What the streaming service is called on pages.")
    links_url: str | None = Field(
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
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, description="Port to listen on.", ge=0, le=65535)
    secret_key: SecretStr | None = Field(
        None,
        min_length=32,
        description="Signs share links and salts visitor hashes; at least 32 characters, the same on every "
        "machine. Unset: made once and kept in the data folder.",
    )
    jwt_issuer: str = Field("groundswell-demo", description="`iss` that viewers' tokens must carry.")
    jwt_audience: str = Field("groundswell", description="`aud` that viewers' tokens must carry.")
    jwks_url: str | None = Field(
        None,
        description="Where the service publishes its signing keys (JWKS). Unset: the demo service's own.",
    )
    worker_in_server: bool = Field(True, description="Run background jobs inside `serve` too.")
    worker_concurrency: int = Field(2, description="Background jobs at once in one process.", ge=1, le=64)
    render_timeout_s: int = Field(300, description="Seconds after which one render is ended.", ge=1)
    render_memory_mb: int = Field(2048, description="Memory one render may use, in MiB.", ge=256)
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
    seal_interval_s: float = Field(2.0, description="Seconds between sealings of the event log.", gt=0)
    event_keep_days: int = Field(
        400,
        description="Days that events stay in PostgreSQL after they are sealed into the lake, where they stay for "
        "good; at least as long as a touch can earn credit. Events that happened longer ago are refused.",
        ge=1,
    )
    stripe_webhook_secret: SecretStr | None = Field(
        None, description="Signing secret of the Stripe endpoint (`whsec_…`) that /v1/conversions/stripe stands for."
    )
    attribution_window_days: int = Field(30, description="Days a touch can earn credit for.", ge=1, le=365)
    share_rate_per_minute: int = Field(40, description="Shares one viewer may make in a minute.", ge=1)
    demo: bool = Field(False, description="Serve the demo service (identity, billing, films) beside the API.")
    log_format: Literal["console", "json"] = Field("console", description="`console` for people, `json` for machines.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR."
    )

    @cached_property
    def secret(self) -> bytes:
        """The signing secret, made and kept (mode 0600) when none is set."""
        if self.secret_key is not None:
            return self.secret_key.get_secret_value().encode()
        path = self.data_dir / "secret.key"
        self.data_dir.mkdir(parents=True, exist_ok=True)
        try:
            with open(path, "x", opener=private_opener) as file:
                file.write(secrets.token_hex(32))
        except FileExistsError:
            pass
        return path.read_bytes()

    @property
    def links_home(self) -> str:
        """Where share links begin, without a trailing slash."""
        return (self.links_url or self.base_url).rstrip("/")

    @property
    def service_home(self) -> str:
        """Where the streaming service's own pages live, without a trailing slash."""
        return (self.service_url or self.base_url).rstrip("/")


def private_opener(path: str, flags: int) -> int:
    """For ``open``: a file that only its owner may read."""
    return os.open(path, flags, 0o600)
