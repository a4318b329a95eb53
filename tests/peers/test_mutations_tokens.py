"""The attacks on assertions are what they say: the defect is there, and what is not the defect is right.

xmlsec1, which knows nothing of SAML, is the outside judge: forged signatures are right for it, where they are to be.
"""

import shutil
import subprocess
from pathlib import Path

import pytest
from lxml import etree

from harness.errors import ScenarioError, WireError
from harness.peers import Pki
from harness.peers.mutations import MUTATIONS
from harness.peers.mutations_tokens import table
from harness.wire import ns, saml, soap, wstrust, x509, xmldsig
from tests.peers.peer_bench import NOW, prepared

TOKEN_MUTATIONS = {mutation.name: mutation for mutation in table()}
ASSERTION = ns.clark(ns.SAML, "Assertion")
SIGNATURE = ns.clark(ns.DS, "Signature")
BESIDE = ("wrapped-before", "wrapped-after", "wrapped-same-id", "wrapped-copied-signature", "second")

# What verifying the first assertion of its kind says; `trust` for a valid signature of somebody who is not trusted,
# `weak`, `count` and `valid` for one that holds.
VERDICTS = {
    "other-qualifier": "valid",
    "wrong-audience": "valid",
    "bearer": "valid",
    "no-validity": "valid",
    "sha1": "weak",
    "sha1-digest": "weak",
    "hmac": "signature-algorithm",
    "two-certificates": "count",
    "transform-xpath": "signature-transform",
    "transform-xslt": "signature-transform",
    "reference-xpointer": "signature-reference",
    "foreign-key": "signature-value",
    "revoked-signer": "trust",
    "no-country-signer": "valid",
    "no-signing-usage": "trust",
    "expired-signer": "trust",
    "untrusted-signer": "trust",
    "unsigned": "signature-missing",
    "tampered": "signature-digest",
    "wrapped": "signature-missing",
    "wrapped-before": "signature-missing",
    "wrapped-after": "valid",
    "wrapped-same-id": "signature-missing",
    "wrapped-copied-signature": "signature-reference",
    "wrapped-in-object": "signature-structure",
    "wrapped-in-signature": "signature-reference",
    "wrapped-in-header": "signature-reference",
    "id-twice": "signature-reference",
}
# Assertions are made the same way for each transaction, so that two of them stand for all.
OF_ASSERTIONS = [
    (n, t)
    for n, m in TOKEN_MUTATIONS.items()
    if n.startswith("saml.")
    for t in (
        (m.transactions[0], m.transactions[-1]) if n.endswith((".second", ".wrapped-before")) else m.transactions[:1]
    )
]


def message(ours: Pki, theirs: Pki, transaction: str, *names: str) -> soap.SoapMessage:
    kin = any(name.startswith("saml.nok.") for name in names)
    request = prepared(
        ours, theirs.anchors, transaction, *names, arguments={"next_of_kin": True} if kin else None
    ).request
    return soap.parse_message(dict(request.headers)["Content-Type"], request.body)


def of_kind(read: soap.SoapMessage, kind: str) -> etree._Element:
    """The first assertion of that kind; where its qualifier was altered, the one at its place."""
    parsed = [(element, saml.parse_assertion(element)) for element in read.assertions]
    found = next((e for e, a in parsed if a.kind == kind), None)
    return found if found is not None else next(e for e, a in parsed if a.kind == "other")


def verdict(element: etree._Element, ours: Pki) -> str:
    lists = x509.parse_revocations(ours.revocations)
    try:
        facts = xmldsig.verify(element, anchors=(ours.authority.certificate,), at=NOW, revocations=lists)
    except WireError as exc:
        return exc.kind
    if facts.chain_problem:
        return "trust"
    return "weak" if facts.weak else "count" if facts.certificate_count != 1 else "valid"


@pytest.mark.parametrize(("name", "transaction"), OF_ASSERTIONS, ids=[f"{n} in {t}" for n, t in OF_ASSERTIONS])
def test_the_signature_has_the_defect_of_the_name_and_no_other(
    name: str, transaction: str, ours: Pki, theirs: Pki
) -> None:
    _, kind, defect = name.split(".")
    bad = message(ours, theirs, transaction, name)
    assert verdict(of_kind(bad, kind), ours) == VERDICTS.get(defect, "valid")


@pytest.mark.parametrize(("name", "transaction"), OF_ASSERTIONS, ids=[f"{n} in {t}" for n, t in OF_ASSERTIONS])
def test_the_rest_of_the_message_is_that_of_the_good_one(name: str, transaction: str, ours: Pki, theirs: Pki) -> None:
    _, kind, defect = name.split(".")
    bad, good = message(ours, theirs, transaction, name), message(ours, theirs, transaction)
    assert bad.payload is not None
    assert good.payload is not None
    if transaction != "ITI-41":  # a submission holds its document, written anew each time
        assert etree.tostring(bad.payload) == etree.tostring(good.payload)
    assert bad.addressing == good.addressing
    others = {"hcp", "trc", "nok"} - {kind}
    for other in others:
        before = [etree.tostring(e) for e in good.assertions if saml.parse_assertion(e).kind == other]
        after = [etree.tostring(e) for e in bad.assertions if saml.parse_assertion(e).kind == other]
        assert after == before
    expected = len(good.assertions) + (defect in BESIDE) + (kind == "nok")
    assert len(bad.assertions) == expected


@pytest.mark.parametrize("name", [n for n in TOKEN_MUTATIONS if "comment" in n])
def test_a_comment_changes_no_value_and_no_signature(name: str, ours: Pki, theirs: Pki) -> None:
    kind = name.split(".")[1]
    bad, good = (of_kind(message(ours, theirs, "ITI-38", *n), kind) for n in ((name,), ()))
    assert saml.parse_assertion(bad) == saml.parse_assertion(good)
    assert len(list(bad.iter(etree.Comment))) == 1


@pytest.mark.parametrize(
    ("kind", "attribute"), [("hcp", saml.SUBJECT_ID), ("trc", saml.PURPOSE_OF_USE)], ids=["hcp", "trc"]
)
def test_forged_assertions_claim_something_else(kind: str, attribute: str, ours: Pki, theirs: Pki) -> None:
    genuine = saml.parse_assertion(of_kind(message(ours, theirs, "ITI-38"), kind))
    for name in (
        "wrapped-before",
        "wrapped-same-id",
        "wrapped-copied-signature",
        "wrapped-in-object",
        "wrapped-in-header",
    ):
        forged = saml.parse_assertion(of_kind(message(ours, theirs, "ITI-38", f"saml.{kind}.{name}"), kind))
        pairs = zip(forged.attributes, genuine.attributes, strict=True)
        assert [a.name for a, b in pairs if a.text != b.text] == [attribute]


@pytest.mark.parametrize(
    "name", ["wrapped-copied-signature", "wrapped-in-header", "transform-xpath", "two-certificates", "wrapped-before"]
)
def test_a_verifier_that_knows_nothing_of_saml_finds_the_signature_right(
    name: str, ours: Pki, theirs: Pki, tmp_path: Path
) -> None:
    assert outside_judge(message(ours, theirs, "ITI-55", f"saml.hcp.{name}"), ours, tmp_path)


@pytest.mark.parametrize("name", ["tampered", "digest-corrupted"])
def test_the_outside_judge_finds_a_broken_signature_broken(name: str, ours: Pki, theirs: Pki, tmp_path: Path) -> None:
    assert not outside_judge(message(ours, theirs, "ITI-55", f"saml.hcp.{name}"), ours, tmp_path)


def outside_judge(read: soap.SoapMessage, ours: Pki, folder: Path) -> bool:
    """Whether xmlsec1 verifies the first signature of the message."""
    tool = shutil.which("xmlsec1")
    if tool is None:
        pytest.skip("xmlsec1 is not installed")
    file, anchor = folder / "message.xml", folder / "ca.pem"
    file.write_bytes(etree.tostring(read.root))
    anchor.write_bytes(ours.anchors)
    command = [tool, "--verify", "--trusted-pem", str(anchor), "--id-attr:ID", f"{ns.SAML}:Assertion"]
    command += ["--verification-time", f"{NOW:%Y-%m-%d %H:%M:%S}", str(file)]
    done = subprocess.run(command, capture_output=True, check=False, timeout=20)
    return done.returncode == 0


@pytest.mark.parametrize("transaction", ["STS-TRC", "STS-NOK"])
@pytest.mark.parametrize("name", [n for n in MUTATIONS if n.startswith("sts.")])
def test_a_request_for_a_token_differs_in_its_one_thing(name: str, transaction: str, ours: Pki, theirs: Pki) -> None:
    if transaction not in MUTATIONS[name].transactions:
        assert name == "sts.patient.missing"
        return
    bad, good = message(ours, theirs, transaction, name), message(ours, theirs, transaction)
    assert bad.payload is not None
    assert good.payload is not None
    first, second = wstrust.parse_request(bad.payload), wstrust.parse_request(good.payload)
    changed = {f for f in ("request_type", "token_type", "parameters") if getattr(first, f) != getattr(second, f)}
    thing = name.split(".")[1].replace("-", "_")
    assert changed == {thing if thing in ("request_type", "token_type") else "parameters"}
    assert [etree.tostring(a) for a in bad.assertions] == [etree.tostring(a) for a in good.assertions]


def test_a_next_of_kin_alteration_needs_a_next_of_kin(ours: Pki, theirs: Pki) -> None:
    with pytest.raises(ScenarioError, match="carries no nok assertion"):
        prepared(ours, theirs.anchors, "ITI-55", "saml.nok.unsigned")


def test_the_token_requests_take_the_ordinary_alterations_of_identity(ours: Pki, theirs: Pki) -> None:
    assert verdict(of_kind(message(ours, theirs, "STS-TRC", "saml.hcp.tampered"), "hcp"), ours) == "signature-digest"
    assert message(ours, theirs, "STS-TRC", "saml.hcp.missing").assertions == ()
