"""What crosses HTTP about people."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Me(BaseModel):
    """The signed-in viewer."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    handle: str
    territory: str | None
    kids: bool
    roles: list[str]


class NewHandOver(BaseModel):
    """A viewer who comes over to our pages."""

    token: str = Field(max_length=8000, description="The service's token of the viewer, issued within five minutes.")


class HandOver(BaseModel):
    """A code that signs its viewer in once."""

    code: str = Field(description="For the parameter `code` of the address that we sent the browser to you with.")
    address: str = Field(description="Where to send a browser that we did not send to you.")
    expires_at: datetime
