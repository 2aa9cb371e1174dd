"""The page `docs/reference.md`, made of the schema that every language is served from, that is of our docstrings."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

HEAD = """# Reference

Every component, its arguments and its outputs, as Python writes them; YAML, TypeScript and the others write `cacheSize`
for `cache_size`. Arguments without "optional" must be given. Where Python takes a component (`builder`,
`service_account`, `credentials`), other languages give its name.
"""

Schema = Mapping[str, Any]


def reference(schema: Schema) -> str:
    """Write the page: components first, the structures of their arguments after them."""
    return "\n".join([HEAD, *_components(schema), *_structures(schema)])


def _components(schema: Schema) -> Iterator[str]:
    for token, component in sorted(schema["resources"].items()):
        yield f"## {_name(token)}\n\n{component['description']}\n"
        yield from _table("Argument", component["inputProperties"], component.get("requiredInputs", ()))
        yield from _table("Output", component.get("properties", {}), component.get("properties", {}))


def _structures(schema: Schema) -> Iterator[str]:
    for token, structure in sorted(schema["types"].items()):
        if "properties" in structure:
            yield f"## {_name(token)}\n\n{structure.get('description', '')}\n"
            yield from _table("Field", structure["properties"], structure.get("required", ()))


def _table(title: str, properties: Mapping[str, Schema], required: Any) -> Iterator[str]:
    if properties:
        rows = (_row(name, field, optional=name not in required) for name, field in properties.items())
        yield "\n".join([f"| {title} | Type | |", "|---|---|---|", *rows, ""])


def _row(name: str, field: Schema, *, optional: bool) -> str:
    python = re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match[1].lower()}", name)
    told = " ".join(field.get("description", "").split())
    return f"| `{python}` | {_type(field)}{', optional' if optional else ''} | {told} |"


def _type(field: Schema) -> str:
    if "$ref" in field:
        return f"`{_name(field['$ref'])}`"
    if field["type"] == "array":
        return f"list of {_type(field['items'])}"
    if "additionalProperties" in field:
        return f"map of {_type(field['additionalProperties'])}"
    return {"string": "text", "integer": "number", "boolean": "true or false"}.get(field["type"], "anything")


def _name(token: str) -> str:
    return token.rpartition(":")[2]
