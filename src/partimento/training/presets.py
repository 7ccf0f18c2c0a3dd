"""The composers people know, by the names they know them by: a network, the encoding it speaks, its sizes.

A preset re-makes a published system on this project's seam. `source` says where its numbers come from, `mended` what
is done differently here and why. Size ``base`` is the published one, ``small`` what an evening on two cores trains,
``tiny`` is for tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from partimento.errors import ConfigError, nearest
from partimento.training.preset import Preset

_BIAXIAL = "Johnson's biaxial RNN 2015: 300 and 300 units along time, 100 and 50 along the notes, keys 24 to 101, 10 x 128 frames"
_BIAXIAL_MENDED = (
    "Silent, held or struck by one softmax, batch normalisation behind each LSTM, any metre, changes of metre read and not cut off; "
    "chunks of 64 frames with the state carried on; AdamW, and validation by piece where there was none."
)
_BIAXIAL_SIZES: Mapping[str, Mapping[str, Any]] = {
    "tiny": {"time_units": (24,), "note_units": (16,), "dropout": 0.2},
    "small": {"time_units": (150, 150), "note_units": (60, 30), "dropout": 0.3},
    "base": {"time_units": (300, 300), "note_units": (100, 50), "dropout": 0.5},
}

_PERFORMANCE = "Magenta's Performance RNN 2017 with dynamics: 3 layers of 512, learning rate 1e-3, batches of 64"
_BY_MUON = "Muon (Jordan et al. 2024) in place of Adam."
_PERFORMANCE_MENDED = (
    "The keys of a piano alone; an embedding in place of one-hot; one order of events within a step; whole performances, state "
    f"carried. {_BY_MUON}"
)
_CONTROLS_MENDED = "Conditions are ids once a second, not inputs: the model says them itself where nothing is asked, and they are counted."
_PERFORMANCE_SIZES: Mapping[str, Mapping[str, Any]] = {
    "tiny": {"layers": 1, "units": 64},
    "small": {"layers": 2, "units": 544},  # as many weights as the Transformers of size small have
    "base": {"layers": 3, "units": 512},
}

_PIANO: Mapping[str, Any] = {"lowest": 21, "highest": 108}
"""The keys of a piano alone."""


def _transformer(network: str, source: str, mended: str, **further: Mapping[str, Any]) -> Preset:
    """A Transformer that plays the piano; all three have the same width and depth, so that they can be compared.

    Args:
        network: Which.
        source: Paper, with its numbers.
        mended: What differs here.
        further: Size -> settings that this one alone has.
    """
    sizes: dict[str, dict[str, Any]] = {
        "tiny": {"layers": 2, "units": 32, "heads": 2, "window": 64, "dropout": 0.0},
        "small": {"layers": 6, "units": 256, "heads": 4, "window": 1024, "dropout": 0.0},
        "base": {"layers": 8, "units": 512, "heads": 8, "window": 2048, "dropout": 0.1},
    }
    made = {size: {**settings, **further.get(size, {})} for size, settings in sizes.items()}
    return Preset(network, "performance", source, f"{mended} {_BY_MUON}", made, 5e-3, 4, 1024, _PIANO, 0.05, optimizer="muon")


PRESETS: dict[str, Preset] = {
    "biaxial": Preset("biaxial", "pianoroll", _BIAXIAL, _BIAXIAL_MENDED, _BIAXIAL_SIZES, 2e-3, 10, 64, {"lowest": 24, "highest": 101}),
    "biaxial-invariant": Preset(
        "biaxial",
        "pianoroll",
        "Johnson 2017 (EvoMUSART), tied parallel networks: the same without pitch and pitch class among the inputs",
        _BIAXIAL_MENDED,
        {size: {**settings, "invariant": True} for size, settings in _BIAXIAL_SIZES.items()},
        2e-3,
        10,
        64,
        {"lowest": 24, "highest": 101},
    ),
    "dice": Preset(
        "dice",
        "",
        "The waltz game with two dice printed under Mozart's name (K. 516f, 176 bars), after Kirnberger's of 1757",
        "Columns of bars that fit each other are found in any corpus, by key, metre, form, harmony and the notes at the bar line.",
    ),
    "markov": Preset(
        "markov",
        "",
        "Xenakis 1958; back-off by Witten and Bell 1991, method C",
        "Any order on any encoding, every order mixed in, so that every piece has a likelihood.",
    ),
    "char_rnn": Preset(
        "char_rnn",
        "characters",
        "Karpathy's char-rnn 2015: 2 layers of 512 are what most of its users name",
        "An embedding in place of one-hot, validation by piece, dropout on every path.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 2, "units": 384, "dropout": 0.25},
            "base": {"layers": 2, "units": 512, "dropout": 0.25},
        },
    ),
    "carykh": Preset(
        "char_rnn",
        "keys",
        "carykh 2017: MIDI of Bach as a text of piano keys, learnt by Karpathy's char-rnn. His own sizes are in no repository (not known); "
        "base is char-rnn's network with 2 layers of 512",
        "Strikes told from holds, time in seconds through changes of tempo, no shift of a semitone on the way back, an end; "
        "validation by piece.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 2, "units": 256, "dropout": 0.25},
            "base": {"layers": 2, "units": 512, "dropout": 0.25},
        },
        time=256,
    ),
    "play-bach": Preset(
        "play_bach",
        "chords",
        "Boudalier's Play Bach 2021, model 2: embeddings of 200, 2 layers of 300, attention, heads for pitch and duration; "
        "accuracy of pitch 0.95 in training and 0.47 in validation, of duration 0.98 and 0.85, after 46 epochs",
        "Attention over 64 events (his saw one state); batch normalisation as in his model 1; duration knows the pitch; whole pieces "
        "read in order, split by piece (his windows overlapped across the split); AdamW; metre, pickup and end are said.",
        {
            "tiny": {"embedding": 32, "units": 64, "window": 40, "dropout": 0.25},
            "small": {"embedding": 100, "units": 200, "dropout": 0.4},
            "base": {"embedding": 200, "units": 300, "dropout": 0.4},
        },
        learning_rate=3e-3,
        rows=16,
        time=100,
    ),
    "play-bach-onehot": Preset(
        "play_bach_onehot",
        "chords",
        "Boudalier's Play Bach 2021, model 1: one-hot, 2 layers of 300, batch normalisation, dropout 0.4",
        "Pitch and duration in turn; whole pieces read in order with the state carried on, split by piece; AdamW.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 2, "units": 200, "dropout": 0.4},
            "base": {"layers": 2, "units": 300, "dropout": 0.4},
        },
        learning_rate=3e-3,
        rows=16,
        time=200,
    ),
    "play-bach-embedding": Preset(
        "char_rnn",
        "chords",
        "Boudalier's Play Bach 2021, model 3: embedding of 50, 2 layers of 300; size small has the one layer of its variant micro",
        "Pitch and duration in turn; whole pieces read in order with the state carried on, split by piece; AdamW.",
        {
            "tiny": {"layers": 1, "units": 64, "embedding": 50, "dropout": 0.25},
            "small": {"layers": 1, "units": 300, "embedding": 50, "dropout": 0.4},
            "base": {"layers": 2, "units": 300, "embedding": 50, "dropout": 0.4},
        },
        learning_rate=2e-3,
        rows=16,
        time=200,
    ),
    "coconet": Preset(
        "coconet",
        "chorale",
        "Huang, Cooijmans, Roberts, Courville, Eck 2017, Coconet: 64 layers of 128, crops of 64 steps, 46 keys, orderless loss, blocked "
        "Gibbs sampling with annealed masks",
        "Hears metre, place in the bar, fermatas and key, and says repeated notes; sizes tiny and small dilate fewer layers, as the Bach "
        "Doodle (2019) did; one crop in three is read from left to right; a grammar goes over what Gibbs sampling has written; AdamW.",
        {
            "tiny": {"layers": 2, "channels": 16, "dilations": (1, 2), "place_units": 16, "span": 16},
            "small": {"layers": 12, "channels": 48, "dilations": (1, 2, 4, 8), "span": 32},
            "base": {"layers": 64, "channels": 128},
        },
        2e-3,
        16,
        320,
    ),
    "classical-piano-composer": Preset(
        "char_rnn",
        "chords-normal",
        "Skuldur's Classical-Piano-Composer 2017: notes and chords in normal order, 3 layers of 512, dropout .3, windows of 100, RMSprop",
        "There an id is one number over the size of the vocabulary, every note lasts half a quarter, nothing is held back to check on, and "
        "the likeliest is always taken, which falls into one note. Here an embedding, durations, a split by piece, drawing by chance.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 2, "units": 256, "dropout": 0.3},
            "base": {"layers": 3, "units": 512, "dropout": 0.3},
        },
        time=200,
    ),
    "play-bach-micro": Preset(
        "play_bach_conv",
        "chords",
        "Boudalier's micro_bach 2021, model 4: the last 100 ids as 10 x 10 numbers, convolutions of 80 and 64 channels",
        "Pitch and duration in turn, so 50 events; sizes tiny and small see learnt numbers in place of an id's own; split by piece; AdamW.",
        {
            "tiny": {"channels": 20, "embedding": 8},
            "small": {"channels": 80, "embedding": 16},
            "base": {"channels": 80},
        },
        learning_rate=2e-3,
        rows=16,
        time=100,
    ),
    "nottingham": Preset(
        "char_rnn",
        "characters",
        "PanagiotisPtr's and sav132's Music-Generation-RNN (Keras, Nottingham ABC): 2 LSTM of 512, dropout .2, windows of "
        "100 with stride 1, batch 1024, Adam, 50 epochs",
        "There a character is one number, its place in the alphabet over the alphabet's size, nothing is held back to check "
        "on, and writing takes the likeliest character, with random ones thrown in every 250. Here an embedding, whole tunes "
        "with the state carried on, a split by melody, drawing by chance under a grammar, 32 rows.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.2},
            "small": {"layers": 2, "units": 256, "dropout": 0.2},
            "base": {"layers": 2, "units": 512, "dropout": 0.2},
        },
        time=100,
    ),
    "mit-lab": Preset(
        "char_rnn",
        "characters",
        "MIT 6.S191, lab 1, part 2 (2024; irish.abc): embedding 256, one LSTM of 1024, Adam 5e-3, 3000 steps of 8 x 100 "
        "characters at random places",
        "Whole tunes from their beginning with the state carried on, dropout .2 and a split by melody, where the lab has "
        "neither; a rate of 2e-3 that rises and falls, 32 rows; the text of a tune is canonical, and a grammar ends each "
        "tune, so that no song has to be looked for.",
        {
            "tiny": {"layers": 1, "units": 64, "embedding": 32, "dropout": 0.2},
            "small": {"layers": 1, "units": 512, "embedding": 256, "dropout": 0.2},
            "base": {"layers": 1, "units": 1024, "embedding": 256, "dropout": 0.2},
        },
        time=100,
    ),
    "folk-rnn": Preset(
        "char_rnn",
        "abc_tokens",
        "Sturm, Santos, Ben-Tal, Korshunova 2016: 3 LSTM of 512 over one-hot signs, dropout .5, rate .003 falling by .97 an "
        "epoch after 20, batch 64, gradients clipped at 5, 100 epochs, 5 % held back; 137 signs and 5,599,881 parameters in version 2",
        "A table of signs in place of one-hot, a rate that rises and falls over the whole run, a split by melody; keys as "
        "written, and learnt from in seven transpositions, where their version 3 has all in C.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.25},
            "small": {"layers": 3, "units": 256, "dropout": 0.3},
            "base": {"layers": 3, "units": 512, "dropout": 0.5},
        },
        learning_rate=3e-3,
        rows=64,
        time=128,
    ),
    "melody-rnn": Preset(
        "char_rnn",
        "melody",
        "Magenta's Melody RNN 2016, basic: 2 layers of 128, dropout .5, learning rate 1e-3",
        "An embedding in place of one-hot; metre, pickup and key at the head; all keys in place of C alone; whole pieces, state carried.",
        {
            "tiny": {"layers": 1, "units": 64, "lags": ()},
            "small": {"layers": 2, "units": 128, "dropout": 0.25, "lags": ()},
            "base": {"layers": 2, "units": 128, "dropout": 0.5, "lags": ()},
        },
        1e-3,
        time=128,
    ),
    "lookback-rnn": Preset(
        "char_rnn",
        "melody",
        "Magenta's Lookback RNN 2016 (Waite): as melody-rnn, and it sees what stood one and two bars ago, whether that is repeated now, "
        "and where in the bar it is",
        "Bars of 12 and of 16 steps, and a counter to 96, which both go into; a repeat is seen and not an event of its own.",
        {
            "tiny": {"layers": 1, "units": 64, "repeats": True, "turn": 96},
            "small": {"layers": 2, "units": 128, "dropout": 0.25, "repeats": True, "turn": 96},
            "base": {"layers": 2, "units": 128, "dropout": 0.5, "repeats": True, "turn": 96},
        },
        1e-3,
        time=128,
    ),
    "attention-rnn": Preset(
        "attention_rnn",
        "melody",
        "Magenta's Attention RNN 2016 (Waite; Bahdanau et al. 2015): 2 layers of 128, attention over the last 40 outputs, dropout .5",
        "An embedding in place of one-hot and of the lookback's inputs; places before the piece are not attended to.",
        {
            "tiny": {"layers": 1, "units": 64, "span": 16},
            "small": {"layers": 2, "units": 128, "dropout": 0.25},
            "base": {"layers": 2, "units": 128, "dropout": 0.5},
        },
        1e-3,
        time=128,
    ),
    "polyphony-rnn": Preset(
        "char_rnn",
        "polyphony",
        "Magenta's Polyphony RNN 2016: 3 layers of 256, dropout .5, learning rate 1e-3",
        "An embedding in place of one-hot; metre, pickup and key at the head; whole pieces, state carried.",
        {
            "tiny": {"layers": 1, "units": 64},
            "small": {"layers": 2, "units": 256, "dropout": 0.25},
            "base": {"layers": 3, "units": 256, "dropout": 0.5},
        },
        1e-3,
    ),
    "modern": _transformer(
        "modern_transformer",
        "LLaMA's decoder (Touvron et al. 2023): rotary positions, RMS norm, SwiGLU; our own best",
        "A window on what came before; trained on performances as Music Transformer is.",
    ),
    "modern-melody": replace(
        _transformer(
            "modern_transformer",
            "Melody-conditioned Music Transformer (Huang et al. 2018); events told beforehand as in Thickstun et al. 2023",
            "One decoder, told each note of the melody a second before it is struck; a melody is the highest line of a performance.",
        ),
        options={**_PIANO, "melody": True},
    ),
    "music_transformer": _transformer(
        "music_transformer",
        "Huang et al. 2018: relative attention, 6 to 8 layers of 256 to 512, feed-forward 1,024, crops of 2,048 events, dropout 0.1",
        "No absolute positions beside the relative ones; distances beyond half the window count as the last.",
        tiny={"distances": 32},
        small={"distances": 512},
        base={"distances": 1024},
    ),
    "performance-rnn": Preset(
        "char_rnn", "performance", _PERFORMANCE, _PERFORMANCE_MENDED, _PERFORMANCE_SIZES, 5e-3, 64, 256, _PIANO, optimizer="muon"
    ),
    "performance-rnn-density": Preset(
        "char_rnn",
        "performance",
        f"{_PERFORMANCE}; density-conditioned: notes a second over 3 s",
        f"{_PERFORMANCE_MENDED} {_CONTROLS_MENDED}",
        _PERFORMANCE_SIZES,
        5e-3,
        64,
        256,
        {**_PIANO, "density": True},
        optimizer="muon",
    ),
    "performance-rnn-pitch": Preset(
        "char_rnn",
        "performance",
        f"{_PERFORMANCE}; pitch-conditioned: histogram of pitch classes over 5 s",
        f"{_PERFORMANCE_MENDED} {_CONTROLS_MENDED}",
        _PERFORMANCE_SIZES,
        5e-3,
        64,
        256,
        {**_PIANO, "histogram": True},
        optimizer="muon",
    ),
    "performance-rnn-multi": Preset(
        "char_rnn",
        "performance",
        f"{_PERFORMANCE}; optional-multi-conditioned: density over 3 s and histogram over 5 s",
        f"{_PERFORMANCE_MENDED} {_CONTROLS_MENDED}",
        _PERFORMANCE_SIZES,
        5e-3,
        64,
        256,
        {**_PIANO, "density": True, "histogram": True},
        optimizer="muon",
    ),
    "deepjazz": Preset(
        "char_rnn",
        "lead",
        "J.-S. Kim's deepjazz (2016): 2 LSTM of 128, dropout .2, RMSprop, windows of 20 tokens every 3, batch 128, 128 epochs over 72 "
        "beats of one MIDI file, whose parts are written into the program",
        "Any piece and any number of them: melody, accompaniment and chords are found, whole melodies are read with the state carried "
        "on, notes are told from the root of their chord; its cleaning up afterwards is a grammar beforehand. It needs at least two "
        "pieces, one of them to check on.",
        {
            "tiny": {"layers": 1, "units": 64, "dropout": 0.2},
            "small": {"layers": 2, "units": 128, "dropout": 0.2},
            "base": {"layers": 2, "units": 128, "dropout": 0.2},
        },
    ),
    "transformer": _transformer(
        "transformer",
        "Vaswani et al. 2017, as the baseline of Huang et al. 2018: absolute sinusoidal positions",
        "Normalised before each part, as tensor2tensor does; a window on what came before.",
    ),
}


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises:
        ConfigError: When there is none; names the nearest.
    """
    if name not in PRESETS:
        raise ConfigError(f"--model {name}{nearest(name, PRESETS)}")
    return PRESETS[name]
