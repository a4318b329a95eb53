"""Every mutation: it applies where it is allowed, and the message differs from the good one in its one thing only."""

from datetime import timedelta

import pytest
from lxml import etree

from harness.errors import WireError
from harness.peers import MUTATIONS, Pki, PreparedRequest
from harness.wire import ns, saml, soap, xcpd, xds, xmldsig
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
}
READERS = {"ITI-55": xcpd.parse_query, "ITI-38": xds.parse_query, "ITI-39": xds.parse_retrieve_request}


SIGNATURE = ns.clark(ns.DS, "Signature")


def facets(request: PreparedRequest, pki: Pki) -> dict[str, object]:
    """The request taken apart into things that can differ independently; what is not there is left out."""
    found: dict[str, object] = {
        "url": request.request.url,
        "headers": request.request.headers,
        "chunked": request.request.chunked,
        "settle": request.request.settle_s,
        "certificate": request.client_certificate,
    }
    try:
        message = soap.parse_message("application/xml", request.request.body)
    except WireError as exc:
        return {**found, "xml": exc.kind}
    assert message.payload is not None
    found |= {
        "xml": "well-formed",
        "version": message.version,
        "addressing": message.addressing,
        "blocks": [block for block in message.header_blocks if block.name != ns.clark(ns.WSSE, "Security")],
        "security": message.security_count,
        "query": READERS[request.transaction](message.payload),
        "comments": len(list(message.root.iter(etree.Comment))),
    }
    for assertion in message.assertions:
        claims = saml.parse_assertion(assertion)
        found[f"{claims.kind}.present"] = True
        found[f"{claims.kind}.claims"] = claims
        found[f"{claims.kind}.parts"] = [child.tag for child in assertion if child.tag != SIGNATURE]
        found[f"{claims.kind}.signature"] = signature(assertion, pki)
    return found


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


CASES = [(name, transaction) for name, mutation in MUTATIONS.items() for transaction in mutation.transactions]


@pytest.mark.parametrize(("name", "transaction"), CASES, ids=[f"{n} in {t}" for n, t in CASES])
def test_mutation_changes_its_one_thing(name: str, transaction: str, ours: Pki, theirs: Pki) -> None:
    good = prepared(ours, theirs.anchors, transaction)
    bad = prepared(ours, theirs.anchors, transaction, name)
    assert bad.altered == (name,)
    expected = set(DIFFERS[name].split()) - {"context"}
    assert differences(facets(good, ours), facets(bad, ours)) == expected


def test_every_mutation_has_a_row_and_every_row_a_mutation() -> None:
    assert set(DIFFERS) == set(MUTATIONS)
    assert len(MUTATIONS) == 52


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
