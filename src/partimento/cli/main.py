"""The command `partimento`: a table of verbs, and what happens when one fails.

Exit status: 0 done; 1 the input or the machine would not allow it (one line on stderr); 2 wrong usage, with the
nearest valid name; 130 interrupted.
"""

from __future__ import annotations

import os
import sys

from cyclopts import App, CycloptsError

from partimento.errors import PartimentoError, nearest, printable
from partimento.version import __version__

VERBS = {
    "compose": ("compose:compose", "Write new music with a trained model."),
    "train": ("train:train", "Make a model from a folder of scores or a named corpus."),
    "compare": ("compare:compare", "Train several composers on the same pieces; one table says which composes best."),
    "transcribe": ("transcribe:transcribe", "Write down a recording of a piano."),
    "convert": ("convert:convert", "Turn one score format into another."),
    "reimagine": ("reimagine:reimagine", "Hear a recording, invent new music after it, and play that."),
    "render": ("render:render", "Turn a score into sound."),
    "models": ("models:models", "List the shipped and local models, or show one's card."),
    "corpus": ("corpus:corpus", "List, show or download the named data sets."),
}
"""Verb -> the function behind it, imported when it is called, and what it does."""


def app() -> App:
    """Return the command line; no verb's module is imported yet."""
    root = App(
        name="partimento",
        help="Finishes the music: composes from nothing, from a beginning, or after a folder of scores.",
        version=__version__,
        version_flags=["--version"],
        result_action="return_value",
        suppress_keyboard_interrupt=False,  # `main` says what was kept
    )
    for verb, (place, text) in VERBS.items():
        root.command(f"partimento.cli.{place}", name=verb, help=text)
    return root


def main(arguments: list[str]) -> int:
    """Run one command; return its exit status.

    Args:
        arguments: What stands behind ``partimento``.
    """
    try:
        if arguments and not arguments[0].startswith("-") and arguments[0] not in VERBS:
            return _fail(f"'{arguments[0]}' is no verb{nearest(arguments[0], VERBS)}", 2)
        app()(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        return _fail(_usage(error, arguments), 2)
    except PartimentoError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt as error:  # a verb that knows more says it
        return _fail(str(error) or "interrupted; what was finished is kept.", 130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _fail("not enough memory for this. Give less at once: a smaller file, fewer --count, a smaller --size.", 1)
    except OSError as error:
        return _fail(f"{error.filename or 'the machine'}: {error.strerror or error}. Check the path, the disk and your rights.", 1)
    return 0


def run() -> None:
    """Run the command line of this process."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us; Python would print errors to the other one
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # as long as we run
        if hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")
    sys.exit(main(sys.argv[1:]))


def _fail(message: str, status: int) -> int:
    """Say in one line what went wrong."""
    print(f"partimento: {printable(message)}", file=sys.stderr)
    return status


def _usage(error: CycloptsError, arguments: list[str]) -> str:
    """What is wrong with the arguments, in one line."""
    words = " ".join(str(error).split())
    verb = arguments[0] if arguments and arguments[0] in VERBS else ""
    return f"{words} See: partimento {verb + ' ' if verb else ''}--help"
