"""Train: a model from a folder of scores, and a tune by it.

Run: python examples/train.py [FOLDER]

Without a folder it makes one of little tunes, so that there is something to learn from; such a model can only babble.
Give a folder of a hundred tunes or more and take STEPS and the model away for something worth hearing: by default
`train` fits an LSTM (that needs `pip install 'partimento[train]'`); a Markov chain is counted in seconds.
"""

import random
import sys
from pathlib import Path

import partimento
from partimento.cli.train import Network, train

NOTES = "DEFGABcdefg"


def little_tunes(folder: str, count: int = 24) -> str:
    """Fill a folder with tunes that walk up and down the scale of D, the same ones each time."""
    Path(folder).mkdir(exist_ok=True)
    chance = random.Random(1)
    for number in range(count):
        place, bars = 0, []
        for bar in range(8):
            steps = []
            for _ in range(8 if bar % 4 < 3 else 4):
                steps.append(NOTES[place])
                place = min(max(place + chance.choice((-2, -1, -1, 1, 1, 2)), 0), len(NOTES) - 1)
            bars.append("".join(steps) if bar % 4 < 3 else "".join(steps) + "D4")
        body = "|".join(bars)
        Path(folder, f"tune{number:02d}.abc").write_text(f"X:1\nT:Tune {number}\nM:4/4\nL:1/8\nK:D\n|{body}|]\n", encoding="utf-8")
    return folder


def main(folder: str = "") -> None:
    train(folder or little_tunes("little-tunes"), network=Network(model="markov", order=4), out=Path("little-model"))
    score = partimento.load("little-model").compose(bars=8, seed=7)
    print(partimento.write(score, "learned.abc"))
    print(Path("learned.abc").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(*sys.argv[1:])
