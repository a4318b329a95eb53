"""Where the includes and imports of a schema may lead: files inside its pack, and nowhere else; for both schema engines.

No engine ever opens a connection. A namespace whose schema is named by a URL only (the W3C's `xml.xsd`, most often) is
unknown, as it would be offline; anything else that leads out of the pack makes the schema unusable, by name.

Source: XML Schema 1.0 part 1, 4.2 (schemaLocation is a hint for import, obligatory for include and redefine).
"""

import io
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urljoin, urlsplit
from xml.etree.ElementTree import ParseError
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

import xmlschema
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.model import say
from harness.packs.artefacts import Artefact

_XS = "http://www.w3.org/2001/XMLSchema"
_REFERRING = {f"{_XS} {name}" for name in ("include", "import", "redefine", "override")}
_NOWHERE = "<refused/>"
_OWN_OF_XMLSCHEMA = Path(xmlschema.__file__).parent
_PICKLED = ("xmlschema.", "elementpath.", "harness.validators._xsd_catalog", "decimal", "collections", "xml.etree.")
_PICKLED_BUILTINS = frozenset(
    {
        "set",
        "frozenset",
        "dict",
        "list",
        "tuple",
        "getattr",
        "object",
        "int",
        "str",
        "float",
        "bool",
        "bytes",
        "range",
        "slice",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the files of a schema refer to: `inside` its pack, by URL `elsewhere` with the namespace asked for, and what
    must not be followed, `refused`."""

    inside: frozenset[Path]
    elsewhere: dict[str, str]
    refused: tuple[str, ...]

    def lead(self, url: str) -> bytes | None:
        """What libxml2 reads at `url`: the file itself (None), an empty schema, or something that is no schema."""
        path = _path_of(url)
        if path is not None and path in self.inside:
            return None
        if url in self.elsewhere:
            namespace = self.elsewhere[url]
            target = f" targetNamespace={quoteattr(namespace)}" if namespace else ""
            return f'<xs:schema xmlns:xs="{_XS}"{target}/>'.encode()
        return _NOWHERE.encode()


@dataclass(frozen=True, slots=True)
class Mapper:
    """What xmlschema opens in place of a URL: itself inside `root` and among xmlschema's own files, else nothing."""

    root: str

    def __call__(self, url: str) -> str:
        if "\n" in url or url.lstrip().startswith("<"):  # text of a schema, not a place
            return url
        path = _path_of(url)
        if path is None:
            return _absent(Path(self.root))
        if not path.is_absolute():  # a hint as it is written; it comes again as a URL before it is opened
            return url
        real = path.resolve()
        allowed = real.is_relative_to(self.root) or real.is_relative_to(_OWN_OF_XMLSCHEMA)
        return url if allowed else _absent(Path(self.root))


def _absent(root: Path) -> str:
    return (root / ".outside-of-the-pack").as_uri()


def surroundings_of(artefact: Artefact) -> Surroundings:
    """All that the schema and what it includes refer to; files that are not XML refer to nothing.

    Raises:
        OSError: a file cannot be read.
    """
    root = artefact.root.resolve()
    inside, elsewhere, refused = {artefact.path}, {}, []
    waiting = [artefact.path]
    while waiting:
        file = waiting.pop()
        for kind, namespace, location in _references(file.read_bytes()):
            url = urljoin(file.as_uri(), location)
            path = _path_of(url)
            if path is None and kind == "import":
                elsewhere[url] = namespace
            elif path is None or not path.resolve().is_relative_to(root):
                refused.append(location)
            elif path.is_file() and path not in inside:
                inside.add(path)
                waiting.append(path)
    return Surroundings(inside=frozenset(inside), elsewhere=elsewhere, refused=tuple(dict.fromkeys(refused)))


def _references(data: bytes) -> list[tuple[str, str, str]]:
    """Kind, namespace and location of each reference, as a parser reads them."""
    found: list[tuple[str, str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        location = attributes.get("schemaLocation", "").strip()
        if name in _REFERRING and location:
            found.append((name.rpartition(" ")[2], attributes.get("namespace", ""), location))

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        return found  # the engine will say what is wrong with it
    return found


def _path_of(url: str) -> Path | None:
    parts = urlsplit(url)
    if parts.scheme not in ("", "file") or parts.netloc:
        return None
    return Path(unquote(parts.path))


def compiled(artefact: Artefact) -> etree.XMLSchema | str:
    """The schema as libxml2 compiles it, or why it cannot be used."""
    if artefact.missing_includes:
        return f"schema incomplete: {artefact.missing_includes[0]!r} is missing"
    try:
        around = surroundings_of(artefact)
        if around.refused:
            return say("xsd.outside", location=around.refused[0])
        return etree.XMLSchema(safexml.parse_schema(artefact.path, around.lead))
    except (WireError, etree.XMLSchemaParseError, OSError) as exc:
        return f"schema does not compile: {' '.join(str(exc).split())[:500]}"


def explaining(artefact: Artefact) -> xmlschema.XMLSchema10 | None:
    """The schema as xmlschema loads it, whatever it finds wrong with it: libxml2 judges, this one only explains.

    None where it can make nothing of it. Takes up to some seconds.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of imports that lead nowhere
            return xmlschema.XMLSchema10(
                quote_path(artefact.path),
                allow="local",
                validation="lax",
                uri_mapper=Mapper(str(artefact.root.resolve())),
            )
    except (xmlschema.XMLSchemaException, OSError, ParseError, RecursionError, ValueError):
        return None


def quote_path(path: Path) -> str:
    """`path` as a URL, since some characters of a path mean something else in one."""
    return "file://" + quote(path.as_posix())


def packed(schema: xmlschema.XMLSchema10 | None) -> bytes:
    """`schema` for a cache; loading it back is ten times as fast as reading the files."""
    return pickle.dumps(schema)


def unpacked(data: bytes) -> xmlschema.XMLSchema10 | None:
    """What `packed` wrote.

    Raises:
        ValueError: the bytes are damaged, or name anything that a schema is not made of.
    """
    try:
        schema = _SchemaOnly(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, ImportError, IndexError, TypeError, KeyError) as exc:
        raise ValueError("not a packed schema") from exc
    if schema is not None and not isinstance(schema, xmlschema.XMLSchema10):
        raise ValueError("not a packed schema")
    return schema


class _SchemaOnly(pickle.Unpickler):
    """Makes objects of the schema library and plain values only, so that bytes in a cache can do nothing else."""

    def find_class(self, module: str, name: str) -> object:
        if module == "builtins":
            allowed = name in _PICKLED_BUILTINS
        else:
            allowed = module.startswith(_PICKLED) or (module, name) in {
                ("re", "_compile"),
                ("copyreg", "_reconstructor"),
            }
        if not allowed or "." in name:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a schema")
        return super().find_class(module, name)
