#!/bin/sh
# How zoo/folk-tunes was trained. Data: partimento corpus download irish, partimento corpus download nottingham
# (or IRISH=folder NOTTINGHAM=folder of copies). About two hours on one core of a 2024 server.
set -eu
partimento train "irish${IRISH:+=$IRISH}" "nottingham${NOTTINGHAM:+=$NOTTINGHAM}" --model char_rnn --encoding characters --size small \
    --dropout 0.35 --steps 9000 --rows 48 --precision bf16 --threads 1 --seed 0 --sample-every 500 --resume \
    --name folk-tunes --out "${1:-checkpoints/folk-tunes}"
python tools/ship.py "${1:-checkpoints/folk-tunes}" runs/folk-tunes.json
