#!/bin/sh
# How zoo/minuet-dice was made: from the printed table, in a second.
set -eu
python tools/minuet.py runs/minuet-dice.json "${1:-src/partimento/zoo/minuet-dice}"
