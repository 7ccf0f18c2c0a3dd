#!/bin/sh
# How zoo/bach-chorales was trained. Data: music21's chorales (pip install 'partimento[train]'); the 77 of the JSB test
# split never enter training. About two hours on one core of a 2024 server.
set -eu
partimento train music21-chorales --model char_rnn --encoding chorale --size small --dropout 0.25 \
    --steps 10000 --rows 48 --precision bf16 --threads 1 --seed 0 --sample-every 1000 --resume \
    --name bach-chorales --out "${1:-checkpoints/bach-chorales}"
python tools/ship.py "${1:-checkpoints/bach-chorales}" runs/bach-chorales.json
