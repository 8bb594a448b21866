"""Who may say who somebody is: issuers of viewers' tokens, and the OpenID providers at which staff sign in."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr, model_validator

from .addresses import web_address

Address = Annotated[str, AfterValidator(web_address)]


class ViewerIssuer(BaseModel):
    """An issuer of viewers' tokens.

    Attributes:
        issuer: what the tokens carry as ``iss``.
        audience: what they carry as ``aud``.
        jwks_url: where its keys are published; None: found by OpenID Connect Discovery 1.0 at ``issuer``.
        known_as: the name under which its viewers are kept; None: ``issuer``. Two issuers with one name have the same
            people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str
    audience: str = "groundswell"
    jwks_url: Address | None = None
    known_as: str | None = None

    @property
    def name(self) -> str:
        """Under which name its people are kept."""
        return self.known_as or self.issuer


class StaffIssuer(BaseModel):
    """An OpenID provider at which staff sign in, and what its claims make them.

    Attributes:
        issuer: its issuer identifier, where discovery begins.
        name: what it is called on the page that lets one choose.
        client_id: what we are called there.
        client_secret, client_secret_file: what proves it; neither: we are a public client, and PKCE alone protects.
        scopes: what is asked for.
        roles_claim: the claim of the ID token, or else of the user info, that roles are read from: a name, or a path
            of names with dots between.
        roles: by a value of that claim, the staff roles that it gives; empty: the values are the roles.
        known_as: as for ``ViewerIssuer``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Address
    client_id: str
    name: str | None = None
    client_secret: SecretStr | None = None
    client_secret_file: Path | None = None
    scopes: str = "openid profile"
    roles_claim: str = "roles"
    roles: dict[str, list[str]] = {}
    known_as: str | None = None

    @model_validator(mode="after")
    def _one_secret(self) -> "StaffIssuer":
        if self.client_secret is not None and self.client_secret_file is not None:
            raise ValueError("has client_secret and client_secret_file: say one")
        if "openid" not in self.scopes.split():
            raise ValueError("scopes must have openid")
        return self

    @property
    def label(self) -> str:
        """What it is called on pages."""
        return self.name or self.issuer.split("://", 1)[-1].rstrip("/")

    @property
    def people(self) -> str:
        """Under which name its people are kept."""
        return self.known_as or self.issuer

    def secret(self) -> str | None:
        """The client's secret. Raises ``OSError`` where its file cannot be read."""
        if self.client_secret_file is not None:
            return self.client_secret_file.read_text().strip()
        return None if self.client_secret is None else self.client_secret.get_secret_value()
