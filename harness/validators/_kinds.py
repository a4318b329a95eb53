"""What a document or message is, told from itself: CDA document kinds by template, code and body; messages by root.

Source: MyHealth@EU CDA implementation guides (document templates 1.3.6.1.4.1.12559.11.10.1.3.1.1.x and LOINC document
codes); SOAP 1.2 part 1, section 5.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lxml import etree

HL7 = "urn:hl7-org:v3"
SOAP_NAMESPACES = ("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/")
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSA = "http://www.w3.org/2005/08/addressing"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
MEDICATION_EXTENSIONS = {"pharm": "urn:hl7-org:pharm", "epsos": "urn:epsos-org:ep:medication"}

CI_SIS = "1.2.250.1.213.1.1.1.1"
"""Template of every French document (CI-SIS, structuration minimale); the document models are its siblings."""
_CI_SIS_MODELS = CI_SIS.removesuffix("1")

_DOCUMENT_TEMPLATES: Mapping[str, str] = {
    f"1.3.6.1.4.1.12559.11.10.1.3.1.1.{arc}": kind
    for arc, kind in (
        ("1", "eprescription"),
        ("2", "edispensation"),
        ("3", "patient-summary"),
        ("4", "hcer"),
        ("5", "mro"),
        ("6", "eprescription"),
        ("7", "patient-summary"),
        ("8", "orcd-laboratory"),
        ("9", "orcd-discharge"),
        ("10", "orcd-imaging-report"),
        ("11", "orcd-image"),
    )
}
_DOCUMENT_CODES: Mapping[str, str] = {
    "60591-5": "patient-summary",
    "57833-6": "eprescription",
    "60593-1": "edispensation",
    "34133-9": "hcer",
    "56445-0": "mro",
    "11502-2": "orcd-laboratory",
    "34105-7": "orcd-discharge",
    "18748-4": "orcd-imaging-report",
    "x-clinical-image": "orcd-image",
}


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
    """`root` as a part, and for a SOAP envelope its addressing headers, SAML assertions and body payload too."""
    whole = Part(kind=kind_of(root), element=root, path=path_of(root), facts=facts_of(root))
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
    """`cda:KIND:LEVEL`, `cda:other` or `message:ROOT`."""
    name = etree.QName(root)
    if (name.namespace, name.localname) != (HL7, "ClinicalDocument"):
        return f"message:{name.localname}"
    template = facts_of(root)["template"]
    code = root.find(f"{{{HL7}}}code")
    kind = _DOCUMENT_TEMPLATES.get(template) or _DOCUMENT_CODES.get("" if code is None else code.get("code", ""))
    if kind is None:
        return "cda:other"
    body = root.find(f"{{{HL7}}}component/{{{HL7}}}nonXMLBody")
    return f"cda:{kind}:{3 if body is None else 1}"


def facts_of(root: etree._Element) -> Mapping[str, str]:
    """What `when` of an artefact may ask: `namespace` of the root, and of a CDA document `medication_extension`,
    `template` and `ci_sis_model` too."""
    namespace = etree.QName(root).namespace or "none"
    if root.tag != f"{{{HL7}}}ClinicalDocument":
        return {"namespace": namespace}
    identifiers = [(t.get("root", ""), t.get("extension", "")) for t in root.iterchildren(f"{{{HL7}}}templateId")]
    template = next((oid for oid, _ in identifiers if oid in _DOCUMENT_TEMPLATES), "none")
    extension = next(
        (name for name, uri in MEDICATION_EXTENSIONS.items() if next(root.iter(f"{{{uri}}}*"), None) is not None),
        "none",
    )
    return {
        "namespace": namespace,
        "template": template,
        "medication_extension": extension,
        "ci_sis_model": "none" if template != "none" else _ci_sis_model(root, identifiers),
    }


def _ci_sis_model(root: etree._Element, identifiers: Sequence[tuple[str, str]]) -> str:
    """The French document model a document claims, `OID` or `OID^extension`: the most special one below the arc of CI-SIS
    models. `unstructured` with a body that is no XML, `unspecified` without a model, `none` when it claims no CI-SIS."""
    if not any(oid == CI_SIS for oid, _ in identifiers):
        return "none"
    if root.find(f"{{{HL7}}}component/{{{HL7}}}nonXMLBody") is not None:
        return "unstructured"
    models = [(oid, extension) for oid, extension in identifiers if oid.startswith(_CI_SIS_MODELS) and oid != CI_SIS]
    oid, extension = max(models, key=lambda model: model[0].count("."), default=("unspecified", ""))
    return f"{oid}^{extension}" if extension else oid


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
