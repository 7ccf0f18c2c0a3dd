#!/bin/sh
# How chorales-biaxial was trained. Data: music21's chorales (pip install 'partimento[train]'). About two hours on one core of a 2024 server.
set -eu
partimento train music21-chorales --model biaxial --size base --steps 4000 --sample-every 0 --precision bf16 --threads 1 --seed 0 --resume \
    --name chorales-biaxial --out "${1:-checkpoints/chorales-biaxial}"
python tools/ship.py "${1:-checkpoints/chorales-biaxial}" runs/chorales-biaxial.json
