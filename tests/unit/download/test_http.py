"""Downloads survive what servers do, and only the right bytes are taken."""

import hashlib
import http.server
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import ClassVar

import pytest

from cxr.core.errors import InputError
from cxr.download.http import download
from cxr.download.sources import Source, obtain_source
from tests.helpers.obtaining import FILES, held, zipped


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
        requested = self.headers.get("Range")
        if requested and turn != "ignore range":
            start = int(requested.removeprefix("bytes=").removesuffix("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        rest = self.body[start:]
        length = {"too short": len(rest) - 9, "too long": len(rest) + 9}.get(turn, len(rest))
        self.send_header("Content-Length", str(length))
        if turn == "compress":
            self.send_header("Content-Encoding", "gzip")
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
        (["compress"], 0, [1]),
    ],
)
def test_a_download_survives_what_servers_do(
    server, tmp_path, monkeypatch, script, resumed, pauses
):
    monkeypatch.setattr("cxr.download.http.TIMEOUT_S", 1)
    handler, url = server
    handler.script[:] = script
    waited = []
    path = download([url], sha256(handler.body), tmp_path, pause=waited.append)
    assert path.read_bytes() == handler.body
    assert sum(start is not None for _, start in handler.requests) == resumed
    assert waited == pauses


def test_a_part_of_an_earlier_run_is_resumed(server, tmp_path):
    handler, url = server
    handler.script[:] = ["cut"] + ["fail"] * 4
    with pytest.raises(InputError, match="not obtained in 5 attempts"):
        download([url], None, tmp_path, pause=lambda seconds: None)
    handler.requests.clear()
    assert download([url], None, tmp_path, pause=lambda seconds: None).read_bytes() == handler.body
    [(_, start)] = handler.requests
    assert 100_000 < int(start.removeprefix("bytes=").removesuffix("-")) <= 150_000


@pytest.mark.parametrize("checked", [True, False])
def test_the_next_address_is_tried_when_one_fails(server, tmp_path, checked):
    handler, url = server
    handler.script[:] = ["cut"] + ["fail"] * 4
    digest = sha256(handler.body) if checked else None
    urls = [url, url.replace("a.zip", "b.zip")]
    path = download(urls, digest, tmp_path, pause=lambda seconds: None)
    assert path.read_bytes() == handler.body
    path, start = handler.requests[-1]
    assert path == "/b.zip"
    assert (start is not None) == checked


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
    return handler, Source.of(source, None)


def test_an_archive_source_is_downloaded_unpacked_and_recorded(archive, tmp_path):
    handler, source = archive
    provenance = obtain_source("a", source, tmp_path / "out" / "a")
    assert held(tmp_path / "out" / "a") == FILES
    assert provenance["archive_sha256"] == sha256(handler.body)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a", "a.sha256"]


def test_an_archive_without_a_published_checksum_stays_the_one_of_the_first_time(archive, tmp_path):
    handler, source = archive
    obtain_source("a", source, tmp_path / "a")
    obtain_source("a", source, tmp_path / "a")
    handler.body = zipped([("images/other.png", b"other")])
    with pytest.raises(InputError, match=r"when it was first obtained; delete .*a\.sha256"):
        obtain_source("a", source, tmp_path / "a")
    assert held(tmp_path / "a") == FILES
    (tmp_path / "a.sha256").unlink()
    obtain_source("a", source, tmp_path / "a")
    assert set(held(tmp_path / "a")) == {"images/other.png"}
