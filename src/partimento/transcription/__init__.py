"""From the sound of a piano to its notes, and from music as it was played to music as it is written.

An ear (`models.key_net`, `models.onsets_frames`) hears spectra (`audio.spectrum`), fifty a second or fewer, and says of every key in
each how likely a note begins, sounds or ends, and how loud it is. `targets` is what it ought to say, given the notes; `note_decoding`
makes notes of what it says. A transcription is a performance: a `Score` whose ticks are milliseconds, notes at their times, with no
beat. `notate.notated` finds the beat and returns a score in bars for two hands, with a tempo map that plays it back as it was played.

Times are seconds; moments are spectra, `Spectrum.rate` a second; places on the tracked grid are steps of a beat (`beats.STEPS`) or,
where quarters are told from beats, units (`metre.FINE`); the notated score counts 480 ticks a quarter note. Nothing here is random and
nothing needs torch.

Read in this order: `targets`, `note_decoding`, `ear` (listening in blocks), `certainty` and `piano_judge` (is it a piano?),
`transcriber`; `note_stream` and `live` (notes while they are played); then `accents` (what makes a chord sound like a beat), `beats` (the
beat, through changes of tempo), `metre` (what speaks for a quarter note, a metre and a bar line), `metre_weights` (how much), `barlines`
(the choice for the whole piece), `hands`, `lengths` (what can be read), `tempo_marks`, `notate`.
"""
