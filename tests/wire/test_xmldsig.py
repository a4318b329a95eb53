"""Enveloped signatures: ours before foreign judges, foreign ones before us, and attacks."""

import copy
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which

import pytest
from cryptography import x509 as cx509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from harness import safexml
from harness.errors import WireError
from harness.model import Practitioner
from harness.wire import ns, saml, soap, x509, xmldsig
from harness.wire.x509 import Credentials

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
PHYSICIAN = Practitioner(
    key="physician",
    name="Dr Exemplaire",
    name_id="exemplaire@example.be",
    role_code="221",
    role_display="Medical Doctors",
    facility_type="Hospital",
    organization="Hôpital",
    organization_id="urn:oid:2.999.1",
    locality="Bruxelles",
    permissions=("PRD-006",),
)
ADDRESSING = soap.Addressing(action="urn:x", message_id="urn:uuid:1")
ASSERTION, SIGNATURE = ns.clark(ns.SAML, "Assertion"), ns.clark(ns.DS, "Signature")


@dataclass(frozen=True)
class Pki:
    root: Credentials
    seal: Credentials
    other: Credentials


@pytest.fixture(scope="module")
def pki() -> Pki:
    root = x509.build_authority(
        common_name="CA", country="BE", not_before=AT - DAY, not_after=AT + DAY, key=x509.new_key(), serial=1
    )

    def leaf(name: str, serial: int) -> Credentials:
        return x509.build_certificate(
            common_name=name,
            country="BE",
            organization="Example",
            usage="seal",
            issuer=root,
            key=x509.new_key(),
            serial=serial,
            not_before=AT - DAY,
            not_after=AT + DAY,
        )

    return Pki(root=root, seal=leaf("seal", 2), other=leaf("other", 3))


def unsigned(identifier: str = "_h1") -> bytes:
    assertion = saml.new_hcp_assertion(PHYSICIAN, id=identifier, country="BE", home_community="2.999.56.1", at=AT)
    return saml.build_assertion(assertion)


def in_envelope(*assertions: bytes, extra_header: bytes = b"") -> etree._Element:
    envelope = soap.build_envelope(
        addressing=ADDRESSING, payload=b"<q xmlns='urn:q'/>", assertions=assertions, extra_header=extra_header
    )
    return safexml.parse(envelope)


def assertion_of(root: etree._Element) -> etree._Element:
    return next(root.iter(ASSERTION))


def kind_of(element: etree._Element) -> str:
    with pytest.raises(WireError) as caught:
        xmldsig.verify(element)
    assert caught.value.xpath
    return caught.value.kind


def test_signed_assertion_verifies_inside_its_envelope(pki: Pki) -> None:
    element = assertion_of(in_envelope(xmldsig.sign(unsigned(), pki.seal)))

    facts = xmldsig.verify(element, anchors=[pki.root.certificate], at=AT)

    assert facts.covered is element
    assert facts.certificate == x509.certificate_der(pki.seal.certificate)
    assert (facts.signature_algorithm, facts.digest_algorithm) == (xmldsig.RSA_SHA256, xmldsig.SHA256)
    assert (facts.c14n, facts.inclusive_prefixes) == (xmldsig.EXC_C14N, ())
    assert (facts.certificate_count, facts.follows_issuer, facts.weak) == (1, True, False)
    assert facts.chain_problem is None


def test_signature_stands_directly_after_the_issuer(pki: Pki) -> None:
    root = safexml.parse(xmldsig.sign(unsigned(), pki.seal))

    assert [etree.QName(child).localname for child in root][:3] == ["Issuer", "Signature", "Subject"]


def test_signing_is_deterministic(pki: Pki) -> None:
    assert xmldsig.sign(unsigned(), pki.seal) == xmldsig.sign(unsigned(), pki.seal)


def test_signing_changes_nothing_the_assertion_says(pki: Pki) -> None:
    before = saml.parse_assertion(safexml.parse(unsigned()))

    assert saml.parse_assertion(safexml.parse(xmldsig.sign(unsigned(), pki.seal))) == before


def test_two_signed_assertions_verify_side_by_side(pki: Pki) -> None:
    root = in_envelope(xmldsig.sign(unsigned("_a"), pki.seal), xmldsig.sign(unsigned("_b"), pki.other))

    first, second = (xmldsig.verify(element) for element in root.iter(ASSERTION))

    assert first.certificate != second.certificate


def test_namespaces_of_the_list_are_found_above_the_assertion(pki: Pki) -> None:
    bare = unsigned().replace(b"<saml:Assertion ", b'<saml:Assertion xmlns:xs="urn:xs" ')
    signed = xmldsig.sign(bare, pki.seal, inclusive_prefixes=("xs",))
    moved = signed.replace(b' xmlns:xs="urn:xs"', b"", 1)
    envelope = soap.build_envelope(addressing=ADDRESSING, payload=b"<q/>", assertions=[moved])
    root = safexml.parse(envelope.replace(b"<soap:Envelope ", b'<soap:Envelope xmlns:xs="urn:xs" '))

    facts = xmldsig.verify(assertion_of(root))

    assert facts.inclusive_prefixes == ("xs",)


def test_whitespace_and_comments_around_the_signature_are_kept(pki: Pki) -> None:
    spaced = unsigned().replace(b"</saml:Issuer>", b"</saml:Issuer>\n  <!-- kept -->\n  ")

    facts = xmldsig.verify(safexml.parse(xmldsig.sign(spaced, pki.seal)))

    assert facts.follows_issuer


def test_expired_signer_is_a_matter_of_trust_not_of_the_signature(pki: Pki) -> None:
    element = safexml.parse(xmldsig.sign(unsigned(), pki.seal))

    facts = xmldsig.verify(element, anchors=[pki.root.certificate], at=AT + 2 * DAY)

    assert facts.chain_problem is not None
    assert "expired" in facts.chain_problem


def test_signer_of_an_unknown_authority_is_told(pki: Pki) -> None:
    element = safexml.parse(xmldsig.sign(unsigned(), pki.seal))

    assert xmldsig.verify(element, anchors=[pki.other.certificate], at=AT).chain_problem is not None


def test_no_anchors_are_no_trust(pki: Pki) -> None:
    element = safexml.parse(xmldsig.sign(unsigned(), pki.seal))

    assert xmldsig.verify(element, at=AT).chain_problem is not None
    assert xmldsig.verify(element).chain_problem is None


def test_anchors_without_an_instant_are_a_programming_error(pki: Pki) -> None:
    with pytest.raises(ValueError, match="instant"):
        xmldsig.verify(safexml.parse(unsigned()), anchors=[pki.root.certificate])


@pytest.mark.parametrize(
    "arguments",
    [{"signature_algorithm": xmldsig.RSA_SHA1}, {"digest_algorithm": xmldsig.SHA1}],
    ids=["value", "digest"],
)
def test_sha1_verifies_and_is_flagged_weak(pki: Pki, arguments: dict[str, str]) -> None:
    signed = (
        xmldsig.sign(unsigned(), pki.seal, signature_algorithm=arguments["signature_algorithm"])
        if "signature_algorithm" in arguments
        else xmldsig.sign(unsigned(), pki.seal, digest_algorithm=arguments["digest_algorithm"])
    )

    assert xmldsig.verify(safexml.parse(signed)).weak


def test_second_certificate_is_counted(pki: Pki) -> None:
    signed = xmldsig.sign(unsigned(), pki.seal, extra_certificates=[pki.root.certificate])

    facts = xmldsig.verify(safexml.parse(signed))

    assert facts.certificate_count == 2
    assert facts.certificate == x509.certificate_der(pki.seal.certificate)


def test_signature_elsewhere_in_the_assertion_is_noticed(pki: Pki) -> None:
    element = safexml.parse(xmldsig.sign(unsigned(), pki.seal))
    signature = element.find(SIGNATURE)
    assert signature is not None
    element.append(signature)

    assert not xmldsig.verify(element).follows_issuer


# Tampering


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        pytest.param(b'code="221"', b'code="2262"', "signature-digest", id="attribute"),
        pytest.param(b"Dr Exemplaire", b"Dr Autre", "signature-digest", id="text"),
        pytest.param(b"<saml:Subject>", b"\n<saml:Subject>", "signature-digest", id="whitespace"),
        pytest.param(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "signature-digest", id="digest"),
        pytest.param(b"<ds:DigestValue>", b"<ds:DigestValue>%", "signature-structure", id="digest not base64"),
        pytest.param(b"<ds:SignedInfo>", b"<ds:SignedInfo> ", "signature-value", id="signed info"),
        pytest.param(b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA", "signature-value", id="signature value"),
        pytest.param(b"<ds:SignatureValue>", b"<ds:SignatureValue>%", "signature-structure", id="value not base64"),
        pytest.param(b"<ds:X509Certificate>", b"<ds:X509Certificate>AAAA", "signature-certificate", id="certificate"),
        pytest.param(b"X509Certificate>", b"X509Data2>", "signature-certificate", id="no certificate"),
        pytest.param(b"#enveloped-signature", b"#base64", "signature-transform", id="transform"),
        pytest.param(b"#rsa-sha256", b"#hmac-sha256", "signature-algorithm", id="symmetric key"),
        pytest.param(b"#rsa-sha256", b"#ecdsa-sha256", "signature-value", id="key of another kind"),
        pytest.param(b"xmlenc#sha256", b"xmldsig-more#md5", "signature-algorithm", id="md5"),
        pytest.param(b'URI="#_h1"', b'URI=""', "signature-reference", id="whole document"),
        pytest.param(b'URI="#_h1"', b'URI="http://example.org/a"', "signature-reference", id="elsewhere"),
        pytest.param(b'URI="#_h1"', b"", "signature-reference", id="no reference"),
        pytest.param(b'URI="#_h1"', b"URI=\"#xpointer(id('_h1'))\"", "signature-reference", id="xpointer"),
        pytest.param(b"ds:SignedInfo", b"ds:SignedInf", "signature-structure", id="no signed info"),
        pytest.param(b"<ds:KeyInfo>", b"<ds:Object/><ds:KeyInfo>", "signature-structure", id="object"),
    ],
)
def test_tampered_signature_is_refused_and_says_where(pki: Pki, old: bytes, new: bytes, kind: str) -> None:
    signed = xmldsig.sign(unsigned(), pki.seal)
    assert old in signed

    assert kind_of(assertion_of(in_envelope(signed.replace(old, new)))) == kind


def test_unsigned_assertion_is_refused() -> None:
    assert kind_of(safexml.parse(unsigned())) == "signature-missing"


def test_digest_of_other_content_is_refused(pki: Pki) -> None:
    own, foreign = (safexml.parse(xmldsig.sign(unsigned(i), pki.seal)) for i in ("_a", "_b"))
    path = f".//{ns.clark(ns.DS, 'DigestValue')}"
    mine, theirs = own.find(path), foreign.find(path)
    assert mine is not None
    assert theirs is not None
    mine.text = theirs.text

    assert kind_of(own) == "signature-digest"


def test_certificate_of_another_signer_is_refused(pki: Pki) -> None:
    own = safexml.parse(xmldsig.sign(unsigned(), pki.seal))
    foreign = safexml.parse(xmldsig.sign(unsigned(), pki.other))
    path = f".//{ns.clark(ns.DS, 'X509Certificate')}"
    mine, theirs = own.find(path), foreign.find(path)
    assert mine is not None
    assert theirs is not None
    mine.text = theirs.text

    assert kind_of(own) == "signature-value"


def test_extra_transform_is_refused(pki: Pki) -> None:
    element = safexml.parse(xmldsig.sign(unsigned(), pki.seal))
    transforms = element.find(f".//{ns.clark(ns.DS, 'Transforms')}")
    assert transforms is not None
    etree.SubElement(transforms, ns.clark(ns.DS, "Transform"), Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116")

    assert kind_of(element) == "signature-transform"


def test_comment_inside_a_name_verifies_and_is_read_across(pki: Pki) -> None:
    signed = xmldsig.sign(unsigned(), pki.seal).replace(b"exemplaire@example.be", b"exemplaire@<!-- x -->example.be")
    element = safexml.parse(signed)

    covered = xmldsig.verify(element).covered

    assert saml.parse_assertion(covered).name_id == "exemplaire@example.be"


# Wrapping: the signed assertion is moved away and another one stands where it is read


def evil_twin(signed: etree._Element, identifier: str | None) -> etree._Element:
    """A copy that says something else; its signature is gone and its ID is `identifier`, when given."""
    twin = copy.deepcopy(signed)
    name = twin.find(f"{ns.clark(ns.SAML, 'Subject')}/{ns.clark(ns.SAML, 'NameID')}")
    signature = twin.find(SIGNATURE)
    assert name is not None
    assert signature is not None
    name.text = "evil"
    twin.remove(signature)
    if identifier is not None:
        twin.set("ID", identifier)
    return twin


def wrap_in_header(signed: etree._Element, twin: etree._Element) -> None:
    """The original goes into a header block of its own."""
    security = signed.getparent()
    assert security is not None
    security.replace(signed, twin)
    header = security.getparent()
    assert header is not None
    etree.SubElement(header, "{urn:evil}Box").append(signed)


def wrap_in_twin(signed: etree._Element, twin: etree._Element) -> None:
    """The original becomes a child of the evil one."""
    parent = signed.getparent()
    assert parent is not None
    parent.replace(signed, twin)
    twin.append(signed)


def wrap_in_advice(signed: etree._Element, twin: etree._Element) -> None:
    """The original hides in an Advice of the evil one, where the schema allows it."""
    parent = signed.getparent()
    assert parent is not None
    parent.replace(signed, twin)
    etree.SubElement(twin, ns.clark(ns.SAML, "Advice")).append(signed)


def move_signature(signed: etree._Element, twin: etree._Element) -> None:
    """The evil one gets the signature, the original stands behind it."""
    signature = signed.find(SIGNATURE)
    assert signature is not None
    signed.addprevious(twin)
    twin.insert(1, signature)


def original_in_object(signed: etree._Element, twin: etree._Element) -> None:
    """The evil one gets the signature, the original hides in an Object of it."""
    signature = signed.find(SIGNATURE)
    parent = signed.getparent()
    assert signature is not None
    assert parent is not None
    parent.replace(signed, twin)
    twin.insert(1, signature)
    etree.SubElement(signature, ns.clark(ns.DS, "Object")).append(signed)


def copy_signature(signed: etree._Element, twin: etree._Element) -> None:
    """Both carry the same signature."""
    signature = signed.find(SIGNATURE)
    assert signature is not None
    twin.insert(1, copy.deepcopy(signature))
    signed.addprevious(twin)


def second_signature(signed: etree._Element, twin: etree._Element) -> None:
    """The evil one carries a broken signature and the good one."""
    copy_signature(signed, twin)
    signature = twin.find(SIGNATURE)
    assert signature is not None
    twin.append(copy.deepcopy(signature))


@pytest.mark.parametrize("identifier", [None, "_evil"], ids=["same ID", "another ID"])
@pytest.mark.parametrize(
    "attack",
    [
        wrap_in_header,
        wrap_in_twin,
        wrap_in_advice,
        move_signature,
        original_in_object,
        copy_signature,
        second_signature,
    ],
)
def test_wrapped_assertion_is_refused(
    pki: Pki, attack: Callable[[etree._Element, etree._Element], None], identifier: str | None
) -> None:
    root = in_envelope(xmldsig.sign(unsigned(), pki.seal))
    signed = assertion_of(root)
    attack(signed, evil_twin(signed, identifier))
    read = next(root.iter(ns.clark(ns.WSSE, "Security")))[0]

    assert saml.parse_assertion(read).name_id == "evil"
    assert kind_of(read).startswith("signature-")


@pytest.mark.parametrize(
    "block",
    [
        b'<x xmlns="urn:x" ID="_h1"/>',
        b'<x xmlns="urn:x" Id="_h1"/>',
        b'<x xmlns="urn:x" xml:id="_h1"/>',
        b'<x xmlns="urn:x" xmlns:u="' + ns.WSU.encode() + b'" u:Id="_h1"/>',
    ],
    ids=["ID", "Id", "xml:id", "wsu:Id"],
)
def test_identifier_that_occurs_twice_in_the_envelope_is_refused(pki: Pki, block: bytes) -> None:
    root = in_envelope(xmldsig.sign(unsigned(), pki.seal), extra_header=block)

    assert kind_of(assertion_of(root)) == "signature-reference"


@settings(deadline=None)
@given(st.binary(max_size=20), st.integers(0, 10_000), st.integers(0, 20))
def test_damaged_signed_assertion_never_verifies_with_another_meaning(
    pki: Pki, noise: bytes, at: int, length: int
) -> None:
    signed = xmldsig.sign(unsigned(), pki.seal)
    at %= len(signed)
    try:
        element = safexml.parse(signed[:at] + noise + signed[at + length :])
        xmldsig.verify(element)
        read = saml.parse_assertion(element)
    except WireError:
        return
    assert read == saml.parse_assertion(safexml.parse(unsigned()))


@pytest.mark.parametrize("xml", [b"<a/>", b"<a ID=''/>"])
def test_element_without_identifier_cannot_be_signed(pki: Pki, xml: bytes) -> None:
    with pytest.raises(ValueError, match="ID"):
        xmldsig.sign(xml, pki.seal)


def test_signed_element_cannot_be_signed_again(pki: Pki) -> None:
    with pytest.raises(ValueError, match="signature"):
        xmldsig.sign(xmldsig.sign(unsigned(), pki.seal), pki.seal)


# Foreign judges


def xmlsec_accepts(xml: bytes, root: Credentials, folder: Path) -> bool:
    (folder / "ca.pem").write_bytes(x509.certificate_pem(root.certificate))
    (folder / "in.xml").write_bytes(xml)
    command = ["xmlsec1", "--verify", "--trusted-pem", str(folder / "ca.pem"), "--verification-time"]
    command += [f"{AT:%Y-%m-%d %H:%M:%S}", "--id-attr:ID", f"{ns.SAML}:Assertion", str(folder / "in.xml")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(which("xmlsec1") is None, reason="xmlsec1 is not installed")
@pytest.mark.parametrize("prefixes", [(), ("xs",)], ids=["plain", "inclusive namespaces"])
def test_xmlsec1_agrees_with_our_signature_in_an_envelope(pki: Pki, tmp_path: Path, prefixes: tuple[str, ...]) -> None:
    bare = unsigned().replace(b"<saml:Assertion ", b'<saml:Assertion xmlns:xs="urn:xs" ')
    signed = xmldsig.sign(bare, pki.seal, inclusive_prefixes=prefixes)
    envelope = soap.build_envelope(addressing=ADDRESSING, payload=b"<q/>", assertions=[signed])

    assert xmlsec_accepts(envelope, pki.root, tmp_path)
    assert not xmlsec_accepts(envelope.replace(b'code="221"', b'code="222"'), pki.root, tmp_path)


def test_signxml_accepts_our_signature(pki: Pki) -> None:
    signed = xmldsig.sign(unsigned(), pki.seal)
    expected = SignatureConfiguration(
        signature_methods=frozenset({SignatureMethod.RSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=AT,
    )

    result = XMLVerifier().verify(signed, x509_cert=pki.seal.certificate, id_attribute="ID", expect_config=expected)

    assert isinstance(result, VerifyResult)
    assert result.signed_xml is not None
    assert result.signed_xml.tag == ASSERTION


def signed_by_signxml(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    certificate: cx509.Certificate,
    method: SignatureMethod = SignatureMethod.RSA_SHA256,
    c14n: CanonicalizationMethod = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
) -> etree._Element:
    """An assertion with comments, signed by signxml and put into an envelope."""
    root = safexml.parse(unsigned().replace(b"</saml:Issuer>", b"</saml:Issuer><!-- a comment -->"))
    issuer = root.find(ns.clark(ns.SAML, "Issuer"))
    assert issuer is not None
    issuer.addnext(etree.Element(SIGNATURE, Id="placeholder"))
    signer = XMLSigner(signature_algorithm=method, c14n_algorithm=c14n)
    signed = signer.sign(root, key=key, cert=[certificate], reference_uri="_h1", id_attribute="ID")
    return assertion_of(in_envelope(etree.tostring(signed)))


@pytest.mark.parametrize(
    ("method", "c14n"),
    [
        (SignatureMethod.RSA_SHA256, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0),
        (SignatureMethod.RSA_SHA512, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0),
        (SignatureMethod.SHA256_RSA_MGF1, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0),
        (SignatureMethod.RSA_SHA256, CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0_WITH_COMMENTS),
    ],
    ids=["RSA", "RSA with SHA-512", "RSA-PSS", "with comments"],
)
def test_signature_of_signxml_verifies(pki: Pki, method: SignatureMethod, c14n: CanonicalizationMethod) -> None:
    element = signed_by_signxml(pki.seal.key, pki.seal.certificate, method, c14n)

    facts = xmldsig.verify(element)

    assert (facts.signature_algorithm, facts.c14n) == (method.value, c14n.value)
    assert facts.follows_issuer
    assert facts.certificate == x509.certificate_der(pki.seal.certificate)


def test_signature_of_an_elliptic_curve_key_verifies() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = cx509.Name([cx509.NameAttribute(cx509.NameOID.COMMON_NAME, "curve")])
    builder = cx509.CertificateBuilder(name, name, key.public_key(), 5, AT - DAY, AT + DAY)

    facts = xmldsig.verify(signed_by_signxml(key, builder.sign(key, hashes.SHA256()), SignatureMethod.ECDSA_SHA256))

    assert facts.signature_algorithm == xmldsig.ECDSA_SHA256


def test_inclusive_canonicalisation_is_refused(pki: Pki) -> None:
    element = signed_by_signxml(pki.seal.key, pki.seal.certificate, c14n=CanonicalizationMethod.CANONICAL_XML_1_0)

    assert kind_of(element) == "signature-transform"


@pytest.mark.corpus
@pytest.mark.skipif(which("xmlsec1") is None, reason="xmlsec1 is not installed")
def test_signed_samples_of_the_corpus_get_the_verdict_of_xmlsec1(corpus: Path) -> None:
    """All of them were changed after signing; where the digest still holds, only SignedInfo was touched."""
    seen = []
    for name in ("openncp_soap_header.xml", "openncp_soap_header_namespace_bug_regression.xml"):
        path = corpus / "messages" / "soap-security-header" / "denmark" / name
        for number, element in enumerate(safexml.parse(path.read_bytes()).iter(ASSERTION), 1):
            with pytest.raises(WireError) as caught:
                xmldsig.verify(element)
            which_one = f"(//*[local-name()='Signature'])[{number}]"
            command = ["xmlsec1", "--verify", "--insecure", "--id-attr:ID", f"{ns.SAML}:Assertion", "--node-xpath"]
            done = subprocess.run([*command, which_one, str(path)], capture_output=True, check=False)
            digest_holds = b"SignedInfo References (ok/all): 1/1" in done.stdout + done.stderr
            assert done.returncode != 0
            assert caught.value.kind == ("signature-value" if digest_holds else "signature-digest")
            seen.append(digest_holds)
    assert seen == [True, True, False, False]
