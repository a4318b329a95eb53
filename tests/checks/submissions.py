"""Submissions that country A has to refuse, by the requirement that says so; each is refused here, as it should be."""

from collections.abc import Callable
from dataclasses import replace

from harness.model import PatientId
from harness.wire import codes, saml, xds
from harness.wire.xdr import Submission, SubmittedDocument
from tests.checks import checks_support as cs
from tests.checks.checks_support import Made

OTHER_CX = "P-0002^^^&2.999.250.1&ISO"
OTHER_ID = "urn:uuid:0b6a2d1e-5f0c-4c52-9d0e-8a1f5e2b7c39"


def sent(made: Made) -> Submission:
    assert isinstance(made.query, Submission)
    return made.query


def entries(**changes: object) -> Callable[[Made], Made]:
    """The entries of the submission changed."""
    return lambda made: made.asked(entries=tuple(replace(e, **changes) for e in sent(made).entries))  # type: ignore[arg-type]


def sets(**changes: object) -> Callable[[Made], Made]:
    """The submission sets changed."""
    return lambda made: made.asked(sets=tuple(replace(s, **changes) for s in sent(made).sets))  # type: ignore[arg-type]


def content(edit: Callable[[bytes], bytes]) -> Callable[[Made], Made]:
    """The submitted documents changed."""
    return lambda made: made.asked(documents=tuple(replace(d, content=edit(d.content)) for d in sent(made).documents))


def twice(made: Made, unique_id: str | None = None) -> Made:
    """The document sent a second time, under another entry."""
    query = sent(made)
    first = query.entries[0]
    second = replace(first, id=OTHER_ID, unique_id=unique_id or first.unique_id)
    return made.asked(
        entries=(first, second),
        documents=(*query.documents, SubmittedDocument(id=OTHER_ID, content=query.documents[0].content)),
        associations=(*query.associations, replace(query.associations[0], id=f"{OTHER_ID}-m", target=OTHER_ID)),
    )


def without_permission(made: Made) -> Made:
    kept = saml.PERMISSION_PREFIX + "PRD-006"
    return made.with_attribute("hcp", saml.PERMISSION, kept)


def _order(old: bytes, new: bytes) -> Callable[[Made], Made]:
    def edit(document: bytes) -> bytes:
        assert old in document
        return document.replace(old, new, 1)

    return content(edit)


def _closed() -> Made:
    made, listing = cs.submit(), cs.fetch_prescription(codes.EVENT_NOT_DISPENSABLE)
    return replace(made, earlier=(*listing.earlier, listing))


def _again() -> Made:
    first = cs.submit()
    return replace(cs.submit(content=cs.dispensation(number="ED-2")), earlier=(*first.earlier, first))


def _other_patient(made: Made) -> Made:
    token = cs.confirmation(made.token("hcp"), PatientId(root="2.999.250.1", extension="P-0099"))
    return replace(made, tokens=(made.token("hcp"), token))


S = cs.submit()
_FORMAT = xds.Coded(code="urn:example:unknown", scheme="x")
REFUSED_SUBMISSIONS: dict[str, Made] = {
    "XDR-A-004": cs.refusing(entries(format_code=_FORMAT)(S), "4202"),
    "XDR-A-005": cs.refusing(S.asked(documents=()), "XDSMissingDocument"),
    "XDR-A-006": cs.refusing(S.asked(entries=(), associations=()), "XDSMissingDocumentMetadata"),
    "XDR-A-007": cs.refusing(sets(patient_id=OTHER_CX)(S), "XDSPatientIdDoesNotMatch"),
    "XDR-A-008": cs.refusing(twice(S), "XDSRepositoryDuplicateUniqueIdInMessage"),
    "XDR-A-009": cs.refusing(S.asked(sets=(), nodes=())),
    "XDR-A-010": cs.refusing(_other_patient(S)),
    "XDR-A-011": cs.refusing(
        _order(b"<inFulfillmentOf", b"<!--")(_order(b"</inFulfillmentOf>", b"-->")(S)),
        "ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE",
    ),
    "XDR-A-014": cs.refusing(_again(), "4106"),
    "XDR-A-015": cs.refusing(_closed(), "ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION"),
    "XDR-A-016": cs.refusing(
        cs.submit(content=cs.dispensation(substituted=True)), "ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED"
    ),
    "XDR-A-019": cs.refusing(cs.discard().with_attribute("hcp", saml.ORGANIZATION_ID)),
    "XDR-A-022": cs.refusing(without_permission(S), "4703"),
}
