"""What the service says of its posts on Bluesky."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from groundswell.accounts.access import service
from groundswell.accounts.tables import ServiceKey
from groundswell.platform.routing import DbSession, TransactionalRoute

from . import posts

router = APIRouter(prefix="/v1/bluesky", tags=["discovery"], route_class=TransactionalRoute)

PostsKey = Annotated[ServiceKey, Depends(service("posts.note"))]
ADDRESS = "at://did:…/app.bsky.feed.post/…, or https://bsky.app/profile/did:…/post/…"


class NewPost(BaseModel):
    """A post on Bluesky, and the moment (code or id) that it shows."""

    model_config = ConfigDict(extra="forbid")

    moment: str = Field(max_length=64)
    post: str = Field(max_length=800, description=ADDRESS)


class PostOut(BaseModel):
    """A post as it was noted."""

    uri: str
    noted_at: datetime


@router.post("/posts", status_code=201, responses={200: {"model": PostOut, "description": "It was noted before."}})
async def note_post(body: NewPost, key: PostsKey, session: DbSession, response: Response) -> PostOut:
    """Say that a post of yours on Bluesky shows a moment: it stands in the feed for as long as its scene is catching
    on."""
    post, fresh = await posts.note(session, body.moment, body.post, f"key:{key.id}")
    response.status_code = 201 if fresh else 200
    return PostOut(uri=post.uri, noted_at=post.noted_at)


@router.delete("/posts", status_code=204)
async def drop_post(
    key: PostsKey, session: DbSession, post: Annotated[str, Query(max_length=800, description=ADDRESS)]
) -> None:
    """Take a post out of the feed, as where it was deleted on Bluesky."""
    await posts.drop(session, post)
