#!/bin/sh
# How coconet-chorales is trained. Data: music21's chorales (pip install 'partimento[train]'); the 77 of the JSB test
# split never enter training. Half an hour on one free core of a 2024 server, and some ten minutes to measure it at last.
# 1,400 steps, as docs/log.md tells, end at 0.504 nats a cell in validation where these end at 0.391.
set -eu
partimento train music21-chorales --model coconet --size small \
    --steps "${STEPS:-6000}" --precision bf16 --threads 1 --seed 0 --sample-every 0 --resume \
    --name coconet-chorales --out "${1:-checkpoints/coconet-chorales}"
python tools/ship.py "${1:-checkpoints/coconet-chorales}" runs/coconet-chorales.json
