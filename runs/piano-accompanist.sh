#!/bin/sh
# How piano-accompanist was trained, on one NVIDIA H100. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy).
# This is one run of as many ids. The weights in the package were made in two: 3,868 steps in eight minutes beside seven other trainings, then, from those weights in
# numbers of 5 bits, 10,787 in thirteen minutes beside two; each time the learning rate fell along half a cosine by the clock.
# On one core of a server it takes about six days.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern-melody --size base --steps "${STEPS:-14655}" --rows 16 --decay cosine --learning-rate 0.003 --sample-every 0 \
    --precision bf16 --device "${DEVICE:-auto}" --seed 0 --resume --name piano-accompanist --out "${1:-checkpoints/piano-accompanist}"
python tools/ship.py "${1:-checkpoints/piano-accompanist}" runs/piano-accompanist.json
