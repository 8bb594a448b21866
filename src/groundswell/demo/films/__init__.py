"""Three short original films for the demo: drawn and scored by this package, nothing downloaded.

``FILMS`` describes them; :func:`render_all` makes the files (once; about a minute and a half on two cores).
"""

from groundswell.demo.films.catalogue import BY_SLUG, FILMS
from groundswell.demo.films.film import Film, Line, Shot
from groundswell.demo.films.render import RenderedFilm, Span, frames, is_rendered, render_all, render_film

__all__ = [
    "BY_SLUG",
    "FILMS",
    "Film",
    "Line",
    "RenderedFilm",
    "Shot",
    "Span",
    "frames",
    "is_rendered",
    "render_all",
    "render_film",
]
