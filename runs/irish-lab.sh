#!/bin/sh
# How irish-lab was trained. Data: partimento corpus download irish (or IRISH=folder of a copy). About forty minutes on one core of a 2024 server.
set -eu
partimento train "irish${IRISH:+=$IRISH}" --model mit-lab --size base --steps 4000 --precision bf16 --threads 1 --seed 0 --resume \
    --name irish-lab --out "${1:-checkpoints/irish-lab}"
python tools/ship.py "${1:-checkpoints/irish-lab}" runs/irish-lab.json
