"""Faces, drawn so that a detector takes them for some: a head with the shades that real ones have."""

from PIL import Image, ImageDraw, ImageFilter


def face(size: int) -> Image.Image:
    """A face from the front, ``size`` high and wide, on a plain ground."""
    unit = size / 200
    image = Image.new("RGB", (size, size), (96, 104, 112))
    draw = ImageDraw.Draw(image)

    def oval(x: float, y: float, rx: float, ry: float, colour: tuple[int, int, int]) -> None:
        draw.ellipse([(x - rx) * unit, (y - ry) * unit, (x + rx) * unit, (y + ry) * unit], fill=colour)

    oval(100, 92, 70, 88, (52, 38, 30))  # hair
    oval(100, 104, 58, 78, (222, 184, 160))  # skin
    for x in (76, 124):
        oval(x, 84, 19, 11, (150, 112, 94))  # the hollow of an eye
        oval(x, 86, 12, 6, (244, 242, 238))
        oval(x, 86, 6, 6, (44, 34, 30))
        draw.line([((x - 18) * unit, 70 * unit), ((x + 18) * unit, 68 * unit)], fill=(60, 42, 34), width=int(6 * unit))
    oval(100, 108, 9, 24, (236, 202, 180))  # the light on the nose
    oval(100, 128, 15, 6, (168, 122, 104))
    oval(100, 150, 26, 8, (150, 70, 68))
    draw.line([(76 * unit, 150 * unit), (124 * unit, 150 * unit)], fill=(92, 40, 42), width=max(1, int(3 * unit)))
    oval(100, 168, 20, 5, (196, 156, 134))
    return image.filter(ImageFilter.GaussianBlur(2.2 * unit))


def scene(width: int, height: int, faces: list[tuple[float, float]], busy_at: float | None = None) -> Image.Image:
    """A picture with faces (centre along the width, 0 to 1; height, 0 to 1 of the picture's) and, at ``busy_at``,
    stripes that draw the eye."""
    image = Image.new("RGB", (width, height), (96, 104, 112))
    draw = ImageDraw.Draw(image)
    if busy_at is not None:
        middle = busy_at * width
        for x in range(int(middle - width / 12), int(middle + width / 12), 8):
            draw.rectangle([x, 0, x + 3, height], fill=(250, 250, 250))
    for at, tall in faces:
        drawn = face(round(tall * height))
        image.paste(drawn, (round(at * width - drawn.width / 2), round((height - drawn.height) / 2)))
    return image
