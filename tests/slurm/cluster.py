"""A private SLURM of one node: its own munge, controller and daemon in a folder of its own.

Nothing of a cluster that is already there is touched: configuration, sockets,
ports and state are all in the folder.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

DAEMONS = ("munged", "mungekey", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo")
# Where daemons are, whoever the user is. Read at once: tests put a client of no cluster first.
SEARCH_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin", "/sbin"])
CPUS = 8  # more than the machine may have: a rule's threads must fit on the node
MEMORY = 16_000  # megabytes, declared likewise

CONFIGURATION = """\
ClusterName=cxr
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
SlurmctldPort={controller_port}
SlurmdPort={daemon_port}
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmdSpoolDir={folder}/spool
StateSaveLocation={folder}/state
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_min_interval=0,batch_sched_delay=0,bf_interval=1
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
JobCompType=jobcomp/filetxt
JobCompLoc={folder}/jobs.txt
MinJobAge=7200
KillWait=2
OverTimeLimit=0
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:2 Features=a100,h100
PartitionName=work Nodes={host} Default=YES MaxTime=INFINITE State=UP
PartitionName=standard Nodes={host} MaxTime=INFINITE State=UP
PartitionName=gpu Nodes={host} MaxTime=INFINITE State=UP
"""
# Two devices that every machine has stand for cards.
GPUS = "AutoDetect=off\nName=gpu File=/dev/null\nName=gpu File=/dev/zero\n"


class Cluster:
    """A running private cluster.

    Attributes
    ----------
    environment : dict
        What a process needs to reach this cluster and no other.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "slurm.conf"
        clients = folder / "bin"
        clients.mkdir()
        # The plugin takes all variables of SLURM from its jobs, SLURM_CONF as well.
        for name in CLIENTS:
            call = (
                f'SLURM_CONF={self.configuration} exec {shutil.which(name, path=SEARCH_PATH)} "$@"'
            )
            (clients / name).write_text(f"#!/bin/sh\n{call}\n")
            (clients / name).chmod(0o755)
        self.environment = os.environ | {"PATH": f"{clients}{os.pathsep}{SEARCH_PATH}"}

    def call(self, *command: str, check: bool = True) -> str:
        """The output of one of SLURM's commands."""
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=False
        )
        assert not check or done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout

    def jobs(self) -> list[dict[str, str]]:
        """Every job that the controller remembers, a mapping of scontrol's words each."""
        text = self.call("scontrol", "--oneliner", "show", "jobs")
        lines = [line for line in text.splitlines() if line.startswith("JobId=")]
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def rule_of(self, job: dict[str, str]) -> str:
        """The rule that a job was submitted for."""
        return job["Comment"].removeprefix("rule_").partition("_wildcards_")[0]

    def wait_for(self, found, timeout: float = 600.0):
        """The first true value that `found` returns."""
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            value = found()
            if value:
                return value
            time.sleep(0.1)
        raise AssertionError(f"nothing within {timeout:.0f} s; jobs: {self.jobs()}")

    def node(self, state: str, reason: str = "a test") -> None:
        """Drains or resumes the node."""
        self.call(
            "scontrol",
            "update",
            f"nodename={socket.gethostname()}",
            f"state={state}",
            f"reason={reason}",
        )


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def started(folder: Path) -> Iterator[Cluster]:
    """A cluster in `folder` for the length of a block."""
    needed = [*DAEMONS, *CLIENTS]
    missing = [name for name in needed if shutil.which(name, path=SEARCH_PATH) is None]
    assert not missing, f"install slurm-wlm and munge: there is no {', '.join(missing)}"
    cluster, user = Cluster(folder), pwd.getpwuid(os.geteuid()).pw_name
    for name in ("state", "spool", "munge"):
        (folder / name).mkdir(parents=True)
    cluster.configuration.write_text(
        CONFIGURATION.format(
            folder=folder,
            host=socket.gethostname(),
            user=user,
            controller_port=free_port(),
            daemon_port=free_port(),
            cpus=CPUS,
            memory=MEMORY,
        )
    )
    (folder / "gres.conf").write_text(GPUS)
    with contextlib.ExitStack() as running:
        running.enter_context(munge(folder / "munge"))
        for command in (["slurmctld", "-D", "-c"], ["slurmd", "-D", "-c"]):
            command += ["-f", str(cluster.configuration)]
            running.enter_context(daemon(command, cluster.environment, folder))
        cluster.wait_for(
            lambda: "idle" in cluster.call("sinfo", "--noheader", "--format=%t", check=False), 60
        )
        yield cluster
        cluster.call("scancel", "--full", "--quiet", f"--user={user}", check=False)


@contextlib.contextmanager
def munge(folder: Path) -> Iterator[None]:
    """A munge daemon; it refuses to run as root, then its package's user runs it."""
    user = "munge" if os.geteuid() == 0 else None
    if user is not None:
        shutil.chown(folder, user)
    key, sock = folder / "key", folder / "socket"
    subprocess.run(
        ["mungekey", "--create", f"--keyfile={key}"],
        env=os.environ | {"PATH": SEARCH_PATH},
        user=user,
        check=True,
    )
    command = [
        "munged",
        "--foreground",
        f"--socket={sock}",
        f"--key-file={key}",
        f"--pid-file={folder / 'pid'}",
        f"--log-file={folder / 'log'}",
        f"--seed-file={folder / 'seed'}",
    ]
    with daemon(command, dict(os.environ), folder, user):
        end = time.monotonic() + 20
        while not sock.exists():
            assert time.monotonic() < end, "munged did not start"
            time.sleep(0.05)
        yield


@contextlib.contextmanager
def daemon(
    command: list[str], environment: dict[str, str], folder: Path, user: str | None = None
) -> Iterator[None]:
    """A daemon in the foreground, which ends with the block, or with this process."""
    command = ["setpriv", "--pdeathsig", "TERM", *command]
    with (folder / "out.log").open("ab") as out:
        process = subprocess.Popen(
            command,
            env=environment | {"PATH": SEARCH_PATH},
            stdout=out,
            stderr=out,
            user=user,
            start_new_session=True,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
