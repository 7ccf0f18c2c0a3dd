"""Public data sets by name: one file each, with citation, licence and checksums; nothing of theirs is kept here."""

from partimento.corpus.sources.bach_cello import BACH_CELLO
from partimento.corpus.sources.bach_goldberg import BACH_GOLDBERG
from partimento.corpus.sources.irish import IRISH
from partimento.corpus.sources.maestro import MAESTRO
from partimento.corpus.sources.nottingham import NOTTINGHAM

DATA_SETS = {data_set.name: data_set for data_set in (BACH_CELLO, BACH_GOLDBERG, IRISH, MAESTRO, NOTTINGHAM)}
"""Name -> data set of files. `music21_chorales` comes with a dependency and is opened by its own function."""

__all__ = ["DATA_SETS"]
