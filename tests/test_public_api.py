"""What other people's programs may rely on: the names, that they can be imported, and that each says what it is."""

import importlib
import inspect
import pkgutil

import pytest

import partimento

PACKAGES = ["partimento", *sorted(f"partimento.{found.name}" for found in pkgutil.iter_modules(partimento.__path__) if found.ispkg)]
OPENED = [name for name in PACKAGES if hasattr(importlib.import_module(name), "__all__")]


def test_the_names_programs_rely_on_are_there():
    assert {"PartimentoError", "Score", "Waveform", "__version__", "load", "read", "render", "write"} <= set(partimento.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_opens_with_an_essay(package):
    words = (importlib.import_module(package).__doc__ or "").split()
    assert len(words) >= 40, f"{package}: {len(words)} words; say what it is for, its conventions, units and files in reading order"


@pytest.mark.parametrize("package", OPENED)
def test_names_are_sorted(package):
    names = importlib.import_module(package).__all__
    assert names == sorted(set(names))


@pytest.mark.parametrize(("package", "name"), [(package, name) for package in OPENED for name in importlib.import_module(package).__all__])
def test_every_name_can_be_imported_and_says_what_it_is(package, name):
    value = getattr(importlib.import_module(package), name)
    if inspect.isclass(value) or callable(value):
        assert (value.__doc__ or "").strip(), f"{package}.{name} has no docstring"


def test_a_wrong_name_is_refused():
    with pytest.raises(AttributeError, match="has no attribute 'compose_symphony'"):
        partimento.compose_symphony  # noqa: B018


def test_dir_lists_the_public_names():
    assert dir(partimento) == sorted(partimento.__all__)


def test_every_public_function_is_documented_argument_by_argument():
    for name in ("load", "read"):
        assert "Args:" in (getattr(partimento, name).__doc__ or ""), name
