#!/bin/sh
# How coconet-chorales was trained. Data: music21's chorales (pip install 'partimento[train]'); the 77 of the JSB test
# split never enter training. About ten minutes on one free core of a 2024 server, and as many to measure.
set -eu
partimento train music21-chorales --model coconet --size small \
    --steps 2000 --precision bf16 --threads 1 --seed 0 --sample-every 0 --resume \
    --name coconet-chorales --out "${1:-checkpoints/coconet-chorales}"
python tools/ship.py "${1:-checkpoints/coconet-chorales}" runs/coconet-chorales.json
