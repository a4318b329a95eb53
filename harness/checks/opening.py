"""What an object in a file is: a message of a transaction, an assertion, an audit record, a document, certificates."""

from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from harness import safexml
from harness.checks.alone import REQUEST, RESPONSE, LoneMessage, bare_message
from harness.errors import WireError
from harness.wire import codes, ns, saml, soap
from harness.wire.stored import Stored, read_stored

TRANSACTIONS: Mapping[str, tuple[str, str]] = {
    ns.clark(ns.HL7, codes.INTERACTION_QUERY): (codes.ITI_55, REQUEST),
    ns.clark(ns.HL7, codes.INTERACTION_ANSWER): (codes.ITI_55, RESPONSE),
    ns.clark(ns.QUERY, "AdhocQueryRequest"): (codes.ITI_38, REQUEST),
    ns.clark(ns.QUERY, "AdhocQueryResponse"): (codes.ITI_38, RESPONSE),
    ns.clark(ns.XDSB, "RetrieveDocumentSetRequest"): (codes.ITI_39, REQUEST),
    ns.clark(ns.XDSB, "RetrieveDocumentSetResponse"): (codes.ITI_39, RESPONSE),
    ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest"): (codes.ITI_41, REQUEST),
    ns.clark(ns.RS, "RegistryResponse"): (codes.ITI_41, RESPONSE),
}
"""Payload -> the transaction and the side that it is of."""
_ENVELOPES = tuple(ns.clark(uri, "Envelope") for uri in soap.VERSIONS.values())
_ASSERTION = ns.clark(ns.SAML, "Assertion")
_DOCUMENT = ns.clark(ns.HL7, "ClinicalDocument")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """An object: at most one of `message`, `assertion`, `audit`, `certificates` says what it is.

    `xml` are the bytes that artefacts judge and in which lines are counted, empty for certificates. `root` is the local
    name of what it was taken for: of the payload, in an envelope.
    """

    stored: Stored
    root: str
    xml: bytes
    message: LoneMessage | None = None
    assertion: tuple[etree._Element, saml.SamlAssertion] | None = None
    audit: bool = False
    document: bool = False
    certificates: bool = False


def open_object(content: bytes, *, limits: safexml.XmlLimits = safexml.DEFAULT_LIMITS) -> Opened:
    """What `content` of a file is.

    Raises:
        WireError: it is none of the forms an object is kept in, with offset or line.
        UnsupportedError: it is kept in a transfer coding.
    """
    stored = read_stored(content)
    if stored.form == "pem":
        return Opened(stored=stored, root="", xml=b"", certificates=True)
    if stored.form == "syslog":
        return Opened(stored=stored, root="AuditMessage", xml=b"", audit=True)
    if stored.form != "bare":
        return _enveloped(soap.parse_message(stored.content_type, stored.body), stored)
    root = safexml.parse(stored.body, limits=limits)
    if root.tag in _ENVELOPES:
        return _enveloped(soap.parse_message(None, stored.body), stored)
    return _bare(root, stored)


def _bare(root: etree._Element, stored: Stored) -> Opened:
    name = etree.QName(root).localname
    if root.tag == _ASSERTION:
        # one that cannot be read is left to its schema
        said = _said(root)
        return Opened(stored=stored, root=name, xml=stored.body, assertion=(root, said) if said else None)
    known = TRANSACTIONS.get(str(root.tag))
    if known is None:
        return Opened(
            stored=stored,
            root=name,
            xml=stored.body,
            audit=root.tag == "AuditMessage",
            document=root.tag == _DOCUMENT,
        )
    message = LoneMessage(
        message=bare_message(root, stored.body), transaction=known[0], side=known[1], enveloped=False, stored=stored
    )
    return Opened(stored=stored, root=name, xml=stored.body, message=message)


def _enveloped(message: soap.SoapMessage, stored: Stored) -> Opened:
    payload = message.payload
    name = etree.QName(payload).localname if payload is not None else "Envelope"
    known = TRANSACTIONS.get(str(payload.tag)) if payload is not None else None
    transaction, side = known or ("", RESPONSE if message.fault is not None else "")
    lone = LoneMessage(message=message, transaction=transaction, side=side, enveloped=True, stored=stored)
    return Opened(stored=stored, root=name, xml=message.envelope, message=lone if side else None)


def _said(element: etree._Element) -> saml.SamlAssertion | None:
    try:
        return saml.parse_assertion(element)
    except WireError:
        return None
