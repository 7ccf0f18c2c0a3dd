#!/bin/sh
# An ear for the piano, in one run. piano-ears was trained in parts, as its pianos became more real: 7,038 steps of 16 stretches on an NVIDIA H100 beside
# seven other trainings, 6,105 alone on it (twelve minutes in all; the rate fell along half a cosine by the clock, twice), then 1,000 and 520 steps of 8
# on a core of a server, 1.3 s each, with dampers that fall late, strings that ring on and soft strikes that come late;
# 0.35 of the last step's weights, 0.35 of those of step 208 of the 520, and 0.3 of those that the GPU left; from these 1,500 and 450 steps of 8 (at rates of
# 0.001 and 0.0007, half cosines) with eight and six pianos drawn by chance besides. 0.7 of the last step's weights and 0.3 of those before the strings were shipped first (A). From A 4,259 steps of 8
# under half pedals (91 minutes of a core, 0.0012 at most, half a cosine; each stretch heard three times, one of ten strings drawn anew every 150 steps): B. From B twice 2,085 in one colour (45 minutes of a core each, two
# seeds): C and D. Its weights are 0.35 C + 0.35 D + 0.3 A, of five such mixtures the best on forty minutes of two kinds of pianos that none had heard. What this command trains now tells keys from the pedal besides (docs/log.md). The SoundFonts' grand pianos were folders
# of single notes then, every third key at five loudnesses. Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy);
# pianos: a folder of the Salamander Grand Piano's single notes at 16 kHz, named such as Ds4v10.ogg (CC BY 3.0, Alexander Holm), and SoundFonts of
# Debian's musescore-general-soundfont-small, timgm6mb-soundfont and, held out, fluid-soundfont-gm.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model ears --size base --steps "${STEPS:-16000}" --rows 16 --device "${DEVICE:-auto}" --threads "${THREADS:-2}" --seed 0 --resume \
    --piano "${SALAMANDER:?a folder of single notes}" \
    --piano /usr/share/sounds/sf3/MuseScore_General_Lite.sf3 \
    --piano /usr/share/sounds/sf2/TimGM6mb.sf2 \
    --piano /usr/share/sounds/sf2/FluidR3_GM.sf2 \
    --strings 8 --name piano-ears --out "${1:-checkpoints/piano-ears}"
python tools/ship.py "${1:-checkpoints/piano-ears}" runs/piano-ears.json
