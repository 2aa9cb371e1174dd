"""Where things lie in a build pod, for `prepare`."""

from dataclasses import dataclass
from pathlib import Path

from kpack_api import process
from kpack_reconciler.steps.report import TERMINATION_LOG


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The folders and files of the step; the defaults are the build pod's."""

    workspace: Path = Path(process.WORKSPACE_PATH)
    platform: Path = Path(process.PLATFORM_PATH)
    home: Path = Path(process.HOME_PATH)
    secrets: Path = Path(process.SECRETS_PATH)
    builder_pull_secrets: Path = Path(process.BUILDER_PULL_SECRETS_PATH)
    image_pull_secrets: Path = Path(process.IMAGE_PULL_SECRETS_PATH)
    project_metadata: Path = Path(process.PROJECT_METADATA_PATH)
    certificates: Path = Path(process.CERTIFICATES_PATH)
    termination_log: Path = TERMINATION_LOG


BUILD_POD = Places()
