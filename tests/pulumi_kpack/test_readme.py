"""The program of the README is a program."""

import re
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import MockCallArgs, MockResourceArgs, Mocks, set_all_config, set_mocks

README = (Path(__file__).parent.parent.parent / "README.md").read_text()
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
DIGEST = "index.docker.io/me/go-sample-app@sha256:1"


class Recorder(Mocks):
    """Keeps the kinds of what is registered; an Image that is read back was built."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        """Give back what was declared."""
        self.kinds.append(args.typ.rpartition(":")[2])
        status = {"status": {"latestImage": DIGEST}} if args.typ.endswith(":Image") else {}
        return args.resource_id or args.name, {**args.inputs, **status}

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        """Refuse: a program looks nothing up."""
        raise AssertionError(f"no invoke: {args.token}")


def test_the_program_of_the_readme_runs() -> None:
    """What a newcomer copies declares the service, a login, an account, a builder and an Image, as it stands there."""
    recorder = Recorder()
    set_mocks(recorder, project="me", preview=False)
    set_all_config({"me:reconcilerImage": "r.example/k@sha256:1", "me:user": "me", "me:password": "secret"})
    (program,) = PROGRAMS

    @pulumi.runtime.test
    def run() -> None:
        exec(compile(program, "README.md", "exec"), {})  # noqa: S102 - this is the test

    run()
    set_all_config({})

    assert {"BuildService", "RegistryCredentials", "BuildServiceAccount", "Builder", "Image"} <= set(recorder.kinds)
