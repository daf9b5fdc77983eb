"""The scripts of rules in processes that begin with their imports done.

Snakemake starts a script with `sys.executable`. Here that is a small client that hands its
arguments, environment, folder and streams to a server, which forks for it and tells it the exit
status. A client that is killed takes its script with it.
"""

import atexit
import contextlib
import gc
import json
import multiprocessing
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path

CLIENT = """#!{python} -SE
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
server.sendall(request)
answer = server.recv(1)
os._exit(answer[0] if answer else 1)
"""


# Libraries read what begins so when they are loaded, which is before a fork.
READ_AT_IMPORT = ("ATEN_", "CUDA_", "DNNL_", "MKL_", "MPL", "NUMBA_", "ONEDNN_", "OPENBLAS_")


def can_fork(environment):
    """Whether libraries that are loaded already compute as they would with an environment."""
    return all(
        os.environ.get(name) == environment.get(name)
        for name in os.environ | environment
        if name.startswith(READ_AT_IMPORT)
    )


@contextlib.contextmanager
def forked_jobs():
    """For the length of a block `sys.executable` runs a script in a fork of this process."""
    real = sys.executable
    address = f"\0jobs-{os.getpid()}"  # of no file: a fork that ends deletes nothing
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        server = os.fork()
        if not server:
            _serve(listener)
    with tempfile.TemporaryDirectory() as folder:
        client = Path(folder, "python")
        client.write_text(CLIENT.format(python=real, address=address))
        client.chmod(0o755)
        sys.executable = str(client)
        try:
            yield
        finally:
            sys.executable = real
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)


def _serve(listener):
    """Forks for each client; ends with the process that it serves."""
    gc.freeze()  # what is loaded stays
    served = select.poll()
    parent = os.pidfd_open(os.getppid())
    served.register(parent, select.POLLIN)
    served.register(listener, select.POLLIN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the forks
    while True:
        if parent in [descriptor for descriptor, _ in served.poll()]:
            os._exit(0)
        connection, _ = listener.accept()
        with connection:
            if not os.fork():
                listener.close()
                os._exit(_attend(connection))


def _attend(connection):
    """Runs one client's script and tells the client its status; ends it with the client."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    header, streams, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as stream:
        arguments, folder, environment = json.loads(stream.read(int.from_bytes(header, "big")))
    script = os.fork()
    if not script:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
            os.close(descriptor)
        connection.close()
        os._exit(_run(arguments, folder, environment))
    for descriptor in streams:
        os.close(descriptor)
    ended = os.pidfd_open(script)
    ready, _, _ = select.select([ended, connection], [], [])
    if ended not in ready:
        os.kill(script, signal.SIGTERM)
    _, status = os.waitpid(script, 0)
    code = os.waitstatus_to_exitcode(status)
    with contextlib.suppress(OSError):
        connection.sendall(bytes([code if code >= 0 else 128 - code]))
    return 0


def _run(arguments, folder, environment):
    """The script as Python itself would run it; its exit status."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    multiprocessing.set_start_method(None, force=True)  # the default, of a new interpreter
    sys.argv = arguments
    sys.path.insert(0, str(Path(arguments[0]).parent))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException as error:  # noqa: BLE001 - the hook says it, as Python's own end would
        sys.excepthook(type(error), error, error.__traceback__)
        code = 1
    else:
        code = 0
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code
