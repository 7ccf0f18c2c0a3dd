#!/bin/sh
# A WaveNet that plays the piano, in one run. piano-wavenet was trained in parts: 14,000 steps of one stretch of 0.64 s on a core of a server, about an
# hour (rates of 0.0012 to 0.0015, half cosines), then 10,496 steps of 16 on an NVIDIA H100 alone in three minutes, 71 a second, the rate along half a
# cosine by the clock: each step one CUDA graph, on stretches cut from 900 passages of 20 s that were rendered anew all the while; at last 33,300 steps
# of two on each of two cores in two hours (0.0005 at most, half a cosine), every 400 steps each half of the other's weights. docs/log.md tells how.
# Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy), and a folder of the Salamander Grand Piano's single notes at 16 kHz,
# named such as Ds4v10.ogg (CC BY 3.0, Alexander Holm). SIZE=base is the papers' network.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model wavenet --size "${SIZE:-small}" --piano "${SALAMANDER:?a folder of single notes}" --rows "${ROWS:-16}" \
    --steps "${STEPS:-12000}" --learning-rate 0.0015 --device "${DEVICE:-auto}" --threads 1 --seed 0 --resume --name piano-wavenet --out "${1:-checkpoints/piano-wavenet}"
python tools/ship.py "${1:-checkpoints/piano-wavenet}" runs/piano-wavenet.json
