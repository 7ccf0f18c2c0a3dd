"""Numbers to numbers: given ids one after the other, what comes next.

Anything that predicts stands behind two methods, `start(batch) -> state` and `step(ids, state) -> (logits, state)`:
dice, a Markov chain, a recurrent network, an ONNX graph. So one sampler, one grammar and one likelihood serve them all. A
model never sees a note, a file or a sampler. A state is plain arrays with the batch first; copy it, and the music
forks. Composing needs numpy and onnxruntime; torch is imported by the files that describe networks for training, and
by no other.

Logits are float32, shape (batch, vocabulary), unnormalised natural logarithms; ids have shape (batch,) when composing
and (batch, time) when training. A likelihood made of them is in nats.

Read in this order: `model` (the seam), `markov` (the floor), `dice_table` and `dice` (bars of a corpus, thrown), `char_rnn` (the
network in torch), `onnx_graph` (graphs put together by hand), `char_rnn_graph` (one step of the network as such a graph),
`onnx_session` (a graph behind the seam); then the others, each with its graph: `play_bach`, `play_bach_onehot` and `play_bach_conv`
(with `batch_norm`), `biaxial` (frames, through time and from key to key; with `biaxial_inputs`), `conservative` (any model of frames,
kept from falling silent), `steered` (any model, some of whose choices are made already), `steady` (any model that plays in time, kept
from running away), `coconet` (convolutions that fill in a score; with `coconet_cells` and `coconet_inputs`, its graph in two halves,
and `coconet_session`, which puts that graph behind the seam and behind `conditionals`), `transformer`, `music_transformer` and
`modern_transformer` (with `layers`, where `attention_weights` tells what they look at; one graph for all three, `transformer_graph`,
what goes through them, `transformer_scales`, and `transformer_session`, which keeps keys and values and reads many ids at once).
`key_net` (with `key_net_shape`, `key_net_graph`, `key_net_live_graph`, which hears on, and `key_net_scales`, by which both count in
bytes) and `onsets_frames` are no sequence models but ears: they hear spectra and say what each key of a piano does (`ear_heads`).
`piano_judge` (with `piano_judge_shape` and `piano_judge_graph`) hears the same and says whether it is a piano at all.
`wavenet` (with `wavenet_shape` and `wavenet_graph`) turns what keys do into sound, sample by sample; `wavenet_session` plays it.
"""
