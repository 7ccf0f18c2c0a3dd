#!/bin/sh
# How the three networks were trained that docs/ compares: an LSTM (Performance RNN), a Transformer and a Transformer with relative attention,
# of about 5 million weights each, on the same ids of MAESTRO, 16.4 million each (STEPS of 4 x 1,024; the LSTM reads 64 x 256 in a step).
# Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy). About an hour on one core of a 2024 server for each
# Transformer, ten minutes for the LSTM.
set -eu
out="${1:-checkpoints/piano-claims}"
steps="${STEPS:-4000}"
for model in performance-rnn transformer music_transformer; do
    case $model in performance-rnn) count=$((steps / 4)) ;; *) count=$steps ;; esac
    partimento train "maestro${MAESTRO:+=$MAESTRO}" --model $model --size small --steps $count --decay cosine --sample-every 0 --precision bf16 --threads 1 --seed 0 --resume \
        --name piano-$model --out "$out/$model"
done
