"""The validators of MyHealth@EU by coordinate: what each is for, in two languages, and the labels it had elsewhere.

A coordinate names an object as it travels (an assertion, a message on one side of one service, an audit record of one
side, a document form, a certificate), so that a reader knows which rules were applied. Which one an object has is told
from the parsed object, and from the request that it answers; this table only lists them.

Sources: validators of the Gazelle test bed for eHDSI as its client names them, wave 7 and earlier; MyHealth@EU profiles.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from harness.model.phrases import say
from harness.model.text import Localized
from harness.model.validation import UNDETERMINED, Trait

GROUP = "eu.ehdsi:"
"""What every coordinate of this table begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectValidator:
    """One validator.

    `family` is saml, cda, xcpd, audit, xca, xdr or certificate; `root` the local name of the element it is for (empty for a
    certificate); `side` request, response, A or B where the family has sides; `kinds` words that tell it from the others
    of its root: kinds of documents, an assertion, events, a use of certificates. `requirements` are prefixes of the
    requirements it judges.
    """

    coordinate: str
    title: Localized
    family: str
    root: str
    side: str = ""
    kinds: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


def _v(
    name: str,
    en: str,
    fr: str,
    root: str,
    *requirements: str,
    side: str = "",
    kinds: tuple[str, ...] = (),
) -> ObjectValidator:
    family = "certificate" if name.startswith("cert-") else name.partition("-")[0]
    return ObjectValidator(
        coordinate=GROUP + name,
        title=Localized(en=en, fr=fr),
        family=family,
        root=root,
        side=side,
        kinds=kinds,
        requirements=requirements,
    )


_ORCD = ("orcd-laboratory", "orcd-discharge", "orcd-imaging-report", "orcd-image")
_OTHER_KINDS = ("hcer", "mro", "edispensation", "edispensation-discard", "consent", "other")
_SERVICES = (
    ("orcd", "original clinical documents", "documents cliniques originaux", _ORCD),
    ("ep", "prescriptions", "prescriptions", ("eprescription",)),
    ("ps", "patient summaries", "résumés patient", ("patient-summary",)),
    ("fetch", "documents of another class", "documents d'une autre classe", _OTHER_KINDS),
)
_SUBMISSIONS = (
    ("ed-init", "dispensation", "dispensation", ("edispensation",)),
    ("ed-discard", "discard of a dispensation", "annulation d'une dispensation", ("edispensation-discard",)),
    ("consent-put", "consent", "consentement", ("consent",)),
    ("provide", "document of another class", "document d'une autre classe", ("hcer", "other")),
)


def _xca() -> tuple[ObjectValidator, ...]:
    made = []
    for name, en, fr, kinds in _SERVICES:
        listing = "query" if name == "fetch" else "list"
        for operation, english, french, root, family in (
            (listing, "list", "liste", "AdhocQuery", "XCAQ"),
            ("retrieve", "retrieval", "récupération", "RetrieveDocumentSet", "XCAR"),
        ):
            for side, side_fr, letter in (("request", "requête", "B"), ("response", "réponse", "A")):
                made.append(
                    _v(
                        f"xca-{name}-{operation}-{side}",
                        f"{english} of {en}, {side}",
                        f"{french} de {fr}, {side_fr}",
                        root + side.capitalize(),
                        f"{family}-{letter}-",
                        *(("CDA-",) if (family, letter) == ("XCAR", "A") else ()),
                        side=side,
                        kinds=kinds,
                    )
                )
    return tuple(made)


def _xdr() -> tuple[ObjectValidator, ...]:
    roots = {"request": "ProvideAndRegisterDocumentSetRequest", "response": "RegistryResponse"}
    return tuple(
        _v(
            f"xdr-{name}-{side}",
            f"submission of a {en}, {side}",
            f"transmission : {fr}, {side_fr}",
            roots[side],
            f"XDR-{letter}-",
            side=side,
            kinds=kinds,
        )
        for name, en, fr, kinds in _SUBMISSIONS
        for side, side_fr, letter in (("request", "requête", "B"), ("response", "réponse", "A"))
    )


def _audit(name: str, en: str, fr: str, events: tuple[str, ...], side: str = "") -> ObjectValidator:
    return _v(
        f"audit-{name}",
        f"audit record: {en}",
        f"message d'audit : {fr}",
        "AuditMessage",
        "AUD-",
        "XCAR-A-022",
        side=side,
        kinds=tuple(f"EHDSI-{e}" for e in events),
    )


_FETCH, _PROVIDE = ("21", "22", "31", "32", "61", "62"), ("41", "42")
_SEARCH = "PRPA_IN20130"

OBJECT_VALIDATORS: Mapping[str, ObjectValidator] = {
    v.coordinate: v
    for v in (
        _v(
            "saml-hcp",
            "identity assertion of a health professional",
            "assertion d'identité d'un professionnel de santé",
            "Assertion",
            "SAML-HCP-",
            kinds=("hcp",),
        ),
        _v(
            "saml-nok",
            "next-of-kin assertion",
            "assertion d'un proche",
            "Assertion",
            "SAML-NOK-",
            kinds=("nok",),
        ),
        _v(
            "saml-trc",
            "treatment relationship confirmation",
            "confirmation de la relation de soin",
            "Assertion",
            "SAML-TRC-",
            kinds=("trc",),
        ),
        _v(
            "cda-pivot-l3",
            "structured document in pivot form",
            "document structuré en forme pivot",
            "ClinicalDocument",
            side="3",
            kinds=("pivot",),
        ),
        _v(
            "cda-friendly-l3",
            "structured document in the reader's language",
            "document structuré dans la langue du lecteur",
            "ClinicalDocument",
            side="3",
            kinds=("friendly",),
        ),
        _v(
            "cda-pivot-l1",
            "original file in a document of level 1",
            "fichier original dans un document de niveau 1",
            "ClinicalDocument",
            side="1",
            kinds=("wrapped-original",),
        ),
        _v(
            "xcpd-request",
            "patient identification, request",
            "identification du patient, requête",
            f"{_SEARCH}5UV02",
            "XCPD-B-",
            side="request",
        ),
        _v(
            "xcpd-response",
            "patient identification, response",
            "identification du patient, réponse",
            f"{_SEARCH}6UV02",
            "XCPD-A-",
            side="response",
        ),
        _audit("fetch-sc", "documents fetched, country B", "documents récupérés, pays B", _FETCH, "B"),
        _audit("fetch-sp", "documents fetched, country A", "documents récupérés, pays A", _FETCH, "A"),
        _audit("hcp-assurance", "identification, country B", "identification, pays B", ("11",), "B"),
        _audit("ident-sp", "identification, country A", "identification, pays A", ("11",), "A"),
        _audit("tsl-import", "import of the trusted list", "import de la liste de confiance", ("93",)),
        _audit("hcp-issue", "issue of an identity assertion", "émission d'une assertion d'identité", ("91",)),
        _audit("nok-issue", "issue of a next-of-kin assertion", "émission d'une assertion de proche", ("96",)),
        _audit("trc-issue", "issue of a TRC assertion", "émission d'une assertion TRC", ("92",)),
        _audit("translate", "translation of a document", "traduction d'un document", ("94",)),
        _audit("provide-sc", "document provided, country B", "document transmis, pays B", _PROVIDE, "B"),
        _audit("provide-sp", "document provided, country A", "document transmis, pays A", _PROVIDE, "A"),
        _audit("smp-query", "query of service metadata", "interrogation des métadonnées de service", ("193",)),
        _audit("smp-push", "push of service metadata", "publication des métadonnées de service", ("194",)),
        *_xdr(),
        *_xca(),
        _v(
            "cert-tls-server",
            "TLS certificate of a server",
            "certificat TLS d'un serveur",
            "",
            kinds=("serverAuth",),
        ),
        _v(
            "cert-tls-client",
            "TLS certificate of a client",
            "certificat TLS d'un client",
            "",
            "TRN-B-011",
            kinds=("clientAuth",),
        ),
        _v(
            "cert-signature",
            "certificate that signs assertions",
            "certificat qui signe les assertions",
            "",
            "SAML-HCP-014",
            "SAML-HCP-015",
            kinds=("signature",),
        ),
    )
}
"""Every validator by its coordinate. The last three are the certificate service of the test bed, by use."""


def validators_of(root: str) -> tuple[ObjectValidator, ...]:
    """The validators for objects whose element has local name `root`."""
    return tuple(v for v in OBJECT_VALIDATORS.values() if v.root == root)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The validators an object may belong to (none: the table has none for it), and the sentence that says why."""

    candidates: tuple[ObjectValidator, ...]
    because: str

    @property
    def coordinate(self) -> str:
        """The coordinate of the one candidate, empty when there is none or more than one."""
        return self.candidates[0].coordinate if len(self.candidates) == 1 else ""


def choice_of(candidates: Iterable[ObjectValidator], because: str, root: str) -> Choice:
    """The choice among `candidates`; with several, the sentence names them."""
    found = tuple(candidates)
    if not found:
        return Choice(candidates=(), because=say("choice.none", root=root))
    if len(found) > 1:
        names = ", ".join(v.coordinate for v in found)
        because = say("choice.undecided", because=because, candidates=names)
    return Choice(candidates=found, because=because)


def choose_document(level: str, form: str) -> Choice:
    """The validator of a clinical document, by the traits its profile has."""
    of_level = [v for v in validators_of("ClinicalDocument") if v.side == level]
    found = [v for v in of_level if form in v.kinds]
    because = say("choice.document", level=level, form=form)
    if form in ("national", "undetermined") and level == "3":
        found = of_level if form == "undetermined" else []
    return choice_of(found, because, f"ClinicalDocument ({form})")


def chosen(choice: Choice, asked: str = "") -> Trait | None:
    """What a report says of the validator: the one `asked` for, else the only candidate; `undetermined` among several."""
    if asked:
        because = say("choice.asked", because=choice.because) if choice.candidates else say("choice.asked-only")
        return Trait(value=asked, because=because)
    if not choice.candidates:
        return None
    return Trait(value=choice.coordinate or UNDETERMINED, because=choice.because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What is given beside an object, as bytes of files: its request, earlier messages, authorities, revocation lists.

    `at` is the instant of use, aware UTC; without one, assertions are judged when they were issued, certificates `now`.
    """

    now: datetime
    request: bytes = b""
    earlier: tuple[bytes, ...] = ()
    authorities: bytes = b""
    revocation_lists: tuple[bytes, ...] = ()
    at: datetime | None = None


_CURRENT: Mapping[str, str] = {
    # identity, next of kin, treatment
    "hcp identity assertion": "saml-hcp",
    "hcp assertion": "saml-hcp",
    "next of kin assertion": "saml-nok",
    "nok assertion": "saml-nok",
    "trc assertion": "saml-trc",
    "treatment relationship confirmation assertion": "saml-trc",
    # documents
    "pivot cda l3 validation": "cda-pivot-l3",
    "friendly cda l3 validation": "cda-friendly-l3",
    "pivot cda l1 validation": "cda-pivot-l1",
    # identification
    "identification service request": "xcpd-request",
    "id service request": "xcpd-request",
    "identification service response": "xcpd-response",
    "id service response": "xcpd-response",
    # audit
    "fetch document service service consumer": "audit-fetch-sc",
    "fetch document service service provider": "audit-fetch-sp",
    "hcp assurance audit": "audit-hcp-assurance",
    "identification service audit service provider": "audit-ident-sp",
    "import of an ncp trusted service list": "audit-tsl-import",
    "import of an ncp trusted list": "audit-tsl-import",
    "issuance of a hcp identity assertion": "audit-hcp-issue",
    "issuance of a nok assertion": "audit-nok-issue",
    "issuance of a next of kin assertion": "audit-nok-issue",
    "issuance of a treatment relationship confirmation assertion": "audit-trc-issue",
    "issuance of a trc assertion": "audit-trc-issue",
    "pivot translation of a medical document": "audit-translate",
    "provide data service service consumer": "audit-provide-sc",
    "provide data service service provider": "audit-provide-sp",
    "smp query": "audit-smp-query",
    "smp push": "audit-smp-push",
    # submissions
    "dispensationservice initialize request": "xdr-ed-init-request",
    "dispensationservice initialize response": "xdr-ed-init-response",
    "dispensationservice discard request": "xdr-ed-discard-request",
    "dispensationservice discard response": "xdr-ed-discard-response",
    "consentservice put request": "xdr-consent-put-request",
    "consentservice put response": "xdr-consent-put-response",
    "providedataservice request": "xdr-provide-request",
    "providedataservice response": "xdr-provide-response",
    # lists and retrievals
    "orcdservice list request": "xca-orcd-list-request",
    "orcdservice list response": "xca-orcd-list-response",
    "orcdservice retrieve request": "xca-orcd-retrieve-request",
    "orcdservice retrieve response": "xca-orcd-retrieve-response",
    "orderservice list request v1 xca": "xca-ep-list-request",
    "orderservice list response v1 xca": "xca-ep-list-response",
    "orderservice retrieve request v1 xca": "xca-ep-retrieve-request",
    "orderservice retrieve response v1 xca": "xca-ep-retrieve-response",
    "patientservice list request v1 xca": "xca-ps-list-request",
    "patientservice list response v1 xca": "xca-ps-list-response",
    "patientservice retrieve request v1 xca": "xca-ps-retrieve-request",
    "patientservice retrieve response v1 xca": "xca-ps-retrieve-response",
    "fetchdocumentservice query request": "xca-fetch-query-request",
    "fetchdocumentservice query response": "xca-fetch-query-response",
    "fetchdocumentservice retrieve request": "xca-fetch-retrieve-request",
    "fetchdocumentservice retrieve response": "xca-fetch-retrieve-response",
}
_OLD: Mapping[str, str] = {
    "consentservice discard request": "",
    "consentservice discard response": "",
    "orderservice list request v2 2 xcf": "xca-ep-list-request",
    "orderservice list response v2 2 xcf": "xca-ep-list-response",
    "patientservice list request v2 2 xcf": "xca-ps-list-request",
    "patientservice list response v2 2 xcf": "xca-ps-list-response",
    "order service audit service consumer": "audit-fetch-sc",
    "order service audit service provider": "audit-fetch-sp",
    "patient service audit service consumer": "audit-fetch-sc",
    "patient service audit service provider": "audit-fetch-sp",
    "patient privacy audit": "",
    "consentservice put audit service consumer": "audit-provide-sc",
    "consentservice put audit service provider": "audit-provide-sp",
    "consentservice discard audit service consumer": "",
    "consentservice discard audit service provider": "",
    "dispensationservice initialize audit service consumer": "audit-provide-sc",
    "dispensationservice initialize audit service provider": "audit-provide-sp",
    "dispensationservice discard audit service consumer": "audit-provide-sc",
    "dispensationservice discard audit service provider": "audit-provide-sp",
    "documentation of the patient information notification": "",
    "patient id mapping audit": "",
    "patient summary pivot": "cda-pivot-l3",
    "patient summary friendly": "cda-friendly-l3",
    "eprescription pivot": "cda-pivot-l3",
    "eprescription friendly": "cda-friendly-l3",
    "edispensation pivot": "cda-pivot-l3",
    "edispensation friendly": "cda-friendly-l3",
}
_MAKER = re.compile(r"^(?:epsos ?2|epsos|ehdsi)\b *")
_WAVE = re.compile(r" *(?:\bwave \d+)(?: v\d+(?: \d+)*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class OldLabel:
    """A label of another tool: the coordinate that stands for it here, empty when nothing does any more."""

    label: str
    coordinate: str


def old_label(label: str) -> OldLabel | None:
    """What `label` of another tool stands for; prefixes (epSOS, epSOS-2, eHDSI), wave and version do not matter.

    None when it is no label we know.
    """
    words = " ".join(re.sub(r"[^a-z0-9]+", " ", label.lower()).split())
    if not _MAKER.match(words):
        return None
    name = _WAVE.sub("", _MAKER.sub("", words))
    name = re.sub(r"\ban epsos ncp\b", "an ncp", name)
    if name in _CURRENT:
        return OldLabel(label=label, coordinate=GROUP + _CURRENT[name])
    if name in _OLD:
        return OldLabel(label=label, coordinate=GROUP + _OLD[name] if _OLD[name] else "")
    return None
