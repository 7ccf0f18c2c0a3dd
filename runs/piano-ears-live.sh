#!/bin/sh
# An ear for the piano while it is played, on a computer that is small. The weights in the package were made in two runs: 3,881 steps of 16 stretches on an
# NVIDIA H100, ten minutes beside seven other trainings, the rate along half a cosine by the clock; then, from those weights, 4,797 steps of 8 on a core of a server
# (48 minutes, 0.002 at most), half of them on ten pianos drawn by chance, one of them anew every 150 steps, under half pedals; each stretch was heard four times.
# The colour in which it hears recordings was found afterwards, on the three sampled pianos.
# This is one run of as many stretches. Data and pianos as in piano-ears.sh, but in another order; its figures are those on the grand piano of FluidR3, which neither
# its training nor its validation has heard.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model ears --size live --steps "${STEPS:-6280}" --rows 16 --device "${DEVICE:-auto}" --threads "${THREADS:-2}" --seed 0 --resume \
    --piano "${SALAMANDER:?a folder of single notes}" \
    --piano /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --piano /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --strings 10 --name piano-ears-live --out "${1:-checkpoints/piano-ears-live}"
python tools/ship.py "${1:-checkpoints/piano-ears-live}" runs/piano-ears-live.json
