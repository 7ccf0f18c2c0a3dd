#!/bin/sh
# How piano-performer was trained, on one NVIDIA H100. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy).
# It took five minutes beside six other trainings; the learning rate fell along half a cosine by the clock, not by the steps, which were 4,434.
# On one core of a server it takes about five hours.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern --size small --steps 4434 --rows 16 --decay cosine --sample-every 0 \
    --precision bf16 --device "${DEVICE:-auto}" --seed 0 --resume --name piano-performer --out "${1:-checkpoints/piano-performer}"
python tools/ship.py "${1:-checkpoints/piano-performer}" runs/piano-performer.json
