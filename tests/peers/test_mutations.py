"""Every mutation: it applies where it is allowed, and the message differs from the good one in its one thing only."""

from datetime import timedelta

import pytest
from lxml import etree

from harness.errors import ScenarioError, WireError
from harness.peers import MUTATIONS, Pki, PreparedRequest, mutations_tokens
from harness.wire import codes, dispensing, mtom, ns, saml, soap, xcpd, xdr, xds, xmldsig
from tests.peers.peer_bench import NOW, prepared

# What differs, in words of `facets`; everything else has to be equal.
DIFFERS = {
    "saml.hcp.expired": "hcp.claims",
    "saml.hcp.not-yet-valid": "hcp.claims",
    "saml.hcp.within-tolerance": "hcp.claims",
    "saml.hcp.lifetime-too-long": "hcp.claims",
    "saml.hcp.unsigned": "hcp.signature",
    "saml.hcp.tampered": "hcp.claims hcp.signature",
    "saml.hcp.digest-corrupted": "hcp.signature",
    "saml.hcp.untrusted-signer": "hcp.signature",
    "saml.hcp.expired-signer": "hcp.signature",
    "saml.hcp.wrong-country": "hcp.signature",
    "saml.hcp.missing": "hcp.present",
    "saml.hcp.no-subject-id": "hcp.claims",
    "saml.hcp.no-permissions": "hcp.claims",
    "saml.hcp.role-unknown": "hcp.claims",
    "saml.hcp.purpose-unknown": "hcp.claims",
    "saml.hcp.schema-broken": "hcp.parts",
    "saml.hcp.wrapped": "hcp.claims hcp.parts hcp.signature",
    "saml.hcp.password-context": "hcp.claims",
    "saml.trc.missing": "trc.present",
    "saml.trc.expired": "trc.claims",
    "saml.trc.unsigned": "trc.signature",
    "saml.trc.tampered": "trc.claims trc.signature",
    "saml.trc.digest-corrupted": "trc.signature",
    "saml.trc.untrusted-signer": "trc.signature",
    "saml.trc.other-hcp": "trc.claims",
    "saml.trc.lifetime-too-long": "trc.claims",
    "saml.trc.other-name-id": "trc.claims",
    "saml.trc.wrong-country": "trc.signature",
    "patient-id.unknown": "trc.claims query xdr.sets xdr.entries xdr.documents",
    "patient-id.swapped-digits": "trc.claims query xdr.sets xdr.entries xdr.documents",
    "patient-id.digits-only": "trc.claims query xdr.sets xdr.entries xdr.documents",
    "patient-id.too-long": "trc.claims query xdr.sets xdr.entries xdr.documents",
    "patient-id.wrong-check-digit": "trc.claims query xdr.sets xdr.entries xdr.documents",
    "patient-id.other-authority": "trc.claims query xdr.sets xdr.entries xdr.documents",
    "soap.security.twice": "security",
    "soap.assertions.reversed": "order",
    "soap.action.other": "addressing",
    "soap.action.missing": "addressing blocks",
    "soap.message-id.missing": "addressing blocks",
    "soap.message-id.no-urn": "addressing",
    "soap.reply-to.other": "addressing",
    "soap.addressing.old-namespace": "addressing blocks",
    "xml.byte-order-mark.added": "mark",
    "mime.boundary.other": "xml",
    "mime.start.unknown": "xml",
    "tls.client-certificate.expired": "context settle",
    "tls.client-certificate.not-yet-valid": "context settle",
    "tls.client-certificate.wrong-use": "context settle",
    "tls.client-certificate.revoked": "context settle",
    "tls.client-certificate.other-host": "context settle",
    "tls.cipher.weak": "context",
    "tls.version.1-0-only": "context",
    "tls.version.1-1-only": "context",
    "tls.version.1-2-only": "context",
    "xcpd.query.other-interaction": "query",
    "xcpd.query.no-acknowledgement": "query",
    "xcpd.identifier.no-extension": "query",
    "xcpd.birth-time.dashed": "query",
    "xcaq.patient-id.unquoted": "query",
    "xcaq.patient-id.other": "query",
    "xcaq.class-code.two-kinds": "query",
    "xcaq.return-type.references": "query",
    "xcar.home.other": "query",
    "xdr.source-patient-info.incomplete": "xdr.entries",
    "xdr.class-code.other": "xdr.entries",
    "xdr.language.other": "xdr.entries",
    "xdr.creation-time.malformed": "xdr.entries",
    "xdr.author.malformed": "xdr.sets",
    "xdr.document-id.astray": "xdr.documents",
    "xdr.cda.section-missing": "xdr.documents",
    "xdr.cda.template-unknown": "xdr.documents",
    "xdr.cda.code-wrong": "xdr.documents",
    "xdr.cda.patient-other": "xdr.documents",
    "xdr.cda.language-other": "xdr.documents",
    "soap.security.missing": "security",
    "soap.action.unknown": "addressing",
    "soap.header.unknown-must-understand": "blocks",
    "soap.version.1-1": "headers version",
    "soap.body.truncated-xml": "xml",
    "soap.body.doctype": "xml",
    "xml.comment.added": "comments",
    "http.content-type.wrong": "headers",
    "http.body.chunked": "chunked",
    "tls.client-certificate.missing": "certificate settle",
    "tls.client-certificate.untrusted": "context settle",
    "http.request.wsdl": "headers url xml",
    "xdr.document.large": "xdr.documents",
    "tls.client-certificate.country-not-agreed": "hcp.claims hcp.signature context settle",
    "xcpd.receiver.other-community": "query",
    "xcpd.query.no-identifier": "query",
    "xcpd.query.no-status-code": "query",
    "xcpd.priority.deferred": "query",
    "xcpd.processing-mode.wrong": "query",
    "xcaq.patient-id.missing": "query",
    "xcaq.status.missing": "query",
    "xcaq.class-code.missing": "query",
    "xcaq.class-code.unknown": "query",
    "xcaq.query-id.unknown": "query",
    "xcar.document-id.unknown": "query",
    "xcar.repository-id.unknown": "query",
    "xcar.home.missing": "query",
    "saml.hcp.no-organization-id": "hcp.claims",
    "saml.hcp.no-dispensing-right": "hcp.claims",
    "xdr.format-code.unknown": "xdr.entries",
    "xdr.document.missing": "xdr.documents xdr.attachments headers",
    "xdr.metadata.missing": "xdr.entries xdr.associations",
    "xdr.patient-id.differs": "xdr.entries",
    "xdr.source-patient-id.other": "xdr.entries",
    "xdr.unique-id.twice": "xdr.entries xdr.associations xdr.documents xdr.attachments",
    "xdr.unique-id.other": "xdr.entries",
    "xdr.submission-set.twice": "xdr.sets",
    "xdr.submission-set.missing": "xdr.sets",
    "xdr.association.missing": "xdr.associations",
    "xdr.prescription.twice": "xdr.entries xdr.associations xdr.documents xdr.attachments",
    "xdr.order.missing": "xdr.documents",
    "xdr.order.two": "xdr.documents",
    "xdr.order.unknown": "xdr.documents",
    "xdr.attachment.missing": "xdr.attachments xdr.documents",
    "xdr.document.inline": "xdr.forms xdr.attachments headers",
}
READERS = {"ITI-55": xcpd.parse_query, "ITI-38": xds.parse_query, "ITI-39": xds.parse_retrieve_request}
MTOM = 'multipart/related; type="application/xop+xml"; start="<root@harness.invalid>"; boundary="MIMEBoundary_{}"'


SIGNATURE = ns.clark(ns.DS, "Signature")


def facets(request: PreparedRequest, pki: Pki) -> dict[str, object]:
    """The request taken apart into things that can differ independently; what is not there is left out."""
    found: dict[str, object] = {
        "url": request.request.url,
        "headers": tuple((name, value.partition(";")[0]) for name, value in request.request.headers),
        "chunked": request.request.chunked,
        "settle": request.request.settle_s,
        "certificate": request.client_certificate,
    }
    try:
        kind = dict(request.request.headers).get("Content-Type", "")
        kind = kind if kind.startswith("multipart/") else "application/xml"
        if request.request.body.startswith(b"--MIMEBoundary_"):
            kind = kind if kind.startswith("multipart/") else MTOM.format(request.message_id.rpartition(":")[2])
        message = soap.parse_message(kind, request.request.body)
    except WireError as exc:
        return {**found, "xml": exc.kind}
    assert message.payload is not None
    found |= {
        "xml": "well-formed",
        "version": message.version,
        "addressing": message.addressing,
        "blocks": [block for block in message.header_blocks if block.name != ns.clark(ns.WSSE, "Security")],
        "security": message.security_count,
        **spoken(request.transaction, message),
        "mark": message.envelope.startswith(b"\xef\xbb\xbf"),
        "comments": len(list(message.root.iter(etree.Comment))),
    }
    kinds = [saml.parse_assertion(assertion).kind for assertion in message.assertions]
    if set(kinds) == {"hcp", "trc"}:
        found["order"] = kinds
    for assertion in message.assertions:
        claims = saml.parse_assertion(assertion)
        found[f"{claims.kind}.present"] = True
        found[f"{claims.kind}.claims"] = claims
        found[f"{claims.kind}.parts"] = [child.tag for child in assertion if child.tag != SIGNATURE]
        found[f"{claims.kind}.signature"] = signature(assertion, pki)
    return found


def spoken(transaction: str, message: soap.SoapMessage) -> dict[str, object]:
    """What the payload says; a submission in its parts, because one alteration may touch several of them."""
    assert message.payload is not None
    if transaction != "ITI-41":
        return {"query": READERS[transaction](message.payload)}
    try:
        sent = xdr.parse_submission(message.payload, lambda node: mtom.resolve_xop(node, message.parts))
    except WireError:
        nothing = mtom.BinaryContent(content=b"", form="xop")
        sent = xdr.parse_submission(message.payload, lambda node: nothing)
    return {
        "xdr.sets": (sent.sets, sent.nodes),
        "xdr.entries": sent.entries,
        "xdr.associations": sent.associations,
        "xdr.documents": [(d.id, d.content) for d in sent.documents],
        "xdr.forms": {d.form for d in sent.documents} - {"xop"},
        "xdr.attachments": len(message.parts),
    }


def signature(assertion: etree._Element, pki: Pki) -> tuple[object, ...]:
    try:
        facts = xmldsig.verify(assertion, anchors=(pki.authority.certificate,), at=NOW)
    except WireError as exc:
        return (exc.kind, exc.problem)
    return (facts.certificate, facts.chain_problem)


def differences(first: dict[str, object], second: dict[str, object]) -> set[str]:
    """The names of facets that differ; what hangs on a facet that is gone counts as that facet."""
    names = {name for name in first.keys() & second.keys() if first[name] != second[name]}
    gone = first.keys() ^ second.keys()
    return names | {
        name for name in gone if name.endswith(".present") and "security" not in names and "xml" not in names
    }


# Those of the test set for assertions and of the token service: test_mutations_tokens
OTHERS = {mutation.name for mutation in mutations_tokens.table()}
CASES = [
    (name, transaction)
    for name, mutation in MUTATIONS.items()
    if name not in OTHERS
    for transaction in mutation.transactions
    if transaction in codes.CROSS_BORDER
    and name != "patient-id.swapped-digits"  # the identifiers of these patients have one digit
]


@pytest.mark.parametrize(("name", "transaction"), CASES, ids=[f"{n} in {t}" for n, t in CASES])
def test_mutation_changes_its_one_thing(name: str, transaction: str, ours: Pki, theirs: Pki) -> None:
    good = prepared(ours, theirs.anchors, transaction)
    bad = prepared(ours, theirs.anchors, transaction, name)
    assert bad.altered == (name,)
    before, after = facets(good, ours), facets(bad, ours)
    # an alteration of the patient's identifier touches all that names the patient, which is not the same in all transactions
    expected = {facet for facet in DIFFERS[name].split() if facet in before.keys() | after.keys()}
    if name.startswith("patient-id.") and transaction == "ITI-39":
        expected.remove("query")
    assert differences(before, after) == expected


def test_an_identifier_without_what_is_to_be_altered_is_refused(ours: Pki, theirs: Pki) -> None:
    with pytest.raises(ScenarioError) as caught:
        prepared(ours, theirs.anchors, "ITI-55", "patient-id.swapped-digits")
    assert "identifier" in caught.value.problems[0].problem


def test_every_mutation_has_a_row_and_every_row_a_mutation() -> None:
    assert set(DIFFERS) == set(MUTATIONS) - OTHERS


def claims(ours: Pki, theirs: Pki, name: str, kind: str = "hcp") -> saml.SamlAssertion:
    found = facets(prepared(ours, theirs.anchors, "ITI-38", name), ours)[f"{kind}.claims"]
    assert isinstance(found, saml.SamlAssertion)
    return found


@pytest.mark.parametrize(
    ("name", "kind", "start_s", "end_s"),
    [
        ("saml.hcp.expired", "hcp", -4 * 3600 - 120, -120),
        ("saml.hcp.not-yet-valid", "hcp", 120, 4 * 3600 + 120),
        ("saml.hcp.within-tolerance", "hcp", 50, 4 * 3600 + 50),
        ("saml.hcp.lifetime-too-long", "hcp", 0, 5 * 3600),
        ("saml.trc.expired", "trc", -2 * 3600 - 120, -120),
        ("saml.trc.lifetime-too-long", "trc", 0, 3 * 3600),
    ],
)
def test_window_of_validity_is_where_the_name_says(
    name: str, kind: str, start_s: int, end_s: int, ours: Pki, theirs: Pki
) -> None:
    changed = claims(ours, theirs, name, kind)
    assert changed.not_before is not None
    assert changed.not_on_or_after is not None
    assert changed.not_before.at == NOW + timedelta(seconds=start_s)
    assert changed.not_on_or_after.at == NOW + timedelta(seconds=end_s)


def test_wrapped_assertion_carries_the_genuine_one_that_still_verifies(ours: Pki, theirs: Pki) -> None:
    message = soap.parse_message(None, prepared(ours, theirs.anchors, "ITI-55", "saml.hcp.wrapped").request.body)
    inner = message.assertions[0].find(f"{ns.clark(ns.SAML, 'Advice')}/{ns.clark(ns.SAML, 'Assertion')}")
    assert inner is not None
    assert xmldsig.verify(inner, anchors=(ours.authority.certificate,), at=NOW).chain_problem is None


def test_schema_broken_assertion_is_still_well_signed(ours: Pki, theirs: Pki) -> None:
    good, bad = (
        facets(prepared(ours, theirs.anchors, "ITI-55", *names), ours) for names in ((), ("saml.hcp.schema-broken",))
    )
    assert good["hcp.signature"] == bad["hcp.signature"]


def test_security_header_stays_when_the_assertion_is_left_out(ours: Pki, theirs: Pki) -> None:
    without_token = prepared(ours, theirs.anchors, "ITI-55", "saml.hcp.missing").request.body
    without_header = prepared(ours, theirs.anchors, "ITI-55", "soap.security.missing").request.body
    assert soap.parse_message(None, without_token).security_count == 1
    assert soap.parse_message(None, without_header).security_count == 0


def test_mutations_of_different_layers_add_up(ours: Pki, theirs: Pki) -> None:
    both = ("saml.hcp.expired", "xcaq.status.missing")
    good, bad = (facets(prepared(ours, theirs.anchors, "ITI-38", *names), ours) for names in ((), both))
    assert differences(good, bad) == {"hcp.claims", "query"}


def orders(ours: Pki, theirs: Pki, *names: str) -> list[list[str | None]]:
    """The orders of each document of the submission."""
    request = prepared(ours, theirs.anchors, "ITI-41", *names).request
    message = soap.parse_message(dict(request.headers)["Content-Type"], request.body)
    assert message.payload is not None
    sent = xdr.parse_submission(message.payload, lambda node: mtom.resolve_xop(node, message.parts))
    said = [dispensing.parse_dispensation(d.content) for d in sent.documents]
    return [[i.extension for order in one.orders for i in order] for one in said]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("xdr.order.missing", [[]]),
        ("xdr.order.two", [["RX-1", "404404404"]]),
        ("xdr.order.unknown", [["404404404"]]),
        ("xdr.prescription.twice", [["RX-1"], ["RX-1"]]),
    ],
)
def test_a_dispensation_names_the_orders_that_the_name_says(
    name: str, wanted: list[list[str]], ours: Pki, theirs: Pki
) -> None:
    assert orders(ours, theirs) == [["RX-1"]]
    assert orders(ours, theirs, name) == wanted
