"""SAML assertions of a message decoded for display, once for both languages. Whatever the bytes are, the answer is a value."""

import base64
import binascii
from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from harness.errors import WireError
from harness.wire import saml, x509, xmldsig
from harness.wire.ns import DS, SAML

_MAX_ASSERTIONS = 10
_MAX_VALUE = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What one assertion says, and what its signature is made of.

    `signature_problem` is empty when the signature fits the content; trust in the signer is not looked at. `unsigned`
    tells that there is no signature of its own. `attributes` are names with their values as one text.
    """

    said: saml.SamlAssertion
    line: int
    attributes: tuple[tuple[str, str], ...]
    unsigned: bool
    signature_problem: str
    signature_algorithm: str
    digest_algorithm: str
    signer: str
    signer_until: datetime | None


def tokens(root: etree._Element | None) -> tuple[Token, ...]:
    """The first assertions under `root`, in document order."""
    if root is None:
        return ()
    found = [e for e, _ in zip(root.iter(f"{{{SAML}}}Assertion"), range(_MAX_ASSERTIONS), strict=False)]
    return tuple(_token(e) for e in found)


def _token(element: etree._Element) -> Token:
    signature = element.find(f"{{{DS}}}Signature")
    signer, until = _signer(signature)
    said = saml.parse_assertion(element)
    return Token(
        said=said,
        line=element.sourceline or 0,
        attributes=tuple((a.friendly_name or a.name, _values(a)) for a in said.attributes),
        unsigned=signature is None,
        signature_problem="" if signature is None else _problem(element),
        signature_algorithm=_algorithm(signature, "SignatureMethod"),
        digest_algorithm=_algorithm(signature, "DigestMethod"),
        signer=signer,
        signer_until=until,
    )


def _values(attribute: saml.SamlAttribute) -> str:
    """The values of `attribute`; of a coded one, its code and display name."""
    shown = [f"{v.code} {v.display}".strip() if isinstance(v, saml.CodedValue) else v for v in attribute.values]
    text = ", ".join(v for v in shown if v)
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"


def _problem(element: etree._Element) -> str:
    try:
        xmldsig.verify(element)
    except WireError as exc:
        return exc.kind
    return ""


def _algorithm(signature: etree._Element | None, method: str) -> str:
    """The short name of an algorithm, as its URI ends. Source: XML Signature 1.1, 6."""
    node = None if signature is None else next(signature.iter(f"{{{DS}}}{method}"), None)
    return "" if node is None else node.get("Algorithm", "").rpartition("#")[2]


def _signer(signature: etree._Element | None) -> tuple[str, datetime | None]:
    """Subject of the first certificate in the signature, and until when it is valid; empty when there is none to read."""
    node = None if signature is None else next(signature.iter(f"{{{DS}}}X509Certificate"), None)
    if node is None:
        return "", None
    try:
        facts = x509.describe_certificate(base64.b64decode("".join((node.text or "").split()), validate=True))
    except (WireError, binascii.Error, ValueError):
        return "", None
    return facts.subject, facts.not_after
