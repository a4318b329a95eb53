"""The system under test as its owner describes it, and the people and papers that scenarios speak of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from harness.model.scenario import Datum


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemIdentity:
    name: str
    version: str
    vendor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriggerMeans:
    """How to make a country-B system act: exactly one of an HTTP call, a command, or a person."""

    url: str | None = None
    method: str = "POST"
    command: tuple[str, ...] = ()
    person: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SutActor:
    """One role of the system. `endpoints` maps to https URLs: xcpd, xca, xdr, smp of country A; of country B its token service,
    sts for TRC and sts_nok for next-of-kin assertions, where it can be called from outside."""

    actor: str
    country: str
    home_community: str
    endpoints: Mapping[str, str] = field(default_factory=dict)
    trigger: TriggerMeans | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OurSide:
    """How the SUT sees us. `pki` is a folder kept between runs, None for one per run; ports 0 = any free one.

    Our audit record repository listens only where `ports` names one for `audit`: TCP with TLS, and UDP, on that number; our
    metadata publisher only where it names one for `smp`.
    """

    pki: str | None = None
    host: str = "127.0.0.1"
    ports: Mapping[str, int] = field(default_factory=dict)
    country: str = "BE"
    home_community: str = "urn:oid:2.999.56.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovery:
    """Where the metadata of country A are looked up, to find the endpoints that the SUT file does not write out.

    One of: `smp`, the root URL of a publisher; `files`, a folder of metadata; `zone` with `names`, DNS name to publisher, for
    the SML. `authorities` (PEM) vouch for who signs metadata.
    """

    smp: str = ""
    files: str = ""
    zone: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    authorities: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientId:
    """An instance identifier: assigning authority OID and value."""

    root: str
    extension: str

    @property
    def cx(self) -> str:
        """HL7 v2 CX form `ext^^^&root&ISO`. Source: IHE ITI TF-3, 4.2.3.1.7."""
        return f"{self.extension}^^^&{self.root}&ISO"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A synthetic person. `gender` is M, F or UN; `consent_awaited`: asked for and not given yet, `consent` is False then."""

    key: str
    ids: tuple[PatientId, ...]
    family: str = ""
    given: str = ""
    birth: date | None = None
    gender: str = ""
    street: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""
    consent: bool = True
    consent_awaited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Practitioner:
    """Who asks on country B's side: the content of the HCP assertion. `on_behalf_of` is the code of the role acted for."""

    key: str
    name: str
    name_id: str
    role_code: str
    role_display: str
    facility_type: str
    organization: str
    organization_id: str
    locality: str
    purpose_of_use: str = "TREATMENT"
    permissions: tuple[str, ...] = ()
    on_behalf_of: str = ""
    clinical_speciality: str = ""
    npi: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationDocument:
    """A document a country-A system holds. `level` is 1 or 3; `content` the exact bytes; `path` where they came from.

    `status` is a word of DOCUMENT_STATUSES; `replaces` the key of the earlier version, empty when there is none.
    A prescription that is not `dispensable` was used up or stopped before.
    """

    key: str
    patient: str
    kind: str
    level: int
    unique_id: str
    content: bytes
    path: str = ""
    pair: str = ""
    title: str = ""
    status: str = "shared"
    replaces: str = ""
    dispensable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    patients: Mapping[str, Patient]
    practitioners: Mapping[str, Practitioner]
    documents: tuple[PopulationDocument, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sut:
    """A `sut.yaml`, read and checked. `data` is its free part, as plain data, for `${sut.data...}`; `patients` are the
    SUT's own patients behind the names scenarios use. `digest` is the sha-256 of the file. Paths are resolved against
    the file's folder; `trust_authorities` and `trust_revocations` hold PEM bytes. Secrets are references, never values."""

    system: SystemIdentity
    actors: Mapping[str, SutActor]
    trust_authorities: bytes
    ours: OurSide
    patients: Mapping[str, Patient]
    data: Mapping[str, Datum]
    clock_skew_s: float = 60.0
    answer_within_s: float = 30.0
    audit_within_s: float = 60.0
    discovery: Discovery | None = None
    source: str = ""
    digest: str = ""
    trust_revocations: bytes = b""

    @property
    def home_of_b(self) -> str:
        """The country of the system where it plays country B, ours where it does not."""
        actor = self.actors.get("ncpeh-b")
        return actor.country if actor is not None else self.ours.country
