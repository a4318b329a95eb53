"""What the listing says of a document against the document that came: XDS metadata against the CDA header.

Hash, size and unique id are judged where documents are (XCAQ-A-022, XCAR-A-005), the patient by CDA-014.

Sources: IHE ITI TF-3, 4.2.3.2; IHE PCC TF-2, 4.1.1.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from harness.checks._earlier import listed
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding
from harness.validators import EntryMetadata, NamedDocument, cross_check
from harness.wire import codes, xds

_LANGUAGE = re.compile(r"[a-z]{2}-[A-Z]{2}")


def _code(coded: xds.Coded | None) -> str | None:
    return coded.code if coded is not None else None


def _listed_here(view: View, context: Context) -> Iterator[tuple[NamedDocument, EntryMetadata]]:
    """Each retrieved CDA that a listing of the row describes, with what the entry says."""
    for index, document in enumerate(view.retrieved):
        entry, header = listed(context, document.id), view.headers[index]
        if entry is None or isinstance(header, WireError):
            continue
        name = f"response/document:{index}"
        # a malformed language and an unknown confidentiality are judged for themselves, here nothing could agree with them
        secrecy = header.confidentiality in codes.CONFIDENTIALITY_CODES
        comparable = _LANGUAGE.fullmatch(header.language or "") and _LANGUAGE.fullmatch(entry.language or "")
        yield (
            NamedDocument(name=name, content=document.content),
            EntryMetadata(
                document=name,
                class_code=_code(entry.class_code),
                type_code=_code(entry.type_code),
                confidentiality=tuple(c.code for c in entry.confidentiality_codes if c.code and secrecy),
                language=entry.language if comparable else None,
                creation_time=entry.creation_time,
            ),
        )


def _any(view: View, context: Context) -> bool:
    return next(_listed_here(view, context), None) is not None


def _differences(view: View, context: Context, *fields: str) -> Iterator[Finding]:
    """Where entry and document differ in one of `fields`; what to do is said by the requirement."""
    pairs = tuple(_listed_here(view, context))
    rules = {f"cross/metadata-{field}" for field in fields}
    for finding in cross_check([d for d, _ in pairs], [m for _, m in pairs]):
        if finding.rule in rules:
            yield replace(finding, next="")


@check("XCAQ-A-012", actor="ncpeh-a", on="ITI-39", when=_any)
def listed_time_is_that_of_the_document(view: View, context: Context) -> Iterator[Finding]:
    """creationTime is effectiveTime of the document. Source: IHE PCC TF-2, 4.1.1 (creationTime)."""
    yield from _differences(view, context, "creationTime")


@check("XCAQ-A-013", actor="ncpeh-a", on="ITI-39", when=_any)
def listed_codes_are_those_of_the_document(view: View, context: Context) -> Iterator[Finding]:
    """classCode and typeCode are of the kind that the document's code tells. Source: IHE PCC TF-2, 4.1.1."""
    yield from _differences(view, context, "classCode", "typeCode")


@check("XCAQ-A-015", actor="ncpeh-a", on="ITI-39", when=_any)
def listed_confidentiality_is_that_of_the_document(view: View, context: Context) -> Iterator[Finding]:
    """confidentialityCode is that of the document. Source: IHE PCC TF-2, 4.1.1 (confidentialityCode)."""
    yield from _differences(view, context, "confidentialityCode")


@check("XCAQ-A-018", actor="ncpeh-a", on="ITI-39", when=_any)
def listed_language_is_that_of_the_document(view: View, context: Context) -> Iterator[Finding]:
    """languageCode is that of the document. Source: IHE PCC TF-2, 4.1.1 (languageCode)."""
    yield from _differences(view, context, "languageCode")
