"""What a composer that people know is made of: a network, the encoding it speaks, its sizes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from partimento.encoding.catalog import build_encoding
from partimento.encoding.encoding import Encoding

SIZES = ("tiny", "small", "base")


@dataclass(frozen=True)
class Preset:
    """One composer.

    Attributes:
        network: One of `networks.NETWORKS`, or of `counted.COUNTED`.
        encoding: What it speaks unless another is asked for; empty for one that speaks any, and takes what the corpus fits.
        source: Paper or program, with its numbers.
        mended: What differs here.
        sizes: Size -> settings of the network.
        learning_rate: Highest learning rate.
        rows: Pieces read side by side.
        time: Ids read of each piece in one step; of a network that reads frames or groups in turn, so many of these.
        options: Settings of its own encoding.
        weight_decay: AdamW's.
        optimizer: What makes its steps, see `loop.Settings`.
    """

    network: str
    encoding: str
    source: str
    mended: str
    sizes: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: {size: {} for size in SIZES})
    learning_rate: float = 2e-3
    rows: int = 32
    time: int = 160
    options: Mapping[str, Any] = field(default_factory=dict)
    weight_decay: float = 0.01
    optimizer: Literal["adamw", "muon"] = "adamw"

    def speaks(self, wished: str | None = None) -> Encoding:
        """Return the encoding that was wished for, else its own; tunes as ABC text where it speaks any.

        Raises:
            EncodingError: When there is no such encoding.
        """
        own = wished in (None, self.encoding)
        return build_encoding(wished or self.encoding or "characters", self.options if own else None)
