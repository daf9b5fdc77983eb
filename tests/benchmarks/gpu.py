"""How fast the workflow is on a GPU, beside one core, all cores, plain loops and other libraries.

    python tests/benchmarks/gpu.py --mirror FOLDER
    python tests/benchmarks/gpu.py maps training --quick
    python tests/benchmarks/gpu.py tiles
    python tests/benchmarks/gpu.py --cpu

Without a name all parts but `tiles` run, in less than five minutes on one H100 or H200 with 16
cores. Each first checks that what the card computes is right, and the script ends where it is
not; then one Markdown table of medians is printed. The first run compiles the kernels, outside
of what is timed.

`maps`: exact t-SNE, from the nearest neighbours to maps and divergences, beside one core of the
CPU (some of the maps, scaled), and beside TorchDR and cuML where they are installed. `training`:
four networks beside a plain loop over images that lie on the card, and fastai where it is
installed; features beside batches of 64. `nulls`: the null searches of the study of April 2020,
on synthetic features of its size (175 images, 30 perplexities, 285 cells), on the card with all
cores, as jobs of four cores side by side, and on all cores without it. `study`: the whole of
variants-2020 from a mirror (`--mirror`); it is ended after `--study-limit` seconds. `tiles`: an
iteration of t-SNE by the shape of the kernel's programs.

`--cpu` needs no card: all of it at tiny sizes, on the processors and in Triton's interpreter. It
shows that the script works; its times mean nothing.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

for name in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{name}_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "workflow" / "scripts")]

PARTS = ("maps", "training", "nulls", "study")
STUDY = "config/studies/variants-2020.yaml"
LINKED = ("Snakefile", "rules", "workflow", "config", "envs", "profiles")
BAR = 120  # seconds of the study that are aimed at
SHORT = ((50, 12.0, 0.8), (50, 1.0, 0.8))  # phases of t-SNE in the interpreter
SLOTS = 4  # small trainings and searches that share the card


def main():
    """Runs the parts that were asked for, and prints the table."""
    options = arguments()
    if options.cpu:
        # Triton decides when it is imported whether it interprets.
        os.environ |= {"TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    parts = options.parts or PARTS
    started = time.perf_counter()
    searched = None
    if "nulls" in parts:  # before anything runs on the card
        from tests.benchmarks import gpu_nulls

        searched = gpu_nulls.on_cores(work_of(options), options.cores)
    card = the_card(options.cpu)
    rows = []
    if "tiles" in parts:
        from tests.benchmarks import gpu_maps

        gpu_maps.print_tiles(card)
    if "maps" in parts:
        from tests.benchmarks import gpu_maps

        gpu_maps.check(card, work_of(options))
        rows += gpu_maps.rows(card, work_of(options))
    if "training" in parts:
        from tests.benchmarks import gpu_training

        rows += gpu_training.table_rows(work_of(options))
    if searched is not None:
        rows += gpu_nulls.rows(work_of(options), options.cores, SLOTS, searched)
    if "study" in parts:
        rows += study_rows(options)
    print_table(card, rows)
    print(f"all of it took {time.perf_counter() - started:.0f} s")


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    # argparse compares the default of a list with the choices.
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}, tiles")
    parser.add_argument("--quick", action="store_true", help="less work, for a first look")
    parser.add_argument("--cpu", action="store_true", help="tiny, without a card")
    parser.add_argument("--cores", type=int, default=os.cpu_count())
    parser.add_argument("--mirror", type=Path, help="folder with the images of the study")
    parser.add_argument("--study-limit", type=int, default=150, metavar="SECONDS")
    options = parser.parse_args()
    unknown = set(options.parts) - {*PARTS, "tiles"}
    if unknown:
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}, tiles")
    return options


def work_of(options):
    """How much is computed: "whole", "quick" or "tiny"."""
    if options.cpu:
        return "tiny"
    return "quick" if options.quick else "whole"


def the_card(on_cpu):
    """The card; with `on_cpu` the processors and Triton's interpreter in its place."""
    import torch

    from cxr.embedding import gpu, tsne_exact, tsne_gpu
    from cxr.embedding.card import Card

    if on_cpu:
        card = Card(torch.device("cpu"), "no card, Triton's interpreter")
        gpu.find_card = lambda: card
        tsne_exact.EXACT_PHASES = tsne_gpu.EXACT_PHASES = SHORT
        return card
    card = gpu.probe()
    if isinstance(card, str):
        sys.exit(f"error: no usable GPU: {card}; --cpu runs without one")
    return card


def study_rows(options):
    """The row of the whole study: its seconds, and whether it was done; a plan without a card."""
    work = "variants-2020 whole"
    if options.mirror is None:
        return [(work, "not run: --mirror names no folder", f"bar: {BAR} s", None)]
    command = [sys.executable, "-m", "snakemake", "--cores", str(options.cores)]
    command += ["--resources", f"gpu={SLOTS}", "--configfile", STUDY]
    command += ["--config", f"mirror={options.mirror.resolve()}"]
    if options.cpu:
        command.append("--dry-run")
    with tempfile.TemporaryDirectory() as folder:
        for part in LINKED:
            (Path(folder) / part).symlink_to(ROOT / part)
        started = time.perf_counter()
        with (Path(folder) / "log").open("w+") as log:
            # In a session of its own, so that its jobs end with it.
            process = subprocess.Popen(
                command, cwd=folder, stdout=log, stderr=log, start_new_session=True
            )
            try:
                process.wait(options.study_limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 15)
                process.wait()
                return [(work, f"not done in {options.study_limit} s", f"bar: {BAR} s", None)]
            seconds = time.perf_counter() - started
            if process.returncode:
                log.seek(0)
                sys.exit(f"error: {work} failed:\n{log.read()[-4000:]}")
    done = "its plan" if options.cpu else f"{seconds:.0f} s with {options.cores} cores"
    return [(work, done, f"bar: {BAR} s", None if options.cpu else BAR / seconds)]


def print_table(card, rows):
    """The table: card, work, ours, peer, ratio."""
    if not rows:
        return
    print("\n| card | work | ours | peer | ratio |\n| --- | --- | --- | --- | --- |")
    for work, ours, peer, ratio in rows:
        times = f"{ratio:.2g}" if ratio and ratio < 10 else f"{ratio:.0f}" if ratio else ""
        print(f"| {card.name} | {work} | {ours} | {peer} | {times} |")


if __name__ == "__main__":
    main()
