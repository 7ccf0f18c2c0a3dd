#!/bin/sh
# The judge that tells pianos from other instruments, for the ears' warnings. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy);
# pianos: a folder of the Salamander Grand Piano's single notes at 16 kHz, named such as Ds4v10.ogg (CC BY 3.0, Alexander Holm), and SoundFonts of
# Debian's musescore-general-soundfont-small, timgm6mb-soundfont and, held out, fluid-soundfont-gm; the other instruments are theirs.
set -eu
python tools/piano_judge.py "maestro${MAESTRO:+=$MAESTRO}" \
    --piano "${SALAMANDER:?a folder of single notes}" \
    --piano /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --piano /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --held-out /usr/share/sounds/sf2/FluidR3_GM.sf2 \
    --font /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --font /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --held-out-font /usr/share/sounds/sf2/FluidR3_GM.sf2 \
    --stretches "${STRETCHES:-1300}" --steps "${STEPS:-800}" --least -1.3 --threads "${THREADS:-1}" --out "${1:-checkpoints/piano-judge}"
python tools/ship.py "${1:-checkpoints/piano-judge}" runs/piano-judge.json
