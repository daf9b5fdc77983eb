#!/bin/sh
# Gives Grid Engine a job and prints its number. Snakemake calls it:
# submit.sh NAME THREADS MEGABYTES MINUTES GPUS SCRIPT
set -eu

# Your site: `qconf -spl` lists parallel environments, `qconf -sc` what a job can request.
PARALLEL=smp  # a parallel environment whose slots lie on one node
MEMORY=h_vmem # the memory of a slot; m_mem_free or mem_free elsewhere
GPU=gpu       # GPUs of a slot
QUEUE=        # none leaves the choice to the cluster
PROJECT=

name=$1 threads=$2 megabytes=$3 minutes=$4 gpus=$5 script=$6
logs=.snakemake/grid_engine
mkdir -p "$logs"

requests=h_rt=$((60 * minutes)),$MEMORY=$(((megabytes + threads - 1) / threads))M
[ "$gpus" -eq 0 ] || requests=$requests,$GPU=$gpus
set -- -l "$requests"
[ -z "$QUEUE" ] || set -- "$@" -q "$QUEUE"
[ -z "$PROJECT" ] || set -- "$@" -P "$PROJECT"
exec qsub -terse -cwd -V -S /bin/sh -j y -o "$logs" -N "$name" -pe "$PARALLEL" "$threads" "$@" "$script"
