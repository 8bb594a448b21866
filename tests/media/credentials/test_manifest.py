"""Content credentials: written by us, read back by the reference library."""

from pathlib import Path

import av
import c2pa
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from groundswell.media import ClipRequest, cut, poster, sign_bounded
from groundswell.media.credentials.manifest import Manifest, edits_of, read_credentials, sign
from groundswell.media.credentials.signer import Signer, make_test_signer
from groundswell.media.errors import MediaError
from tests.media.conftest import FilmMaker
from tests.media.exactness import assert_well_formed
from tests.media.film import Film, numbers

MANIFEST = Manifest(
    title="Ångström’s Tide",
    title_id="https://vod.example/title/7",
    moment="The wave, at last",
    moment_id="https://vod.example/m/abc",
    service="Example VOD",
    start_us=61_500_000,
    end_us=91_500_040,
    edits=edits_of("vertical", captions=True),
)


@pytest.fixture
def signer(tmp_path: Path) -> tuple[Signer, bytes]:
    folder = tmp_path / "keys"
    folder.mkdir()
    anchor = make_test_signer(folder / "signer.pem", "Example VOD")
    return Signer.read(folder / "signer.pem"), anchor


@pytest.fixture
def clip(film_of: FilmMaker, tmp_path: Path) -> Path:
    cut(film_of(Film()), ClipRequest(start_us=300_000, end_us=1_700_000), tmp_path / "clip.mp4")
    return tmp_path / "clip.mp4"


def test_a_signed_clip_names_title_moment_and_service(clip: Path, signer: tuple[Signer, bytes]) -> None:
    before = numbers(clip)
    sign(clip, MANIFEST, signer[0])
    found = read_credentials(clip, anchors=signer[1])
    assert found is not None
    assert (found.state, found.title, found.parent) == ("Trusted", MANIFEST.moment, MANIFEST.title)
    assert found.issuer == "Example VOD"
    assert found.actions == (
        "c2pa.opened",
        "c2pa.trimmed",
        "c2pa.cropped",
        "c2pa.resized",
        "c2pa.transcoded",
        "c2pa.addedText",
    )
    assert found.said["moment_id"] == MANIFEST.moment_id
    assert (found.said["service"], found.said["start_us"]) == ("Example VOD", 61_500_000)
    assert numbers(clip) == before, "signing moved frames"
    assert_well_formed(clip)


def test_the_sound_of_a_signed_clip_is_what_it_was(clip: Path, signer: tuple[Signer, bytes]) -> None:
    def sound() -> list[bytes]:
        with av.open(str(clip)) as container:
            return [bytes(p) for p in container.demux(audio=0) if p.size]

    before = sound()
    sign(clip, MANIFEST, signer[0])
    assert sound() == before


def test_a_signed_picture(film_of: FilmMaker, tmp_path: Path, signer: tuple[Signer, bytes]) -> None:
    picture = tmp_path / "poster.jpg"
    poster(film_of(Film()), 0, picture)
    sign(picture, MANIFEST, signer[0])
    found = read_credentials(picture)
    assert found is not None
    assert (found.state, found.title) == ("Valid", MANIFEST.moment)


def test_a_changed_picture_is_found_out(clip: Path, signer: tuple[Signer, bytes]) -> None:
    sign(clip, MANIFEST, signer[0])
    data = bytearray(clip.read_bytes())
    data[data.index(b"mdat") + 600] ^= 1
    clip.write_bytes(data)
    found = read_credentials(clip, anchors=signer[1])
    assert found is not None
    assert found.state == "Invalid"


def test_a_stranger_is_not_trusted(clip: Path, signer: tuple[Signer, bytes], tmp_path: Path) -> None:
    sign(clip, MANIFEST, signer[0])
    stranger = make_test_signer(tmp_path / "other.pem", "Somebody Else")
    found = read_credentials(clip, anchors=stranger)
    assert found is not None
    assert found.state != "Trusted"


def test_a_file_without_credentials(clip: Path) -> None:
    assert read_credentials(clip) is None


def test_no_time_stamp_authority_is_asked(clip: Path, signer: tuple[Signer, bytes]) -> None:
    sign(clip, MANIFEST, signer[0])
    with c2pa.Reader(str(clip)) as reader:
        active = reader.get_active_manifest()
    assert active is not None
    assert active["signature_info"]["alg"] == "Es256"
    assert "time" not in active["signature_info"]


async def test_a_bounded_child_signs(clip: Path, tmp_path: Path, signer: tuple[Signer, bytes]) -> None:
    await sign_bounded(clip, MANIFEST, tmp_path / "keys" / "signer.pem")
    found = read_credentials(clip, anchors=signer[1])
    assert found is not None
    assert found.state == "Trusted"


def test_what_cannot_be_signed_is_left_as_it_was(tmp_path: Path, signer: tuple[Signer, bytes]) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom" + b"\xff" * 64)
    (tmp_path / "text.mp4").write_text("no film")
    for name in ("broken.mp4", "text.mp4"):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(MediaError) as caught:
            sign(tmp_path / name, MANIFEST, signer[0])
        assert caught.value.code == "cannot_sign"
        assert (tmp_path / name).read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} == {"keys", "broken.mp4", "text.mp4"}


def test_certificates_that_will_not_do(tmp_path: Path) -> None:
    make_test_signer(tmp_path / "a.pem", "A")
    make_test_signer(tmp_path / "b.pem", "B")
    good, other = (tmp_path / "a.pem").read_bytes(), (tmp_path / "b.pem").read_bytes()
    marker = b"-----BEGIN CERTIFICATE-----"
    small = ec.generate_private_key(ec.SECP192R1())
    weak = small.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    mixed = other[: other.index(marker)] + good[good.index(marker) :]
    for pem in (b"", b"nonsense", good[: good.index(marker)], good[good.index(marker) :], mixed, weak):
        with pytest.raises(MediaError) as caught:
            Signer.parse(pem)
        assert caught.value.code == "bad_certificate"
    with pytest.raises(MediaError) as caught:
        Signer.read(tmp_path / "absent.pem")
    assert caught.value.code == "bad_certificate"


def test_the_key_is_its_owners_alone_and_never_printed(tmp_path: Path, signer: tuple[Signer, bytes]) -> None:
    assert (tmp_path / "keys" / "signer.pem").stat().st_mode & 0o077 == 0
    assert "PRIVATE" not in repr(signer[0])


def test_edits_say_what_was_done() -> None:
    assert edits_of("source", mode="smart") == ("c2pa.trimmed",)
    assert edits_of("source") == ("c2pa.trimmed", "c2pa.transcoded")
    assert edits_of("wide") == ("c2pa.trimmed", "c2pa.resized", "c2pa.transcoded")
