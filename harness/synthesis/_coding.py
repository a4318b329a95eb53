"""Codes as CDA writes them: for country A's pivot, or for the reader in country B (friendly).

In the pivot, displayName is the designation of the value set. In the friendly form it is in the reader's language, and the
one of the pivot is kept as a translation; a national code stays a translation inside of it.

Sources: HL7 CDA R2, data type CD; documents of the field for the shape of the friendly form.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from harness.packs import Clinical

# Source: eHDSI value sets, release 8.0.0; HL7 V3 code systems.
SYSTEMS: Mapping[str, str] = {
    "absent": "2.16.840.1.113883.5.1150.1",
    "act-class": "2.16.840.1.113883.5.6",
    "act-code": "2.16.840.1.113883.5.4",
    "allergy-status": "2.16.840.1.113883.4.642.4.1373",
    "atc": "2.16.840.1.113883.6.73",
    "confidentiality": "2.16.840.1.113883.5.25",
    "criticality": "2.16.840.1.113883.4.642.4.130",
    "edqm": "0.4.0.127.0.16.1.1.2.1",
    "emdn": "1.3.6.1.4.1.12559.11.10.1.3.1.44.6",
    "gender": "2.16.840.1.113883.5.1",
    "icd10": "1.3.6.1.4.1.12559.11.10.1.3.1.44.2",
    "ihe-act": "1.3.6.1.4.1.19376.1.5.3.2",
    # the vaccination template names this root, with a 5 where IHE has a 6
    "ihe-act-vaccine": "1.3.5.1.4.1.19376.1.5.3.2",
    "isco": "2.16.840.1.113883.2.9.6.2.7",
    "loinc": "2.16.840.1.113883.6.1",
    "participation": "2.16.840.1.113883.5.88",
    "role": "2.16.840.1.113883.5.111",
    "snomed": "2.16.840.1.113883.6.96",
    "substitution": "2.16.840.1.113883.5.1070",
}
EHDSI = "1.3.6.1.4.1.12559.11.10.1.3.1"
PCC = "1.3.6.1.4.1.19376.1.5.3.1"
CCD = "2.16.840.1.113883.10.20.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pen:
    """Writes codes and identifiers of one document.

    `reader` is the language of country B for a friendly document, None for the pivot; `own` the language of country A, in
    which the narrative stands. `seed` and `document` make identifiers that are the same each time.
    """

    clinical: Clinical
    own: str
    reader: str | None
    root: str
    seed: int
    document: str

    def code(self, element: str, term: str, *, kind: str = "", original: str = "", national: str = "") -> str:
        """`element` with the code of `term`; `kind` is its xsi:type, `original` its originalText, `national` a translation."""
        form = self.clinical.terms[term]
        shown = form.en if self.reader is None else form.in_(self.reader)
        coded = f'code="{form.code}" codeSystem="{SYSTEMS[form.system]}"'
        translation = national
        if self.reader is not None:
            translation = _element("translation", f"{coded} displayName={quoteattr(form.en)}", national)
        xsi = f' xsi:type="{kind}"' if kind else ""
        return _element(element + xsi, f"{coded} displayName={quoteattr(shown)}", original + translation)

    def said(self, term: str) -> str:
        """The designation of `term` in the language of the narrative."""
        return self.clinical.terms[term].in_(self.own)

    def title(self, term: str) -> str:
        """The designation of `term` in the language of whoever reads the document."""
        return escape(self.clinical.terms[term].in_(self.reader or self.own))

    def id(self, part: str) -> str:
        """An id element below the population's arc for a part of the document, named as one likes."""
        return f'<id root="{self.root}.10" extension="{self.token(part)}"/>'

    def telephone(self, part: str) -> str:
        """A number under country code 999, which nobody has."""
        return f"+999-{int(self.token(part), 16) % 10**8:08d}"

    def token(self, part: str) -> str:
        """Twelve hexadecimal digits for a part of the document."""
        return hashlib.sha256(f"{self.seed}/{self.document}/{part}".encode()).hexdigest()[:12].upper()


def _element(start: str, attributes: str, content: str) -> str:
    name = start.partition(" ")[0]
    return f"<{start} {attributes}>{content}</{name}>" if content else f"<{start} {attributes}/>"


def templates(*roots: str) -> str:
    """templateId elements."""
    return "".join(f'<templateId root="{root}"/>' for root in roots)


def pointer(key: str) -> str:
    """The text of an entry: where its narrative stands."""
    return f'<text><reference value="#{key}"/></text>'


def quantity(element: str, value: str, *, kind: str = "") -> str:
    """`element` with a physical quantity; `value` is a number, a blank and a UCUM unit."""
    number, unit = value.split(" ", 1)
    xsi = f' xsi:type="{kind}"' if kind else ""
    return f'<{element}{xsi} value="{number}" unit={quoteattr(unit)}/>'


def plain(value: str) -> str:
    """A quantity for readers: without the unit 1, without braces, and with mm Hg as people write it."""
    number, unit = value.split(" ", 1)
    shown = unit.replace("{", "").replace("}", "").replace("mm[Hg]", "mm Hg").replace("ug", "µg")
    return number if unit == "1" else f"{number} {shown}"
