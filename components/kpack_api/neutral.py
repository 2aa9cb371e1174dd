"""The neutral objects taken together: any of them, any of their statuses, and which kind one is."""

from typing import TypeAlias

from kpack_api.types import (
    Build,
    Builder,
    BuilderStatus,
    BuildStatus,
    Image,
    ImageStatus,
    Kind,
    SourceResolver,
    SourceResolverStatus,
)

Neutral: TypeAlias = Image | Build | Builder | SourceResolver
NeutralStatus: TypeAlias = ImageStatus | BuildStatus | BuilderStatus | SourceResolverStatus


def kind_of(value: Neutral) -> Kind:
    """The kind of a neutral object."""
    match value:
        case Image():
            return Kind.IMAGE
        case Build():
            return Kind.BUILD
        case Builder():
            return value.kind
        case _:
            return Kind.SOURCE_RESOLVER
