"""Git sources: the pinned commit, whatever the connection does."""

import gzip
import http.server
import os
import subprocess
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from cxr.core.errors import InputError
from cxr.download.sources import Source, obtain_source
from tests.helpers.obtaining import FILES, fill, held


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Retries do not wait."""
    monkeypatch.setattr("cxr.download.git.time.sleep", lambda seconds: None)


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
    (folder / "secrets").symlink_to("/etc")
    (folder / "circle").symlink_to("circle")
    (folder / "images" / "nothing.png").symlink_to("none.png")
    (folder / "again").symlink_to("images")
    git("add", "--all")
    git("commit", "--quiet", "-m", "first")
    commit = git("rev-parse", "HEAD")
    (folder / "metadata.csv").write_text("later")
    git("commit", "--quiet", "--all", "-m", "second")
    git("config", "uploadpack.allowFilter", "true")
    git("config", "uploadpack.allowAnySHA1InWant", "true")
    return folder, commit


def git_source(folder, commit, paths=("metadata.csv", "images")):
    return {
        "kind": "git",
        "url": f"file://{folder}",
        "commit": commit,
        "paths": list(paths),
        "folder": "x",
    }


def test_only_the_wanted_paths_of_the_pinned_commit_are_checked_out(repository, tmp_path):
    provenance = obtain_source("g", Source.of(git_source(*repository), None), tmp_path / "out")
    assert held(tmp_path / "out") == FILES
    assert provenance["revision"] == repository[1]
    assert provenance["origin"] == "git"


def test_without_paths_all_is_checked_out_but_links_that_lead_out(repository, tmp_path):
    obtain_source("g", Source.of(git_source(*repository, paths=()), None), tmp_path / "out")
    assert set(held(tmp_path / "out")) == {*FILES, "large/volume.bin", "-odd"}
    links = [path.name for path in (tmp_path / "out").rglob("*") if path.is_symlink()]
    assert links == ["again"]


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
        obtain_source(
            "g", Source.of(git_source(*repository) | changes, None), tmp_path / "out" / "g"
        )
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("by_filter", ["true", "false"])
def test_a_commit_that_expands_too_far_is_refused_before_it_is_written(
    repository, tmp_path, monkeypatch, by_filter
):
    folder, _ = repository
    (folder / "images" / "zeros.png").write_bytes(bytes(10**6))
    git = ["git", "-C", folder, "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "add", "images"], check=True)
    subprocess.run([*git, "commit", "--quiet", "-m", "bomb"], check=True)
    subprocess.run([*git, "config", "uploadpack.allowFilter", by_filter], check=True)
    monkeypatch.setattr("cxr.download.archive.ALWAYS_ALLOWED", 10**5)
    written = []
    monkeypatch.setattr("cxr.download.git.remove_stray_links", written.append)
    last = subprocess.check_output([*git, "rev-parse", "HEAD"], text=True).strip()
    source = Source.of(git_source(folder, last), None)
    with pytest.raises(InputError, match=r"the files expand to more than \d+ bytes"):
        obtain_source("g", source, tmp_path / "out" / "g")
    assert written == []
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
    obtain_source("g", Source.of(source, None), tmp_path / "out")
    assert held(tmp_path / "out") == FILES


@pytest.mark.parametrize("script", [[40], [10**9, 40], [40, 40]])
def test_a_connection_cut_half_way_is_tried_again(git_server, tmp_path, script):
    handler, address, commit = git_server
    handler.script[:] = script
    obtain_source(
        "g", Source.of(git_source("", commit) | {"url": f"{address}/repo"}, None), tmp_path / "out"
    )
    assert held(tmp_path / "out") == FILES
    assert handler.script == []


@pytest.mark.parametrize(
    ("commit", "path", "script"),
    [("0" * 40, "/repo", []), (None, "/nothing", []), (None, "/repo", [40] * 9)],
)
def test_what_a_git_server_does_not_give_leaves_nothing(git_server, tmp_path, commit, path, script):
    handler, address, present = git_server
    handler.script[:] = script
    source = git_source("", commit or present) | {"url": address + path}
    with pytest.raises(InputError, match="check the source's url and commit"):
        obtain_source("g", Source.of(source, None), tmp_path / "out" / "g")
    assert list((tmp_path / "out").iterdir()) == []
