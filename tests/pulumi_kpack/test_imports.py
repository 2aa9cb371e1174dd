"""What `import pulumi_kpack` brings along: a program that imports pulumi_kubernetes has nearly all of it already."""

import subprocess
import sys

PROGRAM = """
import sys
import pulumi_kubernetes
before = set(sys.modules)
import pulumi_kpack
added = set(sys.modules) - before
print(*sorted({name.partition(".")[0] for name in added} - sys.stdlib_module_names))
"""


def test_the_components_add_little_to_an_import_of_pulumi() -> None:
    """Only our own modules and msgspec; what builds the reconciler's image is imported where one is declared."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert ended.stdout.split() == ["kpack_api", "msgspec", "pulumi_kpack"]
