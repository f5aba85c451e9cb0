"""The walls between the rooms: who may import whom, and what stays unloaded until it is used."""

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

HOUSE = Path(__file__).parent.parent
ROOMS = ("bot", "engine", "data")

FORBIDDEN = {
    "engine": {"bot", "data", "discord", "sqlite3", "aiosqlite"},
    "data": {"bot", "engine", "discord"},
    "bot": {"sqlite3", "aiosqlite"},
}
HEAVY = {"torch", "diffusers", "transformers", "peft", "accelerate", "anny"}
HEAVY_AT_HOME = ("engine/backends/local/",)
"""Where a heavy library may be imported as the module is; elsewhere it waits inside a function."""
STUDIO = "engine/renderer"
STUDIO_MAY = (
    "engine.renderer",
    "engine.crash_text",
    "engine.prompt",
    "engine.prompts",
    "engine.recipes.picture_text",
    "engine.faces.identity",
    "engine.faces.likeness",
    "engine.review.colour_names",
    "engine.review.face_frame",
)
"""What of the engine the photo studio may use: how prompts are read, how texts lie in pictures, how faces are told."""


def modules(room: str) -> list[Path]:
    return sorted((HOUSE / room).rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    """Top-level packages that the nodes under this one import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def imports_at_once(tree: ast.Module) -> Iterator[str]:
    """Packages imported when the module is; those inside functions and TYPE_CHECKING blocks wait."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield from imports(node)


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_reaches_through_its_walls(room: str) -> None:
    broken = [
        f"{path.relative_to(HOUSE)} imports {name}"
        for path in modules(room)
        for name in imports(ast.parse(path.read_text(encoding="utf-8")))
        if name in FORBIDDEN[room]
    ]
    assert not broken


@pytest.mark.parametrize("room", ROOMS)
def test_heavy_libraries_wait_until_they_are_used(room: str) -> None:
    broken = [
        f"{path.relative_to(HOUSE)} imports {name}"
        for path in modules(room)
        if not path.relative_to(HOUSE).as_posix().startswith(HEAVY_AT_HOME)
        for name in imports_at_once(ast.parse(path.read_text(encoding="utf-8")))
        if name in HEAVY
    ]
    assert not broken


def engine_imports(tree: ast.AST) -> Iterator[str]:
    """Modules of the engine that are imported anywhere in this one; an empty name for a relative import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "engine")
        elif isinstance(node, ast.ImportFrom) and node.level:
            yield ""
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] == "engine":
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_the_photo_studio_needs_nothing_heavy_and_little_of_the_engine() -> None:
    """Not inside functions either: whoever has the studio's packages alone can use all of it."""
    broken = []
    for path in modules(STUDIO):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        wrong = [name for name in imports(tree) if name in HEAVY]
        wrong += [
            name
            for name in engine_imports(tree)
            if not any(name == allowed or name.startswith(f"{allowed}.") for allowed in STUDIO_MAY)
        ]
        broken += [f"{path.relative_to(HOUSE)} imports {name or 'relatively'}" for name in wrong]
    assert modules(STUDIO)
    assert not broken


@pytest.mark.parametrize(
    "module",
    [
        "bot",
        "bot.__main__",
        "bot.operations.demo",
        "engine.queue.engine",
        "engine.models.catalogue",
        "engine.backends.diffusers",
        "engine.backends.photo_studio",
        "engine.renderer.photograph",
        "data.core.database",
    ],
)
def test_importing_a_room_loads_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print(sorted({HEAVY!r} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=HOUSE, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


FLOORS = {
    "bot": (
        "languages",
        "core",
        "app guard",
        "messages",
        "uploads",
        "components",
        "delivery maintenance",
        "commands web",
        "client",
        "*",
    ),
    "engine": (
        "prompt prompts apart recipes",
        "faces safety review",
        "pictures",
        "renderer",
        "wording",
        "jobs",
        "models",
        "placement",
        "downloads",
        "backends",
        "queue recipe",
    ),
    "data": ("core", "credits", "pictures", "characters", "orders", "people", "upkeep"),
}
"""Rooms from the lowest up; `*` is everything else. A room may import what stands lower, or beside it."""


def module_name(path: Path) -> str:
    parts = path.relative_to(HOUSE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def known_imports(tree: ast.AST, known: set[str]) -> Iterator[str]:
    """Modules of the house that are imported anywhere in this one, for types alone too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner in known or node.module in known:
                    yield inner if inner in known else node.module


@pytest.fixture(scope="module")
def graph() -> dict[str, set[str]]:
    """Every module with those that it imports."""
    paths = {module_name(path): path for room in ROOMS for path in modules(room)}
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in paths.items()}
    return {name: set(known_imports(tree, set(paths))) - {name} for name, tree in trees.items()}


def test_no_imports_go_round_in_a_circle(graph: dict[str, set[str]]) -> None:
    """What imports nothing of the rest, or is imported by nothing of it, is in no circle; types' imports count too."""
    rest = dict(graph)
    while free := [
        name
        for name, wanted in rest.items()
        if not wanted & rest.keys() or not any(name in others for others in rest.values())
    ]:
        for name in free:
            del rest[name]
    assert sorted(rest) == []


@pytest.mark.parametrize("house", FLOORS)
def test_no_room_imports_one_above_it(house: str, graph: dict[str, set[str]]) -> None:
    floors = {room: height for height, rooms in enumerate(FLOORS[house]) for room in rooms.split()}

    def height(name: str) -> int:
        return floors.get(name.split(".")[1], floors.get("*", -1)) if "." in name else -1

    broken = [
        f"{name} imports {wanted}"
        for name, all_wanted in graph.items()
        for wanted in all_wanted
        if name.startswith(f"{house}.") and wanted.startswith(f"{house}.") and height(wanted) > height(name)
    ]
    assert not broken


def test_the_core_of_the_bot_knows_no_discord() -> None:
    broken = [
        str(path.relative_to(HOUSE))
        for path in modules("bot/core")
        if "discord" in set(imports(ast.parse(path.read_text(encoding="utf-8"))))
    ]
    assert not broken


def test_no_two_modules_and_no_two_public_classes_share_a_name() -> None:
    """One name, one thing: whoever searches for it finds it, and an import says what it brings."""
    places = defaultdict(set)
    for path in (path for room in ROOMS for path in modules(room)):
        if path.stem not in {"__init__", "__main__"}:
            places[f"module {path.stem}"].add(module_name(path))
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[f"class {node.name}"].add(module_name(path))
    assert {name: sorted(where) for name, where in places.items() if len(where) > 1} == {}
