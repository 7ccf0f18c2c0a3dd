"""How much each kind of evidence says about the metre. Written by tools/metre_weights.py; change that, not this.

They are 93 statistics of scores of Mozart, Haydn, Scarlatti, Joplin and Bach: **kern encodings (CC BY-NC-SA 4.0) and Mutopia's Goldberg
variations (CC BY-SA); no note of any of them can be had from them.
"""

import numpy as np

ACCENTS = (
    (-2.262, -4.823, -9.009, 6.963, -3.120, -0.580, -1.852),
    (-0.501, 0.512, -2.061, -1.744, -2.032, -30.642, -2.382),
    (-0.201, 4.060, -0.893, -3.544, -2.339, -2.846, 4.820),
    (6.460, 1.246, 6.102, -4.363, 2.191, -10.225, 1.609),
    (24.800, 3.831, 18.966, -8.389, 12.535, 13.946, -8.770),
    (13.863, 8.011, 36.332, 5.275, 4.208, 0.851, 13.521),
    (-31.902, -2.288, 37.950, -11.321, 35.097, 82.717, 37.440),
)
"""For each level of a place in the bar (see `metre.LEVELS`), what each kind of accent there says."""

RATES = (
    (53.970, 2.109, 2.697, 1.396, 0.788, 1.558, 4.803),
    (65.301, 1.922, 2.036, -0.948, 5.641, 0.000, 6.365),
    (-34.846, 2.320, 1.509, 2.664, 0.710, 1.204, 4.518),
)
"""For bars of two or four, of three, and of beats of three parts: what the share of places with an onset says, level by level."""

METRES = (
    (0.235, -2.217),
    (1.824, -2.595),
    (-1.682, -2.794),
    (2.238, -2.467),
    (1.050, 1.515),
    (-0.189, -2.366),
    (-1.827, -1.381),
)
"""For each of `metre.METRES`, what it says by itself, and with a faster quarter note."""

TEMPO_AND_DENSITY = ((-1.504, 2.014, -0.124),)
"""Distance of the quarter from 110 a minute, squared; onsets a quarter, and squared."""

AGAIN = (
    (0.413, -0.679),
    (4.371, 0.330),
    (-0.126, 3.930),
)
"""For half a bar, a bar and two bars: what it says that notes come again so much later, and with the same pitch classes."""

WEIGHTS = np.concatenate([np.ravel(part) for part in (ACCENTS, RATES, METRES, TEMPO_AND_DENSITY, AGAIN)])
"""All of them, in the order of `metre.evidence`, shape (kinds,)."""
