#!/bin/sh
# An ear for the piano while it is played, on a computer that is small. It was trained for 3,881 steps on an NVIDIA H100, ten minutes beside seven other
# trainings, the rate along half a cosine by the clock. Data and pianos as in piano-ears.sh, but for fewer of them; its figures are those on the
# grand piano of FluidR3, which neither its training nor its validation has heard.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model ears --size live --steps "${STEPS:-3881}" --rows 16 --device "${DEVICE:-auto}" --threads "${THREADS:-2}" --seed 0 --resume \
    --piano "${SALAMANDER:?a folder of single notes}" \
    --piano /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --piano /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --strings 4 --name piano-ears-live --out "${1:-checkpoints/piano-ears-live}"
python tools/ship.py "${1:-checkpoints/piano-ears-live}" runs/piano-ears-live.json
