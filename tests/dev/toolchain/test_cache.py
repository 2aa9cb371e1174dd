from pathlib import Path

import pytest

from dev.toolchain.cache import default_cache


@pytest.mark.parametrize(
    ("environment", "folder"),
    [
        ({"PULUMI_KPACK_CACHE": "/big/tools", "XDG_CACHE_HOME": "/x"}, Path("/big/tools")),
        ({"XDG_CACHE_HOME": "/x"}, Path("/x/pulumi-kpack")),
        ({"PULUMI_KPACK_CACHE": "", "XDG_CACHE_HOME": ""}, Path.home() / ".cache" / "pulumi-kpack"),
    ],
)
def test_the_cache_is_where_the_user_wants_it(environment: dict[str, str], folder: Path) -> None:
    """Our own setting comes before the desktop's, and that before the home folder; empty is unset."""
    assert default_cache(environment) == folder
