"""The Irish tunes of the MIT 6.S191 lab: 804 tunes in ABC (its own extraction counts 817 songs)."""

from __future__ import annotations

from partimento.corpus.dataset import DataSet

IRISH = DataSet(
    "irish",
    "804 Irish dance tunes in ABC: hornpipes, jigs, reels, polkas and more",
    "MIT (the repository); the tunes are traditional",
    "A. Amini and A. Soleimany, MIT 6.S191 Introduction to Deep Learning (github.com/aamini/introtodeeplearning, fd8023c).",
    "Weights trained on it may be used, changed and shipped.",
    "https://raw.githubusercontent.com/aamini/introtodeeplearning/fd8023c7804bd352fc7212ac3aa587bd90912653",
    {"mitdeeplearning/data/irish.abc": "df3782d5f7b5a2f4c66aa7c13f13008d5f48757b3f5f51620cd6c1ceb2c53023"},
)
