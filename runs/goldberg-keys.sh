#!/bin/sh
# How goldberg-keys was trained. Data: partimento corpus download bach-goldberg (or GOLDBERG=folder of a copy). About fifteen minutes on one core of a 2024 server.
set -eu
partimento train "bach-goldberg${GOLDBERG:+=$GOLDBERG}" --model carykh --size base --steps 1200 --precision bf16 --threads 1 --seed 0 --resume \
    --name goldberg-keys --out "${1:-checkpoints/goldberg-keys}"
python tools/ship.py "${1:-checkpoints/goldberg-keys}" runs/goldberg-keys.json
