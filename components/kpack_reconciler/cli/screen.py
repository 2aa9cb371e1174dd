"""What a person sees: results on standard output, everything about them on standard error.

Owns colours and the flushing of both streams. Colours appear on a terminal only, and never where NO_COLOR is set.
"""

import sys

from rich.console import Console
from rich.text import Text


class Screen:
    """Both streams of a command. A note is said once, however often its state comes back."""

    def __init__(self) -> None:
        self._output = Console(soft_wrap=True, highlight=False)
        self._errors = Console(soft_wrap=True, highlight=False, stderr=True)
        self._noted: set[str] = set()

    def heading(self, text: str) -> None:
        """A container's heading, cyan as kpack's."""
        self._output.print(Text(f"===> {text}", style="cyan"))

    def raw(self, line: bytes) -> None:
        """A line of a log, byte for byte, with the colours that the program gave it."""
        sys.stdout.buffer.write(line + b"\n")
        sys.stdout.buffer.flush()

    def line(self, text: Text) -> None:
        """A line of a result with its colours."""
        self._output.print(text)

    def text(self, text: str) -> None:
        """A line of a result without colours."""
        self._output.print(Text(text))

    def note(self, text: str) -> None:
        """What is being waited for, or what became of it."""
        if text not in self._noted:
            self._errors.print(Text(text, style="dim"))
            self._noted.add(text)

    def error(self, text: str) -> None:
        """Why the command fails."""
        self._errors.print(Text(text, style="red"))
