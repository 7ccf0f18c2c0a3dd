"""`python -m partimento`: the command line, also for torchrun."""

from partimento.cli.main import run

if __name__ == "__main__":
    run()
