"""Enveloped XML signatures over one element: signing, and verifying with the covered element named.

The fixed form that SAML allows (one reference to the parent's ID, enveloped-signature and exclusive canonicalisation) is
done here on libxml2's C14N and `cryptography`, not with signxml: signxml takes the whole tree apart into a copy, resolves
references by search and returns values of that copy, while a check has to know that the very element it reads was
covered. Foreign judges (xmlsec1, signxml) agree with both directions in the tests.

Cryptographic validity is one thing, trust another: `verify` tells the chain's problem apart from a broken signature.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509 as cx509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import ns, x509
from harness.wire.x509 import Credentials

# Algorithm URIs. Source: XML Signature 1.1, 6; RFC 9231; Exclusive XML Canonicalization 1.0, 4.
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
C14N_WITH_COMMENTS = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
EXC_C14N_WITH_COMMENTS = "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"
RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
RSA_PSS_SHA256 = "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"
ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"
WEAK_ALGORITHMS = frozenset({RSA_SHA1, SHA1})
"""Verified and flagged, never silently accepted."""

_DIGESTS = {SHA1: "sha1", SHA256: "sha256", SHA384: "sha384", SHA512: "sha512"}
_RSA: dict[str, hashes.HashAlgorithm] = {
    RSA_SHA1: hashes.SHA1(),
    RSA_SHA256: hashes.SHA256(),
    RSA_SHA384: hashes.SHA384(),
    RSA_SHA512: hashes.SHA512(),
}
_ECDSA: dict[str, hashes.HashAlgorithm] = {
    ECDSA_SHA256: hashes.SHA256(),
    ECDSA_SHA384: hashes.SHA384(),
    ECDSA_SHA512: hashes.SHA512(),
}
_C14N = (EXC_C14N, EXC_C14N_WITH_COMMENTS)
_DOCUMENT_C14N = (C14N, C14N_WITH_COMMENTS, *_C14N)
_ID_ATTRIBUTES = ("ID", "Id", "id", ns.clark(ns.WSU, "Id"), ns.clark(ns.XML, "id"))
_REFERABLE = ("ID", "Id", ns.clark(ns.WSU, "Id"))

_SIGNATURE = ns.clark(ns.DS, "Signature")
_ISSUER = ns.clark(ns.SAML, "Issuer")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureFacts:
    """What a cryptographically valid signature says; read values from `covered` and from nothing else.

    `certificate` is the DER with whose key the signature verifies, `certificate_count` how many the KeyInfo holds (the
    profile wants one). `follows_issuer` is whether the Signature stands directly after saml:Issuer. `weak` is set when
    SHA-1 took part. `chain_problem` is None when the chain leads to an anchor, and when no instant was given to judge it.
    """

    covered: etree._Element
    certificate: bytes
    signature_algorithm: str
    digest_algorithm: str
    c14n: str
    inclusive_prefixes: tuple[str, ...] = ()
    certificate_count: int = 1
    follows_issuer: bool = True
    weak: bool = False
    chain_problem: str | None = None


def sign(
    xml: bytes,
    credentials: Credentials,
    *,
    signature_algorithm: str = RSA_SHA256,
    digest_algorithm: str = SHA256,
    inclusive_prefixes: Sequence[str] = (),
    extra_certificates: Sequence[cx509.Certificate] = (),
) -> bytes:
    """`xml` with an enveloped signature over its document element, placed after saml:Issuer (else first).

    `xml` is one element with an ID attribute. The other arguments serve builders of signatures with one defect: SHA-1 by
    the algorithms, two certificates by `extra_certificates`. The result has no XML declaration and must be sent as it is.

    Raises:
        ValueError: the element has no ID, is signed already, or an algorithm is not RSA or not known.
        WireError: `xml` is not well-formed.

    Source: SAML 2.0 Core, 5.4; XML Signature 1.1.
    """
    if signature_algorithm not in _RSA or digest_algorithm not in _DIGESTS:
        raise ValueError("only RSA signatures with SHA-1 or SHA-2 can be made")
    root = safexml.parse(xml)
    name = root.get("ID")
    if not name or root.find(_SIGNATURE) is not None:
        raise ValueError("an element to sign needs an ID and no signature")
    digest = _digest(digest_algorithm, _c14n(root, inclusive_prefixes))
    info = _signed_info(name, digest, signature_algorithm, digest_algorithm, inclusive_prefixes)
    value = credentials.key.sign(info, padding.PKCS1v15(), _RSA[signature_algorithm])
    certificates = [x509.certificate_der(c) for c in (credentials.certificate, *extra_certificates)]
    signature = safexml.parse(_signature_element(info, value, certificates))
    issuer = root.find(_ISSUER)
    if issuer is not None:
        issuer.addnext(signature)
    else:
        root.insert(0, signature)
    return etree.tostring(root, encoding="UTF-8")


def verify(
    element: etree._Element,
    *,
    anchors: Sequence[cx509.Certificate] = (),
    at: datetime | None = None,
    revocations: Sequence[cx509.CertificateRevocationList] = (),
) -> SignatureFacts:
    """The facts of the signature that `element` carries as a direct child and that covers `element` itself.

    `element` stays where it is, inside its envelope; nothing is looked up outside it but the uniqueness of its ID. With
    the aware instant `at` the signer's chain up to `anchors` is judged too (no anchors: no trust), with `revocations` and
    whether its key may sign; the problem is told, not raised; without `at` nothing is said about trust.

    Raises:
        WireError: a kind that begins with `signature`: `signature-missing`; `signature-structure` (more than one, an
            Object, not the one reference); `signature-reference` (it points elsewhere, an ID occurs twice);
            `signature-transform`; `signature-algorithm`; `signature-certificate` (none, unreadable, wrong key type);
            `signature-digest` (content was changed); `signature-value` (the signature itself does not verify).
        ValueError: `anchors` without `at`.

    Source: SAML 2.0 Core, 5.4.1 to 5.4.4; XML Signature 1.1, 3.2.
    """
    if anchors and at is None:
        raise ValueError("to judge a chain, the instant is needed")
    signature = _only_signature(element)
    info = _only(signature, "SignedInfo")
    reference = _only(info, "Reference")
    _check_reference(element, reference)
    c14n, prefixes = _transforms(reference)
    info_c14n, info_prefixes = _canonicalization(info)
    digest_algorithm = _algorithm(_only(reference, "DigestMethod"), tuple(_DIGESTS))
    signature_algorithm = _algorithm(_only(info, "SignatureMethod"), (*_RSA, RSA_PSS_SHA256, *_ECDSA))

    content = _c14n(element, prefixes, with_comments=c14n == EXC_C14N_WITH_COMMENTS, without_signature=True)
    stated = _base64(_only(reference, "DigestValue"))
    if _digest(digest_algorithm, content) != stated:
        raise _error("digest", "the signed element was changed after signing, or canonicalised otherwise", reference)
    signed = _c14n(info, info_prefixes, with_comments=info_c14n == EXC_C14N_WITH_COMMENTS)
    ders = _certificates(signature)
    value = _base64(_only(signature, "SignatureValue"))
    signer = _signer(ders, signature_algorithm, value, signed, signature)
    problem = None
    if at is not None:
        above = [c for c in (_load(der, signature) for der in ders) if c != signer]
        problem = x509.chain_problem(signer, above, anchors, at, revocations) or x509.signing_problem(signer)
    return SignatureFacts(
        covered=element,
        certificate=x509.certificate_der(signer),
        signature_algorithm=signature_algorithm,
        digest_algorithm=digest_algorithm,
        c14n=c14n,
        inclusive_prefixes=prefixes,
        certificate_count=len(ders),
        follows_issuer=_follows_issuer(signature),
        weak=bool({signature_algorithm, digest_algorithm} & WEAK_ALGORITHMS),
        chain_problem=problem,
    )


def sign_document(
    root: etree._Element, into: etree._Element, credentials: Credentials, *, signature_algorithm: str = RSA_SHA256
) -> None:
    """Append to `into`, `root` or a descendant of it, an enveloped signature over the document whose element is `root`.

    The form that metadata publishers use: the reference is the empty URI, canonicalisation is inclusive.

    Source: XML Signature 1.1, 4.4.3.2 (URI="") and 6.6.4; Canonical XML 1.0.
    """
    digest_algorithm = SHA1 if signature_algorithm == RSA_SHA1 else SHA256
    digest = _digest(digest_algorithm, _canonical(_alone(root), C14N))
    method = f'Algorithm="{C14N}"'
    signature = safexml.parse(
        f'<Signature xmlns="{ns.DS}"><SignedInfo><CanonicalizationMethod {method}/>'
        f'<SignatureMethod Algorithm="{signature_algorithm}"/><Reference URI=""><Transforms>'
        f'<Transform Algorithm="{ENVELOPED}"/></Transforms><DigestMethod Algorithm="{digest_algorithm}"/>'
        f"<DigestValue>{base64.b64encode(digest).decode()}</DigestValue></Reference></SignedInfo><SignatureValue/>"
        f"<KeyInfo><X509Data><X509Certificate>{_pem_body(credentials.certificate)}</X509Certificate></X509Data></KeyInfo>"
        "</Signature>".encode()
    )
    into.append(signature)
    signed = _canonical(_alone(_only(signature, "SignedInfo")), C14N)
    value = credentials.key.sign(signed, padding.PKCS1v15(), _RSA[signature_algorithm])
    _only(signature, "SignatureValue").text = base64.b64encode(value).decode()


def verify_document(
    root: etree._Element,
    signature: etree._Element,
    *,
    anchors: Sequence[cx509.Certificate] = (),
    at: datetime | None = None,
) -> SignatureFacts:
    """The facts of `signature`, somewhere inside `root`, that covers the whole document whose element is `root`.

    `root` may itself stand in a larger document: it is taken alone, as it was when it was signed. Nothing but the one
    signature is left out of what is covered. Trust is told as by `verify`.

    Raises:
        WireError: as `verify` does.
        ValueError: `anchors` without `at`.

    Source: XML Signature 1.1, 3.2, 4.4.3.2 and 6.6.4.
    """
    if anchors and at is None:
        raise ValueError("to judge a chain, the instant is needed")
    info = _only(signature, "SignedInfo")
    reference = _only(info, "Reference")
    if reference.get("URI") != "":
        raise _error("reference", "the reference is not to the whole document", reference, found=reference.get("URI"))
    c14n, prefixes = _document_transforms(reference)
    method = _only(info, "CanonicalizationMethod")
    info_c14n = _algorithm(method, _DOCUMENT_C14N)
    digest_algorithm = _algorithm(_only(reference, "DigestMethod"), tuple(_DIGESTS))
    signature_algorithm = _algorithm(_only(info, "SignatureMethod"), (*_RSA, RSA_PSS_SHA256, *_ECDSA))
    place = list(root.iter(_SIGNATURE)).index(signature)
    alone = _alone(root)
    _remove_keeping_tail(list(alone.iter(_SIGNATURE))[place])
    if _digest(digest_algorithm, _canonical(alone, c14n, prefixes)) != _base64(_only(reference, "DigestValue")):
        raise _error("digest", "the signed document was changed after signing, or canonicalised otherwise", reference)
    signed = _canonical(_alone(info), info_c14n, _prefix_list(method))
    ders = _certificates(signature)
    value = _base64(_only(signature, "SignatureValue"))
    signer = _signer(ders, signature_algorithm, value, signed, signature)
    problem = None
    if at is not None:
        above = [c for c in (_load(der, signature) for der in ders) if c != signer]
        problem = x509.chain_problem(signer, above, anchors, at)
    return SignatureFacts(
        covered=root,
        certificate=x509.certificate_der(signer),
        signature_algorithm=signature_algorithm,
        digest_algorithm=digest_algorithm,
        c14n=c14n,
        inclusive_prefixes=prefixes,
        certificate_count=len(ders),
        follows_issuer=False,
        weak=bool({signature_algorithm, digest_algorithm} & WEAK_ALGORITHMS),
        chain_problem=problem,
    )


def _document_transforms(reference: etree._Element) -> tuple[str, tuple[str, ...]]:
    """Canonicalisation of the reference and its prefixes; inclusive where none is named. Source: XML Signature 1.1, 4.4.3.2."""
    transforms = list(_only(reference, "Transforms").iterchildren("*"))
    used = [t.get("Algorithm") or "" for t in transforms]
    if not used or used[0] != ENVELOPED or len(used) > 2 or any(u not in _DOCUMENT_C14N for u in used[1:]):
        raise _error(
            "transform",
            "the transforms are not those of an enveloped signature",
            reference,
            expected=f"{ENVELOPED}, then at most a canonicalisation",
            found=", ".join(used),
        )
    return (C14N, ()) if len(used) == 1 else (used[1], _prefix_list(transforms[1]))


def _canonical(alone: etree._Element, algorithm: str, prefixes: Sequence[str] = ()) -> bytes:
    """The document whose element is `alone`, what stands beside the element too. Source: Canonical XML 1.0, 1.1."""
    try:
        return etree.tostring(
            alone.getroottree(),
            method="c14n",
            exclusive=algorithm in _C14N,
            with_comments=algorithm in (C14N_WITH_COMMENTS, EXC_C14N_WITH_COMMENTS),
            inclusive_ns_prefixes=list(prefixes) if prefixes and algorithm in _C14N else None,
        )
    except etree.LxmlError as exc:
        raise _error("transform", "the document cannot be canonicalised", alone) from exc


def _alone(element: etree._Element) -> etree._Element:
    """`element` as a document of its own that declares all that is in scope; a document element keeps what is beside it."""
    whole = element if element.getparent() is not None else element.getroottree()
    return safexml.parse(etree.tostring(whole, with_tail=False))


def _pem_body(certificate: cx509.Certificate) -> str:
    return base64.b64encode(x509.certificate_der(certificate)).decode()


def _only_signature(element: etree._Element) -> etree._Element:
    found = element.findall(_SIGNATURE)
    if not found:
        raise _error("missing", "the element carries no signature of its own", element)
    if len(found) > 1:
        raise _error("structure", "the element carries more than one signature", element)
    if found[0].find(ns.clark(ns.DS, "Object")) is not None:
        raise _error("structure", "the signature carries an Object, which no reference of SAML covers", found[0])
    return found[0]


def _check_reference(element: etree._Element, reference: etree._Element) -> None:
    uri = reference.get("URI")
    if uri is None or len(uri) < 2 or not uri.startswith("#") or uri.startswith("#xpointer("):
        raise _error("reference", "the reference is not to an ID of this message", reference, found=uri)
    names = [element.get(attribute) for attribute in _REFERABLE]
    if uri[1:] not in names:
        raise _error("reference", "the signature covers another element than the one that carries it", reference)
    holders = 0
    for other in element.getroottree().getroot().iter("*"):
        holders += sum(1 for attribute in _ID_ATTRIBUTES if other.get(attribute) == uri[1:])
    if holders > 1:
        raise _error("reference", "the ID that the reference names occurs more than once in the message", reference)


def _transforms(reference: etree._Element) -> tuple[str, tuple[str, ...]]:
    transforms = list(_only(reference, "Transforms").iterchildren("*"))
    used = [t.get("Algorithm") for t in transforms]
    if len(used) != 2 or used[0] != ENVELOPED or used[1] not in _C14N:
        raise _error(
            "transform",
            "the transforms are not those of an enveloped signature",
            reference,
            expected=f"{ENVELOPED}, then {EXC_C14N}",
            found=", ".join(str(u) for u in used),
        )
    return str(used[1]), _prefix_list(transforms[1])


def _canonicalization(info: etree._Element) -> tuple[str, tuple[str, ...]]:
    method = _only(info, "CanonicalizationMethod")
    return _algorithm(method, _C14N), _prefix_list(method)


def _prefix_list(method: etree._Element) -> tuple[str, ...]:
    names = method.find(ns.clark(ns.EC, "InclusiveNamespaces"))
    return tuple((names.get("PrefixList") or "").split()) if names is not None else ()


def _algorithm(method: etree._Element, allowed: tuple[str, ...]) -> str:
    used = method.get("Algorithm") or ""
    if used not in allowed:
        raise _error(
            "algorithm", f"{etree.QName(method).localname} names an algorithm that is not allowed", method, found=used
        )
    return used


def _certificates(signature: etree._Element) -> tuple[bytes, ...]:
    path = "/".join(ns.clark(ns.DS, step) for step in ("KeyInfo", "X509Data", "X509Certificate"))
    found = tuple(_base64(node) for node in signature.iterfind(path))
    if not found:
        raise _error("certificate", "the signature names no X.509 certificate", signature)
    return found


def _load(der: bytes, signature: etree._Element) -> cx509.Certificate:
    try:
        return cx509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _error("certificate", "the signature holds an unreadable X.509 certificate", signature) from exc


def _signer(
    ders: tuple[bytes, ...], algorithm: str, value: bytes, signed: bytes, signature: etree._Element
) -> cx509.Certificate:
    """The first certificate whose key verifies `value`; a KeyInfo may hold the signer's chain too."""
    candidates = [_load(der, signature) for der in ders]
    for candidate in candidates:
        if _verifies(candidate, algorithm, value, signed, signature):
            return candidate
    raise _error("value", "the signature value does not verify with the certificate given", signature)


def _verifies(
    certificate: cx509.Certificate, algorithm: str, value: bytes, signed: bytes, signature: etree._Element
) -> bool:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise _error("certificate", "the certificate holds a key of an unknown kind", signature) from exc
    try:
        if algorithm in _ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
            half = len(value) // 2
            dss = encode_dss_signature(int.from_bytes(value[:half]), int.from_bytes(value[half:]))
            key.verify(dss, signed, ec.ECDSA(_ECDSA[algorithm]))
        elif algorithm == RSA_PSS_SHA256 and isinstance(key, rsa.RSAPublicKey):
            pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
            key.verify(value, signed, pss, hashes.SHA256())
        elif algorithm in _RSA and isinstance(key, rsa.RSAPublicKey):
            key.verify(value, signed, padding.PKCS1v15(), _RSA[algorithm])
        else:
            return False
    except (InvalidSignature, ValueError, UnsupportedAlgorithm):
        return False
    return True


def _follows_issuer(signature: etree._Element) -> bool:
    before = next(signature.itersiblings("*", preceding=True), None)
    return before is not None and before.tag == _ISSUER


def _c14n(
    element: etree._Element,
    prefixes: Sequence[str] = (),
    *,
    with_comments: bool = False,
    without_signature: bool = False,
) -> bytes:
    """Exclusive canonical form of `element` as it stands in its document.

    libxml2 finds the namespaces of an `InclusiveNamespaces` list only inside the tree it is given, so the element is first
    made a document of its own that declares all that is in scope; exclusive canonicalisation drops again what is unused.
    """
    alone = _alone(element)
    if without_signature:
        signature = alone.find(_SIGNATURE)
        if signature is not None:
            _remove_keeping_tail(signature)
    try:
        return etree.tostring(
            alone,
            method="c14n",
            exclusive=True,
            with_comments=with_comments,
            inclusive_ns_prefixes=list(prefixes) or None,
        )
    except etree.LxmlError as exc:
        raise _error("transform", "the element cannot be canonicalised", element) from exc


def _remove_keeping_tail(node: etree._Element) -> None:
    """Take `node` out of its parent; the text after it stays."""
    parent, before, tail = node.getparent(), node.getprevious(), node.tail or ""
    if parent is None:
        raise ValueError("the document element cannot be removed")
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(node)


def _digest(algorithm: str, data: bytes) -> bytes:
    return hashlib.new(_DIGESTS[algorithm], data, usedforsecurity=False).digest()


def _only(parent: etree._Element, local: str) -> etree._Element:
    found = parent.findall(ns.clark(ns.DS, local))
    if len(found) != 1:
        raise _error("structure", f"{local} must occur once", parent, expected="1", found=str(len(found)))
    return found[0]


def _base64(node: etree._Element) -> bytes:
    text = re.sub(r"[ \t\r\n]", "", "".join([node.text or "", *(child.tail or "" for child in node)]))
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise _error("structure", "the content is not base64", node) from exc


def _error(
    which: str, problem: str, at: etree._Element, *, expected: str | None = None, found: str | None = None
) -> WireError:
    return WireError(problem, kind=f"signature-{which}", xpath=ns.xpath_of(at), expected=expected, found=found)


def _signed_info(
    name: str, digest: bytes, signature_algorithm: str, digest_algorithm: str, prefixes: Sequence[str]
) -> bytes:
    """SignedInfo in its exclusive canonical form, so that what is signed is what is written."""
    listed = ""
    if prefixes:
        listed = (
            f'<ec:InclusiveNamespaces xmlns:ec="{EXC_C14N}" PrefixList="{" ".join(prefixes)}"></ec:InclusiveNamespaces>'
        )
    return (
        f'<ds:SignedInfo xmlns:ds="{ns.DS}">'
        f'<ds:CanonicalizationMethod Algorithm="{EXC_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{signature_algorithm}"></ds:SignatureMethod>'
        f'<ds:Reference URI="#{_attribute(name)}"><ds:Transforms>'
        f'<ds:Transform Algorithm="{ENVELOPED}"></ds:Transform>'
        f'<ds:Transform Algorithm="{EXC_C14N}">{listed}</ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{digest_algorithm}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue>"
        f"</ds:Reference></ds:SignedInfo>"
    ).encode()


def _attribute(text: str) -> str:
    """`text` as canonical XML writes it in an attribute. Source: Canonical XML 1.0, 2.3."""
    for char, entity in (
        ("&", "&amp;"),
        ("<", "&lt;"),
        ('"', "&quot;"),
        ("\t", "&#x9;"),
        ("\n", "&#xA;"),
        ("\r", "&#xD;"),
    ):
        text = text.replace(char, entity)
    return text


def _signature_element(signed_info: bytes, value: bytes, certificates: Sequence[bytes]) -> bytes:
    listed = b"".join(
        b"<ds:X509Certificate>" + base64.b64encode(der) + b"</ds:X509Certificate>" for der in certificates
    )
    return b"".join(
        (
            f'<ds:Signature xmlns:ds="{ns.DS}">'.encode(),
            signed_info,
            b"<ds:SignatureValue>" + base64.b64encode(value) + b"</ds:SignatureValue>",
            b"<ds:KeyInfo><ds:X509Data>" + listed + b"</ds:X509Data></ds:KeyInfo></ds:Signature>",
        )
    )
