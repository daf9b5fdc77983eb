"""A server that answers as the Hugging Face hub does, for files of a folder."""

import hashlib
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OWNER_NAME = "owner/encoder"


@contextmanager
def hub_of(folder, *, name=OWNER_NAME, gated=None, damage=None, licence="mit"):
    """The address of a hub with one model.

    Parameters
    ----------
    folder : Path
        Its files.
    name : str
        Its name.
    gated : int, optional
        The status with which files are refused.
    damage : {"cut", "flip"}, optional
        What happens to the weights on their way.
    licence : str
        As the model's card states it.
    """

    class Answer(_Answer):
        pass

    Answer.folder, Answer.name = folder, name
    Answer.gated, Answer.damage, Answer.licence = gated, damage, licence
    Answer.asked = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", Answer.asked
        finally:
            server.shutdown()


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *words):
        pass

    def do_HEAD(self):
        self.answer()

    def do_GET(self):
        self.answer()

    def answer(self):
        path = urlsplit(self.path).path.strip("/")
        api, files = f"api/models/{self.name}", f"{self.name}/resolve/"
        if path.startswith(files):
            self.file(*path.removeprefix(files).split("/", 1))
        elif path in (api, f"{api}/revision/{COMMIT}"):
            self.send(200, json.dumps(self.model()).encode(), {"Content-Type": "application/json"})
        elif path.startswith(f"{api}/"):
            self.refuse(404, "RevisionNotFound")
        else:
            self.refuse(401, "RepoNotFound")

    def model(self):
        files = sorted(path for path in self.folder.iterdir() if path.is_file())
        return {
            "id": self.name,
            "sha": COMMIT,
            "cardData": {"license": self.licence},
            "siblings": [{"rfilename": path.name, **self.pointer(path)} for path in files],
        }

    def pointer(self, path):
        if path.suffix in (".json", ".md", ".py"):
            return {"size": path.stat().st_size}
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        size = path.stat().st_size
        return {"size": size, "lfs": {"sha256": digest, "size": size, "pointerSize": 134}}

    def file(self, revision, name):
        self.asked.append((self.command, name))
        if self.gated is not None:
            return self.refuse(self.gated, "GatedRepo")
        if revision != COMMIT:
            return self.refuse(404, "RevisionNotFound")
        data = (self.folder / name).read_bytes()
        etag = hashlib.sha256(data).hexdigest()
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT}
        is_weights = not name.endswith((".json", ".md"))
        if self.damage == "flip" and is_weights:
            data = data[:-1] + bytes([data[-1] ^ 1])
        return self.send(200, data, headers, cut=self.damage == "cut" and is_weights)

    def refuse(self, status, code):
        self.send(status, b"{}", {"X-Error-Code": code, "X-Error-Message": f"{code}: no"})

    def send(self, status, data, headers, *, cut=False):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[: len(data) // 2] if cut else data)
        if cut:
            self.close_connection = True
