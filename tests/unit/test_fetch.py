"""Sources are obtained whole or not at all, and nothing leaves its folder."""

import hashlib
import http.server
import io
import os
import stat
import subprocess
import tarfile
import threading
import zipfile
from typing import ClassVar

import pytest

from cxr.archive import unpack
from cxr.download import download
from cxr.errors import InputError
from cxr.fetch import content, obtain

WORDS = {"licence": "CC0", "citation": "somebody", "reader": "ieee8023"}
FILES = {"metadata.csv": b"a,b\n", "images/one.png": b"1" * 1000, "images/two.png": b"2"}


def fill(folder, files=FILES):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def held(folder):
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }


def directory(path):
    return WORDS | {"kind": "directory", "path": str(path)}


def test_a_directory_is_linked_with_its_provenance(tmp_path):
    source = fill(tmp_path / "source")
    provenance = obtain("d", directory(source), tmp_path / "out" / "d", None)
    assert held(tmp_path / "out" / "d") == FILES
    assert all(path.is_symlink() for path in (tmp_path / "out" / "d").rglob("*.png"))
    lines = sorted(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in FILES.items())
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    assert provenance["content_hash"] == expected
    assert provenance["files"] == 3
    assert provenance["bytes"] == sum(map(len, FILES.values()))
    assert provenance["origin"] == "local directory"
    assert provenance["licence"] == "CC0"


def test_the_content_hash_sees_names_and_bytes(tmp_path):
    hashes = {
        content(fill(tmp_path / "a"))["content_hash"],
        content(fill(tmp_path / "b", FILES | {"metadata.csv": b"a,c\n"}))["content_hash"],
        content(fill(tmp_path / "c", {f"x{name}": data for name, data in FILES.items()}))[
            "content_hash"
        ],
    }
    assert len(hashes) == 3
    assert content(fill(tmp_path / "d"))["content_hash"] == content(tmp_path / "a")["content_hash"]


def test_links_that_lead_out_are_left_out_and_named(tmp_path, caplog):
    source = fill(tmp_path / "source")
    (tmp_path / "secret").write_text("secret")
    (source / "leak.png").symlink_to(tmp_path / "secret")
    (source / "inside.png").symlink_to(source / "images" / "two.png")
    obtain("d", directory(source), tmp_path / "out", None)
    assert held(tmp_path / "out") == FILES | {"inside.png": b"2"}
    assert "leak.png" in caplog.text


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir()])
def test_a_missing_or_empty_directory_is_named_and_leaves_nothing(tmp_path, make):
    make(tmp_path / "source")
    with pytest.raises(InputError, match=r"source"):
        obtain("d", directory(tmp_path / "source"), tmp_path / "out" / "d", None)
    assert not (tmp_path / "out" / "d").exists()
    assert list((tmp_path / "out").iterdir()) == []


def test_a_source_replaces_what_was_there(tmp_path):
    fill(tmp_path / "out", {"old.png": b"old"})
    obtain("d", directory(fill(tmp_path / "source")), tmp_path / "out", None)
    assert held(tmp_path / "out") == FILES


def test_a_mirror_stands_in_for_a_download(tmp_path):
    fill(tmp_path / "mirror" / "upstream")
    source = WORDS | {
        "kind": "archive",
        "url": "https://example.org/a.zip",
        "sha256": None,
        "folder": "upstream",
    }
    provenance = obtain("d", source, tmp_path / "out", tmp_path / "mirror")
    assert held(tmp_path / "out") == FILES
    assert provenance["origin"] == "local mirror"
    assert provenance["url"] == "https://example.org/a.zip"
    with pytest.raises(InputError, match="mirror/other"):
        obtain("d", source | {"folder": "other"}, tmp_path / "out2", tmp_path / "mirror")


def test_a_synthetic_source_is_drawn(tmp_path):
    source = WORDS | {
        "kind": "synthetic",
        "patients": 4,
        "images_per_patient": 1.0,
        "image_size": 64,
        "variants": 1,
        "variant_strength": 1.0,
        "seed": 1,
    }
    provenance = obtain("d", source, tmp_path / "out", tmp_path)
    assert provenance["origin"] == "drawn by code"
    assert (tmp_path / "out" / "metadata.csv").is_file()


# --- git ---


@pytest.fixture
def repository(tmp_path):
    """A git repository with two commits; returns its folder and the first commit's id."""
    folder = fill(tmp_path / "repo", FILES | {"large/volume.bin": b"3" * 5000, "-odd": b"x"})

    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        done = subprocess.run(
            ["git", "-C", folder, *identity, *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    git("init", "--quiet")
    (folder / "escape").symlink_to("/etc/hostname")
    git("add", "--all")
    git("commit", "--quiet", "-m", "first")
    commit = git("rev-parse", "HEAD")
    (folder / "metadata.csv").write_text("later")
    git("commit", "--quiet", "--all", "-m", "second")
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    return folder, commit


def git_source(folder, commit, paths=("metadata.csv", "images")):
    return WORDS | {
        "kind": "git",
        "url": f"file://{folder}",
        "commit": commit,
        "paths": list(paths),
        "folder": "x",
    }


def test_only_the_wanted_paths_of_the_pinned_commit_are_checked_out(repository, tmp_path):
    provenance = obtain("g", git_source(*repository), tmp_path / "out", None)
    assert held(tmp_path / "out") == FILES
    assert provenance["revision"] == repository[1]
    assert provenance["origin"] == "git"


def test_without_paths_all_is_checked_out_but_links_that_lead_out(repository, tmp_path):
    obtain("g", git_source(*repository, paths=()), tmp_path / "out", None)
    assert set(held(tmp_path / "out")) == {*FILES, "large/volume.bin", "-odd"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"commit": "0" * 40}, "0000.*check the source's url and commit"),
        ({"url": "file:///nonexistent"}, "check the source's url and commit"),
        ({"url": "--upload-pack=touch /tmp/x"}, "can't begin with a dash"),
        ({"url": "ext::sh -c true"}, "check the source's url and commit"),
        ({"paths": ["nothing"]}, "has no path 'nothing'"),
    ],
)
def test_what_git_can_not_get_is_named_and_leaves_nothing(repository, tmp_path, changes, message):
    with pytest.raises(InputError, match=message):
        obtain("g", git_source(*repository) | changes, tmp_path / "out" / "g", None)
    assert list((tmp_path / "out").iterdir()) == []


# --- archives ---


def zipped(entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries:
            archive.writestr(name, body)
    return data.getvalue()


def tarred(*members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:gz") as archive:
        for info, body in members:
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return data.getvalue()


def member(name, kind=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
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
        (zipped([("a", b"x" * 999)])[:-30], "not a whole zip or tar archive"),
        (b"hello", "not a whole zip or tar archive"),
    ],
)
def test_a_hostile_archive_is_refused_by_its_entry(tmp_path, data, message):
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(InputError, match=message):
        unpack(tmp_path / "a", tmp_path / "out", max_bytes=1_000_000, max_entries=10)
    assert not (tmp_path / "evil").exists()


# --- downloads ---


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `body`; `script` says how each request misbehaves, in order."""

    body: ClassVar[bytes]
    script: ClassVar[list]
    requests: ClassVar[list]

    def do_GET(self):
        turn = self.script.pop(0) if self.script else "serve"
        self.requests.append((self.path, self.headers.get("Range")))
        if turn == "fail":
            return self.send_error(500)
        if turn == "redirect":
            self.send_response(302)
            self.send_header("Location", "/moved")
            return self.end_headers()
        start = 0
        asked = self.headers.get("Range")
        if asked and turn != "ignore range":
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        rest = self.body[start:]
        self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        self.wfile.write(rest[: len(rest) // 2] if turn == "cut" else rest)
        return None

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    """The handler class and the address of a server on loopback."""
    handler = type(
        "Handler", (Server,), {"script": [], "requests": [], "body": os.urandom(300_000)}
    )
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{running.server_port}/a.zip"
    running.shutdown()
    thread.join()


def sha256(data):
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("script", "resumed", "pauses"),
    [
        ([], 0, []),
        (["fail", "fail"], 0, [1, 2]),
        (["redirect"], 0, []),
        (["cut"], 1, [1]),
        (["cut", "cut", "cut"], 3, [1, 2, 4]),
        (["cut", "ignore range"], 1, [1]),
    ],
)
def test_a_download_survives_what_servers_do(server, tmp_path, script, resumed, pauses):
    handler, url = server
    handler.script[:] = script
    waited = []
    path = download(url, sha256(handler.body), tmp_path, pause=waited.append)
    assert path.read_bytes() == handler.body
    assert sum(asked is not None for _, asked in handler.requests) == resumed
    assert waited == pauses


def test_a_part_of_an_earlier_run_is_resumed(server, tmp_path):
    handler, url = server
    handler.script[:] = ["cut"] + ["fail"] * 4
    with pytest.raises(InputError, match="not obtained in 5 attempts"):
        download(url, None, tmp_path, pause=lambda seconds: None)
    handler.requests.clear()
    assert download(url, None, tmp_path, pause=lambda seconds: None).read_bytes() == handler.body
    [(_, asked)] = handler.requests
    assert 100_000 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 150_000


def test_another_checksum_is_never_taken(server, tmp_path):
    _, url = server
    with pytest.raises(InputError, match=f"its SHA-256 is .*, not {'0' * 64}"):
        download(url, "0" * 64, tmp_path / "cache", pause=lambda s: None)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_archive_source_is_downloaded_unpacked_and_recorded(server, tmp_path):
    handler, url = server
    handler.body = zipped(FILES.items())
    source = WORDS | {"kind": "archive", "url": url, "sha256": None, "folder": "x"}
    provenance = obtain("a", source, tmp_path / "out" / "a", None)
    assert held(tmp_path / "out" / "a") == FILES
    assert provenance["archive_sha256"] == sha256(handler.body)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]
