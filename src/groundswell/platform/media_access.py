"""The settings of one origin of media (GROUNDSWELL_MEDIA_ACCESS)."""

from pydantic import BaseModel, ConfigDict, SecretStr


class OriginAccess(BaseModel):
    """Headers and a query that are sent along with every request to it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    headers: dict[str, SecretStr] = {}
    query: SecretStr = SecretStr("")
