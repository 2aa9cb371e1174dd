"""The page on messages keeps to the messages: what it quotes as ours is in the code, word for word."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "troubleshooting.md"
GAP = "…"


def quoted(part: str) -> list[str]:
    """The headings of a part of the page: the messages, without their backticks."""
    _, _, rest = PAGE.read_text().partition(f"## {part}\n")
    return re.findall(r"^### `(.+)`$", rest.partition("\n## ")[0], flags=re.MULTILINE)


@cache
def texts() -> tuple[str, ...]:
    """Give every text that the packages can say, docstrings left out; what an f-string fills in is a gap."""
    files = sorted((ROOT / "components").rglob("*.py"))
    return tuple(text for file in files for text in said(ast.parse(file.read_text())))


def said(tree: ast.AST) -> Iterator[str]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else GAP for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield from said(node)


@pytest.mark.parametrize("message", quoted("From this project"))
def test_a_message_of_ours_is_in_the_code(message: str) -> None:
    """Who changes a message changes the page."""
    words = [re.escape(word) for word in message.split(GAP)]
    wanted = re.compile(".*".join(words), flags=re.DOTALL)

    assert any(wanted.search(text) for text in texts())


def test_every_part_of_the_page_has_messages() -> None:
    """A heading of another form would not be checked."""
    parts = re.findall(r"^## (.+)$", PAGE.read_text(), flags=re.MULTILINE)
    headings = re.findall(r"^### ", PAGE.read_text(), flags=re.MULTILINE)

    assert parts == ["From this project", "From Pulumi", "From kubectl and Kubernetes"]
    assert sum(len(quoted(part)) for part in parts) == len(headings)
