"""From a trained model to a finished piece: the model proposes, the grammar disposes, a seed decides.

`load` finds a bundle by name or folder and gives its `Composer`. A `Wish` says what a piece is to be like: bars or
seconds, key, tempo, a beginning. The composer encodes the beginning, then one id at a time: the model's logits, what
the encoding's grammar allows, the filters (top-k, top-p, min-p, temperature), and a draw. It stops where the grammar
says that the piece has ended (a model that fills in, `model.Filling`, writes the whole piece at once: `gibbs`); of a
few drafts it keeps the one that the grammar had to force least (performances have none: the emptiest would win),
decodes the ids and writes into the score how it came about: model, seed, settings, and that a machine composed it.

The same bundle, wish and seed give the same ids whatever the number of threads: a model steps on one thread, chance
comes from numpy's PCG64 seeded with (seed, piece, attempt), probabilities are float64. Tempos are in quarter notes per
minute, lengths in bars or seconds. No torch.

Read in this order: `load`, `wish`, `composer`, `beginning` (a given text), `given` (a given voice, or all but a passage),
`controls` (what the notes are to be like), `sampler`, `filters`, `gibbs`, `free` (no grammar at all); `phrases` and `reimagining` (new
music out of a performance that was heard).
"""
