#!/bin/sh
# A pianist that is told a melody a second ahead and accompanies it (`compose --melody`): the run that is yet to be made, on one GPU.
# In size small, 48 million ids were too few: what it composes piles up (docs/log.md). Data: partimento corpus download maestro.
set -eu
partimento train "maestro${MAESTRO:+=$MAESTRO}" --model modern-melody --size base --steps 6000 --rows 16 --decay cosine --learning-rate 0.003 --sample-every 0 \
    --precision bf16 --device cuda --seed 0 --resume --name piano-melody --out "${1:-checkpoints/piano-melody}"
