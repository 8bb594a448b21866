"""Three short original films for the demo: drawn and scored by this package, nothing downloaded.

``FILMS`` describes them; :func:`render_all` makes the files (once; about a minute and a half on two cores).
"""

from groundswell.demo.films.catalogue import BY_SLUG, FILMS
from groundswell.demo.films.film import DialogueLine, Film, FilmShot
from groundswell.demo.films.render import (
    QUICK,
    WHOLE,
    RenderedFilm,
    RenderSpan,
    frames,
    is_rendered,
    render_all,
    render_film,
)

__all__ = [
    "BY_SLUG",
    "FILMS",
    "QUICK",
    "WHOLE",
    "DialogueLine",
    "Film",
    "FilmShot",
    "RenderSpan",
    "RenderedFilm",
    "frames",
    "is_rendered",
    "render_all",
    "render_film",
]
