"""How much is fuzzed: few objects of each kind by default, ten thousand with `PULUMI_KPACK_TESTS=thorough`.

The examples are the same in every run (`derandomize`), so that a failure can be met again by anybody.
"""

import os

from hypothesis import HealthCheck, Phase, settings

EXAMPLES = 10_000 if os.environ.get("PULUMI_KPACK_TESTS") == "thorough" else 300

fuzz = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
