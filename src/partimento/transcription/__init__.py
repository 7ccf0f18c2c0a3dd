"""From music as it was played to music as it is written.

A performance is a `Score` whose ticks are milliseconds: notes at their times, with no beat. `notate.notated` finds the beat
and returns a score in bars for two hands, with a tempo map that plays it back as it was played.

Times are seconds; places on the tracked grid are steps of a beat (`beats.STEPS`) or, where quarters are told from beats, units
(`metre.FINE`); the notated score counts 480 ticks a quarter note. Nothing here is random and nothing needs torch.

Read in this order: `accents` (what makes a chord sound like a beat), `beats` (the beat, through changes of tempo), `metre`
(what speaks for a quarter note, a metre and a bar line), `metre_weights` (how much), `barlines` (the choice for the whole
piece), `hands`, `lengths` (what can be read), `tempo_marks`, `notate`.
"""
