#!/bin/sh
# How cello-suites was trained. Data: partimento corpus download bach-cello (or CELLO=folder of a copy). About five minutes on one core of a 2024 server.
set -eu
partimento train "bach-cello${CELLO:+=$CELLO}" --model play-bach --size base --steps 900 --sample-every 300 --precision bf16 --threads 1 --seed 0 --resume \
    --name cello-suites --out "${1:-checkpoints/cello-suites}"
python tools/ship.py "${1:-checkpoints/cello-suites}" runs/cello-suites.json
