"""What the API server's answers have in common, whatever the kind: objects, pages of lists, lines of watches."""

import msgspec

from kpack_api.wire import ObjectMeta


class AnyObject(msgspec.Struct):
    """An object, of which only the metadata is read."""

    metadata: ObjectMeta


class PageMeta(msgspec.Struct, rename="camel"):
    """The version of the collection, and where the next page begins; "" on the last one."""

    resource_version: str = ""
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct):
    """A page of a list."""

    metadata: PageMeta
    items: list[msgspec.Raw]


class WatchEvent(msgspec.Struct):
    """A line of a watch: ADDED, MODIFIED, DELETED, BOOKMARK or ERROR, and the object, or a Status."""

    type: str
    object: msgspec.Raw


decode_object = msgspec.json.Decoder(AnyObject).decode
decode_page = msgspec.json.Decoder(Page).decode
decode_event = msgspec.json.Decoder(WatchEvent).decode
