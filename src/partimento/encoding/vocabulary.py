"""The table between numbers and what they mean; a vocabulary prints its own layout."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from partimento.errors import EncodingError, nearest


@dataclass(frozen=True)
class Vocabulary:
    """Named ids in named groups: group by group, without gaps, from 0.

    Attributes:
        groups: Group name -> its symbols in id order.

    Raises:
        EncodingError: When a symbol stands twice, or there is none.
    """

    groups: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        if not self.symbols:
            raise EncodingError("vocabulary: no symbols. Give at least one group with one symbol.")
        if len(set(self.symbols)) != len(self.symbols):
            double = next(symbol for symbol in self.symbols if self.symbols.count(symbol) > 1)
            raise EncodingError(f"vocabulary: symbol '{double}' stands twice. Rename one of them.")

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """Every symbol, in id order."""
        return tuple(symbol for group in self.groups.values() for symbol in group)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Symbol -> id."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    @cached_property
    def first(self) -> dict[str, int]:
        """Group name -> id of its first symbol."""
        starts, at = {}, 0
        for name, group in self.groups.items():
            starts[name] = at
            at += len(group)
        return starts

    def __len__(self) -> int:
        return len(self.symbols)

    def id_of(self, symbol: str) -> int:
        """Return the id of `symbol`.

        Raises:
            EncodingError: When the vocabulary has no such symbol; names the nearest.
        """
        try:
            return self.ids[symbol]
        except KeyError:
            raise EncodingError(f"vocabulary: no symbol '{symbol}'{nearest(symbol, self.symbols)}") from None

    def words(self, ids: Iterable[int]) -> str:
        """Return the symbols of `ids`, separated by spaces."""
        return " ".join(self.symbols[int(number)] for number in ids)

    def __str__(self) -> str:
        lines = [f"{len(self)} ids"]
        for name, group in self.groups.items():
            first = self.first[name]
            words = [symbol if symbol.isprintable() and symbol.strip() else repr(symbol) for symbol in group]
            shown = " ".join(words) if len(words) <= 12 else f"{' '.join(words[:5])} ... {' '.join(words[-3:])}"
            lines.append(f"{first:5d} to {first + len(group) - 1:5d}  {name:<10} {shown}")
        return "\n".join(lines)
