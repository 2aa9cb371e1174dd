"""A stand-in for `go` that does what a test tells it."""

import stat
from dataclasses import dataclass
from pathlib import Path

GO_ENV = '{"GOVERSION": "go1.26.8", "GOHOSTOS": "linux", "GOHOSTARCH": "amd64"}'


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeGo:
    """A folder that holds `go` and the record of its builds."""

    folder: Path

    @property
    def calls(self) -> list[str]:
        """Give one word for each build so far."""
        record = self.folder / "calls"
        return record.read_text().splitlines() if record.exists() else []

    def answer(self, *, env: str = f"echo '{GO_ENV}'", build: str = ": ") -> None:
        """Install a `go` that lists two packages to compile; `env` and `build` are shell commands.

        `build` runs with the target in `$out`, and then the target is written.
        """
        program = self.folder / "go"
        program.write_text(
            "#!/bin/sh\n"
            f'case "$1" in\nenv) {env};;\n'
            "list) if [ $2 = -m ]; then echo $GOMODCACHE; else echo a/b; echo c/d; fi;;\n"
            "mod) mkdir -p $GOMODCACHE; echo script >$GOMODCACHE/script;;\n"
            f'build) echo build >>{self.folder}/calls; while [ "$1" != -o ]; do shift; done; out=$2\n'
            f"{build}\necho a/b >&2; echo program >$out; chmod 755 $out;;\nesac\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
