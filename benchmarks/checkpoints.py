"""Bundles along the way of a training: what `partimento train` would pack, had it ended after so many of its steps.

Run: python benchmarks/checkpoints.py MAESTRO --model modern --steps 4434 --rows 16 --after 100 400 --out DIR
leaves DIR/after-100 and DIR/after-400, as `benchmarks/performers_copying.py` takes them, and trains no further than the last of
them. The learning rate falls as it does in the whole training. They are not measured: their cards have no figures.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from partimento.bundle import STEP, Card, save_bundle
from partimento.cli.train import Course, Network
from partimento.cli.training_run import TrainingRun
from partimento.corpus.open import open_corpus
from partimento.training.loop import Progress
from partimento.version import __version__


class EnoughError(Exception):
    """The last checkpoint is packed."""


class Waypoints(TrainingRun):
    """A training that packs bundles along its way.

    Attributes:
        after: The steps after which it packs, in order.
    """

    after: tuple[int, ...]

    def _sample(self, progress: Progress, graph: Callable[[], bytes]) -> None:
        if progress.step in self.after:
            encoding = {"name": self.encoding.name, **self.encoding.options()}
            card = Card(
                f"{self.name}-after-{progress.step}", "", __version__, self._name(), encoding, {}, {"steps": progress.step}, {}, (), {}, ""
            )
            save_bundle(self.out / f"after-{progress.step}", card, {STEP: graph()})
        if progress.step >= self.after[-1]:
            raise EnoughError


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("maestro")
    parser.add_argument("--model", default="modern")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--after", type=int, nargs="+", required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    course = Course(
        steps=options.steps, rows=options.rows, decay="cosine", sample_every=0, precision="bf16", threads=options.threads, resume=True
    )
    run = Waypoints(Network(model=options.model), course, out=options.out, name=options.model, command="")
    run.after = tuple(sorted(options.after))
    try:
        run.make(open_corpus([f"maestro={options.maestro}"]))
    except EnoughError:
        print(f"{options.out}: packed after {', '.join(map(str, run.after))} steps")


if __name__ == "__main__":
    main()
