#!/bin/sh
# An ear for the piano. What comes with the package had STEPS=900 (twenty minutes of one core); the 12,000 are yet to be made. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy);
# pianos: a folder of the Salamander Grand Piano's single notes at 16 kHz, named such as Ds4v10.ogg (CC BY 3.0, Alexander Holm), and SoundFonts of
# Debian's musescore-general-soundfont-small, timgm6mb-soundfont and, held out, fluid-soundfont-gm. One core of a server makes some 1,500 steps an hour.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model ears --size base --steps "${STEPS:-12000}" --threads "${THREADS:-2}" --seed 0 --resume \
    --piano "${SALAMANDER:?a folder of single notes}" \
    --piano /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --piano /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --piano /usr/share/sounds/sf2/FluidR3_GM.sf2 \
    --name piano-ears --out "${1:-checkpoints/piano-ears}"
