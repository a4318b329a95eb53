"""What a document or message is, told from itself: CDA document kinds by template, code and body; messages by root.

Sources: MyHealth@EU CDA implementation guides (document templates 1.3.6.1.4.1.12559.11.10.1.3.1.1.x and LOINC document
codes); ANS CI-SIS, content models (templates below 1.2.250.1.213.1.1.1); SOAP 1.2 part 1, section 5.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree

HL7 = "urn:hl7-org:v3"
SOAP_NAMESPACES = ("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/")
OTHER = "other"
NON_XML_BODY = f"{{{HL7}}}component/{{{HL7}}}nonXMLBody"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
MEDICATION_EXTENSIONS = {"pharm": "urn:hl7-org:pharm", "epsos": "urn:epsos-org:ep:medication"}

DOCUMENT_TEMPLATES: Mapping[str, tuple[str, str]] = {
    f"1.3.6.1.4.1.12559.11.10.1.3.1.1.{arc}": (kind, level)
    for arc, kind, level in (
        ("1", "eprescription", "3"),
        ("2", "edispensation", "3"),
        ("3", "patient-summary", "3"),
        ("4", "hcer", "3"),
        ("5", "mro", "3"),
        ("6", "eprescription", "1"),
        ("7", "patient-summary", "1"),
        ("8", "orcd-laboratory", "1"),
        ("9", "orcd-discharge", "1"),
        ("10", "orcd-imaging-report", "1"),
        ("11", "orcd-image", "1"),
    )
}
"""Kind and level that an eHDSI document template stands for."""
DOCUMENT_CODES: Mapping[str, str] = {
    "60591-5": "patient-summary",
    "57833-6": "eprescription",
    "60593-1": "edispensation",
    "DISCARD-60593-1": "edispensation",
    "34133-9": "hcer",
    "56445-0": "mro",
    "11502-2": "orcd-laboratory",
    "34105-7": "orcd-discharge",
    "18748-4": "orcd-imaging-report",
    "x-clinical-image": "orcd-image",
}
CI_SIS = "1.2.250.1.213.1.1.1"
"""Arc of the French document templates: the header that all of them share, and the models."""
_CI_SIS_HEADER = f"{CI_SIS}.1"
"""Template of every French document. Source: ANS CI-SIS, structuration minimale."""
_CI_SIS_MODELS: Mapping[str, str] = {
    "2": "card",
    "5": "cse",
    "8": "cancer",
    "12": "obp",
    "13": "vsm",
    "16": "avc",
    "17": "avc",
    "21": "ldl",
    "23": "dlu",
    "24": "dlu",
    "29": "ldl",
    "30": "sdm",
    "32": "cancer",
    "36": "cnam",
    "37": "vac",
    "38": "tlm",
    "39": "ep",
    "41": "anest",
    "42": "oph",
    "45": "img",
    "47": "img",
    "51": "ips",
    "54": "edisp",
    "55": "bio-cr",
    "59": "bio-trod",
}


CDA_KINDS = (
    *sorted(f"cda:{kind}:{level}" for kind in {k for k, _ in DOCUMENT_TEMPLATES.values()} for level in (1, 3)),
    "cda:other",
)
"""Every kind that `kind_of` gives to clinical documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A subtree that artefacts judge on its own: a document, or a piece of a SOAP message.

    `path` is its place in the whole (`/Q{...}Envelope[1]/...`), `facts` narrow which artefacts fit. A `needed` part
    that no artefact fits leaves the whole undecided; another part is judged only when something fits it.
    """

    kind: str
    element: etree._Element
    path: str
    facts: Mapping[str, str]
    needed: bool = True


def parts_of(root: etree._Element) -> tuple[Part, ...]:
    """`root` as a part, and what it carries too: of a SOAP envelope addressing headers, SAML assertions and body payload, of
    service metadata the search mask."""
    whole = Part(kind=kind_of(root), element=root, path=path_of(root), facts=facts_of(root))
    if etree.QName(root).namespace == SMP:
        carried = root.iterfind(f".//{{{SMP}}}Endpoint/{{{SMP}}}Extension/*")
        return (whole, *(_part(element, needed=False) for element in carried))
    if root.tag not in [f"{{{ns}}}Envelope" for ns in SOAP_NAMESPACES]:
        return (whole,)
    return (whole, *_inner(root))


def _inner(envelope: etree._Element) -> Iterator[Part]:
    namespace = etree.QName(envelope).namespace
    for header in envelope.iterchildren(f"{{{namespace}}}Header"):
        for block in header.iterchildren(f"{{{WSA}}}*"):
            yield _part(block, needed=False)
        for security in header.iterchildren(f"{{{WSSE}}}Security"):
            for assertion in security.iterchildren(f"{{{SAML}}}Assertion"):
                yield _part(assertion, needed=True)
    for body in envelope.iterchildren(f"{{{namespace}}}Body"):
        for payload in body.iterchildren(etree.Element):
            if etree.QName(payload).namespace != namespace:  # a Fault is judged with its envelope
                yield _part(payload, needed=True)


def _part(element: etree._Element, *, needed: bool) -> Part:
    return Part(kind=kind_of(element), element=element, path=path_of(element), facts=facts_of(element), needed=needed)


def kind_of(root: etree._Element) -> str:
    """`cda:KIND:LEVEL`, `cda:other` or `message:ROOT`; KIND of a French document begins with `ans-`.

    An eHDSI document template decides, then a French one, then the document code.
    """
    name = etree.QName(root)
    if (name.namespace, name.localname) != (HL7, "ClinicalDocument"):
        return f"message:{name.localname}"
    kind, _ = kind_and_sign(root)
    if kind == OTHER:
        return "cda:other"
    return f"cda:{kind}:{3 if root.find(NON_XML_BODY) is None else 1}"


def kind_and_sign(root: etree._Element) -> tuple[str, str]:
    """The kind of a CDA document (`other` when nothing tells it), and the template or code that told it."""
    templates = template_roots(root)
    known = next((t for t in templates if t in DOCUMENT_TEMPLATES), None)
    if known is not None:
        return DOCUMENT_TEMPLATES[known][0], known
    french = [t for t in templates if t.startswith(f"{CI_SIS}.")]
    if french:
        model = next(((m, t) for t in french if (m := _CI_SIS_MODELS.get(_arc(t)))), None)
        return ("ans-other", french[0]) if model is None else (f"ans-{model[0]}", model[1])
    code = document_code(root)
    return (DOCUMENT_CODES[code], code) if code in DOCUMENT_CODES else (OTHER, "")


def _arc(template: str) -> str:
    return template.removeprefix(f"{CI_SIS}.").partition(".")[0]


def template_roots(root: etree._Element) -> tuple[str, ...]:
    """The roots of the templates that the document claims for itself, in order."""
    return tuple(t.get("root", "") for t in root.iterchildren(f"{{{HL7}}}templateId"))


def document_code(root: etree._Element) -> str:
    """The document code, empty without one."""
    code = root.find(f"{{{HL7}}}code")
    return "" if code is None else code.get("code", "")


def extensions_of(root: etree._Element) -> tuple[str, ...]:
    """Names of the medication extensions whose elements the document uses, the newer one first."""
    return tuple(
        name for name, uri in MEDICATION_EXTENSIONS.items() if next(root.iter(f"{{{uri}}}*"), None) is not None
    )


def facts_of(root: etree._Element) -> Mapping[str, str]:
    """What `when` of an artefact may ask: `namespace` of the root; of a CDA document `medication_extension`, `template` and
    `ci_sis_model` too; of an audit message its `spelling`, dicom or rfc3881."""
    namespace = etree.QName(root).namespace or "none"
    if root.tag == "AuditMessage":
        return {"namespace": namespace, "spelling": _audit_spelling(root)}
    if root.tag != f"{{{HL7}}}ClinicalDocument":
        return {"namespace": namespace}
    template = next((t for t in template_roots(root) if t in DOCUMENT_TEMPLATES), "none")
    return {
        "namespace": namespace,
        "template": template,
        "medication_extension": next(iter(extensions_of(root)), "none"),
        "ci_sis_model": "none" if template != "none" else _ci_sis_model(root),
    }


def _ci_sis_model(root: etree._Element) -> str:
    """The French document model a document claims, `OID` or `OID^extension`: the most special one below the arc of CI-SIS
    models. `unstructured` with a body that is no XML, `unspecified` without a model, `none` when it claims no CI-SIS."""
    identifiers = [(t.get("root", ""), t.get("extension", "")) for t in root.iterchildren(f"{{{HL7}}}templateId")]
    if not any(oid == _CI_SIS_HEADER for oid, _ in identifiers):
        return "none"
    if root.find(NON_XML_BODY) is not None:
        return "unstructured"
    models = [(oid, extension) for oid, extension in identifiers if _is_model(oid)]
    oid, extension = max(models, key=lambda model: model[0].count("."), default=("unspecified", ""))
    return f"{oid}^{extension}" if extension else oid


def _audit_spelling(root: etree._Element) -> str:
    """Which attribute holds the codes: `csd-code` (dicom) or `code` (rfc3881); both in one message is wrong in either.

    Source: DICOM PS3.15, A.5.1; RFC 3881, 6.
    """
    elements = list(root.iter(etree.Element))
    old = any("code" in e.attrib for e in elements)
    return "rfc3881" if old and not any("csd-code" in e.attrib for e in elements) else "dicom"


def _is_model(template: str) -> bool:
    return template.startswith(f"{CI_SIS}.") and template != _CI_SIS_HEADER


def path_of(element: etree._Element) -> str:
    """The path of `element` as XPath's `path()` writes it."""
    steps = []
    here: etree._Element | None = element
    while here is not None:
        name = etree.QName(here)
        position = 1 + len(list(here.itersiblings(str(here.tag), preceding=True)))
        steps.append(f"/Q{{{name.namespace or ''}}}{name.localname}[{position}]")
        here = here.getparent()
    return "".join(reversed(steps))
