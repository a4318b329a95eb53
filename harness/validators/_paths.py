"""Paths of nodes for people: `/Q{urn:hl7-org:v3}ClinicalDocument[1]` becomes `/hl7:ClinicalDocument[1]`."""

import re
from collections.abc import Mapping

CUSTOMARY_PREFIXES: Mapping[str, str] = {
    "http://www.w3.org/2003/05/soap-envelope": "soap",
    "http://schemas.xmlsoap.org/soap/envelope/": "soap11",
    "http://www.w3.org/2005/08/addressing": "wsa",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd": "wsse",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd": "wsu",
    "http://docs.oasis-open.org/ws-sx/ws-trust/200512": "wst",
    "urn:oasis:names:tc:SAML:2.0:assertion": "saml",
    "http://www.w3.org/2000/09/xmldsig#": "ds",
    "urn:hl7-org:v3": "hl7",
    "urn:hl7-org:pharm": "pharm",
    "urn:hl7-org:ips": "ips",
    "urn:epsos-org:ep:medication": "epsos",
    "urn:hl7-org:sdtc": "sdtc",
    "urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0": "query",
    "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0": "rim",
    "urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0": "rs",
    "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0": "lcm",
    "urn:ihe:iti:xds-b:2007": "xds",
    "http://www.w3.org/2001/XMLSchema-instance": "xsi",
    "http://www.w3.org/XML/1998/namespace": "xml",
}
_QUALIFIED = re.compile(r"Q\{([^}]*)\}")


def readable(path: str) -> str:
    """`path` with customary prefixes; a namespace without one stays as `Q{uri}`, which XPath 3.1 reads too."""

    def prefixed(match: re.Match[str]) -> str:
        uri = match.group(1)
        if not uri:
            return ""
        return f"{CUSTOMARY_PREFIXES[uri]}:" if uri in CUSTOMARY_PREFIXES else match.group()

    return _QUALIFIED.sub(prefixed, path)


def joined(prefix: str, path: str) -> str:
    """`path` of a subtree, whose first step is its root, as a path of the whole, where that root stands at `prefix`."""
    if path in ("", "/"):
        return prefix
    first = re.match(r"/Q\{[^}]*\}[^/\[]+(?:\[\d+\])?", path)
    return prefix + path[first.end() :] if first else prefix
