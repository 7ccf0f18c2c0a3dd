#!/bin/sh
# How piano-modal was trained: half an hour of a core of a server. Data: a folder of the Salamander Grand Piano's single notes at 16 kHz, named such
# as Ds4v10.ogg (CC BY 3.0, Alexander Holm).
set -eu
partimento train --model modal --size small --piano "${SALAMANDER:?a folder of single notes}" --precision fp32 --device cpu --threads 1 --seed 0 --resume \
    --name piano-modal --out "${1:-checkpoints/piano-modal}"
python tools/ship.py "${1:-checkpoints/piano-modal}" runs/piano-modal.json
