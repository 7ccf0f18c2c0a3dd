#!/bin/sh
# How piano-performer-base was trained, on one NVIDIA H100. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy).
# It took eight minutes beside six other trainings; the learning rate fell along half a cosine by the clock, not by the steps, which were 6,236.
# Alone it takes about five minutes there; on one core of a server, about three days.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern --size base --steps 6236 --rows 16 --decay cosine --learning-rate 0.003 --sample-every 0 \
    --precision bf16 --device cuda --seed 0 --resume --name piano-performer-base --out "${1:-checkpoints/piano-performer-base}"
python tools/ship.py "${1:-checkpoints/piano-performer-base}" runs/piano-performer-base.json
