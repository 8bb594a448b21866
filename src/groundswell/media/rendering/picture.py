"""From decoded frames to frames an encoder takes: orientation, shape, pixel format."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import av
from av.filter import Graph
from av.filter.context import FilterContext
from av.video.frame import VideoFrame

from groundswell.media.profiles import Profile
from groundswell.media.reading.orientation import Orientation, orientation_of
from groundswell.media.reading.probe import colour_of
from groundswell.media.title import Colour

from .crop import CropWindow
from .hdr_metadata import x265_parameters
from .tone_map import cube_file

Step = tuple[str, str]
_MATRIX_NAMES = {1: "bt709", 4: "fcc", 5: "bt601", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
BT709 = 1
MIDDLE = CropWindow(0.5)
BLURRED_SIDES = "blurred sides"


@dataclass(frozen=True)
class PictureShape:
    """What comes out: even sides, aspect of a sample, pixel format and colour of the encoded picture."""

    width: int
    height: int
    sample_aspect: Fraction
    pixel_format: str
    colour: Colour
    orientation: Orientation
    """What a player still has to do (rendered profiles come upright)."""
    interlaced: bool = False
    hdr10: str = ""
    """What an HDR picture says of its screen and its light, as x265 takes it."""


def even(side: float | Fraction) -> int:
    """The nearest even side from 2 up."""
    return max(2, round(side / 2) * 2)


class Pictures:
    """Turns decoded frames into frames of one `Shape`, however often the source changes its own."""

    def __init__(self, first: VideoFrame, sample_aspect: Fraction | None, profile: Profile) -> None:
        self._profile = profile
        self._aspect = sample_aspect if sample_aspect and sample_aspect > 0 else Fraction(1)
        self._first = (first.width, first.height)
        self._graph: Graph | None = None
        self._made_for: tuple[int, int, str, CropWindow] | None = None
        self._waiting: deque[int] = deque()
        self._count = 0
        self.orientation = orientation_of(first)
        self.shape = self._kept(first) if profile.size is None else self._rendered(profile.size)

    def _kept(self, first: VideoFrame) -> PictureShape:
        colour, rgb = colour_of(first), first.format.is_rgb
        hdr = colour.is_hdr and not rgb
        full = colour.full_range and not rgb
        deep, plain = "yuv420p10le", "yuvj420p" if full else "yuv420p"
        if rgb:
            colour = Colour(primaries=BT709, transfer=BT709, matrix=BT709, full_range=False)
        return PictureShape(
            width=max(2, first.width // 2 * 2),
            height=max(2, first.height // 2 * 2),
            sample_aspect=self._aspect,
            pixel_format=deep if hdr else plain,
            colour=colour,
            orientation=self.orientation,
            interlaced=bool(first.interlaced_frame),
            hdr10=x265_parameters(first) if hdr else "",
        )

    def _rendered(self, size: tuple[int, int]) -> PictureShape:
        colour = Colour(primaries=BT709, transfer=BT709, matrix=BT709, full_range=False)
        return PictureShape(size[0], size[1], Fraction(1), "yuv420p", colour, Orientation())

    def take(self, at: int, frame: VideoFrame, view: CropWindow = MIDDLE) -> list[tuple[int, VideoFrame]]:
        """Frames ready after this one (shown at ``at``), each with its time: mostly this one, but a deinterlacer
        is a frame behind."""
        key = (frame.width, frame.height, frame.format.name, view)
        done: list[tuple[int, VideoFrame]] = []
        if key != self._made_for:
            done, steps = self.finish(), self._steps(frame, view)
            self._graph = _graph(frame, steps) if steps else None
            self._made_for = key
        if self._graph is None:
            return [*done, (at, frame)]
        self._waiting.append(at)
        frame.pts = self._count
        self._count += 1
        self._graph.vpush(frame)
        return done + self._ready()

    def finish(self) -> list[tuple[int, VideoFrame]]:
        """The frames still on their way."""
        if self._graph is None or not self._waiting:
            return []
        self._graph.vpush(None)
        return self._ready()

    def _ready(self) -> list[tuple[int, VideoFrame]]:
        assert self._graph is not None
        found = []
        while self._waiting:
            try:
                found.append((self._waiting[0], self._graph.vpull()))
            except (av.error.BlockingIOError, EOFError):
                break
            self._waiting.popleft()
        return found

    def _steps(self, frame: VideoFrame, view: CropWindow) -> list[Step]:
        if self._profile.size is None:
            return self._keep_steps(frame)
        return self._render_steps(frame, view)

    def _keep_steps(self, frame: VideoFrame) -> list[Step]:
        shape, steps = self.shape, list[Step]()
        size = (frame.width, frame.height)
        if size != self._first:
            steps.append(("scale", f"{shape.width}:{shape.height}:flags=bicubic"))
        elif size != (shape.width, shape.height):
            if size[0] < 2 or size[1] < 2:
                steps.append(("scale", f"{shape.width}:{shape.height}:flags=neighbor"))
            else:
                steps.append(("crop", f"{shape.width}:{shape.height}:0:0:exact=1"))
        if frame.format.name != shape.pixel_format:
            steps += [("scale", self._same_colours(frame)), ("format", shape.pixel_format)]
        return steps

    def _same_colours(self, frame: VideoFrame) -> str:
        """Arguments of ``scale`` for a change of pixel format that leaves range and matrix alone."""
        if frame.format.is_rgb:
            return "out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int"
        side = "pc" if self.shape.colour.full_range else "tv"
        return f"in_range={side}:out_range={side}:flags=bicubic+accurate_rnd"

    def _render_steps(self, frame: VideoFrame, view: CropWindow) -> list[Step]:
        width, height = self.shape.width, self.shape.height
        turned = self.orientation.swaps_sides
        w, h = (frame.height, frame.width) if turned else (frame.width, frame.height)
        aspect = 1 / self._aspect if turned else self._aspect
        steps: list[Step] = [("bwdif", "mode=send_frame:deint=all")] if frame.interlaced_frame else []
        steps += self.orientation.filters
        inner = fitted(w, h, aspect, width, height)
        if self._profile.framing == "fit":
            steps += self._scale(frame, *inner)
            steps.append(("pad", f"{width}:{height}:(ow-iw)/4*2:(oh-ih)/4*2:black"))
        elif view.at is None and inner != (width, height):
            steps += [*self._scale(frame, *inner), (BLURRED_SIDES, f"{width}:{height}")]
        else:
            steps.append(crop_to(w, h, aspect, Fraction(width, height), 0.5 if view.at is None else view.at))
            steps += self._scale(frame, width, height)
        return [*steps, ("setsar", "1"), ("format", "yuv420p")]

    @property
    def free_shape(self) -> float:
        """Width to height of a crop that fills the target, in the turned picture's own samples."""
        aspect = 1 / self._aspect if self.orientation.swaps_sides else self._aspect
        return float(Fraction(self.shape.width, self.shape.height) / aspect)

    def _scale(self, frame: VideoFrame, width: int, height: int) -> list[Step]:
        """To size and to BT.709, by way of a lookup table from HDR."""
        colour = colour_of(frame)
        if colour.is_hdr and not frame.format.is_rgb:
            return [
                ("scale", f"{width}:{height}:flags=bicubic"),
                ("format", "gbrp10le"),
                ("lut3d", f"file={cube_file(colour.transfer)}:interp=tetrahedral"),
                ("setparams", "color_primaries=bt709:color_trc=bt709"),
                ("scale", "out_color_matrix=bt709:out_range=tv"),
            ]
        matrix = _MATRIX_NAMES.get(colour.matrix, "bt709" if min(self._first) >= 600 else "smpte170m")
        side = "pc" if colour.full_range else "tv"
        source = "" if frame.format.is_rgb else f":in_color_matrix={matrix}:in_range={side}"
        return [("scale", f"{width}:{height}:flags=bicubic{source}:out_color_matrix=bt709:out_range=tv")]


def fitted(w: int, h: int, aspect: Fraction, width: int, height: int) -> tuple[int, int]:
    """The largest even size of the picture's own shape that fits in ``width`` × ``height``."""
    scale = min(Fraction(width) / (w * aspect), Fraction(height, h))
    return min(width, even(w * aspect * scale)), min(height, even(h * scale))


def crop_to(w: int, h: int, aspect: Fraction, target: Fraction, at: float = 0.5) -> Step:
    """The largest part of shape ``target`` (display width : height), centred at ``at`` of the spare side."""
    cut_w = min(w, max(1, round(h * target / aspect)))
    cut_h = min(h, max(1, round(w * aspect / target)))
    x, y = round((w - cut_w) * at), round((h - cut_h) * at)
    return "crop", f"{cut_w}:{cut_h}:{x}:{y}:exact=1"


def _graph(frame: VideoFrame, steps: list[Step]) -> Graph:
    graph = Graph()
    args = (
        f"video_size={frame.width}x{frame.height}:pix_fmt={frame.format.name}:time_base=1/1000000:"
        f"pixel_aspect=1/1:colorspace={_known(int(frame.colorspace))}:range={int(frame.color_range)}"
    )
    last = graph.add("buffer", args)
    for name, arguments in steps:
        if name == BLURRED_SIDES:
            last = _blurred_sides(graph, last, *arguments.split(":"))
            continue
        following = graph.add(name, arguments or None)
        last.link_to(following)
        last = following
    last.link_to(graph.add("buffersink"))
    graph.configure()
    return graph


def _blurred_sides(graph: Graph, last: FilterContext, width: str, height: str) -> FilterContext:
    """The picture whole, over a blurred and darkened copy of itself that fills the frame."""
    small_w, small_h = even(int(width) / 8), even(int(height) / 8)
    split, over = graph.add("split", "2"), graph.add("overlay", "(W-w)/2:(H-h)/2")
    back = [
        graph.add("scale", f"{small_w}:{small_h}:force_original_aspect_ratio=increase:flags=bilinear"),
        graph.add("crop", f"{small_w}:{small_h}"),
        graph.add("gblur", "sigma=5"),
        graph.add("lutyuv", "y=val*0.7"),
        graph.add("scale", f"{width}:{height}:flags=bilinear"),
    ]
    last.link_to(split)
    split.link_to(back[0], 0, 0)
    for a, b in pairwise(back):
        a.link_to(b)
    back[-1].link_to(over, 0, 0)
    split.link_to(over, 1, 1)
    return over


def _known(matrix: int) -> int:
    return matrix if 0 <= matrix <= 17 and matrix != 3 else 2
