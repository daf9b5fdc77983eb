"""Sources are obtained whole or not at all, and nothing leaves its folder."""

import gzip
import hashlib
import http.server
import io
import os
import stat
import subprocess
import tarfile
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from cxr.archive import unpack
from cxr.download import download
from cxr.errors import InputError
from cxr.fetch import content, obtain

WORDS = {"licence": "CC0", "citation": "somebody", "reader": "ieee8023"}
FILES = {"metadata.csv": b"a,b\n", "images/one.png": b"1" * 1000, "images/two.png": b"2"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Nobody waits before git is asked again."""
    monkeypatch.setattr("cxr.fetch.time.sleep", lambda seconds: None)


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


class GitServer(http.server.BaseHTTPRequestHandler):
    """git's own http-backend; `script` says how each request misbehaves, in order."""

    root: ClassVar[Path]
    script: ClassVar[list]

    def do_GET(self):
        self.serve(b"")

    def do_POST(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.serve(body)

    def serve(self, body):
        path, _, query = self.path.partition("?")
        if path.startswith("/old/"):
            self.send_response(301)
            self.send_header("Location", self.path.replace("/old/", "/", 1))
            return self.end_headers()
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        environment = os.environ | {
            "GIT_PROJECT_ROOT": str(self.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "REMOTE_ADDR": "127.0.0.1",
            "REMOTE_USER": "",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=True
        )
        head, _, answer = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        self.send_response(int(headers.pop("Status", "200 OK").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command == "POST" and self.script:
            return self.wfile.write(answer[: self.script.pop(0)])
        return self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def git_server(repository):
    """The handler class and the address of a git server on loopback, and the commit."""
    folder, commit = repository
    handler = type("Handler", (GitServer,), {"root": folder.parent, "script": []})
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{running.server_port}", commit
    running.shutdown()
    thread.join()


@pytest.mark.parametrize("path", ["/repo", "/old/repo"])
def test_a_git_server_is_asked_for_one_commit_even_when_it_moved(git_server, tmp_path, path):
    _, address, commit = git_server
    source = git_source("", commit) | {"url": address + path}
    obtain("g", source, tmp_path / "out", None)
    assert held(tmp_path / "out") == FILES


@pytest.mark.parametrize("script", [[40], [10**9, 40], [10**9, 10**9, 40], [40, 40]])
def test_a_connection_cut_half_way_is_tried_again(git_server, tmp_path, script):
    handler, address, commit = git_server
    handler.script[:] = script
    obtain("g", git_source("", commit) | {"url": f"{address}/repo"}, tmp_path / "out", None)
    assert held(tmp_path / "out") == FILES
    assert handler.script == []


@pytest.mark.parametrize(
    ("commit", "path", "script"),
    [("0" * 40, "/repo", []), (None, "/nothing", []), (None, "/repo", [40] * 9)],
)
def test_what_a_git_server_does_not_give_leaves_nothing(git_server, tmp_path, commit, path, script):
    handler, address, known = git_server
    handler.script[:] = script
    source = git_source("", commit or known) | {"url": address + path}
    with pytest.raises(InputError, match="check the source's url and commit"):
        obtain("g", source, tmp_path / "out" / "g", None)
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


def test_a_bomb_is_refused_by_how_much_it_grows(tmp_path, monkeypatch):
    monkeypatch.setattr("cxr.archive.ALWAYS_ALLOWED", 10**6)
    (tmp_path / "a").write_bytes(zipped([("images/zeros.png", bytes(30_000_000))]))
    with pytest.raises(InputError, match=r"'images/zeros.png' passes the limit of 1000000 bytes"):
        unpack(tmp_path / "a", tmp_path / "out")


# --- downloads ---


class Server(http.server.BaseHTTPRequestHandler):
    """Serves `body`; `script` says how each request misbehaves, in order."""

    body: ClassVar[bytes]
    script: ClassVar[list]
    requests: ClassVar[list]
    released: ClassVar[threading.Event]

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
        length = {"too short": len(rest) - 9, "too long": len(rest) + 9}.get(turn, len(rest))
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(rest[: len(rest) // 2] if turn in ("cut", "stall") else rest)
        if turn == "stall":
            self.wfile.flush()
            self.released.wait(20)
        return None

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    """The handler class and the address of a server on loopback."""
    handler = type(
        "Handler",
        (Server,),
        {
            "script": [],
            "requests": [],
            "body": os.urandom(300_000),
            "released": threading.Event(),
        },
    )
    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield handler, f"http://127.0.0.1:{running.server_port}/a.zip"
    handler.released.set()
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
        (["stall"], 1, [1]),
        (["too long"], 1, [1]),
        (["too short"], 0, [1]),
    ],
)
def test_a_download_survives_what_servers_do(
    server, tmp_path, monkeypatch, script, resumed, pauses
):
    monkeypatch.setattr("cxr.download.TIMEOUT_S", 1)
    handler, url = server
    handler.script[:] = script
    waited = []
    path = download([url], sha256(handler.body), tmp_path, pause=waited.append)
    assert path.read_bytes() == handler.body
    assert sum(asked is not None for _, asked in handler.requests) == resumed
    assert waited == pauses


def test_a_part_of_an_earlier_run_is_resumed(server, tmp_path):
    handler, url = server
    handler.script[:] = ["cut"] + ["fail"] * 4
    with pytest.raises(InputError, match="not obtained in 5 attempts"):
        download([url], None, tmp_path, pause=lambda seconds: None)
    handler.requests.clear()
    assert download([url], None, tmp_path, pause=lambda seconds: None).read_bytes() == handler.body
    [(_, asked)] = handler.requests
    assert 100_000 < int(asked.removeprefix("bytes=").removesuffix("-")) <= 150_000


@pytest.mark.parametrize("checked", [True, False])
def test_the_next_address_is_tried_when_one_fails(server, tmp_path, checked):
    handler, url = server
    handler.script[:] = ["cut"] + ["fail"] * 4
    digest = sha256(handler.body) if checked else None
    urls = [url, url.replace("a.zip", "b.zip")]
    path = download(urls, digest, tmp_path, pause=lambda seconds: None)
    assert path.read_bytes() == handler.body
    path, asked = handler.requests[-1]
    assert path == "/b.zip"
    assert (asked is not None) == checked


def test_two_downloads_at_once_take_turns(server, tmp_path):
    handler, url = server
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(download, [url], sha256(handler.body), tmp_path) for _ in range(4)]
        assert {run.result().read_bytes() for run in runs} == {handler.body}


def test_another_checksum_is_never_taken(server, tmp_path):
    _, url = server
    with pytest.raises(InputError, match=f"its SHA-256 is .*, not {'0' * 64}"):
        download([url], "0" * 64, tmp_path / "cache", pause=lambda s: None)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


@pytest.fixture
def archive(server):
    """The server's handler, whose body is an archive, and the source."""
    handler, url = server
    handler.body = zipped(FILES.items())
    source = {"kind": "archive", "url": url, "mirrors": [], "sha256": None, "folder": "x"}
    return handler, WORDS | source


def test_an_archive_source_is_downloaded_unpacked_and_recorded(archive, tmp_path):
    handler, source = archive
    provenance = obtain("a", source, tmp_path / "out" / "a", None)
    assert held(tmp_path / "out" / "a") == FILES
    assert provenance["archive_sha256"] == sha256(handler.body)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "a.sha256"]


def test_an_archive_without_a_published_checksum_stays_the_one_of_the_first_time(archive, tmp_path):
    handler, source = archive
    obtain("a", source, tmp_path / "a", None)
    obtain("a", source, tmp_path / "a", None)
    handler.body = zipped([("images/other.png", b"other")])
    with pytest.raises(InputError, match=r"when it was first obtained; delete .*a\.sha256"):
        obtain("a", source, tmp_path / "a", None)
    assert held(tmp_path / "a") == FILES
    (tmp_path / "a.sha256").unlink()
    obtain("a", source, tmp_path / "a", None)
    assert set(held(tmp_path / "a")) == {"images/other.png"}
