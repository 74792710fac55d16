"""`get_file`: only whole files with the right hash, and nothing outside of their folder."""

import hashlib
import io
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from lamina import utils
from lamina.datasets.sources import SourceError, _StaySecure
from lamina.errors import ConfigError, FileFormatError
from lamina.utils import archives
from lamina.utils.downloads import DownloadError

CONTENT = b"a,b\n1,2\n"


@pytest.fixture
def served(tmp_path, monkeypatch):
    monkeypatch.setenv("LAMINA_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("LAMINA_DATASETS", raising=False)
    folder = tmp_path / "served"
    folder.mkdir()

    def serve(name: str, content: bytes) -> str:
        (folder / name).write_bytes(content)
        return (folder / name).as_uri()

    return serve


def tar_of(members, kind="w:gz") -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=kind) as tar:
        for member in members:
            info, content = member if isinstance(member[0], tarfile.TarInfo) else (tarfile.TarInfo(member[0]), member[1])  # fmt: skip
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return file.getvalue()


def zip_of(members) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members:
            archive.writestr(name, content)
    return file.getvalue()


def test_a_file_is_fetched_once_and_again_when_its_hash_is_another(served, tmp_path, capsys):
    origin = served("table.csv", CONTENT)
    path = utils.get_file(origin=origin)
    assert path == str(tmp_path / "home" / "datasets" / "table.csv")
    assert "Downloading data from" in capsys.readouterr().out
    served("table.csv", b"new")
    assert utils.get_file(origin=origin) == path
    assert capsys.readouterr().out == ""
    wanted = hashlib.sha256(b"new").hexdigest()
    assert Path(utils.get_file("table.csv", origin, file_hash=wanted)).read_bytes() == b"new"
    assert "fetched again" in capsys.readouterr().out
    served("table.csv", b"newer")
    assert Path(utils.get_file(origin=origin, force_download=True)).read_bytes() == b"newer"


@pytest.mark.parametrize(
    "options",
    [
        {"file_hash": hashlib.sha256(CONTENT).hexdigest()},
        {"file_hash": hashlib.md5(CONTENT).hexdigest()},
        {"file_hash": hashlib.md5(CONTENT).hexdigest(), "hash_algorithm": "md5"},
        {"md5_hash": hashlib.md5(CONTENT).hexdigest()},
    ],
)
def test_a_hash_decides(served, tmp_path, options):
    good, bad = served("good", CONTENT), served("bad", b"changed on its way")
    place = {"cache_dir": tmp_path / "cache", "cache_subdir": "files"}
    assert utils.get_file(origin=good, **place, **options) == str(tmp_path / "cache/files/good")
    with pytest.raises(FileFormatError, match="it is not kept"):
        utils.get_file(origin=bad, **place, **options)
    assert [path.name for path in (tmp_path / "cache/files").iterdir()] == ["good"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({}, "needs origin"),
        ({"origin": "http://somewhere.example/x"}, "reads https:// and file://"),
        ({"origin": "ftp://somewhere.example/x"}, "reads https:// and file://"),
        ({"origin": "https://somewhere.example/"}, "name without a folder"),
        ({"origin": "file:///x", "fname": "../x"}, "name without a folder"),
        ({"origin": "file:///x", "file_hash": "0", "hash_algorithm": "crc"}, "hash_algorithm"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_fetched(served, options, complaint):
    with pytest.raises(ConfigError, match=complaint):
        utils.get_file(**options)


def test_an_address_that_gives_nothing_is_one_clear_error(served, tmp_path):
    with pytest.raises(DownloadError, match=r"could not be fetched: .*No such file"):
        utils.get_file(origin=(tmp_path / "nowhere").as_uri())
    with pytest.raises(SourceError, match="not https"):
        _StaySecure().redirect_request(None, None, 302, "", {}, "http://plain.example/")


@pytest.mark.parametrize("pack", [tar_of, zip_of])
def test_archives_are_unpacked_as_in_keras(served, tmp_path, pack):
    origin = served("data.archive", pack([("in/a.csv", CONTENT), ("b.csv", b"")]))
    folder = tmp_path / "home" / "datasets"
    for fname, target in [("data.tar.gz", "data_extracted"), (None, "data.archive")]:
        path = utils.get_file(fname, origin, extract=True)
        assert path == str(folder / target)
        assert (folder / target / "in" / "a.csv").read_bytes() == CONTENT
        assert (folder / target / "b.csv").read_bytes() == b""
    assert (folder / "data.archive_archive").is_file()


def link(kind):
    info = tarfile.TarInfo("way/out")
    info.type, info.linkname = kind, "/etc/passwd"
    return info


def zip_link() -> bytes:
    info = zipfile.ZipInfo("way_out")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zip_of([(info, b"/etc/passwd")])


@pytest.mark.parametrize(
    ("archive", "complaint"),
    [
        (tar_of([("../out", b"x")]), "written elsewhere"),
        (tar_of([("/etc/out", b"x")]), "written elsewhere"),
        (tar_of([("a/../../out", b"x")]), "written elsewhere"),
        (zip_of([("../out", b"x")]), "written elsewhere"),
        (zip_of([("C:/out", b"x")]), "written elsewhere"),
        (zip_of([("..\\out", b"x")]), "written elsewhere"),
        (tar_of([(link(tarfile.SYMTYPE), b"")]), "link or a device"),
        (tar_of([(link(tarfile.LNKTYPE), b"")]), "link or a device"),
        (tar_of([(link(tarfile.FIFOTYPE), b"")]), "link or a device"),
        (zip_link(), "link or a device"),
        (tar_of([("a", bytes(5000))], "w")[:2000], "damaged"),
        (b"no archive", "no archive of the kind"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",
)
def test_an_archive_that_reaches_out_is_refused_and_leaves_nothing(
    served, tmp_path, archive, complaint
):
    origin = served("evil.bin", archive)
    with pytest.raises(FileFormatError, match=complaint):
        utils.get_file(origin=origin, extract=True, cache_dir=tmp_path / "cache")
    left = [path.name for path in (tmp_path / "cache" / "datasets").iterdir()]
    assert left == ["evil.bin_archive"]
    assert not (tmp_path / "out").exists()


def test_bombs_stop_at_the_caps(served, monkeypatch):
    monkeypatch.setattr(archives, "MOST_BYTES", 10_000)
    with pytest.raises(FileFormatError, match="more than 10,000 bytes"):
        utils.get_file(origin=served("a.tgz", tar_of([("a", bytes(20_000))])), extract=True)
    monkeypatch.setattr(archives, "MOST_MEMBERS", 3)
    with pytest.raises(FileFormatError, match="more than 3 members"):
        utils.get_file(
            origin=served("b.zip", zip_of([(str(i), b"") for i in range(4)])), extract=True
        )
    with pytest.raises(ConfigError, match="archive_format must be"):
        utils.get_file(origin=served("b.zip", b""), extract=True, archive_format="rar")
