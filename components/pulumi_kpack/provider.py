"""The components for every language that Pulumi speaks: a provider that a plugin serves.

Owns which classes are served, with which arguments (`provider_args`), and the schema. Leaves what they do to the
classes themselves. Pulumi's `component_provider_host` would serve them, too, but without three things that are added
here to the provider that it makes: the texts of inherited fields, whole numbers that are no floats, and errors that
name fields instead of showing a stack trace.
"""

import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from inspect import cleandoc, get_annotations
from typing import Any

import pulumi
from pulumi.errors import InputPropertiesError, InputPropertyErrorDetails
from pulumi.provider import ConstructResult, main
from pulumi.provider.experimental.analyzer import Analyzer
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.util import camel_case
from pulumi.provider.server import ComponentInitError

from pulumi_kpack import args, provider_args
from pulumi_kpack.build_service import BuildService
from pulumi_kpack.builder import Builder, ClusterBuilder
from pulumi_kpack.credentials import GitCredentials, RegistryCredentials
from pulumi_kpack.image import ExistingImage, Image
from pulumi_kpack.promotion import Promotion
from pulumi_kpack.reconciler_image import ReconcilerImage
from pulumi_kpack.rules import InvalidArgumentError
from pulumi_kpack.service_account import BuildServiceAccount

PACKAGE = "pulumi-kpack"
"""The package of the type tokens: `pulumi-kpack:index:Image`."""


def _plain(component: type[pulumi.ComponentResource], shape: type) -> type[pulumi.ComponentResource]:
    """The component as a class whose constructor names the plain form of its arguments; it does the same.

    It claims the component's own module, where Pulumi then finds the docstrings of the outputs.
    """

    def construct(
        self: pulumi.ComponentResource,
        name: str,
        args: Any,  # noqa: ANN401 - it is of `shape`
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        component.__init__(self, name, args, opts)  # type: ignore[arg-type] # every component is made this way

    construct.__annotations__["args"] = shape
    own = {"__init__": construct, "__doc__": component.__doc__, "__module__": component.__module__}
    return type(component.__name__, (component,), own)


COMPONENTS: tuple[type[pulumi.ComponentResource], ...] = (
    _plain(BuildService, provider_args.BuildServiceArgs),
    ReconcilerImage,
    RegistryCredentials,
    GitCredentials,
    _plain(BuildServiceAccount, provider_args.BuildServiceAccountArgs),
    Builder,
    ClusterBuilder,
    _plain(Image, provider_args.ImageArgs),
    ExistingImage,
    _plain(Promotion, provider_args.PromotionArgs),
)
"""What is served: every public component, where necessary in the form that takes plain arguments."""


class KpackProvider(ComponentProvider):
    """The provider `pulumi-kpack`: its version is that of the installed package."""

    def __init__(self) -> None:
        super().__init__(list(COMPONENTS), PACKAGE, version=version(PACKAGE))
        self.schema = json.dumps(_described(json.loads(self.schema or "", object_hook=_without_indentation)))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Make a component; arguments that break rules are told by field, in the schema's spelling."""
        try:
            return super().construct(name, resource_type, with_whole_numbers(inputs), options)
        except ComponentInitError as error:
            if isinstance(error.inner, InvalidArgumentError):
                raise InputPropertiesError(f"{name}: wrong arguments", _told(error.inner)) from error
            raise


def serve() -> None:
    """Serve the components to the engine that started this process, until it ends it."""
    main(KpackProvider(), sys.argv[1:])


def with_whole_numbers(value: Any) -> Any:  # noqa: ANN401 - inputs as they come over the wire
    """The same value with whole numbers where Pulumi, whose wire has only floats, gives floats that are whole."""
    match value:
        case float() if value.is_integer():
            return int(value)
        case dict():
            return {key: with_whole_numbers(each) for key, each in value.items()}
        case list():
            return [with_whole_numbers(each) for each in value]
    return value


def _described(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with the docstrings of inherited fields: Pulumi finds only those in a class's own source."""
    texts = Analyzer(PACKAGE)
    for component in COMPONENTS:
        resource = schema["resources"][f"{PACKAGE}:index:{component.__name__}"]
        _describe(resource["properties"], component.__mro__[1:], texts)
        _describe(resource["inputProperties"], _forms_in_python(f"{component.__name__}Args"), texts)
    for token, shape in schema["types"].items():
        _describe(shape.get("properties", {}), _forms_in_python(token.rpartition(":")[2]), texts)
    return schema


def _describe(properties: dict[str, Any], shapes: Iterable[type], texts: Analyzer) -> None:
    for shape in shapes:
        for field in get_annotations(shape):
            found = properties.get(camel_case(field), {})
            if "description" not in found and (text := texts.get_docstring(shape, field)):
                found["description"] = cleandoc(text)


def _forms_in_python(name: str) -> tuple[type, ...]:
    """The arguments that a plain form narrows; a TypedDict does not know what it was derived from."""
    return (getattr(args, name),) if hasattr(args, name) else ()


def _without_indentation(node: dict[str, Any]) -> dict[str, Any]:
    text = node.get("description")
    return {**node, "description": cleandoc(text)} if isinstance(text, str) else node


def _told(error: InvalidArgumentError) -> list[InputPropertyErrorDetails]:
    return [{"property_path": camel_case(problem.path), "reason": problem.message} for problem in error.problems]
