"""Archives are unpacked inside their folder or refused by the entry."""

import errno
import io
import resource
import stat
import tarfile
import zipfile

import numpy as np
import pytest

from cxr.core.errors import InputError
from cxr.download.archive import unpack
from tests.helpers.obtaining import FILES, held, zipped


def tarred(*members, compression="gz"):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode=f"w:{compression}") as archive:
        for info, body in members:
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return data.getvalue()


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def sparse(name):
    """A member that says that its data begin with the list of their pieces."""
    info = member(name)
    version = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    info.pax_headers = version | {"GNU.sparse.realsize": "9"}
    return info


def linked_zip():
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped([(info, "/etc/passwd")])


@pytest.mark.parametrize("pack", [zipped, lambda e: tarred(*((member(n), b) for n, b in e))])
def test_archives_are_unpacked_without_the_junk_of_desktops(tmp_path, pack):
    junk = [("__MACOSX/images/._one.png", b"junk"), ("images/.DS_Store", b"junk")]
    (tmp_path / "a").write_bytes(pack([*FILES.items(), *junk]))
    unpack(tmp_path / "a", tmp_path / "out")
    assert held(tmp_path / "out") == FILES


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped([("../evil", b"x")]), r"'\.\./evil' would leave"),
        (zipped([("/evil", b"x")]), "'/evil' would leave"),
        (zipped([("a\\..\\..\\evil", b"x")]), "would leave"),
        (zipped([("C:/evil", b"x")]), "would leave"),
        (zipped([("e\nvil", b"x")]), "control characters"),
        (linked_zip(), "'link' is a link or a device"),
        (tarred((member("../evil"), b"x")), "would leave"),
        (tarred((member("l", tarfile.SYMTYPE, "/etc/passwd"), b"")), "'l' is a link or a device"),
        (tarred((member("h", tarfile.LNKTYPE, "../../x"), b"")), "'h' is a link or a device"),
        (tarred((member("d", tarfile.CHRTYPE), b"")), "'d' is a link or a device"),
        (zipped([("bomb", b"0" * 2_000_000)]), "'bomb' passes the limit of 1000000 bytes"),
        (zipped([(f"f{i}", b"") for i in range(11)]), "'f10' is one of more than 10 entries"),
        (tarred((member("bomb"), b"0" * 2_000_000)), "'bomb' passes the limit of 1000000 bytes"),
        (tarred((member("x", tarfile.XHDTYPE), bytes(2**21))), "1048576 bytes of name and notes"),
        (tarred((member("x", tarfile.GNUTYPE_LONGNAME), bytes(2**21))), "bytes of name and notes"),
        (tarred((member("x", tarfile.GNUTYPE_SPARSE), b"")), "is a sparse file"),
        (tarred((sparse("x"), b"99999\n" + bytes(2**16))), "is a sparse file"),
        (tarred((member("__MACOSX/a"), bytes(2**19)), (member("b"), bytes(2**19))), "'b' passes"),
        (zipped([("a/b", b"x"), ("a", b"x")]), "'a' can't be made: "),
        (tarred((member("a"), b"x"), (member("a"), b"x")), "'a' can't be made: File exists"),
        (zipped([("x" * 300, b"x")]), "'xxx.* can't be made: File name too long"),
        (zipped([("a", b"x" * 999)])[:-30], "not a whole zip or tar archive"),
        (b"hello", "not a whole zip or tar archive"),
    ],
    ids=lambda value: value if isinstance(value, str) else "archive",
)
def test_a_hostile_archive_is_refused_by_its_entry(tmp_path, data, message):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match=message):
        unpack(tmp_path / "a", tmp_path / "out", max_bytes=1_000_000, max_entries=10)
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("pack", [zipped, lambda e: tarred(*((member(n), b) for n, b in e))])
def test_nothing_of_an_entry_that_is_too_large_is_written(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack([("bomb", bytes(2_000_000))]))
    with pytest.raises(InputError, match="passes the limit"):
        unpack(tmp_path / "a", tmp_path / "out", max_bytes=1_000_000)
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_refused_by_how_much_it_grows(tmp_path, monkeypatch):
    monkeypatch.setattr("cxr.download.archive.ALWAYS_ALLOWED", 10**6)
    (tmp_path / "a").write_bytes(zipped([("images/zeros.png", bytes(30_000_000))]))
    with pytest.raises(InputError, match=r"'images/zeros.png' passes the limit of 1000000 bytes"):
        unpack(tmp_path / "a", tmp_path / "out")


NOISE = bytes(np.random.default_rng(0).integers(0, 256, 200_000, dtype=np.uint8))
TEXT = b"".join(b"image %d, patient %d\n" % (i, i**3) for i in range(20_000))


@pytest.mark.parametrize("body", [NOISE, TEXT], ids=["noise", "text"])
@pytest.mark.parametrize("compression", ["gz", "bz2", "xz", "zip"])
@pytest.mark.parametrize("length", [1, 40])
def test_a_damaged_archive_is_named_wherever_the_damage_is(tmp_path, body, compression, length):
    if compression == "zip":
        data = zipped([("a.png", body)])
    else:
        data = tarred((member("a.png"), body), compression=compression)
    middle = len(data) // 2
    spoilt = bytes(byte ^ 255 for byte in data[middle : middle + length])
    (tmp_path / "a").write_bytes(data[:middle] + spoilt + data[middle + length :])
    with pytest.raises(InputError, match=r"a: not a whole zip or tar archive.*obtain it again"):
        unpack(tmp_path / "a", tmp_path / "out")


@pytest.mark.parametrize(
    "spoil", [lambda data: data[:3072], lambda data: data[:3073] + b"?" + data[3074:]]
)
def test_a_tar_archive_without_its_end_or_a_whole_header_is_named(tmp_path, spoil):
    data = tarred(*((member(name), b"x" * 500) for name in "abcdef"), compression="")
    (tmp_path / "a").write_bytes(spoil(data))
    with pytest.raises(InputError, match="not a whole zip or tar archive"):
        unpack(tmp_path / "a", tmp_path / "out")


@pytest.fixture
def limited_files():
    """No file may grow beyond 10,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("pack", [zipped, lambda e: tarred(*((member(n), b) for n, b in e))])
def test_a_file_that_can_not_be_written_is_no_fault_of_the_archive(tmp_path, limited_files, pack):
    (tmp_path / "a").write_bytes(pack([("zeros", bytes(20_000))]))
    with pytest.raises(OSError, match="File too large") as error:
        unpack(tmp_path / "a", tmp_path / "out")
    assert error.value.errno == errno.EFBIG
