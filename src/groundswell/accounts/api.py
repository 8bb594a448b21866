"""Who am I, and the session cookie for server-rendered pages."""

from fastapi import APIRouter, Response

from groundswell.platform.routing import TransactionalRoute

from .access import COOKIE, SignedIn
from .schemas import Me

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=TransactionalRoute)


@router.get("/me")
async def me(caller: SignedIn) -> Me:
    """The signed-in viewer and their staff roles."""
    viewer = caller.viewer
    return Me(
        id=viewer.id,
        name=viewer.name,
        handle=viewer.handle,
        territory=viewer.territory,
        kids=viewer.kids,
        roles=sorted(caller.roles),
    )


def set_session(response: Response, token: str, *, secure: bool) -> None:
    """Keep ``token`` in the browser for our own pages (HttpOnly, same site)."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="lax", secure=secure, path="/")


def clear_session(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/")
