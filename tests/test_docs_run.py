"""Every snippet of the documentation does what it says: Python runs, commands run, tables and links hold.

Snippets of one page run in their order in one folder, as a reader would type them. There the folder `my-tunes` holds
tunes to learn from, and a training of many minutes is cut down to a few steps.
"""

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PAGES = sorted([*TOP.glob("*.md"), *TOP.glob("docs/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.S | re.M)
ELSEWHERE = ("make", "apt", "python3", ".venv/bin/pip", "PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu")
"""First words of commands that change a machine; they are run by whoever installs, not here."""


def _snippets(page: Path, *languages: str) -> list[str]:
    """The fenced blocks of a page in one of `languages`."""
    return [text for language, text in FENCE.findall(page.read_text(encoding="utf-8")) if language in languages]


def _commands(page: Path) -> list[list[str]]:
    """The commands of a page that are run here."""
    lines = [shlex.split(line) for text in _snippets(page, "sh") for line in text.splitlines() if line.strip()]
    return [words for words in lines if words[0] not in ELSEWHERE]


def _module(path: Path):
    """A script as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _run(words: list[str], folder: Path) -> str:
    """Run one of our commands in `folder`; a long training becomes a short one."""
    assert words[0] == "partimento", f"{words[0]}: add it to ELSEWHERE, or write it as our own command"
    size = "" if "--from" in words else "--size tiny "  # a model that goes on keeps its own
    arguments = re.sub(r"--minutes \d+", f"--steps 3 {size}--sample-every 0", shlex.join(words[1:]))
    command = [sys.executable, "-m", "partimento.cli", *shlex.split(arguments)]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{shlex.join(words)}: {result.stderr}"
    return result.stdout


def _run_page(page: Path, folder: Path, *, training: bool) -> int:
    """Run a page's commands; return how many that were."""
    _module(TOP / "examples" / "train.py").little_tunes(str(folder / "my-tunes"))
    commands = [words for words in _commands(page) if training or not _is_slow(words)]
    for words in commands:
        assert _run(words, folder).strip(), shlex.join(words)
    return len(commands)


def _is_slow(words: list[str]) -> bool:
    """Whether a command trains a network, or needs one that was trained so."""
    return "--minutes" in words or not {"my-model", "my-folk"}.isdisjoint(words)


def test_the_two_commands_open_the_readme():
    first, second = re.findall(r"^```(?:sh|bash|console)\n(.*?)^```", (TOP / "README.md").read_text(encoding="utf-8"), re.S | re.M)[:2]
    assert (first, second) == ("make demo\n", "make test\n")


@pytest.mark.parametrize("page", [page for page in PAGES if _snippets(page, "python")], ids=lambda page: page.name)
def test_python_snippets_run(page, tmp_path):
    code = "\n".join(_snippets(page, "python"))
    result = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip()


@pytest.mark.parametrize("page", [page for page in PAGES if _commands(page)], ids=lambda page: page.name)
def test_commands_run(page, tmp_path):
    assert _run_page(page, tmp_path, training=False) > 0


@pytest.mark.slow
def test_training_commands_run(tmp_path):
    assert _run_page(TOP / "README.md", tmp_path, training=True) > 10
    assert (tmp_path / "my-model" / "card.json").is_file()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+)", text):
        assert "://" in target or (page.parent / target).exists(), f"{page.name}: {target}"


def test_tables_are_as_cards_and_results_say():
    result = subprocess.run([sys.executable, TOP / "tools" / "tables.py", "--check"], capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{result.stdout}{result.stderr}Run: make tables"


def test_targets_that_are_named_exist():
    targets = set(re.findall(r"^([a-z-]+):", (TOP / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in PAGES:
        named = set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8")))
        assert named <= targets, f"{page.name}: make {named - targets}"


def test_every_verb_is_in_the_readme():
    from partimento.cli.main import VERBS  # noqa: PLC0415

    shown = {words[1] for words in _commands(TOP / "README.md")}
    assert shown == set(VERBS)


def test_ci_runs_what_people_run():
    script = TOP / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "make check test" in script.read_text(encoding="utf-8")
