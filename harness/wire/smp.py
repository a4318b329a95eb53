"""Service metadata of MyHealth@EU: who serves which transaction where, with which certificate, as an SMP publishes it.

Building, parsing and verification of ServiceGroup, ServiceMetadata, Redirect and SignedServiceMetadata. What is absent is
None or empty.
Source: OASIS BDXR SMP 1.0; protocol facts 1 and 12.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509 as cx509
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import ns, xmldsig
from harness.wire._smp_types import (
    ACCEPTANCE_ZONE,
    DOCUMENT_SCHEME,
    NO_TRANSPORT,
    PARTICIPANT_SCHEME,
    PROCESS_SCHEME,
    SERVICES,
    TRAINING_ZONE,
    Endpoint,
    Identifier,
    Process,
    Redirect,
    Service,
    ServiceGroup,
    ServiceMetadata,
    Signed,
    below_root,
    document_of,
    group_path,
    parse_path,
    participant_of,
    service_of,
    service_path,
    sml_names,
)
from harness.wire.x509 import Credentials

__all__ = [
    "ACCEPTANCE_ZONE",
    "DOCUMENT_SCHEME",
    "MAX_BYTES",
    "MEDIA_TYPE",
    "NO_TRANSPORT",
    "PARTICIPANT_SCHEME",
    "PROCESS_SCHEME",
    "SERVICES",
    "TRAINING_ZONE",
    "Endpoint",
    "Identifier",
    "Process",
    "Redirect",
    "Service",
    "ServiceGroup",
    "ServiceMetadata",
    "Signed",
    "below_root",
    "build_group",
    "build_metadata",
    "document_of",
    "group_path",
    "parse_any",
    "parse_group",
    "parse_metadata",
    "parse_path",
    "participant_of",
    "service_of",
    "service_path",
    "sign_metadata",
    "sml_names",
    "verify_metadata",
]

MEDIA_TYPE = "text/xml"  # OASIS BDXR SMP 1.0, 3.2
MAX_BYTES = 1024 * 1024
"""More than this is no service metadata; a document of the field has some 12 kB."""

_LIMITS = safexml.XmlLimits(max_bytes=MAX_BYTES, max_depth=100)
_SIGNATURE = ns.clark(ns.DS, "Signature")


def build_group(group: ServiceGroup) -> bytes:
    """A ServiceGroup document."""
    references = "".join(f"<ServiceMetadataReference href={quoteattr(href)}/>" for href in group.references)
    collection = f"<ServiceMetadataReferenceCollection>{references}</ServiceMetadataReferenceCollection>"
    body = _identifier("ParticipantIdentifier", group.participant) + collection
    return f'<ServiceGroup xmlns="{ns.SMP}">{body}</ServiceGroup>'.encode()


def build_metadata(metadata: ServiceMetadata) -> bytes:
    """A ServiceMetadata document, unsigned."""
    if metadata.redirect is not None:
        uid = f"<CertificateUID>{escape(metadata.redirect.certificate_uid)}</CertificateUID>"
        body = f"<Redirect href={quoteattr(metadata.redirect.href)}>{uid}</Redirect>"
    else:
        processes = "".join(
            f"<Process>{_identifier('ProcessIdentifier', p.identifier)}"
            f"<ServiceEndpointList>{''.join(map(_endpoint, p.endpoints))}</ServiceEndpointList></Process>"
            for p in metadata.processes
        )
        body = (
            f"<ServiceInformation>{_identifier('ParticipantIdentifier', metadata.participant)}"
            f"{_identifier('DocumentIdentifier', metadata.document)}"
            f"<ProcessList>{processes}</ProcessList></ServiceInformation>"
        )
    return f'<ServiceMetadata xmlns="{ns.SMP}">{body}</ServiceMetadata>'.encode()


def sign_metadata(
    metadata: bytes,
    credentials: Credentials,
    *,
    country: Credentials | None = None,
    algorithm: str = xmldsig.RSA_SHA256,
) -> bytes:
    """`metadata` as SignedServiceMetadata: with `country` signed by the country first, as it hands them in, then by the
    publisher with `credentials`.

    Source: OASIS BDXR SMP 1.0, 2.4.4; the inner signature as public metadata of NCPs carry it (Extension).
    """
    inner = safexml.parse(metadata)
    information = inner.find(_tag("ServiceInformation"))
    if country is not None and information is not None:
        xmldsig.sign_document(inner, etree.SubElement(information, _tag("Extension")), country)
    root = safexml.parse(f'<SignedServiceMetadata xmlns="{ns.SMP}"/>'.encode())
    # as bytes, so that the document has the namespaces that its parts were signed with
    root.append(safexml.parse(etree.tostring(inner)))
    xmldsig.sign_document(root, root, credentials, signature_algorithm=algorithm)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _endpoint(endpoint: Endpoint) -> str:
    def optional(name: str, value: str | None) -> str:
        return "" if value is None else f"<{name}>{escape(value)}</{name}>"

    signature = None if endpoint.business_signature is None else str(endpoint.business_signature).lower()
    transport = "" if endpoint.transport is None else f" transportProfile={quoteattr(endpoint.transport)}"
    extension = f"<Extension>{endpoint.extension.decode()}</Extension>" if endpoint.extension else ""
    return (
        f"<Endpoint{transport}>{optional('EndpointURI', endpoint.uri)}"
        f"{optional('RequireBusinessLevelSignature', signature)}"
        f"{optional('MinimumAuthenticationLevel', endpoint.minimum_authentication)}"
        f"{optional('ServiceActivationDate', _time_text(endpoint.activation))}"
        f"{optional('ServiceExpirationDate', _time_text(endpoint.expiration))}"
        f"{optional('Certificate', base64.b64encode(endpoint.certificate).decode())}"
        f"{optional('ServiceDescription', endpoint.description)}"
        f"{optional('TechnicalContactUrl', endpoint.contact)}"
        f"{optional('TechnicalInformationUrl', endpoint.information)}{extension}</Endpoint>"
    )


def _identifier(name: str, identifier: Identifier) -> str:
    scheme = "" if identifier.scheme is None else f" scheme={quoteattr(identifier.scheme)}"
    return f"<{name}{scheme}>{escape(identifier.value)}</{name}>"


def _time_text(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


# --- parsing


def parse_group(data: bytes) -> ServiceGroup:
    """The ServiceGroup in `data`.

    Raises:
        WireError: it is none.
    """
    root = _root(data, "ServiceGroup")
    collection = root.find(_tag("ServiceMetadataReferenceCollection"))
    references = () if collection is None else tuple(collection.iterchildren(_tag("ServiceMetadataReference")))
    return ServiceGroup(
        participant=_identifier_of(_needed(root, "ParticipantIdentifier")),
        references=tuple(r.get("href", "") for r in references),
    )


def parse_metadata(data: bytes) -> ServiceMetadata:
    """The ServiceMetadata in `data`, signed or not; whether a signature holds is for `verify_metadata` to say.

    Raises:
        WireError: it is none.
    """
    root = _root(data, "ServiceMetadata", "SignedServiceMetadata")
    return _metadata_of(root if root.tag == _tag("ServiceMetadata") else _needed(root, "ServiceMetadata"))


def parse_any(data: bytes) -> ServiceMetadata | ServiceGroup:
    """The ServiceGroup or the ServiceMetadata, signed or not, in `data`.

    Raises:
        WireError: it is neither.
    """
    root = _root(data, "ServiceGroup", "ServiceMetadata", "SignedServiceMetadata")
    return parse_group(data) if root.tag == _tag("ServiceGroup") else parse_metadata(data)


def verify_metadata(data: bytes, *, anchors: Sequence[cx509.Certificate] = (), at: datetime | None = None) -> Signed:
    """The SignedServiceMetadata in `data` with the facts of its signatures, values read from what they cover.

    With `at` the signers' chains up to `anchors` are judged; their problems are told in the facts, not raised.

    Raises:
        WireError: not such a document, or a kind that begins with `signature`: the publisher's or the country's signature
            is missing (the publisher's only), malformed, or does not verify.

    Source: OASIS BDXR SMP 1.0, 2.4.4.
    """
    root = _root(data, "SignedServiceMetadata")
    own = root.findall(_SIGNATURE)
    if len(own) != 1:
        which = "missing" if not own else "structure"
        raise WireError("the publisher signs once", kind=f"signature-{which}", expected="1", found=str(len(own)))
    facts = xmldsig.verify_document(root, own[0], anchors=anchors, at=at)
    metadata = _needed(root, "ServiceMetadata")
    inner = metadata.find(f"{_tag('ServiceInformation')}/{_tag('Extension')}/{_SIGNATURE}")
    country = None if inner is None else xmldsig.verify_document(metadata, inner, anchors=anchors, at=at)
    return Signed(metadata=_metadata_of(metadata), facts=facts, country=country)


def _root(data: bytes, *names: str) -> etree._Element:
    root = safexml.parse(data, limits=_LIMITS)
    if root.tag not in [_tag(name) for name in names]:
        raise WireError(
            "not a document of a service metadata publisher",
            kind="wrong-root",
            expected=" or ".join(f"smp:{name}" for name in names),
            found=ns.qname(str(root.tag)),
            xpath=ns.xpath_of(root),
        )
    return root


def _metadata_of(element: etree._Element) -> ServiceMetadata:
    redirect = element.find(_tag("Redirect"))
    if redirect is not None:
        uid = redirect.find(_tag("CertificateUID"))
        return ServiceMetadata(redirect=Redirect(href=redirect.get("href", ""), certificate_uid=_text(uid)))
    information = _needed(element, "ServiceInformation")
    listed = information.find(_tag("ProcessList"))
    processes: Iterable[etree._Element] = () if listed is None else listed.iterchildren(_tag("Process"))
    return ServiceMetadata(
        participant=_identifier_of(_needed(information, "ParticipantIdentifier")),
        document=_identifier_of(_needed(information, "DocumentIdentifier")),
        processes=tuple(_process_of(p) for p in processes),
    )


def _process_of(element: etree._Element) -> Process:
    listed = element.find(_tag("ServiceEndpointList"))
    endpoints: Iterable[etree._Element] = () if listed is None else listed.iterchildren(_tag("Endpoint"))
    return Process(
        identifier=_identifier_of(_needed(element, "ProcessIdentifier")),
        endpoints=tuple(_endpoint_of(e) for e in endpoints),
    )


def _endpoint_of(element: etree._Element) -> Endpoint:
    def text(name: str) -> str:
        return _text(element.find(_tag(name)))

    level = element.find(_tag("MinimumAuthenticationLevel"))
    return Endpoint(
        transport=element.get("transportProfile"),
        uri=text("EndpointURI"),
        business_signature=_flag(element.find(_tag("RequireBusinessLevelSignature"))),
        minimum_authentication=None if level is None else _text(level),
        activation=_time(element.find(_tag("ServiceActivationDate"))),
        expiration=_time(element.find(_tag("ServiceExpirationDate"))),
        certificate=_binary(element.find(_tag("Certificate"))),
        description=text("ServiceDescription"),
        contact=text("TechnicalContactUrl"),
        information=text("TechnicalInformationUrl"),
        extension=_extension_of(element.find(_tag("Extension"))),
    )


def _extension_of(element: etree._Element | None) -> bytes:
    inside = None if element is None else next(element.iterchildren("*"), None)
    return b"" if inside is None else etree.tostring(inside, with_tail=False)


def _identifier_of(element: etree._Element) -> Identifier:
    return Identifier(scheme=element.get("scheme"), value=_text(element))


def _flag(element: etree._Element | None) -> bool | None:
    if element is None:
        return None
    found = _text(element)
    if found not in ("true", "false", "1", "0"):
        raise _bad(element, "true or false", found)
    return found in ("true", "1")


def _time(element: etree._Element | None) -> datetime | None:
    found = "" if element is None else _text(element)
    if element is None or not found:
        return None
    try:
        value = datetime.fromisoformat(found)
        return (value.replace(tzinfo=UTC) if value.tzinfo is None else value).astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise _bad(element, "a date with time", found) from exc


def _binary(element: etree._Element | None) -> bytes:
    if element is None:
        return b""
    text = "".join(_text(element).split())
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _bad(element, "base64", text) from exc


def _bad(element: etree._Element, expected: str, found: str) -> WireError:
    return WireError(
        f"value of {ns.qname(str(element.tag))}",
        kind="bad-value",
        expected=expected,
        found=found,
        xpath=ns.xpath_of(element),
    )


def _needed(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(_tag(name))
    if found is None:
        raise WireError(f"smp:{name} is missing", kind="missing-element", xpath=ns.xpath_of(parent))
    return found


def _text(element: etree._Element | None) -> str:
    return "" if element is None else "".join(element.itertext(etree.Element)).strip()


def _tag(name: str) -> str:
    return ns.clark(ns.SMP, name)
