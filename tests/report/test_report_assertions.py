"""SAML assertions on exchange pages: window, instant and signature are told; broken ones never break a page."""

from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from harness import safexml
from harness.report._assertions import assertion_views
from harness.report._desk import Desk
from harness.report._names import Site
from harness.report._tokens import Token, tokens
from harness.report._words import Words
from harness.wire import saml, x509, xmldsig
from tests.report.sample_run import make_run

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def signed() -> bytes:
    """An identity assertion valid from noon for four hours, with a good signature."""
    key = x509.new_key()
    authority = x509.build_authority(
        common_name="Example seal", country="FR", not_before=NOON, not_after=NOON + timedelta(days=9), key=key, serial=1
    )
    said = saml.SamlAssertion(
        id="_1",
        version="2.0",
        issue_instant=saml.instant(NOON),
        issuer="urn:example:idp",
        issuer_qualifier=saml.HCP_QUALIFIER,
        name_id="ada@clinic.example",
        not_before=saml.instant(NOON),
        not_on_or_after=saml.instant(NOON + timedelta(hours=4)),
        attributes=(saml.SamlAttribute(name="urn:example:role", values=(saml.CodedValue(code="221", display="MD"),)),),
    )
    return xmldsig.sign(saml.build_assertion(said), authority)


def decoded(xml: bytes) -> tuple[Token, ...]:
    return tokens(safexml.parse(b"<holder>" + xml + b"</holder>"))


def desk() -> Desk:
    return Desk(
        run=make_run(), words=Words(lang="en"), site=Site(rows=(), exchanges={}, records={}), opened={}, placed=()
    )


def test_a_good_signature_is_told_with_its_signer_and_algorithms(signed: bytes) -> None:
    (view,) = assertion_views(desk(), decoded(signed), NOON)
    facts = {f.name: f.value for f in view.signature}
    assert facts["Signature"] == "fits the content"
    assert "CN=Example seal" in facts["Signer"]
    assert (facts["SignatureMethod"], facts["DigestMethod"]) == ("rsa-sha256", "sha256")
    assert view.title.startswith("1. Identity assertion")
    assert view.attributes[0].value == "221 MD"


def test_a_changed_assertion_is_told_not_to_fit_its_signature(signed: bytes) -> None:
    (view,) = assertion_views(desk(), decoded(signed.replace(b"ada@", b"eve@")), NOON)
    assert view.signature[0].value == "does not fit the content (signature-digest)"


def test_an_assertion_without_signature_says_none(signed: bytes) -> None:
    root = safexml.parse(signed)
    signature = root.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    assert signature is not None
    root.remove(signature)
    (view,) = assertion_views(desk(), decoded(etree.tostring(root)), NOON)
    assert [f.value for f in view.signature] == ["none"]


@pytest.mark.parametrize(
    ("hours", "key", "said"),
    [(1, "info", "lies inside"), (-2, "warning", "2\u00a0h before"), (5, "warning", "1\u00a0h after")],
    ids=["inside", "before", "after"],
)
def test_the_time_line_shows_where_the_exchange_lies(signed: bytes, hours: int, key: str, said: str) -> None:
    (view,) = assertion_views(desk(), decoded(signed), NOON + timedelta(hours=hours))
    assert view.window is not None
    assert view.window.key == key
    assert said in view.window.said
    begins, ends, at = float(view.window.x), float(view.window.x) + float(view.window.width), float(view.window.at_x)
    assert (begins <= at <= ends) == (key == "info")
    assert all(0 <= place <= 100 for place in (begins, ends, at))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"2026-11-21T16:00:00.000Z", b"tomorrow"),
        (b"2026-11-21T16:00:00.000Z", b"0001-01-01T00:00:00+14:00"),
        (b"<ds:X509Certificate>", b"<ds:X509Certificate>*"),
        (b"Algorithm=", b"Algo="),
        (b"<ds:SignedInfo", b"<ds:Other/><ds:SignedInfo"),
    ],
    ids=["no time", "time before the first year", "no base64", "no algorithm", "strange structure"],
)
def test_a_broken_assertion_still_has_a_view(signed: bytes, old: bytes, new: bytes) -> None:
    assert old in signed
    (view,) = assertion_views(desk(), decoded(signed.replace(old, new)), NOON)
    assert view.facts


def test_a_window_of_any_length_is_told(signed: bytes) -> None:
    far = signed.replace(b"2026-11-21T16:00:00.000Z", b"9999-12-31T23:59:59Z")
    (view,) = assertion_views(desk(), decoded(far), NOON)
    assert view.window is not None
    assert "\u00a0d " in view.window.said


def test_only_the_first_assertions_of_a_flood_are_shown(signed: bytes) -> None:
    assert len(decoded(b"<saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion'/>" * 500)) == 10
