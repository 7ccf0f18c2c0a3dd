#!/bin/sh
# The papers' WaveNet on one GPU for as long as there is one: STEPS of 16 stretches of 1.28 s, which an H100 makes six of a second beside other
# trainings. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy), and a folder of the Salamander Grand Piano's single
# notes at 16 kHz, named such as Ds4v10.ogg (CC BY 3.0, Alexander Holm). Not made yet: see docs/log.md.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model wavenet --size "${SIZE:-base}" --piano "${SALAMANDER:?a folder of single notes}" --rows "${ROWS:-16}" \
    --steps "${STEPS:-10000}" --learning-rate 0.001 --device "${DEVICE:-auto}" --threads 1 --seed 0 --resume --name piano-wavenet --out "${1:-checkpoints/piano-wavenet}"
