"""What the notes of a piece are to be like, for models that were told it of every piece they learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from partimento.encoding.encoding import Encoding, Steerable
from partimento.errors import ConfigError, EncodingError
from partimento.models.model import SequenceModel
from partimento.models.steered import Steered

MOST_NOTES_PER_SECOND = 64

_OPTIONS = {
    "notes_per_second": ("--notes-per-second", "performance-rnn-density"),
    "pitch_classes": ("--pitch-classes", "performance-rnn-pitch"),
}
"""Name in `encoding.Steerable` -> option of the command line, and a preset whose models keep to it."""


@dataclass(frozen=True)
class Controls:
    """Wishes that hold all through a piece; None leaves it to the model.

    Attributes:
        notes_per_second: Notes struck a second, 0 to 64.
        pitch_classes: Twelve weights from C on, 0 or more, at least one above 0.

    Raises:
        ConfigError: When a wish is out of range.
    """

    notes_per_second: float | None = None
    pitch_classes: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        speed, weights = self.notes_per_second, self.pitch_classes
        if speed is not None and not 0 <= speed <= MOST_NOTES_PER_SECOND:
            raise ConfigError(f"--notes-per-second {speed:g}: expected 0 to {MOST_NOTES_PER_SECOND}.")
        if weights is not None and not (len(weights) == 12 and min(weights) >= 0 and 0 < sum(weights) < 1e9):
            raise ConfigError(
                f"--pitch-classes {_words(weights)}: expected twelve weights from C on, none below 0 and one above it, "
                "such as 2,0,1,0,1,1,0,1,0,1,0,1."
            )

    @property
    def wished(self) -> Mapping[str, Any]:
        """What is wished, by the names of `encoding.Steerable`."""
        wishes = {"notes_per_second": self.notes_per_second, "pitch_classes": self.pitch_classes}
        return {name: wish for name, wish in wishes.items() if wish is not None}

    @property
    def options(self) -> Mapping[str, str]:
        """Option of the command line -> what it asks for, in words."""
        return {_OPTIONS[name][0]: _words(wish) if isinstance(wish, tuple) else f"{wish:g}" for name, wish in self.wished.items()}

    def check(self, encoding: Encoding, model_name: str) -> None:
        """Refuse what a model cannot keep to.

        Raises:
            EncodingError: When nothing in the encoding tells what is wished.
        """
        told = encoding.controls if isinstance(encoding, Steerable) else frozenset[str]()
        for name in self.wished:
            if name not in told:
                option, preset = _OPTIONS[name]
                raise EncodingError(
                    f"{option}: model '{model_name}' did not learn to keep to it. Leave it out, or train one that does: "
                    f"partimento train FOLDER --model {preset} (or performance-rnn-multi)."
                )

    def steer(self, model: SequenceModel, encoding: Encoding) -> SequenceModel:
        """Return the model that says what is wished; itself where nothing is, or its encoding tells nothing."""
        return Steered(model, encoding.wished(**self.wished)) if self.wished and isinstance(encoding, Steerable) else model


def _words(weights: tuple[float, ...]) -> str:
    """Weights as one types them."""
    return ",".join(f"{weight:g}" for weight in weights)
