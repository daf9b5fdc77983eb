"""The commands of a Grid Engine of one node: `qsub`, `qstat`, `qacct` and `qdel`.

They take the options that the profile uses and no others, run jobs at once, and end those that
use more memory than they asked for. What is known of a job lies in a folder, a file each.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

COMMANDS = ("qsub", "qstat", "qacct", "qdel")
KILLED = 137  # by SIGKILL


def install(folder, python=sys.executable):
    """Writes the four commands into a folder; jobs are written to `jobs` in it."""
    (folder / "jobs").mkdir(parents=True)
    for name in COMMANDS:
        command = folder / name
        command.write_text(f'#!/bin/sh\nexec "{python}" "{__file__}" {name} "{folder}" "$@"\n')
        command.chmod(0o755)


def jobs(folder):
    """What is known of all jobs, in the order of their submission."""
    files = sorted((folder / "jobs").glob("*.json"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text()) for path in files]


def parse(words):
    parser = argparse.ArgumentParser(allow_abbrev=False, prefix_chars="-")
    for flag in ("-terse", "-cwd", "-V"):
        parser.add_argument(flag, action="store_true", required=True)
    for option in ("-S", "-j", "-o", "-N", "-q", "-P"):
        parser.add_argument(option, dest=option[1:])
    parser.add_argument("-l", dest="requests")
    parser.add_argument("-pe", dest="slots", nargs=2)
    parser.add_argument("script")
    return vars(parser.parse_args(words))


def qsub(folder, *words):
    asked = parse(words)
    number = 1 + len(jobs(folder))
    requests = dict(pair.split("=") for pair in asked["requests"].split(","))
    job = {
        "number": number,
        "name": asked["N"],
        "shell": asked["S"],
        "output": f"{asked['o']}/{asked['N']}.o{number}",
        "environment": asked["slots"][0],
        "slots": int(asked["slots"][1]),
        "requests": requests,
        "queue": asked["q"],
        "project": asked["P"],
        "script": asked["script"],
        "ended": None,
    }
    write(folder, job)
    subprocess.Popen(
        [sys.executable, __file__, "run", folder, str(number)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    print(number)


def write(folder, job):
    path = folder / "jobs" / f"{job['number']}.json"
    part = path.with_suffix(".part")
    part.write_text(json.dumps(job))
    part.replace(path)


def read(folder, number):
    return json.loads((folder / "jobs" / f"{number}.json").read_text())


def run(folder, number):
    """Runs one job to its end, as the engine's own process on the node."""
    job = read(folder, number)
    limit = job["slots"] * int(job["requests"]["h_vmem"].removesuffix("M")) * 2**20
    with Path(job["output"]).open("wb") as output:
        process = subprocess.Popen(
            [job["shell"], job["script"]],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        job["pid"] = process.pid
        write(folder, job)
        while process.poll() is None:
            if resident(process.pid) > limit:
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(0.05)
    status = process.returncode
    job["ended"] = {"failed": 100 * (status < 0), "exit_status": KILLED if status < 0 else status}
    write(folder, job)


def resident(pid):
    """The memory of a process and of all that it started, in bytes."""
    try:
        parent = psutil.Process(pid)
        return sum(part.memory_info().rss for part in [parent, *parent.children(recursive=True)])
    except psutil.Error:
        return 0


def qstat(folder, _, number):
    job = read(folder, number)
    if job["ended"]:
        sys.exit(f"Following jobs do not exist:\n{number}")
    print(f"job_number: {number}\njob_name: {job['name']}")


def qacct(folder, _, number):
    job = read(folder, number)
    if not job["ended"]:
        sys.exit(f"error: job id {number} not found")
    print("\n".join(f"{name:<13}{value}" for name, value in job["ended"].items()))


def qdel(folder, *numbers):
    for number in numbers:
        os.killpg(read(folder, number)["pid"], signal.SIGKILL)


if __name__ == "__main__":
    command, place, *rest = sys.argv[1:]
    {"qsub": qsub, "qstat": qstat, "qacct": qacct, "qdel": qdel, "run": run}[command](
        Path(place), *rest
    )
