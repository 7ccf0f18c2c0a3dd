"""The layers of ARCHITECTURE.md, enforced: who may import whom, who may import torch, and how long things may grow."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "partimento"
RANKS = {
    **dict.fromkeys(("errors", "version", "words"), 0),
    **dict.fromkeys(("score", "audio", "models"), 1),
    "files": 2,
    **dict.fromkeys(("encoding", "corpus"), 3),
    "bundle": 4,
    **dict.fromkeys(("generation", "transcription", "synthesis", "evaluation"), 5),
    **dict.fromkeys(("training", "export"), 6),
    **dict.fromkeys(("cli", "studio"), 7),
    **dict.fromkeys(("partimento", "__main__"), 8),  # the package itself: names of every layer, fetched when asked for
}
WITHOUT_TORCH_IN_MODELS = {
    "__init__",
    "model",
    "markov",
    "dice",
    "dice_table",
    "onnx_session",
    "onnx_graph",
    "biaxial_inputs",
    "conservative",
    "steered",
    "steady",
    "key_net_shape",
    "coconet_cells",
    "coconet_inputs",
    "coconet_session",
    "transformer_scales",
    "transformer_session",
}
"""And every file of a graph."""

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
MOST_LINES, MOST_FUNCTION_LINES, MOST_PARAMETERS = 400, 60, 6

FILES = sorted(SOURCE.rglob("*.py"))
TREES = {file: ast.parse(file.read_text(encoding="utf-8")) for file in FILES}


def _room(file: Path) -> str:
    """The package, or the module beside the packages, that a file belongs to."""
    first = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    return "partimento" if first == "__init__" else first


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every module a file names in an import, wherever it stands: lazily, for types only, or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import; name the package"
            modules = [f"{node.module}.{alias.name}" for alias in node.names] if node.module == "partimento" else [str(node.module)]
            yield from ((node.lineno, module) for module in modules)
        elif isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in ("import_module", "__import__"):
            yield from ((node.lineno, word.value) for word in node.args if isinstance(word, ast.Constant) and isinstance(word.value, str))


def _ours(module: str) -> str | None:
    """The room that an imported name of ours lies in, or None for the packages of others."""
    parts = module.split(".")
    return None if parts[0] != "partimento" else parts[1] if len(parts) > 1 and parts[1] in RANKS else "partimento"


def test_every_room_has_a_rank():
    assert {_room(file) for file in FILES} <= set(RANKS)


def test_imports_go_down():
    wrong = []
    for file in FILES:
        room = _room(file)
        for line, module in _imported(TREES[file]):
            other = _ours(module)
            if other is not None and other != room and RANKS[other] >= RANKS[room]:
                wrong.append(f"{file}:{line}: {room} (rank {RANKS[room]}) imports {other} (rank {RANKS[other]})")
    assert not wrong, "\n".join(wrong)


def test_torch_stays_in_its_rooms():
    torches = ("torch", "tensorboard", "safetensors.torch")
    wrong = []
    for file in FILES:
        room = _room(file)
        describes_networks = room == "models" and file.stem not in WITHOUT_TORCH_IN_MODELS and not file.stem.endswith("_graph")
        if room in ("training", "export") or describes_networks:
            continue
        named = [line for line, module in _imported(TREES[file]) if any(f"{module}.".startswith(f"{torch}.") for torch in torches)]
        wrong += [f"{file}:{line}: imports torch" for line in named]
    assert not wrong, "\n".join(wrong)


def test_things_stay_small():
    wrong = [complaint for file in FILES for complaint in _too_large(file)]
    assert not wrong, "\n".join(wrong)


def _too_large(file: Path) -> Iterator[str]:
    """What of a file is larger than it may be, or has a name that says nothing."""
    if len(file.read_text(encoding="utf-8").splitlines()) >= MOST_LINES:
        yield f"{file}: too long; one idea a file"
    if file.stem in VAGUE:
        yield f"{file}: a name that says nothing; call it after what it does"
    for node in ast.walk(TREES[file]):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if (node.end_lineno or node.lineno) - node.lineno >= MOST_FUNCTION_LINES:
            yield f"{file}:{node.lineno}: {node.name} is too long"
        positional = [*node.args.posonlyargs, *node.args.args]
        count = len(positional) + len(node.args.kwonlyargs) - (bool(positional) and positional[0].arg in ("self", "cls"))
        if count > MOST_PARAMETERS and _room(file) != "cli":
            yield f"{file}:{node.lineno}: {node.name} has {count} parameters"


def test_what_is_too_large_is_named(tmp_path, monkeypatch):
    """Every one of the rules finds what it forbids."""
    file = SOURCE / "models" / "utils.py"
    text = "def many(a, b, c, d, e, f, g, h):\n    return a\n\n\ndef long():\n" + "    x = 1\n" * 400
    (tmp_path / "utils.py").write_text(text, encoding="utf-8")
    monkeypatch.setitem(TREES, file, ast.parse(text))
    monkeypatch.setattr(Path, "read_text", lambda self, encoding: text)
    found = list(_too_large(file))
    assert [complaint.split(": ", 1)[1].split(";")[0] for complaint in found] == [
        "too long",
        "a name that says nothing",
        "many has 8 parameters",
        "long is too long",
    ]


@pytest.mark.parametrize("heavy", ["numpy", "torch", "onnxruntime", "symusic", "rich", "cyclopts"])
def test_importing_the_package_is_cheap(heavy):
    code = f"import sys, partimento; sys.exit('{heavy}' in sys.modules)"
    assert subprocess.run([sys.executable, "-W", "error", "-c", code], check=False).returncode == 0


def test_the_rules_catch_what_they_forbid():
    tree = ast.parse("def late():\n import torch\n from partimento import cli\n importlib.import_module('partimento.training.loop')")
    found = [module for _, module in _imported(tree)]
    assert found == ["torch", "partimento.cli", "partimento.training.loop"]
    assert [_ours(module) for module in found] == [None, "cli", "training"]
