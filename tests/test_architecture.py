"""The rules of the codebase that a machine can hold: import contracts, purity, separation, sizes."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COMPONENTS = ROOT / "components"
PURE = (
    "kpack_api",
    "kpack_reconciler/cache",
    "kpack_reconciler/decide",
    "kpack_reconciler/gather",
    "kpack_reconciler/model",
)
CLOCKS = frozenset({"now", "utcnow", "today"})
DEEDS = frozenset({"open", "print", "input"})
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules(*folders: Path) -> list[Path]:
    return sorted(module for folder in folders for module in folder.rglob("*.py"))


def syntax(module: Path) -> ast.Module:
    return ast.parse(module.read_text(), filename=str(module))


def impurities(tree: ast.AST) -> Iterator[str]:
    """What a pure module does not do, with its line."""
    for node in ast.walk(tree):
        match node:
            case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                yield f"line {node.lineno}: async"
            case ast.comprehension(is_async=1):
                yield f"line {node.target.lineno}: async"
            case ast.Attribute(attr=name) if name in CLOCKS:
                yield f"line {node.lineno}: .{name}"
            case ast.Name(id=name) if name in DEEDS:
                yield f"line {node.lineno}: {name}"


def too_long(module: Path) -> Iterator[str]:
    """A module and its functions above the limits. A function is measured without its docstring."""
    lines = len(module.read_text().splitlines())
    if lines > LONGEST_MODULE:
        yield f"{lines} lines"
    for node in ast.walk(syntax(module)):
        if isinstance(node, Function) and (length := code_lines(node)) > LONGEST_FUNCTION:
            yield f"{node.name}: {length} lines"


def code_lines(function: Function) -> int:
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is None:
        return total
    return total - ((first.end_lineno or first.lineno) - first.lineno + 1)


def imports(tree: ast.AST) -> Iterator[str]:
    """The top packages that a module names in its imports."""
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (name.name.partition(".")[0] for name in names)
            case ast.ImportFrom(module=str(name), level=0):
                yield name.partition(".")[0]


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", program]
    environment = {"PYTHONPATH": str(COMPONENTS)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_import_contracts_hold() -> None:
    """The contracts in pyproject.toml are kept: who may import whom."""
    told = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        env={"PYTHONPATH": str(COMPONENTS)},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize("package", PURE)
def test_pure_packages_only_compute(package: str) -> None:
    """In pure packages there is no async, no clock that is read, no file, no terminal."""
    found = modules(COMPONENTS / package)

    assert found
    assert [
        f"{module.relative_to(ROOT)} {impurity}" for module in found for impurity in impurities(syntax(module))
    ] == []


@pytest.mark.parametrize(
    "text",
    ["async def f(): pass", "datetime.now(UTC)", "clock = datetime.utcnow", "date.today()", "print(1)", "f = open"],
)
def test_impurity_is_seen(text: str) -> None:
    """The rule above can fail: each of these is found."""
    assert list(impurities(ast.parse(text)))


@pytest.mark.parametrize(
    ("side", "other"),
    [
        ("pulumi_kpack", ("kpack_reconciler", "aiohttp", "cryptography", "structlog", "cyclopts")),
        ("kpack_reconciler", ("pulumi_kpack", "pulumi", "pulumi_kubernetes", "pulumi_docker_build")),
        ("kpack_api", ("pulumi_kpack", "kpack_reconciler", "pulumi", "pulumi_kubernetes", "aiohttp")),
    ],
)
def test_each_side_imports_without_the_other(side: str, other: tuple[str, ...]) -> None:
    """Every module of a side imports in a fresh interpreter in which the other side cannot be imported."""
    program = f"""
import importlib, pkgutil, sys
for absent in {other!r}:
    sys.modules[absent] = None
package = importlib.import_module({side!r})
for module in pkgutil.walk_packages(package.__path__, {side + "."!r}):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
"""

    told = run_python(program)

    assert told.returncode == 0, told.stderr


def test_programs_name_nothing_of_ours_but_the_library() -> None:
    """`stacks/` is written as a user writes: of our packages it imports `pulumi_kpack` alone."""
    inside = {"kpack_api", "kpack_reconciler", "dev", "tests"}

    assert [
        str(module.relative_to(ROOT)) for module in modules(ROOT / "stacks") if inside & set(imports(syntax(module)))
    ] == []


def test_modules_and_functions_stay_short() -> None:
    """A module has at most 300 lines, a function at most 40 without its docstring."""
    assert [
        f"{module.relative_to(ROOT)} {length}" for module in modules(COMPONENTS) for length in too_long(module)
    ] == []


def test_every_module_says_what_it_owns() -> None:
    """Each module opens with a docstring."""
    assert [
        str(module.relative_to(ROOT)) for module in modules(COMPONENTS) if not ast.get_docstring(syntax(module))
    ] == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "manager", "base"])
def test_no_module_is_called_after_nothing(name: str) -> None:
    """A module is a noun of the field; a drawer for the rest has no place."""
    assert [module for module in modules(COMPONENTS, ROOT / "dev") if module.stem == name] == []
