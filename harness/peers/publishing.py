"""Our country's service metadata and search mask, signed, as a metadata publisher (SMP) serves them: well or badly.

Core only: a request in, an answer out. What is published while a row runs is data, set by the names of faults.
Source: OASIS BDXR SMP 1.0, chapter 3; protocol facts 12.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from harness.errors import WireError
from harness.model import OurSide, Population
from harness.peers.answers import Incoming, PlannedAnswer
from harness.peers.arguments import refuse
from harness.peers.clock import Clock
from harness.peers.pki import Pki, other_country
from harness.wire import searchmask, smp, x509
from harness.wire.searchmask import Field, IdGroup, Search, SearchMask
from harness.wire.x509 import Credentials

PATH = "/smp"
_LEAD, _LIFE = timedelta(days=1), timedelta(days=365)
_ID_FORMAT = r"[A-Za-z0-9][A-Za-z0-9_.|/-]{0,63}"
_DAY_FORMAT = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HEADERS = (("Content-Type", smp.MEDIA_TYPE),)
LABEL_FAMILY, LABEL_GIVEN = "label.ism.familyName", "label.ism.givenName"
LABEL_BIRTH, LABEL_GENDER = "label.ism.birthDate", "label.ism.gender"


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The metadata of one service before they are signed, and what an alteration may draw on.

    `signer` None: published without a signature. `earlier` counts how often the service was asked for before in this row,
    `unserved` is an address where nobody listens, `here` the address of these metadata.
    """

    service: str
    metadata: smp.ServiceMetadata
    signer: Credentials | None = field(repr=False)
    country: Credentials | None = field(repr=False)
    pki: Pki = field(repr=False)
    mask: SearchMask
    at: datetime
    earlier: int
    unserved: str
    here: str

    def with_endpoints(self, change: Callable[[smp.Endpoint], tuple[smp.Endpoint, ...]]) -> "Publication":
        """With every endpoint that can be called replaced by what `change` gives for it."""
        processes = tuple(
            replace(p, endpoints=tuple(n for e in p.endpoints for n in (change(e) if e.uri else (e,))))
            for p in self.metadata.processes
        )
        return replace(self, metadata=replace(self.metadata, processes=processes))


type Alteration = Callable[[Publication], Publication]


def mask_of(country: str, population: Population) -> SearchMask:
    """The mask of a country that knows its people by the identifiers of `population`: one of them, other traits at will."""
    roots = sorted({i.root for p in population.patients.values() for i in p.ids})
    groups = tuple(
        IdGroup(
            display=root,
            ids=(
                Field(
                    kind=searchmask.ID,
                    label="label.ism.nationalPersonIdentifier",
                    domain=root,
                    format=_ID_FORMAT,
                    mandatory=True,
                ),
            ),
        )
        for root in roots
    )
    fields = (
        Field(kind=searchmask.TEXT, label=LABEL_FAMILY),
        Field(kind=searchmask.TEXT, label=LABEL_GIVEN),
        Field(kind=searchmask.BIRTH, label=LABEL_BIRTH, format=_DAY_FORMAT),
        Field(kind=searchmask.GENDER, label=LABEL_GENDER),
    )
    patient = Search(scope="ALL", identifier_type="CHOICE", groups=groups, fields=fields)
    return SearchMask(country=country, label="label.ism.addressCountry", patient=patient)


class Publisher:
    """Answers lookups of our country's metadata; counts them by row."""

    def __init__(
        self,
        *,
        ours: OurSide,
        pki: Pki,
        population: Population,
        endpoints: Mapping[str, str],
        unserved: str,
        clock: Clock,
    ) -> None:
        self._ours = ours
        self._pki = pki
        self._mask = mask_of(ours.country, population)
        self._endpoints = endpoints
        self._unserved = unserved
        self._clock = clock
        self._alterations: tuple[str, ...] = ()
        self._asked: dict[str, int] = {}

    def publish(self, alterations: tuple[str, ...] = ()) -> None:
        """Publish anew, altered by the faults of these names: another row starts.

        Raises:
            ScenarioError: a name is none of `BEFORE_SIGNING` and `AFTER_SIGNING`.
        """
        for name in alterations:
            if name not in BEFORE_SIGNING and name not in AFTER_SIGNING:
                refuse("given.smp", "unknown fault", expected=(*BEFORE_SIGNING, *AFTER_SIGNING), found=name)
        self._alterations = alterations
        self._asked.clear()

    def answer(self, incoming: Incoming) -> tuple[PlannedAnswer, tuple[str, ...]]:
        """The answer to a lookup, and the names of the alterations that show in it."""
        parts = urlsplit(incoming.url)
        try:
            participant, document = smp.parse_path(parts.path.removeprefix(PATH))
        except WireError as exc:
            return _nothing(400, exc.problem), ()
        if not participant.is_same_as(smp.participant_of(self._ours.country)):
            return _nothing(404, "no such participant"), ()
        if document is None:
            base = urlunsplit((parts.scheme, parts.netloc, PATH, "", ""))
            paths = (smp.service_path(participant, smp.document_of(key)) for key in smp.SERVICES)
            group = smp.ServiceGroup(participant=participant, references=tuple(base + path for path in paths))
            return PlannedAnswer(status=200, headers=_HEADERS, body=smp.build_group(group)), ()
        service = smp.service_of(document)
        if not service:
            return _nothing(404, "no such service"), ()
        return self._published(service, incoming.url)

    def _published(self, service: str, here: str) -> tuple[PlannedAnswer, tuple[str, ...]]:
        publication = self._publication(service, here)
        self._asked[service] = publication.earlier + 1
        shown = []
        for name in (n for n in self._alterations if n in BEFORE_SIGNING):
            changed = BEFORE_SIGNING[name](publication)
            shown += [name] if changed != publication else []
            publication = changed
        answer = PlannedAnswer(status=200, headers=_HEADERS, body=_document(publication))
        for name in (n for n in self._alterations if n in AFTER_SIGNING):
            answer = AFTER_SIGNING[name](answer)
            shown.append(name)
        return answer, tuple(shown)

    def _publication(self, service: str, here: str) -> Publication:
        at = self._clock()
        found = smp.SERVICES[service]
        called = bool(found.endpoint)
        endpoint = smp.Endpoint(
            transport=found.transport,
            uri=self._endpoints[found.endpoint] if called else "",
            business_signature=False if called else None,
            minimum_authentication="urn:epSOS:loa:1" if called else None,
            activation=at - _LEAD,
            expiration=at + _LIFE,
            certificate=x509.certificate_der(self._pki.tls.certificate) if called else b"",
            description=service,
        )
        process = smp.Process(
            identifier=smp.Identifier(
                scheme=smp.PROCESS_SCHEME, value=found.process.format(country=self._ours.country.lower())
            ),
            endpoints=(endpoint,),
        )
        return Publication(
            service=service,
            metadata=smp.ServiceMetadata(
                participant=smp.participant_of(self._ours.country),
                document=smp.document_of(service),
                processes=(process,),
            ),
            signer=self._pki.seal,
            country=self._pki.seal,
            pki=self._pki,
            mask=self._mask,
            at=at,
            earlier=self._asked.get(service, 0),
            unserved=self._unserved,
            here=here,
        )


def _document(publication: Publication) -> bytes:
    metadata = publication.metadata
    if publication.service == "search-mask" and metadata.redirect is None:
        mask = searchmask.build_mask(publication.mask)
        processes = tuple(
            replace(p, endpoints=tuple(replace(e, extension=mask) for e in p.endpoints)) for p in metadata.processes
        )
        metadata = replace(metadata, processes=processes)
    content = smp.build_metadata(metadata)
    if publication.signer is None:
        return content
    return smp.sign_metadata(content, publication.signer, country=publication.country)


def _nothing(status: int, text: str) -> PlannedAnswer:
    return PlannedAnswer(
        status=status, headers=(("Content-Type", "text/plain; charset=UTF-8"),), body=f"{text}\n".encode()
    )


# --- alterations


def _other_participant(publication: Publication) -> Publication:
    other = smp.participant_of(other_country(publication.pki.country))
    return replace(publication, metadata=replace(publication.metadata, participant=other))


def _redirected(publication: Publication) -> Publication:
    uid = publication.pki.seal.certificate.subject.rfc4514_string()
    redirect = smp.Redirect(href=publication.here, certificate_uid=uid)
    return replace(publication, metadata=smp.ServiceMetadata(redirect=redirect))


def _moved(publication: Publication) -> Publication:
    if publication.earlier:
        return publication
    return publication.with_endpoints(lambda e: (replace(e, uri=publication.unserved),))


def _birth_demanded(publication: Publication) -> Publication:
    return _with_search(publication, lambda f: replace(f, mandatory=True) if f.kind == searchmask.BIRTH else f)


def _digits_demanded(publication: Publication) -> Publication:
    return _with_search(publication, lambda f: replace(f, format=r"[0-9]{40}") if f.kind == searchmask.ID else f)


def _with_search(publication: Publication, change: Callable[[Field], Field]) -> Publication:
    search = publication.mask.patient
    if search is None:
        return publication
    groups = tuple(replace(g, ids=tuple(map(change, g.ids))) for g in search.groups)
    changed = replace(search, groups=groups, fields=tuple(map(change, search.fields)))
    if publication.service != "search-mask":
        return publication
    return replace(publication, mask=replace(publication.mask, patient=changed))


def _changed_after_signing(answer: PlannedAnswer) -> PlannedAnswer:
    body = answer.body.replace(b"</ServiceDescription>", b" (changed)</ServiceDescription>", 1)
    return replace(answer, body=body)


def _huge(answer: PlannedAnswer) -> PlannedAnswer:
    return replace(answer, body=answer.body + b"\n" * (4 * smp.MAX_BYTES))


BEFORE_SIGNING: Mapping[str, Alteration] = {
    "smp.signature.missing": lambda p: replace(p, signer=None),
    "smp.signer.untrusted": lambda p: replace(p, signer=p.pki.untrusted_seal),
    "smp.signer.expired": lambda p: replace(p, signer=p.pki.expired_seal),
    "smp.certificate.missing": lambda p: p.with_endpoints(lambda e: (replace(e, certificate=b""),)),
    "smp.endpoint.none": lambda p: p.with_endpoints(lambda _: ()),
    "smp.endpoint.two": lambda p: p.with_endpoints(lambda e: (e, replace(e, description="second"))),
    "smp.endpoint.expired": lambda p: p.with_endpoints(lambda e: (replace(e, expiration=p.at - timedelta(hours=1)),)),
    "smp.endpoint.moved": _moved,
    "smp.participant.other": _other_participant,
    "smp.redirect.loop": _redirected,
    "search-mask.birth-date.mandatory": _birth_demanded,
    "search-mask.format.other": _digits_demanded,
}
"""Fault name to what it changes before the metadata are signed."""
AFTER_SIGNING: Mapping[str, Callable[[PlannedAnswer], PlannedAnswer]] = {
    "smp.signature.bad": _changed_after_signing,
    "smp.answer.huge": _huge,
}
"""Fault name to what it changes after that."""
