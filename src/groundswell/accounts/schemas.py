"""What crosses HTTP about people."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Me(BaseModel):
    """The signed-in viewer."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    handle: str
    territory: str | None
    kids: bool
    roles: list[str]
