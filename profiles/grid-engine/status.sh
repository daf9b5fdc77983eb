#!/bin/sh
# Prints `running`, `success` or `failed`, as a job of Grid Engine is. Snakemake calls it: status.sh JOB
set -eu

if queued=$(qstat -j "$1" 2>/dev/null); then
    # A job that could not start, for want of its folder say, would stay in the queue for ever.
    case $queued in
    *"error reason"*) qdel "$1" >/dev/null && echo failed ;;
    *) echo running ;;
    esac
    exit
fi
# The accounting knows of a job's end some seconds after the queue; if it never does, the job is lost.
gone=.snakemake/grid_engine/$1.gone
if ended=$(qacct -j "$1" 2>/dev/null); then
    echo "$ended" | awk '
        $1 == "failed" || $1 == "exit_status" { known++; bad += $2 != 0 }
        END { print known && !bad ? "success" : "failed" }'
    rm -f "$gone"
elif [ -n "$(find "$gone" -mmin +10 2>/dev/null)" ]; then
    echo failed
else
    [ -e "$gone" ] || touch "$gone"
    echo running
fi
