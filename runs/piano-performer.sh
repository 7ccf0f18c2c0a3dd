#!/bin/sh
# How piano-performer was trained, on one NVIDIA H100. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy).
# This is one run of as many ids. The weights in the package were made in two: 4,434 steps of 16 windows in five minutes beside six other trainings, then, from those
# weights in bytes, 11,165 of 32 in twelve minutes beside two; each time the learning rate fell along half a cosine by the clock. On one core of a server it takes about thirty hours.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern --size small --steps 13400 --rows 32 --decay cosine --sample-every 0 \
    --precision bf16 --device "${DEVICE:-auto}" --seed 0 --resume --name piano-performer --out "${1:-checkpoints/piano-performer}"
python tools/ship.py "${1:-checkpoints/piano-performer}" runs/piano-performer.json
