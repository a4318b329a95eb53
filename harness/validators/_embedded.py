"""Files inside CDA documents: taken out, and looked at as far as their bytes tell without a viewer.

The file of a level 1 document stands in nonXMLBody/text; documents with sections carry files as observation media or values.
All of them are data of type ED: base64 when marked so, perhaps compressed, perhaps only a reference.

Sources: HL7 V3 data types R1, ED; eHDSI CDA Implementation Guide, level 1 and original clinical documents; IHE ITI TF-3, 5.2
(scanned documents: PDF/A-1, template 1.3.6.1.4.1.19376.1.2.20).
"""

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from harness.model import MAX_EMBEDDED_BYTES, ArtefactUse, Finding, Layer, Location, Severity, Verdict, roll_up, say
from harness.validators._findings import VERDICTS
from harness.validators._images import JPEG, PDF, PNG, defect_of_image, known_type, sniffed
from harness.validators._kinds import HL7, NON_XML_BODY, Part, kind_and_sign, path_of, template_roots
from harness.validators._pdf import PdfFacts, read_pdf

EMBEDDED = "embedded-file"
_SCANNED = "1.3.6.1.4.1.19376.1.2.20"
_WINDOW_BITS = {"DF": -zlib.MAX_WBITS, "ZL": zlib.MAX_WBITS, "GZ": 16 + zlib.MAX_WBITS}
"""Compression codes of ED that zlib undoes. Source: HL7 V3 data types R1, ED.compression."""
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/=]")
_B64, _MARKS = "XCAR-A-007", "XCAR-A-008"
_BODY_OF_ORCD = "CDA-013"
_SOURCES = {
    _B64: "eHDSI CDA Implementation Guide, level 1",
    _MARKS: "ISO 32000-1, 7.5.2",
    _BODY_OF_ORCD: "eHDSI CDA Implementation Guide, original clinical documents",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedFiles:
    """What the files of one document came to; paths of findings are those of `path()`."""

    use: ArtefactUse
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    """An element that carries a file: its place, and what its document says about the file."""

    element: etree._Element
    path: str
    body: bool
    kind: str
    scanned: bool
    limit: int

    @property
    def wanted(self) -> tuple[str, ...]:
        """Media types that the body of such a document carries; empty where the kind does not say."""
        if not self.body or self.kind == "other" or self.kind.startswith("ans-"):
            return ()
        return (PNG, JPEG) if self.kind == "orcd-image" else (PDF,)

    def finding(
        self,
        key: str,
        *,
        expected: str = "",
        found: str = "",
        at: str = "",
        severity: Severity = Severity.ERROR,
        requirement: str | None = None,
        **values: object,
    ) -> Finding:
        ours = requirement if self.body and self.kind != "other" and not self.kind.startswith("ans-") else None
        return Finding(
            at=Location(xpath=self.path + at),
            message=say(f"embedded.{key}", **values),
            expected=expected,
            found=found,
            rule=f"embedded/{key}",
            requirement=ours,
            severity=severity,
            layer=Layer.EMBEDDED,
            source=_SOURCES.get(requirement or "", "HL7 V3 data types R1, ED"),
            next=say("embedded.next"),
        )


def judge_embedded(part: Part, *, limit: int = MAX_EMBEDDED_BYTES) -> EmbeddedFiles | None:
    """The files of the CDA document `part`, each up to `limit` bytes; None when it carries none."""
    findings: list[Finding] = []
    told: list[str] = []
    holders = list(_holders(part, limit))
    bodies = list(part.element.iterfind(NON_XML_BODY))
    for holder in holders:
        for one in _judged(holder):
            if isinstance(one, Finding):
                findings.append(one)
            else:
                told.append(one)
    if not holders and not bodies:
        return None
    if bodies and not any(h.body for h in holders):
        findings.append(_without_text(part, bodies[0], limit))
    verdict = roll_up([Verdict.PASS, *(VERDICTS[f.severity or Severity.ERROR] for f in findings)])
    use = ArtefactUse(
        coordinate="",
        artefact=EMBEDDED,
        layer=Layer.EMBEDDED,
        sha256="",
        verdict=verdict,
        reason=say("embedded.several", file=told[0], others=len(told) - 1) if len(told) > 1 else "".join(told),
    )
    return EmbeddedFiles(use=use, findings=tuple(findings))


def _holders(part: Part, limit: int) -> Iterator[_Holder]:
    kind, _ = kind_and_sign(part.element)
    scanned = _SCANNED in template_roots(part.element)
    bodies = set(part.element.iterfind(f"{NON_XML_BODY}/{{{HL7}}}text"))
    for element in part.element.iter(f"{{{HL7}}}*"):
        body = element in bodies
        if body or element.get("representation") == "B64":
            path = path_of(element)
            yield _Holder(element=element, path=path, body=body, kind=kind, scanned=scanned, limit=limit)


def _without_text(part: Part, body: etree._Element, limit: int) -> Finding:
    kind, _ = kind_and_sign(part.element)
    holder = _Holder(element=body, path=path_of(body), body=True, kind=kind, scanned=False, limit=limit)
    return holder.finding("none", expected="text", found="nothing", requirement=_B64)


def _judged(holder: _Holder) -> Iterator[Finding | str]:
    """Findings on one file, and a sentence on what it is."""
    media_type = holder.element.get("mediaType", "text/plain")
    if holder.element.get("representation") != "B64":
        if media_type.startswith("text/") and not holder.wanted:
            return  # text that stands there as text: nothing is taken out
        yield holder.finding(
            "representation",
            expected="'B64'",
            found=holder.element.get("representation", "no representation"),
            requirement=_B64,
        )
        return
    content = _content(holder)
    if isinstance(content, Finding):
        yield content
        return
    yield from _media_type(holder, media_type, content)


def _content(holder: _Holder) -> bytes | Finding:
    """The bytes of the file, or why they cannot be had."""
    raw = "".join((holder.element.text or "").split())
    if not raw:
        reference = holder.element.find(f"{{{HL7}}}reference")
        if reference is not None and reference.get("value"):
            found = reference.get("value", "")
            return holder.finding("by-reference", found=found, severity=Severity.UNDECIDABLE)
        return holder.finding("empty", expected="base64", found="nothing", requirement=_B64)
    size = len(raw) * 3 // 4 - raw[-2:].count("=")
    if size > holder.limit:
        return _too_large(holder, f"{size} bytes")
    stray = _NOT_BASE64.search(raw)
    try:
        if stray is not None:
            raise binascii.Error(f"character {stray.group()!r}")
        content = base64.b64decode(raw, validate=True)
    except binascii.Error as exc:
        return holder.finding("base64", expected="base64", found=str(exc), requirement=_B64)
    return _decompressed(holder, content)


def _too_large(holder: _Holder, found: str) -> Finding:
    return holder.finding("size", expected=f"at most {holder.limit} bytes", found=found, severity=Severity.UNDECIDABLE)


def _decompressed(holder: _Holder, content: bytes) -> bytes | Finding:
    code = holder.element.get("compression")
    if not code:
        return content
    if code not in _WINDOW_BITS:
        return holder.finding("compression", found=code, at="/@compression", severity=Severity.UNDECIDABLE)
    inflater = zlib.decompressobj(_WINDOW_BITS[code])
    try:
        inflated = inflater.decompress(content, holder.limit + 1)
    except zlib.error as exc:
        return holder.finding("decompressed", expected=code, found=str(exc), at="/@compression")
    if len(inflated) > holder.limit:
        return _too_large(holder, f"over {holder.limit} bytes")
    if not inflater.eof:
        return holder.finding("decompressed", expected=code, found="cut", at="/@compression")
    return inflated


def _media_type(holder: _Holder, media_type: str, content: bytes) -> Iterator[Finding | str]:
    claimed, actual = known_type(media_type), sniffed(content)
    if holder.wanted and claimed not in holder.wanted:
        requirement = _BODY_OF_ORCD if holder.kind.startswith("orcd-") else _B64
        yield holder.finding(
            "media-kind",
            expected=" or ".join(holder.wanted),
            found=media_type,
            at="/@mediaType",
            requirement=requirement,
        )
    if claimed is None and actual is None:
        if not media_type.startswith("text/"):
            yield holder.finding("media-unknown", found=media_type, at="/@mediaType", severity=Severity.UNDECIDABLE)
        return
    if actual != claimed:
        yield _other_bytes(holder, claimed, actual, content)
        return
    yield from _looked_at(holder, actual, content)


def _other_bytes(holder: _Holder, claimed: str | None, actual: str | None, content: bytes) -> Finding:
    requirement = _MARKS if claimed == PDF else None
    found = actual or repr(content[:8])
    if actual is None and _is_base64_of(content, claimed):
        return holder.finding("twice", expected=claimed or "", found=found, requirement=requirement)
    key = "pdf-header" if claimed == PDF and actual is None else "media-type"
    expected = "%PDF" if key == "pdf-header" else claimed or ""
    return holder.finding(key, expected=expected, found=found, requirement=requirement)


def _is_base64_of(content: bytes, media_type: str | None) -> bool:
    """Whether `content` is base64 text that decodes to a file of `media_type`."""
    try:
        again = base64.b64decode(b"".join(content[:2048].split())[:1600], validate=True)
    except binascii.Error:
        return False
    return media_type is not None and sniffed(again) == media_type


def _looked_at(holder: _Holder, media_type: str | None, content: bytes) -> Iterator[Finding | str]:
    what = say("embedded.found", format=media_type, size=len(content), limit=holder.limit)
    if media_type == PDF:
        facts = read_pdf(content)
        yield from _pdf(holder, facts)
        yield _with_claim(what, facts)
        return
    defect = defect_of_image(content, media_type or "")
    if defect:
        yield holder.finding("image", expected=media_type or "", found=defect, format=media_type)
    yield what


def _with_claim(what: str, facts: PdfFacts) -> str:
    if facts.claim is None:
        return say("embedded.found-pdf-a-unread", file=what)
    if not facts.claim:
        return say("embedded.found-no-pdf-a", file=what)
    return say("embedded.found-pdf-a", file=what, claim=facts.claim)


def _pdf(holder: _Holder, facts: PdfFacts) -> Iterator[Finding]:
    if facts.header_at != 0 or facts.version is None:
        found = "no version" if facts.version is None else f"%PDF at byte {facts.header_at}"
        yield holder.finding("pdf-header", expected="%PDF", found=found, requirement=_MARKS)
    if not facts.ended:
        yield holder.finding("pdf-end", expected="%%EOF", found="nothing")
    if not facts.references:
        yield holder.finding("pdf-xref", expected="startxref, xref and trailer", found="none that can be read")
    elif not facts.catalogue and not facts.encrypted:
        yield holder.finding("pdf-root", expected="/Root with a catalogue", found="none that can be read")
    if facts.encrypted:
        yield holder.finding("pdf-encrypted", expected="no /Encrypt", found="/Encrypt")
    if holder.body and holder.scanned and not (facts.claim or "").startswith("1"):
        found = "nothing" if facts.claim == "" else f"PDF/A-{facts.claim}" if facts.claim else "no readable metadata"
        yield holder.finding("pdf-a-absent", expected="PDF/A-1", found=found, severity=Severity.WARNING)
