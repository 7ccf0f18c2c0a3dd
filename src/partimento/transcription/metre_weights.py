"""How much each kind of evidence says about the metre. Written by runs/metre_weights.py; change that, not this."""

import numpy as np

ACCENTS = (
    (-1.353, -0.534, -13.199, 3.790, 1.208, 0.125, -3.471),
    (-0.547, -2.116, -0.303, -4.317, -3.621, -26.375, -1.748),
    (-1.564, 2.913, 0.491, -0.333, -6.029, -4.536, 5.992),
    (5.443, -1.836, 9.366, -4.366, -0.093, -11.041, 1.961),
    (24.533, 0.149, 21.260, -6.301, 8.785, 13.264, -5.054),
    (11.910, 6.834, 37.061, 10.305, 1.219, -0.610, 17.210),
    (-33.980, -4.880, 39.267, -3.336, 32.969, 80.584, 32.459),
)
"""For each level of a place in the bar (see `metre.LEVELS`), what each kind of accent there says."""

RATES = (
    (15.972, 0.953, 2.224, 1.840, 0.211, 0.842, 4.933),
    (35.373, 2.019, 2.186, -0.972, 3.954, 0.000, 4.832),
    (-53.674, 1.003, 1.050, 2.142, 1.419, -0.138, 3.205),
)
"""For bars of two or four, of three, and of beats of three parts: what the share of places with an onset says, level by level."""

METRES = (
    (-0.583, -1.934),
    (1.155, -2.560),
    (0.037, -2.323),
    (2.761, -1.732),
    (0.450, 2.000),
    (-0.201, -4.026),
    (-2.053, -0.974),
)
"""For each of `metre.METRES`, what it says by itself, and with a faster quarter note."""

TEMPO_AND_DENSITY = (
    (-1.177, 2.203, -0.152),
)
"""Distance of the quarter from 110 a minute, squared; onsets a quarter, and squared."""

AGAIN = (
    (0.429, -0.754),
    (2.320, -0.762),
    (-1.408, 3.473),
)
"""For half a bar, a bar and two bars: what it says that a note follows another so much later, and that it has its pitch classes."""

WEIGHTS = np.concatenate([np.ravel(part) for part in (ACCENTS, RATES, METRES, TEMPO_AND_DENSITY, AGAIN)])
"""All of them, in the order of `metre.evidence`, shape (kinds,)."""
