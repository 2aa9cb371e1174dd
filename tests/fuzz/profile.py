"""How much is fuzzed: `FUZZ_EXAMPLES` objects of each kind; few by default, ten thousand in `make test`.

The examples are the same in every run (`derandomize`), so that a failure can be met again by anybody.
"""

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "300"))

fuzz = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
