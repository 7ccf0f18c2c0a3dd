#!/bin/sh
# How piano-accompanist was trained, on one NVIDIA H100. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy).
# It took eight minutes beside seven other trainings; the learning rate fell along half a cosine by the clock, not by the steps, which were 3,868.
# On one core of a server it takes about two days.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern-melody --size base --steps "${STEPS:-3868}" --rows 16 --decay cosine --learning-rate 0.003 --sample-every 0 \
    --precision bf16 --device "${DEVICE:-auto}" --seed 0 --resume --name piano-accompanist --out "${1:-checkpoints/piano-accompanist}"
python tools/ship.py "${1:-checkpoints/piano-accompanist}" runs/piano-accompanist.json
