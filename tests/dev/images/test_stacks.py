"""The sample stack's images."""

import re

from dev.images.builders import SAMPLES
from dev.images.stacks import GO_SETTINGS

SCRIPT = (SAMPLES / "go" / "bin" / "build").read_text()


def test_the_compilers_cache_is_made_with_the_settings_that_the_buildpack_compiles_with() -> None:
    """A cache serves only who compiles alike: the settings of the layer are those of the script."""
    exported = dict(re.findall(r"\b([A-Z_]+)=([a-z0-9=-]+)(?=\s|$)", SCRIPT, flags=re.MULTILINE))
    assert {name: exported.get(name) for name in GO_SETTINGS} == GO_SETTINGS
    assert "go build -trimpath " in SCRIPT


def test_a_build_without_a_cache_of_its_own_begins_with_the_builders() -> None:
    """Only where no cache was restored the builder's is taken."""
    assert '[ -d "$GOCACHE" ] || cp -r /usr/local/go-cache "$GOCACHE"' in SCRIPT
