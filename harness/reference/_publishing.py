"""The service metadata and the search mask of this system as country A, in its own words, signed as a publisher serves them.

Source: OASIS BDXR SMP 1.0, chapters 2 and 3; eHDSI dynamic discovery; International Search Mask.
"""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import quote, unquote

from lxml import etree

from harness import safexml
from harness.reference._messages import element, text
from harness.reference._server import HttpQuestion, HttpReply
from harness.reference.config import ReferenceConfig
from harness.wire import x509, xmldsig

PATH = "/smp"
_SMP = "http://docs.oasis-open.org/bdxr/ns/SMP/2016/05"
_ISM = "http://ec.europa.eu/sante/ehncp/ism"
_MASK = "urn:ehealth:ISM::InternationalSearchMask##ehealth-107"
_SERVED = (
    ("urn:ehealth:PatientIdentificationAndAuthentication::XCPD::CrossGatewayPatientDiscovery##ITI-55", "xcpd"),
    ("urn:ehealth:RequestOfData::XCA::CrossGatewayQuery##ITI-38", "xca"),
    ("urn:ehealth:RequestOfData::XCA::CrossGatewayRetrieve##ITI-39", "xca"),
    ("urn:ehealth:ProvisioningOfData:Provide::XDR::ProvideandRegisterDocumentSet-b##ITI-41", "xdr"),
    ("urn:ehealth:ProvisioningOfData:BPPC-RegisterUpdate::XDR::ProvideandRegisterDocumentSet-b##ITI-41", "xdr"),
    (_MASK, ""),
)


class Publishing:
    """Answers GET below `PATH`; `base` is the address of the listener, told once it is known."""

    def __init__(self, config: ReferenceConfig, roots: Iterable[str]) -> None:
        self._config = config
        self._roots = sorted(set(roots))
        self._participant = f"urn:ehealth:{config.country.lower()}:ncp-idp"
        self.base = ""

    def answer(self, question: HttpQuestion) -> HttpReply:
        """The list of our services, or the metadata of one."""
        parts = unquote(question.path.removeprefix(PATH).strip("/").lower()).split("/services/")
        mine = f"ehealth-participantid-qns::{self._participant}"
        if parts[0] != mine:
            return _missing()
        if len(parts) == 1:
            return _xml(self._group())
        for document, endpoint in _SERVED:
            if parts[1] == f"ehealth-resid-qns::{document}".lower():
                return _xml(self._signed(document, endpoint))
        return _missing()

    def _group(self) -> bytes:
        root = f"{self.base}{PATH}/{quote(f'ehealth-participantid-qns::{self._participant}', safe='')}/services/"
        references = "".join(
            element("ServiceMetadataReference", href=root + quote(f"ehealth-resid-qns::{document}", safe=""))
            for document, _ in _SERVED
        )
        inside = self._named("ParticipantIdentifier", "participantid", self._participant)
        inside += element("ServiceMetadataReferenceCollection", references)
        return element("ServiceGroup", inside, xmlns=_SMP).encode()

    def _signed(self, document: str, endpoint: str) -> bytes:
        at = self._config.clock()
        process = f"urn:ehealth:ncp:{self._config.country.lower()}:ism" if not endpoint else document.split("##")[0]
        inside = (
            self._named("ParticipantIdentifier", "participantid", self._participant)
            + self._named("DocumentIdentifier", "resid", document)
            + element(
                "ProcessList",
                element(
                    "Process",
                    self._named("ProcessIdentifier", "procid", process)
                    + element("ServiceEndpointList", self._endpoint(endpoint, at)),
                ),
            )
        )
        metadata = safexml.parse(element("ServiceMetadata", element("ServiceInformation", inside), xmlns=_SMP).encode())
        information = metadata[0]
        seal = self._config.identity.seal
        xmldsig.sign_document(metadata, etree.SubElement(information, f"{{{_SMP}}}Extension"), seal)
        root = safexml.parse(f'<SignedServiceMetadata xmlns="{_SMP}"/>'.encode())
        root.append(safexml.parse(etree.tostring(metadata)))
        xmldsig.sign_document(root, root, seal)
        return etree.tostring(root, encoding="UTF-8", xml_declaration=True)

    def _endpoint(self, endpoint: str, at: datetime) -> str:
        der = x509.certificate_der(self._config.identity.tls.certificate)
        masked = not endpoint and "search-mask.absent" not in self._config.faults
        return element(
            "Endpoint",
            element("EndpointURI", text(f"{self.base}/{endpoint}") if endpoint else "")
            + element("ServiceActivationDate", _instant(at - timedelta(days=1)))
            + element("ServiceExpirationDate", _instant(at + timedelta(days=90)))
            + element("Certificate", base64.b64encode(der).decode("ascii") if endpoint else "")
            + element("ServiceDescription", "National contact point of an example")
            + element("TechnicalContactUrl", "https://ncpeh.example/contact")
            + (element("Extension", self._mask()) if masked else ""),
            transportProfile="urn:ehealth:transport:none" if not endpoint else f"urn:ihe:iti:2013:{endpoint}",
        )

    def _mask(self) -> str:
        faults = self._config.faults
        ids = "".join(
            element(
                "id",
                domain=None if "search-mask.domain.missing" in faults else root,
                format="[A-Z0-9" if "search-mask.format.broken" in faults else "[A-Za-z0-9][A-Za-z0-9_.|/-]*",
                label="label.ism.nationalPersonIdentifier",
            )
            for root in self._roots
        )
        others = element("birthDate", label="label.ism.birthDate", format="[0-9]{4}-[0-9]{2}-[0-9]{2}")
        search = element("patientSearch", element("identifier", ids, type="NORMAL") + others, scope="ALL")
        country = element("country", search, code=self._config.country, label="label.ism.addressCountry")
        return element("searchFields", country, xmlns=_ISM)

    @staticmethod
    def _named(name: str, scheme: str, value: str) -> str:
        return element(name, text(value), scheme=f"ehealth-{scheme}-qns")


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")


def _xml(content: bytes) -> HttpReply:
    return HttpReply(status=200, content_type="text/xml", body=content)


def _missing() -> HttpReply:
    return HttpReply(status=404, content_type="text/plain; charset=utf-8", body=b"no such metadata")
