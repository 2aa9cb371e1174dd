"""Pulumi programs that tests write and run beside the service's own stack, by the real pulumi.

Owns the folder of a program, its stack `test` and its settings. What a program declares is the test's.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from dev.environment import Environment

STACK = "test"
SECONDS = 600.0
"""The longest run that is waited for; each test says what it expects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program in a folder of its own; it reads `settings.json` beside itself."""

    folder: Path
    environment: Mapping[str, str]
    stack: str = STACK

    def settle(self, settings: Mapping[str, object]) -> None:
        """Write the settings that the next run reads."""
        (self.folder / "settings.json").write_text(json.dumps(settings))

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run pulumi on the program; its end is the answer."""
        command = ["pulumi", "--non-interactive", "--color=never", "--cwd", str(self.folder), *arguments]
        result = subprocess.run(
            [*command, f"--stack={self.stack}"],
            env=dict(self.environment),
            check=False,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        with (self.folder / "log").open("a") as log:
            log.write(f"$ pulumi {arguments[0]}\n{result.stdout}{result.stderr}\n")
        return result

    def pulumi(self, *arguments: str) -> str:
        """Run pulumi on the program; the test fails, with all that was told, where it fails."""
        result = self.attempt(*arguments)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def log(self) -> str:
        """Give all that was told so far."""
        return (self.folder / "log").read_text()


def write_program(
    folder: Path, service: Environment, *, source: str, secrets: Mapping[str, str] | None = None
) -> Program:
    """Write a program with an empty stack, whose secret configuration these values are."""
    folder.mkdir()
    project = {"name": folder.name, "runtime": {"name": "python", "options": {"virtualenv": sys.prefix}}}
    (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project))
    (folder / "__main__.py").write_text(source)
    outer = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    program = Program(folder=folder, environment={**outer, **service.variables()})
    program.pulumi("stack", "init")
    for name, value in (secrets or {}).items():
        program.pulumi("config", "set-all", f"--secret={name}={value}")
    return program
