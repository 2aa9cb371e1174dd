"""The source of a build, in the workspace, and word of where it came from.

Leaves each kind of source to its module: `git`, `submodules`, `blob`, `layers`.

Rules:
- The workspace is emptied first: the step may run again in the same pod.
- project-metadata.toml has the text that kpack writes; no login and no query of a URL is in it.
- The application's folder lies inside the source, also where it is reached over a link.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path

import tomli_w

from kpack_api.process import StepEnvironment
from kpack_reconciler.model.blob_credentials import choose_blob_credentials
from kpack_reconciler.model.credentials import Keychain
from kpack_reconciler.model.git_urls import public_url
from kpack_reconciler.steps.blob import fetch_blob, shown_url
from kpack_reconciler.steps.git import GitHosts, fetch_commit
from kpack_reconciler.steps.layers import fetch_image
from kpack_reconciler.steps.places import Places
from kpack_reconciler.steps.report import StepError, say
from kpack_reconciler.steps.secrets import MountedSecrets, read_pull_secrets
from kpack_reconciler.steps.submodules import fetch_submodules

_TRUE = "true"


def fetch_source(environment: Mapping[str, str], secrets: MountedSecrets, places: Places) -> None:
    """Have the source in the workspace, and leave word of where it came from. Raises StepError."""
    _empty(places.workspace)
    if environment.get(StepEnvironment.GIT_URL):
        metadata = _git(environment, secrets, places)
    elif environment.get(StepEnvironment.BLOB_URL):
        metadata = _blob(environment, secrets, places)
    elif environment.get(StepEnvironment.REGISTRY_IMAGE):
        metadata = _image(environment, secrets, places)
    else:
        raise StepError("no git url, blob url, or registry image provided: set spec.source")
    application_folder(environment, places)
    places.project_metadata.mkdir(parents=True, exist_ok=True)
    (places.project_metadata / "project-metadata.toml").write_text(metadata)


def application_folder(environment: Mapping[str, str], places: Places) -> Path:
    """The folder of the workspace that the lifecycle will see. Raises StepError."""
    sub_path = environment.get(StepEnvironment.SOURCE_SUB_PATH, "").strip("/")
    folder = (places.workspace / sub_path).resolve()
    if not folder.is_dir() or not folder.is_relative_to(places.workspace.resolve()):
        raise StepError(f"the source has no folder {sub_path!r}; correct spec.source.subPath")
    return folder


def _git(environment: Mapping[str, str], secrets: MountedSecrets, places: Places) -> str:
    url, revision = environment[StepEnvironment.GIT_URL], environment.get(StepEnvironment.GIT_REVISION, "")
    shown, hosts = public_url(url), GitHosts(candidates=secrets.git, home=places.home)
    say(f'Cloning "{shown}" @ "{revision}"...')
    try:
        commit = fetch_commit(url, revision, places.workspace, hosts)
        if environment.get(StepEnvironment.GIT_INITIALIZE_SUBMODULES) == _TRUE:
            fetch_submodules(url, places.workspace, hosts)
    except StepError as error:
        raise StepError(f"unable to fetch git repository {shown} @ {revision}: {error}", code=error.code) from error
    say(f'Successfully cloned "{shown}" @ "{revision}" in path "{places.workspace}"')
    return _project_metadata("git", {"repository": shown, "revision": revision}, {"commit": commit})


def _blob(environment: Mapping[str, str], secrets: MountedSecrets, places: Places) -> str:
    url = environment[StepEnvironment.BLOB_URL]
    try:
        credentials = choose_blob_credentials(url, secrets.blobs)
    except ValueError as error:
        raise StepError(f"failed to resolve creds: {error}") from error
    strip = environment.get(StepEnvironment.BLOB_STRIP_COMPONENTS, "")
    checksum = fetch_blob(url, places.workspace, credentials=credentials, strip=int(strip) if strip.isdecimal() else 0)
    shown = shown_url(url)
    say(f'Successfully downloaded {shown.partition("://")[2]} in path "{places.workspace}"')
    return _project_metadata("blob", {"url": shown}, {"sha256sum": checksum})


def _image(environment: Mapping[str, str], secrets: MountedSecrets, places: Places) -> str:
    """The source's own pull secret comes first, by the rules for Secrets; then all of the service account (kpack)."""
    image, own = environment[StepEnvironment.REGISTRY_IMAGE], read_pull_secrets(places.image_pull_secrets)
    keychain = Keychain(entries=own.pull_entries) + secrets.keychain
    try:
        repository, digest = fetch_image(image, places.workspace, keychain=keychain)
    except StepError as error:
        raise StepError(f"unable to fetch image {image}: {error}", code=error.code) from error
    say(f'Successfully pulled {image} in path "{places.workspace}"')
    return _project_metadata("image", {"image": repository}, {"digest": digest})


def _project_metadata(kind: str, metadata: Mapping[str, str], version: Mapping[str, str]) -> str:
    """The file's text as kpack writes it, indented by level."""
    lines = [
        *("[source]", f"  {_pair('type', kind)}"),
        *("  [source.metadata]", *(f"    {_pair(name, value)}" for name, value in metadata.items())),
        *("  [source.version]", *(f"    {_pair(name, value)}" for name, value in version.items())),
    ]
    return "\n".join(lines) + "\n"


def _pair(name: str, value: str) -> str:
    return tomli_w.dumps({name: value}).rstrip("\n")


def _empty(folder: Path) -> None:
    """Remove what an earlier run left; the folder itself is a volume and stays."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
