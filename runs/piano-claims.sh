#!/bin/sh
# How the networks were trained that docs/performers.md compares: an LSTM (Performance RNN), a Transformer, one with relative attention, and one
# as they are built today, of about 5 million weights each, on the same ids of MAESTRO, 65.5 million each: 4,000 steps of 16 windows of 1,024, or
# 64 chunks of 256 for the LSTM. (The last, `modern`, had 4,434 steps.)
# Data: partimento corpus download maestro (or MAESTRO=archive or folder of a copy). Four to seven minutes each on an NVIDIA H100 that they
# shared with others; on one core of a server, about five hours each.
set -eu
out="${1:-checkpoints/piano-claims}"
for model in performance-rnn transformer music_transformer modern; do
    case $model in performance-rnn) rows=64 ;; *) rows=16 ;; esac
    partimento train "maestro${MAESTRO:+=$MAESTRO}" --model $model --size small --steps "${STEPS:-4000}" --rows $rows --decay cosine --sample-every 0 \
        --precision bf16 --device "${DEVICE:-auto}" --seed 0 --resume --name piano-$model --out "$out/$model"
done
