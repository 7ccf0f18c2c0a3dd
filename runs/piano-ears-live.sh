#!/bin/sh
# An ear for the piano while it is played. It was trained for 3,881 steps of 16 stretches on an NVIDIA H100, ten minutes, the rate along half a
# cosine by the clock. Data and pianos are those of piano-ears.sh.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model ears --size live --steps "${STEPS:-4000}" --rows 16 --device "${DEVICE:-auto}" --threads "${THREADS:-2}" --seed 0 --resume \
    --piano "${SALAMANDER:?a folder of single notes}" \
    --piano /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --piano /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --piano /usr/share/sounds/sf2/FluidR3_GM.sf2 \
    --strings 8 --name piano-ears-live --out "${1:-checkpoints/piano-ears-live}"
python tools/ship.py "${1:-checkpoints/piano-ears-live}" runs/piano-ears-live.json
