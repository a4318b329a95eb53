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
    data = json.dumps({k: v for k, v in message.items() if k != "text"}, ensure_ascii=False).encode("utf-8", "surrogatepass")
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
        self._values: dict[tuple[str, str], object] = {}

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
            name, file, select = parameter
            executable.set_parameter(name, self._value(file, select))
        self._executables[str(request["key"])] = executable

    def _value(self, file: str, select: str) -> object:
        if (file, select) not in self._values:
            if file not in self._documents:
                self._documents[file] = self._parse(Path(unquote(urlsplit(file).path)).read_bytes())
            if select == "/":
                return self._documents[file]
            xpath = self._processor.new_xpath_processor()
            xpath.declare_namespace("map", "http://www.w3.org/2005/xpath-functions/map")
            xpath.set_context(xdm_item=self._documents[file])
            value = xpath.evaluate(select)
            self._values[(file, select)] = self._processor.empty_sequence() if value is None else value
        return self._values[(file, select)]

    def _parse(self, data: bytes) -> object:
        tree = safexml.parse(data).getroottree()
        return self._processor.parse_xml(xml_text=etree.tostring(tree, encoding="unicode"), encoding="UTF-8")

    def _run(self, key: str, text: str, folder: str) -> str:
        executable = self._executables[key]
        node = self._processor.parse_xml(xml_text=text, encoding="UTF-8")
        if self._folders.get(key, "") != folder:  # a value of its own for each run would stay in the process
            self._folders[key] = folder
            executable.set_parameter("h-folder", self._processor.make_string_value(folder))  # type: ignore[attr-defined]
        executable.set_global_context_item(xdm_item=node)  # type: ignore[attr-defined]
        return executable.transform_to_string(xdm_node=node) or ""  # type: ignore[attr-defined]


if __name__ == "__main__":
    main()
