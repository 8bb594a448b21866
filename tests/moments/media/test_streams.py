"""Moments of titles whose media stay with the service: named, looked at, played at once, cut exact, refused."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from urllib.parse import urljoin

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from groundswell.catalog.given_sources import sources_of
from groundswell.catalog.jobs import index_sources
from groundswell.catalog.listing import listed
from groundswell.catalog.streams.ladders import find_ladder
from groundswell.catalog.streams.reader import MediaReader
from groundswell.catalog.streams.stretches import stretch_of
from groundswell.catalog.streams.subtitles import lines_in
from groundswell.catalog.titles import find_title, lines_of
from groundswell.media import DEFAULT_LIMITS, ClipRequest, CutResult, MediaError, cut
from groundswell.platform.media_access import OriginAccess
from groundswell.platform.outbound import Outbound
from groundswell.platform.settings import Settings
from groundswell.trust.catalogue_health import health_of, unwell
from tests.media.exactness import assert_exact, frames_between
from tests.media.film import Film, make, numbers
from tests.moments.clipping import clipped, come_for, worker
from tests.stream_server import LadderKind, StreamServer, _Handler, make_ladder, stream_server
from tests.support import App

FILM = Film(frames=240, gop=24, rate=Fraction(24), size=(96, 54))
"""10 s in GOPs of a second; every frame carries its number."""
KINDS = {
    "ts": LadderKind(),
    "fmp4": LadderKind(segments="fmp4", separate_audio=True, single_file=True),
    "dash": LadderKind("dash"),
    "dash-index": LadderKind("dash", single_file=True),
}
SPAN = 3.3, 8.5
FRAMES = list(range(79, 204))
"""Frame 79 begins nearest to the start of SPAN, at 3.2917 s, which a moment takes down to the millisecond."""
FACTS = {"rating": "12", "released_on": "2020-01-01", "live": False}
VTT = """WEBVTT
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:{ticks}

00:00:01.000 --> 00:00:02.500
Who goes there?
"""


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(FILM, tmp_path_factory.mktemp("film") / "film")


@pytest.fixture(scope="module")
def cdn(film: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StreamServer]:
    """A server with the film as ladders and as a file."""
    folder = tmp_path_factory.mktemp("ladders")
    with stream_server() as server:
        for name, kind in KINDS.items():
            make_ladder(film, folder / name, kind)
            server.put(folder / name, name)
        server.files["/film.mp4"] = film.read_bytes()
        playlist = server.files["/ts/main.m3u8"].decode()
        spoken = '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="English",LANGUAGE="en",URI="en.m3u8"'
        playlist = playlist.replace("#EXT-X-STREAM-INF:", spoken + '\n#EXT-X-STREAM-INF:SUBTITLES="text",', 1)
        server.files["/ts/main.m3u8"] = playlist.encode()
        head = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n"
        server.files["/ts/en.m3u8"] = f"{head}en.vtt\n#EXT-X-ENDLIST\n".encode()
        server.files["/ts/en.vtt"] = VTT.format(ticks=133_500).encode()
        yield server


@pytest.fixture(autouse=True)
def clean(cdn: StreamServer) -> Iterator[None]:
    files = dict(cdn.files)
    yield
    cdn.files, cdn.ranges = files, True
    cdn.answers.clear()
    cdn.asked.clear()


@pytest.fixture
def way(app: App) -> App:
    """An application that may fetch from this machine."""
    app.runtime.settings.outbound_networks = ["127.0.0.1/32"]
    return app


async def said(app: App, external_id: str, *urls: str) -> None:
    """Name the sources of a title, and have them looked at."""
    body = {"name": external_id.title(), **FACTS, "sources": [{"url": url} for url in urls]}
    answer = await app.http.put(f"/v1/titles/{external_id}", json=body, headers=await app.service_key("catalog"))
    assert answer.status_code in {200, 201}, answer.text
    await app.run_jobs()
    while await looking(app):  # what failed in passing is tried again a few seconds later
        await asyncio.sleep(0.1)
        await app.run_jobs()


async def looking(app: App) -> bool:
    """Whether sources are being looked at, or will be."""
    query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :task AND status IN ('todo', 'doing')"
    async with app.runtime.database.transaction() as session:
        return bool(await session.scalar(sql(query), {"task": index_sources.name}))


async def found(app: App, external_id: str) -> list[tuple[str, str | None]]:
    """The status and code of each source of a title."""
    async with app.runtime.database.transaction() as session:
        title = await find_title(session, external_id)
        rows = (await sources_of(session, [title.id])).get(title.id, [])
        return [(row.status, row.code) for row in rows]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
async def test_a_ladder_plays_at_once_and_is_cut_exact(way: App, cdn: StreamServer, tmp_path: Path, kind: str) -> None:
    main = f"{cdn.home}/{kind}/main.{'mpd' if kind.startswith('dash') else 'm3u8'}"
    await said(way, "numbers", main)
    assert await found(way, "numbers") == [("used", None)]
    moment = await clipped(way, start=SPAN[0], end=SPAN[1])
    assert (moment["start_us"], moment["end_us"]) == (3_291_000, 8_500_000)
    base = f"/m/{moment['code']}/"
    at_once = await way.http.get(f"{base}clip.m3u8")
    assert at_once.status_code == 200, at_once.text
    video = next(line for line in at_once.text.splitlines() if line and not line.startswith("#"))
    playlist = (await way.http.get(base + video)).text
    offset = re.search(r"#EXT-X-START:TIME-OFFSET=([0-9.]+),PRECISE=YES", playlist)
    assert offset is not None
    assert cdn.home not in at_once.text + playlist
    joined = tmp_path / "played"
    names = re.findall(r'URI="([^"]+)"', playlist) + [x for x in playlist.splitlines() if x and x[0] != "#"]
    pieces = [await way.http.get(urljoin(base + video, name)) for name in names]
    assert {piece.status_code for piece in pieces} == {200}
    joined.write_bytes(b"".join(piece.content for piece in pieces))
    held = numbers(joined)
    assert [n for _, n in held] == list(range(48, 240))
    assert next(n for at, n in held if at - held[0][0] >= Fraction(offset.group(1))) == FRAMES[0]
    async with worker(way):
        made = await come_for(way, f"{base}source.mp4")
        exact = tmp_path / "exact.mp4"
        exact.write_bytes(made.content)
        assert [n for _, n in numbers(exact)] == FRAMES
        assert (await come_for(way, f"{base}poster.jpg")).content[:2] == b"\xff\xd8"
        await way.run_jobs()
    stream = await way.http.get(f"{base}clip.m3u8")
    assert "/x-" in stream.text
    video = next(line for line in stream.text.splitlines() if line and not line.startswith("#"))
    playlist = (await way.http.get(base + video)).text
    names = re.findall(r'URI="([^"]+)"', playlist) + [x for x in playlist.splitlines() if x and x[0] != "#"]
    whole = b"".join([(await way.http.get(urljoin(base + video, name))).content for name in names])
    joined.write_bytes(whole)
    assert [n for _, n in numbers(joined)] == FRAMES
    if kind == "ts":
        async with way.runtime.database.transaction() as session:
            title = await find_title(session, "numbers")
            (line,) = await lines_of(session, title.id, "en")
        assert (line.start_us, line.text) == (1_000_000, "Who goes there?")


@pytest.mark.slow
async def test_where_a_playlist_does_not_time_its_segments_a_clip_waits_for_the_exact_one(
    way: App, cdn: StreamServer, tmp_path: Path
) -> None:
    files = cdn.files
    halves = files["/ts/v.m3u8"].decode().split("#EXTINF:2.000000")
    files["/ts/v.m3u8"] = "#EXTINF:1.9".join(halves).encode()
    await said(way, "numbers", f"{cdn.home}/ts/main.m3u8")
    assert await found(way, "numbers") == [("used", None)]
    moment = await clipped(way, start=SPAN[0], end=SPAN[1])
    base = f"/m/{moment['code']}/"
    waits = await way.http.get(f"{base}clip.m3u8")
    assert (waits.status_code, waits.json()["code"]) == (503, "rendering")
    assert (moment["media"]["tier"], moment["media"]["hls_url"]) == ("none", None)
    async with worker(way):
        (tmp_path / "exact.mp4").write_bytes((await come_for(way, f"{base}source.mp4")).content)
        await way.run_jobs()
    assert "/x-" in (await way.http.get(f"{base}clip.m3u8")).text
    shown = (await way.http.get(f"/v1/moments/{moment['code']}")).json()["media"]
    assert shown["hls_url"].endswith("clip.m3u8")
    async with way.runtime.database.transaction() as session:
        (health,) = await health_of(session, await listed(session, 2))
    assert health.well
    assert "not say exactly when" in str(health.packaging)
    assert [n for _, n in numbers(tmp_path / "exact.mp4")] == FRAMES
    uneven = make(replace(FILM, gop=30), tmp_path / "uneven")
    name = make_ladder(uneven, tmp_path / "nominal", LadderKind("dash", timeline=False))
    nominal = f"{cdn.put(tmp_path / 'nominal', 'nominal')}/{name}"
    for number, (address, timed) in enumerate([(nominal, False), (f"{cdn.home}/dash/main.mpd", True)]):
        heads = tmp_path / f"heads{number}"
        heads.mkdir()
        reader = MediaReader(way.runtime.settings, way.runtime.outbound, tmp_path / "cache")
        ladder = (await find_ladder(way.runtime.settings, reader, address, heads, DEFAULT_LIMITS)).ladder
        assert ladder.timed is timed


@pytest.mark.slow
async def test_segments_that_a_manifest_counts_and_the_server_has_not_are_left_out(
    way: App, cdn: StreamServer, film: Path, tmp_path: Path
) -> None:
    name = make_ladder(film, tmp_path / "counted", LadderKind("dash", timeline=False))
    manifest = f"{cdn.put(tmp_path / 'counted', 'counted')}/{name}"
    path = f"/counted/{name}"
    lasts = "mediaPresentationDuration"
    longer, changed = re.subn(f'{lasts}="PT10.*?"', f'{lasts}="PT17.3S"', cdn.files[path].decode())
    longer = re.sub('duration="PT10.*?"', "", longer)
    assert changed == 1
    ladders = []
    for number, text in enumerate([cdn.files[path].decode(), longer]):
        cdn.files[path] = text.encode()
        heads = tmp_path / f"heads{number}"
        heads.mkdir()
        reader = MediaReader(way.runtime.settings, way.runtime.outbound, tmp_path / "cache")
        ladders.append((await find_ladder(way.runtime.settings, reader, manifest, heads, DEFAULT_LIMITS)).ladder)
    plain, counted = ladders
    assert counted.video.segments == plain.video.segments
    assert counted.duration_us == plain.duration_us
    named = {segment.url.removeprefix(cdn.home) for track in counted.audio for segment in track.segments}
    assert named <= set(cdn.files)


@pytest.mark.slow
async def test_an_mp4_at_an_address_is_cut_by_ranges_and_never_copied(
    way: App, cdn: StreamServer, film: Path, tmp_path: Path
) -> None:
    secret = OriginAccess.model_validate({"headers": {"X-Key": "abc"}, "query": "token=xyz"})
    way.runtime.settings.media_access = {cdn.home: secret}
    await said(way, "numbers", f"{cdn.home}/film.mp4")
    assert await found(way, "numbers") == [("used", None)]
    assert {(each.query, each.headers["X-Key"]) for each in cdn.asked} == {("token=xyz", "abc")}
    assert all("Range" in each.headers for each in cdn.asked)
    moment = await clipped(way, start=SPAN[0], end=SPAN[1])
    async with worker(way):
        made = await come_for(way, f"/m/{moment['code']}/source.mp4")
    exact = tmp_path / "exact.mp4"
    exact.write_bytes(made.content)
    span = moment["start_us"], moment["end_us"]
    assert [n for _, n in numbers(exact)] == [n for _, n in frames_between(film, *span)] == FRAMES
    keys = await way.runtime.store.names("sources")
    assert not any(key.endswith((".mp4", ".ts")) for key in keys)
    way.runtime.settings.media_access = {}


def changed(text: bytes, *pairs: tuple[str, str]) -> bytes:
    for old, new in pairs:
        assert old.encode() in text
        text = text.replace(old.encode(), new.encode())
    return text


@pytest.mark.slow
async def test_what_cannot_be_cut_is_refused_with_its_reason_and_what_stands_beside_it_is_used(
    way: App, cdn: StreamServer
) -> None:
    files = cdn.files
    whole, manifest = files["/ts/v.m3u8"], files["/dash/main.mpd"]
    first = re.search(r"^(v-?0?\.?\S*ts)$", whole.decode(), re.MULTILINE)
    assert first is not None
    segment = first.group(1)
    drm = '<ContentProtection schemeIdUri="urn:mpeg:dash:mp4protection:2011" value="cenc"/><Representation'
    bad = {
        "aes.m3u8": (changed(whole, ("#EXTINF", '#EXT-X-KEY:METHOD=AES-128,URI="k"\n#EXTINF')), "encrypted_hls"),
        "sample.m3u8": (changed(whole, ("#EXTINF", '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="k"\n#EXTINF')), "encrypted_hls"),
        "live.m3u8": (changed(whole, ("#EXT-X-ENDLIST", "")), "live_stream"),
        "file.m3u8": (changed(whole, (segment, "file:///etc/passwd")), "other_host"),
        "host.m3u8": (changed(whole, (segment, "http://10.0.0.1/v.ts")), "other_host"),
        "gone.m3u8": (changed(whole, (segment, "nothing.ts")), "segment_missing"),
        "long.m3u8": (b"#EXTM3U\n" + b"#" * (9 << 20), "bad_playlist"),
        "none.m3u8": (b"#EXTM3U\n#EXT-X-ENDLIST\n", "bad_playlist"),
        "html.m3u8": (b"<html>", "bad_playlist"),
        "text.m3u8": (b"hello", "bad_playlist"),
        "drm.mpd": (changed(manifest, ("<Representation", drm)), "encrypted_cenc"),
        "live.mpd": (changed(manifest, ('type="static"', 'type="dynamic"')), "live_stream"),
        "bomb.mpd": (b'<!DOCTYPE x [<!ENTITY a "b">]><MPD>&a;</MPD>', "bad_playlist"),
    }
    for name, (text, _) in bad.items():
        files[f"/{'dash' if name.endswith('mpd') else 'ts'}/{name}"] = text

    def loop(handler: _Handler, path: str) -> bool:
        handler.send(302, b"", {"Location": "http://127.0.0.2:1/x"})
        return True

    cdn.answers["/ts/loop.m3u8"] = loop
    places = [f"{cdn.home}/{'dash' if name.endswith('mpd') else 'ts'}/{name}" for name in bad]
    await said(way, "hard", *places[:12], f"{cdn.home}/ts/loop.m3u8", f"{cdn.home}/film.mp4")
    wanted = [code for _, code in list(bad.values())[:12]]
    assert await found(way, "hard") == [("refused", code) for code in [*wanted, "other_host"]] + [("used", None)]
    await said(way, "harder", *places[12:], f"{cdn.home}/ts/main.m3u8", f"{cdn.home}/film.mp4")
    assert await found(way, "harder") == [("refused", "bad_playlist"), ("used", None), ("spare", None)]
    cdn.ranges = False
    await said(way, "hardest", f"{cdn.home}/film.mp4", f"{cdn.home}/fmp4/main.m3u8")
    assert await found(way, "hardest") == [("refused", "no_ranges"), ("refused", "no_ranges")]
    async with way.runtime.database.transaction() as session:
        lines = {each.listed.title.slug: each for each in [e async for e in unwell(session)]}
    assert lines["hardest"].media == "None of its sources can be cut from."
    assert "encrypted" in str(lines["hard"].sources[0].words)
    page = await way.http.get("/console/catalogue", headers=await way.session("ravi", "rights"))
    assert "encrypted_hls" in page.text
    assert "no_ranges" in page.text


@pytest.mark.slow
async def test_what_goes_wrong_later_is_refused_and_remembered(way: App, cdn: StreamServer) -> None:
    await said(way, "numbers", f"{cdn.home}/ts/main.m3u8")
    gone = next(path for path in cdn.files if re.search(r"/ts/v-?3\.ts$", path))
    del cdn.files[gone]
    moment = await clipped(way, start=3.2, end=8.5)
    await way.run_jobs()
    answer = await way.http.get(f"/m/{moment['code']}/source.mp4")
    assert answer.json()["code"] in {"segment_missing", "rendering"}
    assert await found(way, "numbers") == [("used", "segment_missing")]
    base = f"/m/{moment['code']}/"
    main = (await way.http.get(f"{base}clip.m3u8")).text
    video = next(line for line in main.splitlines() if line and not line.startswith("#"))
    playlist = (await way.http.get(base + video)).text
    pieces = [line for line in playlist.splitlines() if line and not line.startswith("#")]
    there, _, refused = [await way.http.get(urljoin(base + video, piece)) for piece in pieces[:3]]
    assert there.status_code == 200
    assert (refused.status_code, refused.json()["code"]) == (502, "segment_missing")


def joined_ladder(server: StreamServer, parts: list[str]) -> str:
    """A playlist of several ladders one after the other, each with a clock of its own; sound apart likewise."""
    names = [name for name in ("v.m3u8", "a.m3u8") if f"/{parts[0]}/{name}" in server.files]
    for name in names:
        rows: list[str] = []
        for number, folder in enumerate(parts):
            rows += ["#EXT-X-DISCONTINUITY"] if number else []
            for line in server.files[f"/{folder}/{name}"].decode().splitlines():
                if line.startswith("#EXT-X-MAP"):
                    rows.append(line.replace('URI="', f'URI="../{folder}/'))
                elif line.startswith(("#EXTINF", "#EXT-X-BYTERANGE")):
                    rows.append(line)
                elif line and line[0] != "#":
                    rows.append(f"../{folder}/{line}")
        head = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-TARGETDURATION:10"]
        server.files[f"/all/{name}"] = "\n".join([*head, *rows, "#EXT-X-ENDLIST", ""]).encode()
    sound = '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="en",LANGUAGE="en",DEFAULT=YES,URI="a.m3u8"\n'
    apart = (sound, ',AUDIO="sound"') if len(names) > 1 else ("", "")
    main = f"#EXTM3U\n{apart[0]}#EXT-X-STREAM-INF:BANDWIDTH=300000{apart[1]}\nv.m3u8\n"
    server.files["/all/main.m3u8"] = main.encode()
    return f"{server.home}/all/main.m3u8"


def joined_manifest(server: StreamServer, parts: list[str], seconds: list[Fraction]) -> str:
    """A manifest of several, each a period with a clock of its own."""
    periods = []
    for folder, lasts in zip(parts, seconds, strict=True):
        manifest = server.files[f"/{folder}/main.mpd"].decode()
        (period,) = re.findall(r"<Period .*?>(.*?)</Period>", manifest, re.DOTALL)
        home = f'<Period id="{folder}" duration="PT{float(lasts)}S"><BaseURL>{folder}/</BaseURL>'
        periods.append(f"{home}{period}</Period>")
    head, _, _ = manifest.partition("<Period ")
    whole = f'mediaPresentationDuration="PT{float(sum(seconds))}S"'
    head = re.sub(r'mediaPresentationDuration="[^"]+"', whole, head)
    server.files["/main.mpd"] = f"{head}{''.join(periods)}</MPD>".encode()
    return f"{server.home}/main.mpd"


WRAPS_S = (1 << 33) // 90_000
"""When the clock of a transport stream begins anew."""
WHOLE = replace(FILM, frames=150, rate=Fraction(25))


@dataclass(frozen=True)
class Run:
    """What lies between two discontinuities. ``clock`` is the second at which its first picture is shown."""

    frames: int
    clock: int = 0
    single_file: bool = False


@dataclass(frozen=True)
class Case:
    """A ladder, and the pictures ``[first, end)`` of a clip."""

    first: int
    end: int
    runs: tuple[Run, ...] = (Run(150),)
    form: str = "mpegts"
    each_s: float = 1.0
    gop: int = 12
    b_frames: int = 2
    separate_audio: bool = False


@st.composite
def cases(draw: st.DrawFn) -> Case:
    form = draw(st.sampled_from(["mpegts", "fmp4", "dash"]))
    lengths = draw(st.sampled_from([(150,), (75, 75), (50, 25, 75)]))
    clocks = st.sampled_from([0, 7, WRAPS_S - 1, WRAPS_S - 3]) if form == "mpegts" else st.just(0)
    runs = tuple(Run(frames, draw(clocks), draw(st.booleans())) for frames in lengths)
    first = draw(st.integers(0, 140))
    return Case(
        first=first,
        end=draw(st.integers(first + 3, 150)),
        runs=runs,
        form=form,
        each_s=draw(st.sampled_from([0.4, 1.0, 2.2, 10.0])),
        gop=draw(st.sampled_from([5, 12, 25, 60])),
        b_frames=draw(st.sampled_from([0, 2])),
        separate_audio=form != "dash" and draw(st.booleans()),
    )


def ladder_of(case: Case, server: StreamServer, folder: Path) -> str:
    """Serve the ladder; its address."""
    parts, shown = [], 0
    for number, run in enumerate(case.runs):
        shape = replace(WHOLE, frames=run.frames, first=shown, gop=case.gop, b_frames=case.b_frames)
        if run.clock:
            shape = replace(shape, container="mpegts", start=Fraction(run.clock))
        kind = LadderKind(
            "dash" if case.form == "dash" else "hls",
            "mpegts" if case.form == "mpegts" else "fmp4",
            each_s=case.each_s,
            single_file=run.single_file,
            separate_audio=case.separate_audio,
            more=("-copyts",) if run.clock else (),
        )
        make_ladder(make(shape, folder / f"film{number}"), folder / f"part{number}", kind)
        server.put(folder / f"part{number}", f"part{number}")
        parts.append(f"part{number}")
        shown += run.frames
    if case.form == "dash":
        return joined_manifest(server, parts, [run.frames / WHOLE.rate for run in case.runs])
    return joined_ladder(server, parts)


@pytest.mark.slow
@settings(max_examples=8, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(case=cases())
@example(case=Case(31, 117, (Run(150, WRAPS_S - 3),), each_s=0.4))
@example(case=Case(20, 140, (Run(75, 7), Run(75, WRAPS_S - 1)), gop=60, separate_audio=True))
@example(case=Case(60, 149, (Run(50), Run(25, single_file=True), Run(75)), "fmp4", each_s=2.2, gop=25))
@example(case=Case(3, 130, (Run(75, single_file=True), Run(75)), "dash", each_s=0.4, b_frames=0))
@example(case=Case(5, 65, (Run(75, 7), Run(75, WRAPS_S - 3)), each_s=0.4, gop=60, b_frames=0, separate_audio=True))
@example(case=Case(43, 54, (Run(75, single_file=True), Run(75, single_file=True)), "dash", gop=60))
def test_random_ladders_give_the_clip_of_the_file(case: Case, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("random")
    span = case.first * 40_000, case.end * 40_000
    request = ClipRequest(start_us=span[0], end_us=span[1])

    async def clip(address: str) -> CutResult:
        settings = Settings(data_dir=folder / "data", outbound_networks=["127.0.0.1/32"])
        outbound = Outbound(settings)
        reader = MediaReader(settings, outbound, folder / "cache")
        for name in ("heads", "stretch"):
            (folder / name).mkdir()
        ladder = (await find_ladder(settings, reader, address, folder / "heads", DEFAULT_LIMITS)).ladder
        assert await lines_in(ladder, reader) == {}
        async with stretch_of(ladder, reader, *span, folder / "stretch", DEFAULT_LIMITS) as path:
            result = cut(path, request, folder / "clip.mp4")
        await outbound.close()
        return result

    with stream_server() as server, asyncio.Runner() as runner:
        result = runner.run(clip(ladder_of(case, server, folder)))
    assert [n for _, n in numbers(folder / "clip.mp4")] == list(range(case.first, case.end))
    joins = [float(sum(run.frames for run in case.runs[:n]) / WHOLE.rate) for n in range(1, len(case.runs))]
    assert_exact(make(WHOLE, folder / "whole"), folder / "clip.mp4", *span, result, WHOLE, joins)


async def test_a_gap_in_the_stream_refuses_the_clip_that_lies_there(cdn: StreamServer, tmp_path: Path) -> None:
    text = cdn.files["/ts/v.m3u8"].decode()
    halves = text.split("#EXTINF")
    cdn.files["/ts/gap.m3u8"] = "#EXTINF".join(
        [*halves[:2], ":2.0,\n#EXT-X-GAP" + halves[2].partition(",")[2], *halves[3:]]
    ).encode()
    settings = Settings(data_dir=tmp_path, outbound_networks=["127.0.0.1/32"])
    reader = MediaReader(settings, Outbound(settings), tmp_path / "cache")
    for name in ("heads", "one", "two"):
        (tmp_path / name).mkdir()
    found = await find_ladder(settings, reader, f"{cdn.home}/ts/gap.m3u8", tmp_path / "heads", DEFAULT_LIMITS)
    with pytest.raises(MediaError, match="stream_gap"):
        async with stretch_of(found.ladder, reader, 2_500_000, 3_000_000, tmp_path / "one", DEFAULT_LIMITS):
            pass
    async with stretch_of(found.ladder, reader, 500_000, 1_500_000, tmp_path / "two", DEFAULT_LIMITS) as path:
        cut(path, ClipRequest(start_us=500_000, end_us=1_500_000), tmp_path / "clip.mp4")
    assert [n for _, n in numbers(tmp_path / "clip.mp4")] == list(range(12, 36))


@pytest.mark.slow
async def test_clips_run_on_from_one_period_of_a_manifest_into_the_next(way: App, tmp_path: Path) -> None:
    """Three periods, each a film of its own with a clock of its own, shown one after the other."""
    with stream_server() as server:
        parts = []
        for number in range(3):
            piece = replace(FILM, frames=72, first=72 * number)
            made = make(piece, tmp_path / f"film{number}")
            make_ladder(made, tmp_path / f"part{number}", LadderKind("dash", single_file=number == 1))
            server.put(tmp_path / f"part{number}", f"part{number}")
            parts.append(f"part{number}")
        joined_manifest(server, parts, [Fraction(3)] * 3)
        await said(way, "periods", f"{server.home}/main.mpd")
        assert await found(way, "periods") == [("used", None)]
        moment = await clipped(way, title="periods", start=2.0, end=7.5)
        at_once = await way.http.get(f"/m/{moment['code']}/clip.m3u8")
        assert at_once.status_code == 200, at_once.text
        async with worker(way):
            exact = tmp_path / "exact.mp4"
            exact.write_bytes((await come_for(way, f"/m/{moment['code']}/source.mp4")).content)
        assert [n for _, n in numbers(exact)] == list(range(48, 180))


@pytest.mark.slow
async def test_every_sound_is_offered_and_segments_come_from_us_or_straight_from_the_service(
    way: App, tmp_path: Path
) -> None:
    streams = "a:0,agroup:s,language:en,default:yes,name:en a:1,agroup:s,language:de,name:de v:0,agroup:s,name:v"
    kind = LadderKind(segments="fmp4", separate_audio=True, more=("-map", "0:a", "-var_stream_map", streams))
    made = make(FILM, tmp_path / "film")
    with stream_server() as server:
        make_ladder(made, tmp_path / "sounds", kind)
        home = server.put(tmp_path / "sounds", "sounds")
        await said(way, "sounds", f"{home}/main.m3u8")
        assert await found(way, "sounds") == [("used", None)]
        moment = await clipped(way, title="sounds", start=SPAN[0], end=SPAN[1])
        base = f"/m/{moment['code']}/"
        main = (await way.http.get(f"{base}clip.m3u8")).text
        spoken = re.findall(r'#EXT-X-MEDIA:TYPE=AUDIO.*?LANGUAGE="(\w+)".*', main)
        assert sorted(spoken) == ["de", "en"], main
        tracks = [line for line in main.splitlines() if line and line[0] != "#"]
        tracks += re.findall(r'TYPE=AUDIO.*?URI="([^"]+)"', main)
        assert len(set(tracks)) == 3
        for delivery, ours in (("ours", True), ("direct", False)):
            way.runtime.settings.stream_delivery = delivery  # type: ignore[assignment]
            for track in set(tracks):
                at = urljoin(base, track)
                playlist = (await way.http.get(at)).text
                names = [line for line in playlist.splitlines() if line and line[0] != "#"]
                names += re.findall(r'URI="([^"]+)"', playlist)
                assert all(name.startswith(home) is not ours for name in names), playlist
                asked = len(server.asked)
                if ours:
                    assert {(await way.http.get(urljoin(at, name))).status_code for name in names} == {200}
                else:
                    assert all(name.removeprefix(server.home) in server.files for name in names)
                    assert len(server.asked) == asked, "nothing of it comes through here"
        way.runtime.settings.stream_delivery = "ours"
        async with worker(way):
            exact = tmp_path / "exact.mp4"
            exact.write_bytes((await come_for(way, f"{base}source.mp4")).content)
        assert [n for _, n in numbers(exact)] == FRAMES
