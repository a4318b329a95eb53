"""The process that runs Saxon: frames on stdin and stdout, one answer a request, no network.

Saxon/C can end its process (an uncaught C++ exception, a corrupted heap), so it never runs in the process that judges.
The worker holds compiled style sheets and value-set maps; only documents that `safexml` accepted come in.
"""

import json
import os
import struct
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from lxml import etree

from harness import safexml
from harness.errors import WireError

HEAD = struct.Struct(">II")
"""How many bytes of JSON follow, and how many of text."""
type Message = dict[str, str | int | float | list[list[str]] | list[str] | None]


def write_frame(stream: BinaryIO, message: Mapping[str, object]) -> None:
    """Writes one message: two lengths, JSON in UTF-8, and its member `text` as it is, which may be a large document."""
    text = str(message.get("text", "")).encode("utf-8", "surrogatepass")
    data = json.dumps({k: v for k, v in message.items() if k != "text"}, ensure_ascii=False).encode(
        "utf-8", "surrogatepass"
    )
    stream.write(HEAD.pack(len(data), len(text)) + data)
    stream.write(text)
    stream.flush()


def message_of(data: bytes, text: bytes) -> Message:
    """The message whose JSON and text these are."""
    result: Message = json.loads(data)
    return {**result, "text": text.decode("utf-8", "surrogatepass")}


def read_frame(stream: BinaryIO) -> Message | None:
    """The next message, None at the end of the stream."""
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return None
    data, text = HEAD.unpack(head)
    return message_of(stream.read(data), stream.read(text))


def main() -> None:
    """Serves requests until stdin ends; what libraries print goes to stderr, so that it cannot break a frame."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    saxon: _Saxon | None = None
    while (request := read_frame(sys.stdin.buffer)) is not None:
        if request["do"] == "pyschematron":
            from harness.validators.schematron import _pyschematron  # heavy import, seldom needed

            write_frame(answers, _pyschematron.serve(request))
            continue
        if saxon is None:
            saxon = _Saxon()
        write_frame(answers, saxon.serve(request))


class _Saxon:
    def __init__(self) -> None:
        import saxonche  # in the worker only

        self._error: type[Exception] = saxonche.PySaxonApiError
        self._processor = saxonche.PySaxonProcessor(license=False)
        self._processor.set_configuration_property("http://saxon.sf.net/feature/allowedProtocols", "file")
        self._xslt = self._processor.new_xslt30_processor()
        self._executables: dict[str, object] = {}
        self._documents: dict[str, object] = {}
        self._folders: dict[str, str] = {}
        self._values: dict[tuple[str, ...], object] = {}
        self._trees: dict[str, etree._ElementTree] = {}

    def serve(self, request: Message) -> Mapping[str, object]:
        started = time.perf_counter()
        try:
            if request["do"] == "compile":
                self._compile(request)
                return {"ok": True, "seconds": time.perf_counter() - started}
            if request["do"] == "forget":
                self._executables.pop(str(request["key"]), None)
                self._folders.pop(str(request["key"]), None)
                return {"ok": True}
            result = self._run(str(request["key"]), str(request["text"]), str(request["folder"]))
        except self._error as exc:
            return {"ok": False, "error": " ".join(str(exc).split())[:2000]}
        except (WireError, OSError) as exc:
            return {"ok": False, "error": str(exc)[:2000]}
        return {"ok": True, "text": result, "seconds": time.perf_counter() - started}

    def _compile(self, request: Message) -> None:
        executable = self._xslt.compile_stylesheet(stylesheet_text=str(request["xslt"]), encoding="UTF-8")
        parameters = request["parameters"]
        assert isinstance(parameters, list)
        for parameter in parameters:
            assert isinstance(parameter, list)
            name, *what = parameter
            executable.set_parameter(name, self._value(tuple(what)))
        self._trees.clear()
        self._executables[str(request["key"])] = executable

    def _value(self, what: tuple[str, ...]) -> object:
        """What a parameter holds: a file and an XPath, with the parts of keys where it is a map of keys."""
        if what not in self._values:
            file, select, *parts = what
            self._values[what] = self._keys(file, select, parts) if parts else self._selected(file, select)
        return self._values[what]

    def _selected(self, file: str, select: str) -> object:
        if file not in self._documents:
            text = etree.tostring(self._tree(file), encoding="unicode")
            self._documents[file] = self._processor.parse_xml(xml_text=text, encoding="UTF-8")
        if select == "/":
            return self._documents[file]
        return self._evaluated(self._documents[file], select)

    def _keys(self, file: str, select: str, parts: list[str]) -> object:
        """A map with a key for each node: found by libxml2, which needs a tenth of the time and leaves no tree behind."""
        keys = {key_of(node, parts) for node in self._tree(file).xpath(select)}
        every = "".join(keys)
        separator = next(c for c in map(chr, range(0xE000, 0xF900)) if c not in every)
        # each key behind a separator, so that none and an empty one differ
        text = self._processor.make_string_value("".join(separator + key for key in keys))
        return self._evaluated(text, f"map:merge(tail(tokenize(., '{separator}')) ! map:entry(., true()))")

    def _evaluated(self, context: object, select: str) -> object:
        xpath = self._processor.new_xpath_processor()
        xpath.declare_namespace("map", "http://www.w3.org/2005/xpath-functions/map")
        xpath.set_context(xdm_item=context)
        value = xpath.evaluate(select)
        return self._processor.empty_sequence() if value is None else value

    def _tree(self, file: str) -> "etree._ElementTree":
        if file not in self._trees:
            self._trees[file] = safexml.parse(Path(unquote(urlsplit(file).path)).read_bytes()).getroottree()
        return self._trees[file]

    def _run(self, key: str, text: str, folder: str) -> str:
        executable = self._executables[key]
        node = self._processor.parse_xml(xml_text=text, encoding="UTF-8")
        if self._folders.get(key, "") != folder:  # a value of its own for each run would stay in the process
            self._folders[key] = folder
            executable.set_parameter("h-folder", self._processor.make_string_value(folder))  # type: ignore[attr-defined]
        executable.set_global_context_item(xdm_item=node)  # type: ignore[attr-defined]
        return executable.transform_to_string(xdm_node=node) or ""  # type: ignore[attr-defined]


def key_of(node: "etree._Element | str", parts: list[str]) -> str:
    """What `parts` say of `node`, one after the other: `@name` its attribute or nothing, `.` its text, else the part itself."""
    if isinstance(node, str):  # an attribute has a text and no attributes
        return "".join(node if part == "." else "" if part[0] == "@" else part for part in parts)
    text = str(node.xpath("string()")) if "." in parts else ""
    return "".join(text if part == "." else node.get(part[1:], "") if part[0] == "@" else part for part in parts)


if __name__ == "__main__":
    main()
