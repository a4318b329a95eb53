"""A schema file as a tree whose includes and imports lead only where its caller allows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lxml import etree

from harness.safexml._parse import hardened, parse

type Lead = Callable[[str], bytes | None]
"""By URL, what to read in its place; None for the file itself."""


class _Led(etree.Resolver):
    def __init__(self, lead: Lead) -> None:
        self._lead = lead

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:
        content = self._lead(system_url or "")
        return None if content is None else self.resolve_string(content, context, base_url=system_url)


def parse_schema(path: Path, lead: Lead) -> "etree._ElementTree[etree._Element]":
    """The schema in file `path`; whatever libxml2 wants to load when it compiles the tree goes through `lead`.

    Raises:
        WireError: as for `parse`.
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    parse(data)
    parser = hardened(huge=False)
    parser.resolvers.add(_Led(lead))
    root = etree.fromstring(data, parser)
    tree = root.getroottree()
    tree.docinfo.URL = path.as_uri()
    return tree
