"""What is held against each other in every secured exchange without being asked, both ways and in every transaction.

Request and answer, communities, TLS peer and signer, TRC assertion and query, listing and document, audit record and exchange.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from harness.model import PatientId
from harness.wire import codes, saml, x509, xcpd, xds
from harness.wire.atna import Coded
from tests.checks import checks_support as cs
from tests.checks import submissions as sub
from tests.checks.audit_support import OURS, Logged, logged
from tests.checks.checks_support import Made
from tests.checks.test_defects import FETCH, IDENTIFY, LIST, SUBMIT, actor_of, answered, answering, entries

TRANSACTIONS = {"ITI-55": IDENTIFY, "ITI-38": LIST, "ITI-39": FETCH, "ITI-41": SUBMIT}
SECURED = {name: made for name, made in TRANSACTIONS.items() if name != "ITI-55"}
OTHER = PatientId(root="2.999.250.1", extension="P-0099")


@dataclass(frozen=True, kw_only=True)
class Layers:
    """Two layers that agree in `good` and not in what `spoil` makes of it; `requirement` says so."""

    what: str
    requirement: str
    good: Made
    spoil: cs.Defect


def dutch_tls(made: Made) -> Made:
    """TLS with a certificate of another country than the signer's."""
    pki = cs.pki()
    leaf = x509.build_certificate(
        common_name="ncp.example",
        country="NL",
        organization="Test",
        usage="tls",
        issuer=pki.authority,
        key=x509.new_key(),
        serial=9,
        not_before=pki.authority.certificate.not_valid_before_utc,
        not_after=pki.authority.certificate.not_valid_after_utc,
        dns_names=("ncp.example",),
    )
    return replace(made, tls=x509.certificate_der(leaf.certificate))


def trc_for_another(made: Made) -> Made:
    return made.with_attribute("trc", saml.SUBJECT_ID, OTHER.cx)


def listed_as(**changes: object) -> Callable[[Made], Made]:
    """The documents of `FETCH` listed with other metadata."""

    def spoil(made: Made) -> Made:
        first, listing = made.earlier
        return replace(made, earlier=(first, entries(**changes)(listing)))

    return spoil


def other_home(made: Made) -> Made:
    assert isinstance(made.answer, xds.RetrieveAnswer)
    return made.answered(documents=tuple(replace(d, home="urn:oid:2.999.404") for d in made.answer.documents))


LABORATORY = xds.Coded(code=codes.KINDS["orcd-laboratory"].class_code, scheme=codes.LOINC)
RESTRICTED = (xds.Coded(code="R", scheme=codes.HL7_CONFIDENTIALITY),)
LAYERS = [
    *(
        Layers(
            what=f"request id and answer, {name}",
            requirement="TRN-A-006",
            good=made,
            spoil=answering(relates_to="urn:x"),
        )
        for name, made in TRANSACTIONS.items()
    ),
    Layers(
        what="community that asked and receiver, ITI-55",
        requirement="XCPD-A-013",
        good=IDENTIFY,
        spoil=answered(receivers=(xcpd.device("2.999.404"),)),
    ),
    Layers(
        what="community of the system and sender, ITI-55",
        requirement="XCPD-A-014",
        good=IDENTIFY,
        spoil=answered(sender=xcpd.device("2.999.404")),
    ),
    Layers(
        what="community of the system and entries, ITI-38",
        requirement="XCAQ-A-007",
        good=LIST,
        spoil=entries(home="urn:oid:2.999.404"),
    ),
    Layers(what="community asked and document, ITI-39", requirement="XCAR-A-002", good=FETCH, spoil=other_home),
    *(
        Layers(
            what=f"TLS peer and signer of the HCP assertion, {name}",
            requirement="SAML-HCP-015",
            good=made,
            spoil=dutch_tls,
        )
        for name, made in TRANSACTIONS.items()
    ),
    *(
        Layers(
            what=f"TLS peer and signer of the TRC assertion, {name}",
            requirement="SAML-TRC-008",
            good=made,
            spoil=dutch_tls,
        )
        for name, made in SECURED.items()
    ),
    *(
        Layers(
            what=f"TRC assertion and patient found, {name}", requirement="XCPD-B-018", good=made, spoil=trc_for_another
        )
        for name, made in SECURED.items()
    ),
    Layers(
        what="TRC assertion and query, ITI-38",
        requirement="XCAQ-B-006",
        good=LIST,
        spoil=trc_for_another,
    ),
    Layers(
        what="patient found and submission, ITI-41",
        requirement="XCPD-B-018",
        good=SUBMIT,
        spoil=sub.entries(patient_id=OTHER.cx),
    ),
    Layers(
        what="listing and document: language", requirement="XCAQ-A-018", good=FETCH, spoil=listed_as(language="de-FR")
    ),
    Layers(
        what="listing and document: kind", requirement="XCAQ-A-013", good=FETCH, spoil=listed_as(class_code=LABORATORY)
    ),
    Layers(
        what="listing and document: confidentiality",
        requirement="XCAQ-A-015",
        good=FETCH,
        spoil=listed_as(confidentiality_codes=RESTRICTED),
    ),
    Layers(
        what="listing and document: time",
        requirement="XCAQ-A-012",
        good=FETCH,
        spoil=listed_as(creation_time="20200101000000"),
    ),
    Layers(what="listing and document: hash", requirement="XCAQ-A-022", good=FETCH, spoil=listed_as(hash="0" * 40)),
    Layers(what="listing and document: size", requirement="XCAQ-A-022", good=FETCH, spoil=listed_as(size="7")),
]


@pytest.mark.parametrize("layers", LAYERS, ids=lambda layers: layers.what)
def test_layers_that_agree_pass_and_layers_that_differ_do_not(layers: Layers) -> None:
    actor = actor_of(layers.requirement)
    agreeing = [r for r in layers.good.judged(actor) if r.requirement == layers.requirement]
    assert agreeing
    assert [f for r in agreeing for f in r.findings] == []
    assert layers.requirement in cs.fired(layers.spoil(layers.good).judged(actor))


# --- audit record and exchange, for every transaction and both sides

EVENTS = {"ITI-55": "EHDSI-11", "ITI-38": "EHDSI-21", "ITI-39": "EHDSI-22", "ITI-41": "EHDSI-41"}
OF_THE_SIDE = {
    ("ncpeh-a", "ITI-39"): "XCAR-A-022",
    ("ncpeh-b", "ITI-39"): "XCAR-B-008",
    ("ncpeh-a", "ITI-41"): "XDR-A-026",
    ("ncpeh-b", "ITI-41"): "XDR-B-013",
}


def record(transaction: str, actor: str) -> Logged:
    made = TRANSACTIONS[transaction]
    found = logged(made, actor, EVENTS[transaction])
    hcp = made.token("hcp")
    subject = hcp.attribute(saml.SUBJECT_ID)
    assert subject is not None
    return found.participant(
        "HumanRequestor", user_id=f"<{hcp.name_id}@{hcp.issuer}>", alternative_user_id=subject.text
    )


WRONG: dict[str, tuple[str, Callable[[Logged], Logged]]] = {
    "outcome": ("AUD-004", lambda r: r.changed(outcome="8")),
    "gateway": (
        "AUD-007",
        lambda r: r.participant(
            "ServiceConsumer" if r.actor == "ncpeh-a" else "ServiceProvider", user_id=f"not-{OURS}"
        ),
    ),
    "practitioner": ("AUD-008", lambda r: r.participant("HumanRequestor", user_id="<x@y>")),
    "patient": ("AUD-010", lambda r: r.objects("2", id=OTHER.cx)),
}


@pytest.mark.parametrize("actor", ["ncpeh-a", "ncpeh-b"])
@pytest.mark.parametrize("transaction", EVENTS)
@pytest.mark.parametrize("wrong", WRONG)
def test_a_record_is_held_against_its_exchange(transaction: str, actor: str, wrong: str) -> None:
    requirement, spoil = WRONG[wrong]
    good = record(transaction, actor)
    clean = {r.requirement: r.findings for r in good.judged()}
    assert clean[requirement] == ()
    spoiled = {r.requirement: r.findings for r in spoil(good).judged()}
    assert spoiled[requirement] != ()


@pytest.mark.parametrize(("actor", "transaction"), OF_THE_SIDE)
def test_the_event_is_that_of_the_side(actor: str, transaction: str) -> None:
    good, requirement = record(transaction, actor), OF_THE_SIDE[actor, transaction]
    other = {"110106": "110107", "110107": "110106"}[(good.message.event_id or Coded()).code or ""]
    assert {r.requirement: r.findings for r in good.judged()}[requirement] == ()
    spoiled = good.changed(event_id=Coded(code=other, system_name="DCM"))
    assert {r.requirement: r.findings for r in spoiled.judged()}[requirement] != ()
