"""No text makes any pattern of the house slow: whoever can stop the reader with a prompt stops the studio."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

import bot
import data
import engine
from tests import hostile

ROOT = Path(__file__).parents[1]
NOT_READERS = ("engine.backends.", "engine.renderer.")
"""Packages that read no text of people's and load much; what they hold is found when it is loaded by others."""


def modules() -> list[str]:
    """Every module of the house but the ones that are programs."""
    found = [
        info.name
        for package in (bot, data, engine)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
    ]
    return [name for name in found if not name.endswith("__main__") and not name.startswith(NOT_READERS)]


@cache
def patterns() -> dict[str, re.Pattern[Any]]:
    """Each pattern with where it is from, found in modules, their classes and whatever holds values there."""
    found: dict[str, re.Pattern[Any]] = {}
    for name in modules():
        for pattern in held(vars(importlib.import_module(name)).values(), name, set()):
            found.setdefault(pattern.pattern, pattern)
    return {str(pattern.pattern)[:60]: pattern for pattern in found.values()}


def held(values: Iterable[Any], module: str, seen: set[int]) -> Iterator[re.Pattern[Any]]:
    """The patterns among some values and in what those hold."""
    for value in values:
        if isinstance(value, re.Pattern):
            yield value
        elif id(value) not in seen and (inner := holds(value, module)):
            seen.add(id(value))
            yield from held(inner, module, seen)


def holds(value: Any, module: str) -> list[Any]:
    """What is to be looked into: containers, the house's own classes and their objects."""
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    if isinstance(value, type):
        return list(vars(value).values()) if value.__module__ == module else []
    slots = [getattr(value, name, None) for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
    ours = type(value).__module__.partition(".")[0] in {"bot", "data", "engine"}
    return [*slots, *getattr(value, "__dict__", {}).values()] if ours else []


def test_the_patterns_of_the_reader_are_all_found() -> None:
    """The search misses none: as many as stand in the source of the modules that read what people write."""
    for module in ("engine/prompts/pasted.py", "engine/prompts/labels.py", "engine/prompts/quotations.py"):
        name = module.removesuffix(".py").replace("/", ".")
        written = (ROOT / module).read_text(encoding="utf-8").count("re.compile(")
        values = vars(importlib.import_module(name)).values()
        assert len(list(held(values, name, set()))) == written > 0
    assert len(patterns()) > 100


def test_no_pattern_is_hidden_in_a_function() -> None:
    """One that is made at module level is attacked below; one in a function would not be."""
    hidden = []
    for package in (bot, data, engine):
        for path in sorted(Path(package.__path__[0]).rglob("*.py")):
            hidden += [f"{path.relative_to(ROOT).as_posix()}:{line}" for line in used_in_functions(path)]
    assert hidden == []


def used_in_functions(path: Path) -> list[int]:
    """The lines where a function makes or uses a pattern without a name."""
    source = path.read_text(encoding="utf-8")
    if "import re" not in source:
        return []
    tree = ast.parse(source)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        call.lineno
        for function in functions
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "re"
        and call.func.attr not in {"escape"}
    ]


@pytest.mark.parametrize("name", sorted(patterns()))
def test_no_text_makes_a_pattern_slow(name: str) -> None:
    """Searched, matched and replaced at the length of the longest prompt; the faulty ones took minutes."""
    attacked(patterns()[name])


def attacked(pattern: re.Pattern[Any], limit_s: float = hostile.GENEROUS_S) -> None:
    """Raises TooSlow for a text that keeps the pattern at work."""
    for text in hostile.attacks(pattern):
        hostile.in_time(partial(use, pattern, text.encode() if isinstance(pattern.pattern, bytes) else text), limit_s)


def use(pattern: re.Pattern[Any], text: Any) -> None:
    """As the house uses patterns."""
    pattern.match(text)
    pattern.fullmatch(text)
    pattern.search(text)
    for _ in pattern.finditer(text):
        pass
    pattern.sub(text[:0], text)


@pytest.mark.parametrize(
    ("slow", "text"),
    [
        (r"[ *]*[*_]*:", "*" * 4000),
        (r"1/\d+(?:secs?|s)*(?!\w)", "1/1" + "secs" * 40 + "x"),
    ],
)
def test_what_is_slow_is_caught(slow: str, text: str) -> None:
    """The two faults that were in the reader, cubic and exponential, are found by the attacks themselves."""
    pattern = re.compile(slow)
    with pytest.raises(hostile.TooSlow):
        hostile.in_time(lambda: pattern.search(text), limit_s=0.1)
    with pytest.raises(hostile.TooSlow):
        attacked(pattern, limit_s=0.1)
