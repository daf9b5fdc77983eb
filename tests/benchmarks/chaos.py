"""Does harm at random to a small study and its results, and tells how each ended.

    python tests/benchmarks/chaos.py --faults 200 --seed 1 --minutes 60

Between and during runs it kills jobs, drivers and whole groups of processes, flips and cuts files,
removes them, fills the disk, and takes permissions away. A round has one fault of a kind, in turn,
and up to three of files before it. After it the study runs again until it ends. Good endings are
the files of an undisturbed run, byte for byte (measured times aside), at the latest with the second
plain run, and, of every run that failed on the way without being killed, a line that says what is
wrong. As root it mounts a small disk for full disks.
"""

import argparse
import collections
import copy
import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

from tests.helpers.study import CORES, TIMED, TINY, scripts_in, untimed, workspace  # noqa: E402

# Root may do anything; the study runs without those rights.
RIGHTS = "-dac_override,-dac_read_search,-fowner"
PLAIN = ["setpriv", "--bounding-set", RIGHTS, "--inh-caps", RIGHTS] if os.geteuid() == 0 else []
LINE = re.compile(r"^\s*(error: \S.*|.*Write-protected output files.*)$", re.MULTILINE)
MOST_RUNS = 3  # plain runs that a round may take
MOST_BEFORE = 3  # faults of files before the one of a round


def small():
    """The study: every stage up to the report, as few jobs as that takes."""
    study = copy.deepcopy(TINY)
    study["embedding"] |= {"perplexities": [5, 10]}
    study["clustering"]["eps"] = [0.4, 0.8]
    study["evaluation"] = {
        "random_split": False,
        "leave_source_out": False,
        "folds": None,
        "baselines": False,
        "explained": 1,
    }
    study["evidence"] = study["similarity"] = None
    return study


@dataclass
class Run:
    """A run that has ended: its status and what it said."""

    status: int
    output: str


class Place:
    """A folder with a finished study, and what its files should be."""

    def __init__(self, folder):
        self.here = workspace(folder)
        self.here.write_config(small())
        self.folder = folder / "results" / "tiny"
        first = self.run()
        assert first.status == 0, first.output
        self.truth = self.files()

    def start(self):
        """Starts a plain run in a process group of its own."""
        command = [*PLAIN, *self.here.command("--cores", CORES)]
        return subprocess.Popen(
            command,
            cwd=self.here.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self):
        """A plain run to its end; a lock that a killed run left is removed first."""
        shutil.rmtree(self.here.path / ".snakemake" / "locks", ignore_errors=True)
        process = self.start()
        try:
            output, _ = process.communicate(timeout=900)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return Run(124, output)
        return Run(process.returncode, output)

    def files(self):
        """What the results hold, less what was set aside and times."""
        found = self.here.files("tiny")
        if "report.html" in found:
            found["report.html"] = untimed(found["report.html"])
        return {
            name: content
            for name, content in found.items()
            if name not in TIMED and not name.endswith(".damaged")
        }

    def results(self):
        """Every file below the results, in order."""
        places = (self.folder, self.folder.parent / "sources")
        return sorted(
            path
            for place in places
            for path in place.rglob("*")
            if path.is_file()
            and not path.name.startswith(".")
            and not {"logs", "benchmarks"} & set(path.relative_to(place).parts)
            and path.suffix != ".damaged"
            and path.stat().st_size
        )


def flip(place, rng):
    """One to three bytes, each in a random result."""
    chosen = rng.sample(place.results(), rng.randint(1, 3))
    for path in chosen:
        times, content = path.stat(), bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return [path.name for path in chosen], []


def cut(place, rng):
    """A random result ends early."""
    path = rng.choice(place.results())
    times = path.stat()
    os.truncate(path, rng.randrange(times.st_size))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    return [path.name], []


def remove(place, rng):
    """Some results are removed."""
    chosen = rng.sample(place.results(), rng.randint(1, 5))
    for path in chosen:
        path.unlink()
    return [path.name for path in chosen], []


def forget(place, rng):
    """Snakemake's records go, and all times are new in a random order."""
    shutil.rmtree(place.here.path / ".snakemake")
    paths = [path for path in (place.here.path / "results").rglob("*") if path.is_file()]
    rng.shuffle(paths)
    now = time.time()
    for second, path in enumerate(paths):
        os.utime(path, (now, now - second))
    return [f"{len(paths)} files"], []


def _during(place, rng, harm):
    """Starts a run with some results removed, does harm at a random time, and waits."""
    removed, _ = remove(place, rng)
    process = place.start()
    until = time.monotonic() + rng.uniform(3, 25)
    while time.monotonic() < until and process.poll() is None:
        time.sleep(0.05)
    done = harm(process)
    output, _ = process.communicate(timeout=900)
    return [*removed, *done], [Run(process.returncode, output)] if done == ["missed"] else []


def kill_job(place, rng):
    """The process of a job is killed."""

    def harm(process):
        while process.poll() is None:
            jobs = scripts_in(place.here.path)
            if jobs:
                number = rng.choice(sorted(jobs))
                os.kill(number, signal.SIGKILL)
                return [f"killed {jobs[number]}"]
            time.sleep(0.02)
        return ["missed"]

    return _during(place, rng, harm)


def kill_driver(place, rng):
    """Snakemake is killed; its jobs live on beside those of the next run."""

    def harm(process):
        if process.poll() is not None:
            return ["missed"]
        left = sorted(scripts_in(place.here.path).values())
        process.kill()
        process.stdout.close()
        process.wait()
        process.communicate = lambda timeout: ("", None)
        return [f"orphaned {left}"]

    return _during(place, rng, harm)


def kill_group(place, rng):
    """Snakemake and all its jobs are killed."""

    def harm(process):
        if process.poll() is not None:
            return ["missed"]
        os.killpg(process.pid, signal.SIGKILL)
        return ["killed all"]

    return _during(place, rng, harm)


def fill_disk(place, rng):
    """The disk of the results has little space left for a run, and then enough."""
    if os.geteuid() != 0:
        return ["needs root"], []
    removed, _ = remove(place, rng)
    results, kept = place.here.path / "results", place.here.path / "kept"
    results.rename(kept)
    results.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", results]
    subprocess.run(mount, check=True)
    try:
        subprocess.run(["cp", "-a", f"{kept}/.", results], check=True)
        used = int(subprocess.check_output(["du", "-sk", results]).split()[0])
        room = rng.choice([8, 30, 100, 300])
        remount = ["mount", "-o", f"remount,size={used + room}k", results]
        subprocess.run(remount, check=True)
        run = place.run()
        subprocess.run(["mount", "-o", "remount,size=1g", results], check=True)
        shutil.rmtree(kept)
        subprocess.run(["cp", "-a", f"{results}/.", kept], check=True)
    finally:
        subprocess.run(["umount", "--lazy", results], check=True)
        results.rmdir()
        kept.rename(results)
    return [*removed, f"{room} kB free"], [run]


def forbid(place, rng):
    """A random folder or file of the results can't be written, or not be read, for one run."""
    removed, _ = remove(place, rng)
    paths = sorted([*place.results(), *(p for p in place.folder.rglob("*") if p.is_dir())])
    path = rng.choice(paths)
    mode = path.stat().st_mode
    path.chmod(rng.choice([0o000, 0o444, 0o555]))
    try:
        run = place.run()
    finally:
        if path.exists():
            path.chmod(mode)
    return [*removed, f"{path.name} forbidden"], [run]


OF_FILES = (flip, cut, remove)
KINDS = (
    *OF_FILES,
    forget,
    kill_job,
    kill_driver,
    kill_group,
    fill_disk,
    forbid,
)


def outcome(place, disturbed):
    """How a round ended, in a word, with what to look at where it ended badly."""
    runs = list(disturbed)
    for _ in range(MOST_RUNS):
        runs.append(place.run())
        if runs[-1].status == 0:
            break
    for run in runs:
        if run.status and not LINE.search(run.output):
            return "no true line", run.output
    if runs[-1].status:
        return "never ended well", runs[-1].output
    found = place.files()
    wrong = sorted(
        n for n in place.truth.keys() | found.keys() if place.truth.get(n) != found.get(n)
    )
    if wrong:
        return "other bytes", "\n".join([*wrong, runs[-1].output])
    told = any(run.status for run in runs)
    return ("told, then the same bytes" if told else "the same bytes"), ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--kinds", nargs="*", choices=[kind.__name__ for kind in KINDS])
    options = parser.parse_args()
    kinds = [kind for kind in KINDS if not options.kinds or kind.__name__ in options.kinds]
    rng, began = random.Random(options.seed), time.monotonic()
    table: dict[str, collections.Counter] = {kind.__name__: collections.Counter() for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder) / "study")
        for number in itertools.count():
            done = sum(counts.total() for counts in table.values())
            if done >= options.faults or time.monotonic() - began > 60 * options.minutes:
                break
            before = [kind for kind in OF_FILES if kind in kinds]
            before = rng.choices(before, k=rng.randint(0, MOST_BEFORE)) if before else []
            faults = [*before, kinds[number % len(kinds)]]
            what, disturbed = zip(*(kind(place, rng) for kind in faults), strict=True)
            ending, why = outcome(place, [run for runs in disturbed for run in runs])
            for kind in faults:
                table[kind.__name__][ending] += 1
            names = " ".join(kind.__name__ for kind in faults)
            files = ", ".join(word for words in what for word in words)
            print(f"{done + len(faults):4}  {names:32} {ending:26} {files[:120]}", flush=True)
            if why:
                print(why[-6000:], flush=True)
                shutil.rmtree(place.here.path)
                place = Place(place.here.path)
    endings = sorted({ending for counts in table.values() for ending in counts})
    print(f"\n{'fault':12} {'  '.join(endings)}")
    for kind, counts in table.items():
        print(f"{kind:12} {'  '.join(f'{counts[e]:{len(e)}}' for e in endings)}")
    bad = {"other bytes", "no true line", "never ended well"} & set(endings)
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
