"""Q4: bits per note of one corpus under every composer, from tables that `partimento compare --table NAME.json` has written.

Run: python benchmarks/bits_per_note.py [TABLE.json ...]
Without a table it prints what was measured last. A corpus that was measured before and is in none of the tables stays as it is.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from measure import measured, publish, show

FIGURE = "Q4_bits_per_note"
KEPT = (
    "encoding",
    "parameters",
    "bits_per_note",
    "ids_per_note",
    "keeps",
    "seconds_to_train",
    "steps",
    "learnt_before",
    "notes_per_second",
)


def main(tables: list[str]) -> None:
    if not tables:
        show(FIGURE)
        return
    corpora: dict[str, Any] = measured(FIGURE).get("corpora", {})
    definition = ""
    for table in tables:
        fields = json.loads(Path(table).read_text())
        definition = fields["definition"]
        rows = sorted((row for row in fields["rows"] if "error" not in row), key=lambda row: row["bits_per_note"])
        corpora[fields["corpus"]] = {
            "command": fields["command"],
            "split": fields["split"],
            "scored_pieces": fields["scored_pieces"],
            "composers": {row["model"]: {name: row[name] for name in KEPT} | _composed(row) for row in rows},
            "refused": {row["model"]: row["error"] for row in fields["rows"] if "error" in row},
        }
    publish(FIGURE, {"definition": definition, "corpora": corpora})


def _composed(row: dict[str, Any]) -> dict[str, Any]:
    """What is said of the pieces that a composer wrote."""
    own = row["originality"] or {}
    return {"longest_copy_notes": own.get("longest_copy_notes"), "copied_share": own.get("copied_share")}


if __name__ == "__main__":
    main(sys.argv[1:])
