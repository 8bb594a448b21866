"""Painting without a brush: gradients, noise, ridges, glows and lettering, as float fields in 0..1."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from groundswell.demo.films.stage import HEIGHT, WIDTH, Colour, Field, from_image, rgb

Random = np.random.Generator


def gradient(*stops: tuple[float, Colour], height: int = HEIGHT) -> Field:
    """A vertical gradient through (position in 0..1, colour) stops, eased between them: (height, 1, 3)."""
    at = np.linspace(0, 1, height, dtype=np.float32)
    places = np.array([place for place, _ in stops], np.float32)
    colours = np.array([rgb(colour) for _, colour in stops])
    return np.stack([np.interp(at, places, colours[:, c]) for c in range(3)], axis=1).astype(np.float32)[:, None]


def resized(field: Field, width: int, height: int) -> Field:
    """Bicubic resampling of a (h, w) field."""
    image = Image.fromarray(np.ascontiguousarray(field, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def blur(field: Field, radius: float) -> Field:
    """A Gaussian blur of a (h, w) field in 0..1; large radii are done at a smaller size."""
    height, width = field.shape
    step = max(1, int(radius / 4))
    small = Image.fromarray(np.ascontiguousarray(field * 255, np.float32)).resize(
        (max(2, width // step), max(2, height // step)), Image.Resampling.BOX
    )
    soft = small.convert("L").filter(ImageFilter.GaussianBlur(radius / step))
    return np.clip(resized(from_image(soft), width, height), 0, 1)


def noise(
    random: Random, width: int = WIDTH, height: int = HEIGHT, cell: float = 200, octaves: int = 5, stretch: float = 1
) -> Field:
    """Fractal value noise in 0..1; ``cell`` is the largest feature's size in px, ``stretch`` widens it."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        size = max(2.0, cell / 2**octave)
        rows, columns = int(height / size) + 3, int(width / (size * stretch)) + 3
        total += resized(random.random((rows, columns), np.float32), width, height) / 2**octave
    low, high = np.percentile(total, (1, 99))
    return np.asarray(np.clip((total - low) / (high - low), 0, 1), np.float32)


def seamless(field: Field, overlap: int) -> Field:
    """Fade a field's last ``overlap`` columns into its first, so that it repeats: (h, w - overlap)."""
    fade = np.linspace(0, 1, overlap, dtype=np.float32)
    out = field[:, :-overlap].copy()
    out[:, :overlap] = out[:, :overlap] * fade + field[:, -overlap:] * (1 - fade)
    return out


def ridge(random: Random, width: int, base: float, height: float, detail: int = 40, rough: float = 1.0) -> Field:
    """A skyline that repeats after ``width`` px: y of the crest at each x (px from the top)."""
    x = np.linspace(0, 2 * np.pi, width, endpoint=False)
    line = np.zeros(width)
    for k in range(1, detail):
        line += np.sin(k * x + random.uniform(0, 2 * np.pi)) * random.uniform(0.4, 1) / k**rough
    line = (line - line.min()) / (line.max() - line.min())
    return np.asarray((base - height * line), np.float32)


def crags(random: Random, width: int, base: float, height: float, peaks: int = 9) -> Field:
    """Pointed mountains that repeat after ``width`` px: tents of random height with broken flanks."""
    x = np.arange(width, dtype=np.float32)
    line = np.zeros(width, np.float32)
    for i in range(peaks * 3):
        centre, scale = random.uniform(0, width), random.uniform(0.45, 1) * (1 if i < peaks else 0.55)
        away = np.abs((x - centre + width / 2) % width - width / 2)
        line = np.maximum(line, scale * (1 - away / (width / peaks * random.uniform(1.2, 2.3))))
    fine = ridge(random, width, 0, 1, 120, 0.9)
    return np.asarray((base - height * (np.maximum(line, 0.1) - 0.12 * fine - 0.1)), np.float32)


def below(line: Field, height: int = HEIGHT) -> Field:
    """The mask of all that lies below a skyline, its edge smoothed: (height, len(line))."""
    y = np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(np.clip(y - line[None, :] + 0.5, 0, 1), np.float32)


def glow(radius: float, power: float = 2.0, squash: float = 1.0) -> Field:
    """A round falloff, 1 in the middle and 0 at ``radius``; ``squash`` < 1 flattens it."""
    rows = max(2, round(2 * radius * squash))
    y, x = np.mgrid[-1 : 1 : rows * 1j, -1 : 1 : max(2, round(2 * radius)) * 1j].astype(np.float32)
    return np.asarray(np.clip(1 - np.sqrt(x * x + y * y), 0, 1) ** power, np.float32)


def disc(radius: float) -> Field:
    """A filled circle with a smoothed edge, 2·radius + 4 px wide."""
    size = int(2 * radius + 4)
    y, x = np.mgrid[:size, :size].astype(np.float32) - (size - 1) / 2
    return np.asarray(np.clip(radius - np.sqrt(x * x + y * y) + 0.5, 0, 1), np.float32)


def rows(start: float, stop: float, height: int = HEIGHT, width: int = WIDTH) -> Field:
    """0 above row ``start``, 1 below row ``stop``, eased between: (height, width)."""
    t = np.clip((np.arange(height, dtype=np.float32) - start) / (stop - start), 0, 1)
    return np.repeat((t * t * (3 - 2 * t))[:, None], width, axis=1)


def shifted(field: Field, dx: int, dy: int) -> Field:
    """A field moved by (dx, dy) px, its edges drawn out."""
    height, width = field.shape
    padded = np.pad(field, ((max(dy, 0), max(-dy, 0)), (max(dx, 0), max(-dx, 0))), mode="edge")
    return padded[max(-dy, 0) : max(-dy, 0) + height, max(-dx, 0) : max(-dx, 0) + width]


def rim(mask: Field, dx: int, dy: int, width: float = 2.0) -> Field:
    """The lit edge of a silhouette, about ``width`` px wide, light coming from direction (dx, dy)."""
    reach = 1.5 * width / max(1.0, float(np.hypot(dx, dy)))
    inner = blur(shifted(mask, -round(dx * reach), -round(dy * reach)), width)
    return np.asarray(np.clip(mask - inner - 0.04, 0, 1) * mask, np.float32)


@lru_cache(maxsize=64)
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow built without FreeType
        raise RuntimeError("lettering needs a Pillow with FreeType support")
    return font


def lettering(text: str, size: float, tracking: float = 0.0) -> Field:
    """One line of text as a tight-width mask; ``tracking`` is extra space between letters in px."""
    font = _font(size * 2)
    widths = [font.getlength(letter) + tracking * 2 for letter in text]
    total, tall = int(sum(widths)) + 8, int(size * 2.8)
    image = Image.new("L", (total + total % 2, tall + tall % 2))
    draw, x = ImageDraw.Draw(image), 4.0
    for letter, advance in zip(text, widths, strict=True):
        draw.text((x, 0), letter, 255, font=font)
        x += advance
    return from_image(image.reduce(2))


def smooth(t: float, start: float, stop: float) -> float:
    """Smoothstep: 0 before ``start``, 1 after ``stop``."""
    u = min(1.0, max(0.0, (t - start) / (stop - start)))
    return u * u * (3 - 2 * u)
