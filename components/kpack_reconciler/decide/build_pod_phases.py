"""The lifecycle phases of a build pod: their order, arguments and mounts by platform API.

Owns what the lifecycle's executables are told (CNB platform specification). Leaves the rest of the pod to `build_pod`.

Rules:
- Below platform API 0.7: detect, analyze, restore, build, export; analyze reads the group and the cache.
- From 0.7 on: analyze, detect, restore, build, export; analyze checks the registry and names the run image.
- Only analyze, restore and export see the home directory with credentials; detect and build run foreign code.
- What `prepare` says of the source lies where detect and build cannot rewrite it; in kpack it lies among the layers.
- There is always a cache directory (kpack v0.0.9): a claim, or an empty one.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from kpack_api.core import Container, EnvVar, VolumeMount
from kpack_api.names import Step
from kpack_api.process import (
    CACHE_PATH,
    HOME_PATH,
    LAYERS_PATH,
    PLATFORM_PATH,
    PROJECT_METADATA_PATH,
    REPORT_PATH,
    WORKSPACE_PATH,
)
from kpack_api.types import BuildSpec
from kpack_reconciler.decide.platform_api import analyzes_first

_LAYERS = f"-layers={LAYERS_PATH}"
_APP = f"-app={WORKSPACE_PATH}"
_GROUP = f"-group={LAYERS_PATH}/group.toml"
_PLAN = f"-plan={LAYERS_PATH}/plan.toml"
_ANALYZED = f"-analyzed={LAYERS_PATH}/analyzed.toml"
_CACHE = f"-cache-dir={CACHE_PATH}"
_PROJECT = f"-project-metadata={PROJECT_METADATA_PATH}/project-metadata.toml"
_REPORT = f"-report={REPORT_PATH}/report.toml"

LAYERS_MOUNT = VolumeMount(name="layers-dir", mount_path=LAYERS_PATH)
PROJECT_METADATA_MOUNT = VolumeMount(name="project-metadata-dir", mount_path=PROJECT_METADATA_PATH)
PLATFORM_MOUNT = VolumeMount(name="platform-dir", mount_path=PLATFORM_PATH)
HOME_MOUNT = VolumeMount(name="home-dir", mount_path=HOME_PATH)
REPORT_MOUNT = VolumeMount(name="report-dir", mount_path=REPORT_PATH)
CACHE_MOUNT = VolumeMount(name="cache-dir", mount_path=CACHE_PATH)
HOME = EnvVar(name="HOME", value=HOME_PATH)
_BINDING_ROOT = EnvVar(name="SERVICE_BINDING_ROOT", value=f"{PLATFORM_PATH}/bindings")

_EXECUTABLES = {
    Step.DETECT: "detector",
    Step.ANALYZE: "analyzer",
    Step.RESTORE: "restorer",
    Step.BUILD: "builder",
    Step.EXPORT: "exporter",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """What the phases of one Build depend on. `run_image` is a digest reference."""

    spec: BuildSpec
    platform_api: str
    run_image: str
    bindings: tuple[VolumeMount, ...] = ()


def phase_containers(phases: Phases) -> tuple[Container, ...]:
    """The containers of the five phases in their order, without what all containers of the pod share."""
    if analyzes_first(phases.platform_api):
        order = (_analyze_first, _detect, _restore_analyzed, _build, _export)
    else:
        order = (_detect, _analyze_group, _restore, _build, _export)
    return tuple(phase(phases) for phase in order)


def _analyze_first(phases: Phases) -> Container:
    main, *others = phases.spec.tags
    previous = phases.spec.last_build.image if phases.spec.last_build else ""
    args = (
        *(_LAYERS, _ANALYZED, f"-run-image={phases.run_image}"),
        *(f"-tag={tag}" for tag in others),
        *((f"-previous-image={previous}",) if previous else ()),
        main,
    )
    return _container(phases, Step.ANALYZE, args, (LAYERS_MOUNT, _workspace(phases), HOME_MOUNT))


def _analyze_group(phases: Phases) -> Container:
    previous = phases.spec.last_build.image if phases.spec.last_build else ""
    args = (_LAYERS, _GROUP, _ANALYZED, _CACHE, previous or phases.spec.tags[0])
    return _container(phases, Step.ANALYZE, args, (LAYERS_MOUNT, _workspace(phases), HOME_MOUNT, CACHE_MOUNT))


def _detect(phases: Phases) -> Container:
    mounts = (LAYERS_MOUNT, PLATFORM_MOUNT, _workspace(phases), *phases.bindings)
    return _container(phases, Step.DETECT, (_APP, _GROUP, _PLAN), mounts)


def _restore(phases: Phases) -> Container:
    return _container(phases, Step.RESTORE, (_GROUP, _LAYERS, _CACHE), (LAYERS_MOUNT, HOME_MOUNT, CACHE_MOUNT))


def _restore_analyzed(phases: Phases) -> Container:
    args = (_GROUP, _LAYERS, _CACHE, _ANALYZED)
    return _container(phases, Step.RESTORE, args, (LAYERS_MOUNT, HOME_MOUNT, CACHE_MOUNT))


def _build(phases: Phases) -> Container:
    mounts = (LAYERS_MOUNT, PLATFORM_MOUNT, _workspace(phases), *phases.bindings)
    return _container(phases, Step.BUILD, (_LAYERS, _APP, _GROUP, _PLAN), mounts)


def _export(phases: Phases) -> Container:
    args = (_LAYERS, _APP, _GROUP, _ANALYZED, _PROJECT, _CACHE, _REPORT, *phases.spec.tags)
    metadata = replace(PROJECT_METADATA_MOUNT, read_only=True)
    mounts = (LAYERS_MOUNT, _workspace(phases), HOME_MOUNT, REPORT_MOUNT, CACHE_MOUNT, metadata)
    return _container(phases, Step.EXPORT, args, mounts)


def _workspace(phases: Phases) -> VolumeMount:
    """The application's directory: the source's sub path, where it has one, is what the lifecycle sees."""
    sub_path = phases.spec.source.sub_path.strip("/")
    return VolumeMount(name="workspace-dir", mount_path=WORKSPACE_PATH, sub_path=sub_path)


def _container(phases: Phases, step: Step, args: tuple[str, ...], mounts: tuple[VolumeMount, ...]) -> Container:
    env = (EnvVar(name="CNB_PLATFORM_API", value=phases.platform_api),)
    own = HOME if HOME_MOUNT in mounts else _BINDING_ROOT
    return Container(
        name=step,
        image=phases.spec.builder_image,
        command=(f"/cnb/lifecycle/{_EXECUTABLES[step]}",),
        args=args,
        env=(*env, own),
        volume_mounts=mounts,
    )
