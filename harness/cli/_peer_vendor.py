"""What somebody needs who calls our peer by hand: a certificate of their own, whom to trust, and a request that is ready."""

import shlex
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.model import OurSide, Population, Sut, SutActor, SystemIdentity
from harness.peers import InitiatingGateway, OutgoingRequest, Pki, SeededIds, make_pki
from harness.runner import utc_now
from harness.store import write_folder
from harness.wire import x509

AUTHORITY, CERTIFICATE, KEY, REQUEST = "authority.pem", "vendor.pem", "vendor.key.pem", "identify.xml"
_COUNTRY, _HOME = "FR", "urn:oid:2.999.250"


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """Key material of a country B that exists for this session only; the peer trusts it beside what the SUT file names."""

    pki: Pki
    side: OurSide


def nobody() -> Sut:
    """The system under test when no file names one: a country B that only the vendor's certificate lets in."""
    actor = SutActor(actor="ncpeh-b", country=_COUNTRY, home_community=_HOME)
    return Sut(
        system=SystemIdentity(name="by hand", version="-"),
        actors={"ncpeh-b": actor},
        trust_authorities=b"",
        ours=OurSide(),
        patients={},
        data={},
    )


def vendor_of(sut: Sut, at: datetime) -> Vendor:
    """Fresh key material for the country B of `sut`."""
    actor = sut.actors.get("ncpeh-b")
    country, home = (actor.country, actor.home_community) if actor else (_COUNTRY, _HOME)
    return Vendor(pki=make_pki(country, "127.0.0.1", at), side=OurSide(country=country, home_community=home or _HOME))


def write_vendor_files(folder: Path, vendor: Vendor, ours: Pki, request: OutgoingRequest | None) -> None:
    """Authority to trust, certificate and key to show, and the request, into `folder`; the key for its owner only."""
    files = {
        AUTHORITY: ours.anchors,
        CERTIFICATE: x509.certificate_pem(vendor.pki.tls.certificate),
        KEY: x509.key_pem(vendor.pki.tls.key),
    }
    if request is not None:
        files[REQUEST] = request.body
    write_folder(folder, files)


def ready_request(vendor: Vendor, ours: OurSide, url: str, population: Population) -> OutgoingRequest | None:
    """A valid ITI-55 for the first patient of the population, signed by the vendor's seal; None without a patient.

    Its assertion is valid for four hours from now.
    """
    patient = next((p for p in population.patients.values() if p.ids and p.consent), None)
    practitioner = next(iter(population.practitioners), None)
    if patient is None or practitioner is None:
        return None
    gateway = InitiatingGateway(vendor.pki, vendor.side, vendor.pki.anchors, utc_now, SeededIds())
    prepared = gateway.prepare(
        "ITI-55",
        {"patient": patient.key, "practitioner": practitioner},
        target=SutActor(
            actor="ncpeh-a", country=ours.country, home_community=ours.home_community, endpoints={"xcpd": url}
        ),
        patients=population.patients,
        practitioners=population.practitioners,
        session=gateway.new_session(),
    )
    return prepared.request


def curl_line(folder: Path, request: OutgoingRequest) -> str:
    """The command that sends the request in `folder` as it stands."""
    content_type = next(value for name, value in request.headers if name.lower() == "content-type")
    words = ["curl", "--cacert", folder / AUTHORITY, "--cert", folder / CERTIFICATE, "--key", folder / KEY]
    words += ["-H", f"Content-Type: {content_type}", "--data-binary", f"@{folder / REQUEST}", request.url]
    return shlex.join(map(str, words))
