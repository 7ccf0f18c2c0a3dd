"""How much each kind of evidence says about bar lines and metre. Written by tools/metre_weights.py; change that, not this.

They are statistics of scores of Mozart, Haydn, Scarlatti, Joplin and Bach: **kern encodings (CC BY-NC-SA 4.0), Mutopia's Goldberg
variations (CC BY-SA) and cello suites in MIDI (GPL-3.0); no note of any of them can be had from them.
"""

import numpy as np

BAR_LINE_ACCENTS = (
    (-0.355, -1.222, -1.578, -2.977, -0.969, -2.935, -0.624),
    (0.410, -0.922, -0.586, -1.125, -0.757, -0.759, 0.804),
    (-0.008, -2.027, -1.821, -1.649, -0.960, -7.464, 0.043),
    (0.124, 0.323, -0.603, 0.514, -1.012, -8.466, -0.257),
    (0.352, 5.432, 1.030, 1.873, -0.218, -2.168, -5.174),
    (2.170, 11.562, 8.348, -0.589, 0.719, -7.959, 3.380),
    (2.825, 0.238, 15.011, 5.779, 14.834, 52.694, 25.404),
)
"""For each level of a place in the bar (see `metre.LEVELS`), what each kind of accent there says."""

BAR_LINE_RATES = (
    (-4.148, 0.323, -0.000, 0.043, 0.112, 0.332, 0.152),
    (-6.658, 0.920, 0.065, 0.102, 0.188, 0.000, 0.330),
    (-1.829, 0.048, -0.011, -0.011, 0.163, 0.604, 0.073),
)
"""For bars of two or four, of three, and of beats of three parts: what the share of places with an onset says, level by level."""

BAR_LINE_WEIGHTS = np.concatenate([np.ravel(BAR_LINE_ACCENTS), np.ravel(BAR_LINE_RATES), np.zeros(23)])
"""All of them, in the order of `metre.evidence`, shape (kinds,)."""

METRE_ACCENTS = (
    (-0.463, -9.973, -7.308, -1.686, -1.004, 5.852, -3.263),
    (-0.634, 2.222, -4.381, -1.294, -4.005, -32.520, -1.326),
    (0.579, 4.363, -6.735, 0.065, -6.129, -14.926, 4.596),
    (-0.353, -5.657, 12.151, -9.535, -6.826, -74.264, 0.409),
    (8.068, 8.851, 4.556, 2.174, 6.924, 18.907, 4.441),
    (-4.008, 32.965, -1.542, 55.204, -7.166, -43.710, 22.087),
    (-7.424, 1.159, 11.603, 9.466, 34.344, 138.149, -3.242),
)
"""For each level of a place in the bar (see `metre.LEVELS`), what each kind of accent there says."""

METRE_RATES = (
    (20.015, -1.722, 2.951, 0.928, 1.870, 0.909, 0.466),
    (22.590, -1.414, 2.319, -0.441, 0.848, 0.000, 2.079),
    (-17.495, 0.450, 1.096, -0.563, 0.600, -0.354, -0.611),
)
"""For bars of two or four, of three, and of beats of three parts: what the share of places with an onset says, level by level."""

METRE_METRES = (
    (0.837, -1.086),
    (-1.139, -3.337),
    (1.534, -3.270),
    (-0.550, -0.509),
    (0.227, 2.005),
    (-0.291, -0.325),
    (-0.619, -0.573),
)
"""For each of `metre.METRES`, what it says by itself, and with a faster quarter note."""

METRE_TEMPO_AND_DENSITY = ((-1.383, 0.953, 0.339),)
"""Distance of the quarter from 110 a minute, squared; onsets a quarter, and squared."""

METRE_AGAIN = (
    (-0.669, -1.936),
    (1.200, -4.525),
    (-0.814, 8.086),
)
"""For half a bar, a bar and two bars: what it says that notes come again so much later, and with the same pitch classes."""

METRE_WEIGHTS = np.concatenate(
    [np.ravel(METRE_ACCENTS), np.ravel(METRE_RATES), np.ravel(METRE_METRES), np.ravel(METRE_TEMPO_AND_DENSITY), np.ravel(METRE_AGAIN)]
)
"""All of them, in the order of `metre.evidence`, shape (kinds,)."""
