"""XML namespaces of the messages, their customary prefixes, and the XPath of an element written with those prefixes."""

from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

SOAP = "http://www.w3.org/2003/05/soap-envelope"  # SOAP 1.2 part 1
SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"  # SOAP 1.1, not allowed in MyHealth@EU
WSA = "http://www.w3.org/2005/08/addressing"  # WS-Addressing 1.0 core
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"  # WS-Security 1.0
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"  # WS-Security 1.0
WST = "http://docs.oasis-open.org/ws-sx/ws-trust/200512"  # WS-Trust 1.3
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"  # SAML 2.0 core
DS = "http://www.w3.org/2000/09/xmldsig#"  # XML Signature 1.1
EC = "http://www.w3.org/2001/10/xml-exc-c14n#"  # Exclusive XML Canonicalization 1.0
XOP = "http://www.w3.org/2004/08/xop/include"  # XML-binary Optimized Packaging 1.0
XMIME = "http://www.w3.org/2005/05/xmlmime"  # Describing Media Content of Binary Data in XML
HL7 = "urn:hl7-org:v3"  # HL7 v3 messages and CDA
PHARM = "urn:hl7-org:pharm"  # CDA medication extension, wave 6 and later
EPSOS_MEDICATION = "urn:epsos-org:ep:medication"  # CDA medication extension, up to wave 5
SDTC = "urn:hl7-org:sdtc"  # CDA extension of HL7 Structured Documents
QUERY = "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"  # ebXML RegRep 3.0
RIM = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0"  # ebXML RegRep 3.0
RS = "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0"  # ebXML RegRep 3.0
LCM = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"  # ebXML RegRep 3.0
XDSB = "urn:ihe:iti:xds-b:2007"  # IHE ITI TF-2, 3.43
XCPD = "urn:ihe:iti:xcpd:2009"  # IHE ITI TF-2, 3.55
TRC = "https://ehdsi.eu/assertion/trc"  # parameters of a TRC assertion request
NOK = "https://ehdsi.eu/assertion/nok"  # parameters of a next-of-kin assertion request
ISM = "http://ec.europa.eu/sante/ehncp/ism"  # international search mask
SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"  # OASIS SMP 1.0
SVS = "urn:ihe:iti:svs:2008"  # IHE ITI TF-2, 3.48
XSI = "http://www.w3.org/2001/XMLSchema-instance"  # XML Schema part 1
XS = "http://www.w3.org/2001/XMLSchema"  # XML Schema part 2
XML = "http://www.w3.org/XML/1998/namespace"  # Namespaces in XML 1.0

PREFIXES: Mapping[str, str] = MappingProxyType(
    {
        "soap": SOAP,
        "soap11": SOAP11,
        "wsa": WSA,
        "wsse": WSSE,
        "wsu": WSU,
        "wst": WST,
        "saml": SAML,
        "ds": DS,
        "ec": EC,
        "xop": XOP,
        "xmime": XMIME,
        "hl7": HL7,
        "pharm": PHARM,
        "epsos": EPSOS_MEDICATION,
        "sdtc": SDTC,
        "query": QUERY,
        "rim": RIM,
        "rs": RS,
        "lcm": LCM,
        "xds": XDSB,
        "xcpd": XCPD,
        "trc": TRC,
        "nok": NOK,
        "ism": ISM,
        "smp": SMP,
        "svs": SVS,
        "xsi": XSI,
        "xs": XS,
        "xml": XML,
    }
)
"""Customary prefix to namespace; fit for the `namespaces` argument of lxml's XPath functions."""

_PREFIX_OF = {uri: prefix for prefix, uri in PREFIXES.items()}


def clark(namespace: str, local: str) -> str:
    """The name `{namespace}local`, as lxml writes tags."""
    return f"{{{namespace}}}{local}"


def qname(name: str) -> str:
    """`prefix:local` for a Clark name of a known namespace; `Q{uri}local` (XPath 3.1) for another one."""
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    prefix = _PREFIX_OF.get(uri)
    return f"{prefix}:{local}" if prefix else f"Q{{{uri}}}{local}"


class Siblings:
    """Where elements of one unchanging document stand among their siblings; each parent is counted once."""

    def __init__(self) -> None:
        self._by_name: dict[etree._Element, dict[object, list[etree._Element]]] = {}
        self._positions: dict[etree._Element, int] = {}

    def named(self, parent: etree._Element, name: object) -> list[etree._Element]:
        """The children of `parent` whose tag is `name`, in order."""
        known = self._by_name.get(parent)
        if known is None:
            known = self._by_name[parent] = {}
            for child in parent:
                same = known.setdefault(child.tag, [])
                same.append(child)
                self._positions[child] = len(same)
        return known.get(name, [])

    def position(self, element: etree._Element) -> tuple[int, int]:
        """From 1, the position of `element` among its siblings of that name, and how many they are."""
        parent = element.getparent()
        if parent is None:
            return 1, 1
        count = len(self.named(parent, element.tag))
        return self._positions[element], count


def xpath_of(element: etree._Element, siblings: Siblings | None = None) -> str:
    """The absolute path of `element` in its document, with the customary prefixes.

    A step has a position, counted from 1, only where the parent has several children of that name. Comments and
    processing instructions are written `comment()[n]` and `processing-instruction()[n]`. With `siblings`, what was
    counted for one path serves the next.
    """
    counted = siblings or Siblings()
    steps = []
    node: etree._Element | None = element
    while node is not None:
        steps.append(_step(node, counted))
        node = node.getparent()
    return "/" + "/".join(reversed(steps))


def _step(node: etree._Element, siblings: Siblings) -> str:
    tag: object = node.tag  # a function instead of a name for comments and processing instructions
    kind = "comment()" if tag is etree.Comment else "processing-instruction()"
    name = qname(tag) if isinstance(tag, str) else kind
    position, count = siblings.position(node)
    return name if count == 1 else f"{name}[{position}]"
