"""`python -m partimento.cli` is the command `partimento`."""

from partimento.cli.main import run

run()
