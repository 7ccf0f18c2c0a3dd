#!/bin/sh
# How piano-performer was trained. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy). About five hours on one core of a 2024 server.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern --size small --steps 20000 --sample-every 0 --precision bf16 --threads 1 --seed 0 --resume \
    --name piano-performer --out "${1:-checkpoints/piano-performer}"
python tools/ship.py "${1:-checkpoints/piano-performer}" runs/piano-performer.json
