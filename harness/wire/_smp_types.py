"""What an SMP of MyHealth@EU speaks about: identifiers, services, endpoints, the paths and DNS names under which they lie.

Source: OASIS BDXR SMP 1.0; OASIS BDXL 1.0; protocol facts 1 and 12.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

from harness.errors import WireError
from harness.wire import xmldsig

PARTICIPANT_SCHEME = "ehealth-participantid-qns"
DOCUMENT_SCHEME = "ehealth-resid-qns"
PROCESS_SCHEME = "ehealth-procid-qns"
"""Identifier schemes of eHDSI. Source: protocol facts 12.1; process scheme as public metadata of NCPs write it."""
TRAINING_ZONE = "ehealth-trn.acc.edelivery.tech.ec.europa.eu"
ACCEPTANCE_ZONE = "ehealth.testa.eu"
"""DNS zones of the SML. Source: protocol facts 12.1."""
NO_TRANSPORT = "urn:ehealth:transport:none"
_SEPARATOR = "::"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A participant, document or process identifier: `scheme` and `value`; both are compared without regard to case.

    Source: OASIS BDXR SMP 1.0, 2.2.
    """

    scheme: str | None = None
    value: str = ""

    @property
    def text(self) -> str:
        """`scheme::value`, the form of paths."""
        return f"{self.scheme or ''}{_SEPARATOR}{self.value}"

    def is_same_as(self, other: "Identifier") -> bool:
        """Whether both name the same thing."""
        return self.text.casefold() == other.text.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a country publishes for one of its services: the document identifier and what goes with it.

    `endpoint` is the endpoint key that serves it (xcpd, xca, xdr), empty where there is nothing to call.
    """

    key: str
    document: str
    process: str
    transport: str
    endpoint: str = ""


SERVICES: Mapping[str, Service] = {
    s.key: s
    for s in (
        Service(
            key="ITI-55",
            document="urn:ehealth:PatientIdentificationAndAuthentication::XCPD::CrossGatewayPatientDiscovery##ITI-55",
            process="urn:XCPD::CrossGatewayPatientDiscovery",
            transport="urn:ihe:iti:2013:xcpd",
            endpoint="xcpd",
        ),
        Service(
            key="ITI-38",
            document="urn:ehealth:RequestOfData::XCA::CrossGatewayQuery##ITI-38",
            process="urn:XCA::CrossGatewayQuery",
            transport="urn:ihe:iti:2013:xca",
            endpoint="xca",
        ),
        Service(
            key="ITI-39",
            document="urn:ehealth:RequestOfData::XCA::CrossGatewayRetrieve##ITI-39",
            process="urn:XCA::CrossGatewayRetrieve",
            transport="urn:ihe:iti:2013:xca",
            endpoint="xca",
        ),
        Service(
            key="ITI-41",
            document="urn:ehealth:ProvisioningOfData:Provide::XDR::ProvideandRegisterDocumentSet-b##ITI-41",
            process="urn:XDR::ProvideandRegisterDocumentSet-b",
            transport="urn:ihe:iti:2013:xdr",
            endpoint="xdr",
        ),
        Service(
            key="consent",
            document="urn:ehealth:ProvisioningOfData:BPPC-RegisterUpdate::XDR::ProvideandRegisterDocumentSet-b##ITI-41",
            process="urn:XDR::ProvideandRegisterDocumentSet-b",
            transport="urn:ihe:iti:2013:xdr",
            endpoint="xdr",
        ),
        Service(
            key="search-mask",
            document="urn:ehealth:ISM::InternationalSearchMask##ehealth-107",
            process="urn:ehealth:ncp:{country}:ism",
            transport=NO_TRANSPORT,
        ),
    )
}
"""The services by the word that scenarios use. Source: protocol facts 1; process and transport as public metadata write them."""


def participant_of(country: str) -> Identifier:
    """The participant identifier of the NCP of `country` (two letters). Source: protocol facts 12.1."""
    return Identifier(scheme=PARTICIPANT_SCHEME, value=f"urn:ehealth:{country.lower()}:ncp-idp")


def document_of(service: str) -> Identifier:
    """The document identifier of a service of `SERVICES`."""
    return Identifier(scheme=DOCUMENT_SCHEME, value=SERVICES[service].document)


def service_of(document: Identifier) -> str:
    """The key of the service that `document` identifies, empty when it is none of eHDSI's."""
    return next((key for key in SERVICES if document_of(key).is_same_as(document)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a process is served. `certificate` is DER, empty when the element is; times are aware UTC, None when absent.

    `extension` is the XML of the one element inside Extension, as bytes (the search mask), empty without one.
    """

    transport: str | None = None
    uri: str = ""
    business_signature: bool | None = None
    minimum_authentication: str | None = None
    activation: datetime | None = None
    expiration: datetime | None = None
    certificate: bytes = b""
    description: str = ""
    contact: str = ""
    information: str = ""
    extension: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    identifier: Identifier
    endpoints: tuple[Endpoint, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """Where else the metadata lie; `certificate_uid` is the subject that signs them there."""

    href: str = ""
    certificate_uid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceMetadata:
    """Metadata of one service of one participant, or a redirect to them (then nothing else is set)."""

    participant: Identifier = Identifier()
    document: Identifier = Identifier()
    processes: tuple[Process, ...] = ()
    redirect: Redirect | None = None

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """The endpoints of all processes, in order."""
        return tuple(e for p in self.processes for e in p.endpoints)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceGroup:
    """All services of a participant: the addresses of their metadata."""

    participant: Identifier
    references: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Verified metadata. `facts` are those of the publisher's signature; `country` those of the signature that the
    country put inside before it handed them in, None when there is none."""

    metadata: ServiceMetadata
    facts: xmldsig.SignatureFacts
    country: xmldsig.SignatureFacts | None = None


# --- paths and names


def group_path(participant: Identifier) -> str:
    """The path of a ServiceGroup below the root of an SMP. Source: OASIS BDXR SMP 1.0, 3.3."""
    return "/" + quote(participant.text, safe="")


def service_path(participant: Identifier, document: Identifier) -> str:
    """The path of the metadata of one service below the root of an SMP. Source: OASIS BDXR SMP 1.0, 3.3."""
    return f"{group_path(participant)}/services/{quote(document.text, safe='')}"


def below_root(path: str) -> str:
    """`path` without what stands before the participant: the root of an SMP may lie below that of its host."""
    plain = path.split("?")[0]
    parts = plain.rstrip("/").split("/")
    keep = 3 if len(parts) > 3 and parts[-2] == "services" else 1
    return "/" + "/".join(parts[-keep:])


def parse_path(path: str) -> tuple[Identifier, Identifier | None]:
    """Participant, and document unless the whole group is asked for, in a path below the root of an SMP.

    Raises:
        WireError: kind `bad-value`: not such a path.
    """
    parts = path.split("?")[0].strip("/").split("/")
    if len(parts) == 1 and parts[0]:
        return _from_text(parts[0]), None
    if len(parts) == 3 and parts[1] == "services":
        return _from_text(parts[0]), _from_text(parts[2])
    raise WireError(
        "not a path of service metadata",
        kind="bad-value",
        expected="/PARTICIPANT or /PARTICIPANT/services/DOCUMENT",
        found=path,
    )


def _from_text(text: str) -> Identifier:
    scheme, separator, value = unquote(text).partition(_SEPARATOR)
    return Identifier(scheme=scheme, value=value) if separator else Identifier(value=unquote(text))


def sml_names(participant: Identifier, zone: str) -> tuple[str, str]:
    """The DNS names under which the SML knows `participant`: owner of the NAPTR record, then of the CNAME record.

    The hashes are over the identifier's value in lower case, without its scheme.
    Source: OASIS BDXL 1.0, 2.2 (Base32 of SHA-256, no padding); protocol facts 12.1 (`b-` and MD5).
    """
    value = participant.value.lower().encode()
    naptr = base64.b32encode(hashlib.sha256(value).digest()).decode().rstrip("=")
    cname = hashlib.md5(value, usedforsecurity=False).hexdigest()
    return f"{naptr}.{participant.scheme}.{zone}", f"b-{cname}.{participant.scheme}.{zone}"
