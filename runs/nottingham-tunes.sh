#!/bin/sh
# How nottingham-tunes was trained. Data: partimento corpus download nottingham (or NOTTINGHAM=folder of a copy). About half an hour on one core of a 2024 server.
set -eu
partimento train "nottingham${NOTTINGHAM:+=$NOTTINGHAM}" --model nottingham --size base --steps 5000 --precision bf16 --threads 1 --seed 0 --resume \
    --name nottingham-tunes --out "${1:-checkpoints/nottingham-tunes}"
python tools/ship.py "${1:-checkpoints/nottingham-tunes}" runs/nottingham-tunes.json
