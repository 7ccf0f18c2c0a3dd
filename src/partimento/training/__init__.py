"""From a corpus to weights: one loop that knows neither notes nor models.

Pieces become ids in every key their voices reach (`prepare`), ids become batches whose rows read whole pieces chunk by chunk with
the network's state carried along (`sequences`) or windows from anywhere (`windows`), a `Trainable` turns a batch into named losses
(`next_id`), and the loop adds them up, goes back, clips, steps and schedules. Every so many steps it looks at the validation
pieces, keeps the best weights and writes a checkpoint: one file, replaced whole, with weights, optimiser, random states and the
place in the data, so that a run killed at any moment and resumed gives the very weights of a run that was not (same processor, same
number of threads). When validation turns, it says that the network is starting to memorise, lets the learning rate fall and ends.

Losses and validation are in nats per id. `--minutes` becomes steps by a fixed measure of work, not by the clock. This
is the only activity that needs torch.

Read in this order: `loop`, `next_id`, `sequences`, `prepare` (`id_files` keeps what does not fit into memory), `schedule`, `muon` (an
optimiser for matrices), `checkpoint`, `record` (log and progress), `lessons` (what a network learns from, and how; `crops` and
`orderless` are the other way beside reading in order), `networks` (what can be trained), `preset` and `presets` (under which names, in
which sizes), `team` (several processes that train one network), `fit` (all of it for one network), `counted` (what is counted in place
of trained), `bars` and `dice_columns` (pieces cut into bars, and which of them fit where). Ears (`ears`, `ear_presets`, `ear_networks`)
learn from sound: `piano_stream` brings them performances (`hands_and_foot`) on rendered pianos (`played_stretch`), `microphone` makes
recordings of those, and `hearing` is what they are told about their mistakes; `piano_judging` teaches what is no piano. A voice
(`voices`, `voice_presets`) learns from sound too: `voice_stream` plays what it hears, and `playing` is what its mistakes cost.
"""
