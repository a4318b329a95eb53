"""Judging the assertions of a request as an honest receiver does: identity (HCPA) and treatment relationship (TRCA).

Order as in the field: structure, fields, values, signature and signer, permissions; then the TRC assertion the same way.
Source: eHDSI SAML Profile, 2 to 4; NCPeH Components Specification, 4.4.2.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography import x509 as certificates
from lxml import etree

from harness.errors import WireError
from harness.model import PatientId
from harness.reference import _facts
from harness.wire import saml, x509, xmldsig
from harness.wire.soap import SoapMessage

TOLERANCE = timedelta(seconds=60)
HCP_SPAN = timedelta(hours=4)
TRC_SPAN = timedelta(hours=2)
_CX = re.compile(r"(?P<extension>[^\^]+)\^\^\^&(?P<root>[^&\^]+)&ISO")
_SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
_SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
# What SAML 2.0 core allows below each element that a profile of ours uses; order of the assertion's own children too.
_ORDER = (
    _SAML + "Issuer",
    _SIGNATURE,
    _SAML + "Subject",
    _SAML + "Conditions",
    _SAML + "Advice",
    _SAML + "AuthnStatement",
    _SAML + "AttributeStatement",
)
_STATEMENTS_FROM = 5
# What is wrong with a signature -> the declared fault, less the kind of assertion, that passes it over.
_PASSED = {
    "signature-missing": "unsigned.accepted",
    "signature-reference": "reference.ignored",
    "signature-structure": "reference.ignored",
    "signature-transform": "transforms.ignored",
    "signature-algorithm": "algorithm.ignored",
}
_ALLOWED = {
    _SAML + "Subject": {_SAML + "NameID", _SAML + "SubjectConfirmation"},
    _SAML + "SubjectConfirmation": {_SAML + "NameID", _SAML + "SubjectConfirmationData"},
    _SAML + "Conditions": {_SAML + "AudienceRestriction", _SAML + "OneTimeUse", _SAML + "ProxyRestriction"},
    _SAML + "AuthnStatement": {_SAML + "SubjectLocality", _SAML + "AuthnContext"},
    _SAML + "AttributeStatement": {_SAML + "Attribute"},
    _SAML + "Attribute": {_SAML + "AttributeValue"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """Why assertions are not accepted.

    `kind` is no-security, no-hcp, schema, hcp, rights, signature, trc, advice or token; the last one, and a bad signature
    on XCA, become a SOAP fault.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a judgement depends on beside the message: instant, anchors, revocation lists, country of the TLS peer, declared
    faults."""

    at: datetime
    anchors: tuple[certificates.Certificate, ...]
    tls_country: str | None
    faults: frozenset[str]
    revocations: tuple[certificates.CertificateRevocationList, ...] = ()

    @property
    def is_agreed(self) -> bool:
        """Whether we exchange with the country of the TLS peer; one that shows no certificate is judged elsewhere."""
        return self.tls_country is None or self.tls_country in _facts.AGREED_COUNTRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, as far as the assertions say: both are None when a declared fault let the request pass without."""

    hcp: saml.SamlAssertion | None
    trc: saml.SamlAssertion | None

    def may(self, needed: frozenset[str], faults: frozenset[str]) -> bool:
        """Whether the identity assertion grants all of `needed`."""
        if "hcp.permissions.ignored" in faults or self.hcp is None:
            return True
        held = self.hcp.attribute(_facts.PERMISSION)
        granted = {str(v).rpartition(":")[2] for v in held.values} if held else set()
        return needed <= granted

    def patient(self) -> PatientId | None:
        """The patient the TRC assertion is for."""
        return trc_patient(self.trc) if self.trc else None


def judge(message: SoapMessage, around: Surroundings, *, trc: bool) -> Caller | Denial:
    """Who asks, or why the request is denied; `trc` says whether the transaction needs a TRC assertion too."""
    if message.security_count == 0:
        ignored = not trc and "security.absence.ignored" in around.faults
        return Caller(hcp=None, trc=None) if ignored else _denial("no-security", "no security header")
    try:
        parsed = [(element, saml.parse_assertion(element)) for element in message.assertions]
    except WireError:
        return _denial("schema", "an assertion cannot be read")
    hcps = [pair for pair in parsed if pair[1].kind == "hcp"]
    if not hcps:
        ignored = not trc and "hcp.absence.ignored" in around.faults and not parsed
        return Caller(hcp=None, trc=None) if ignored else _denial("no-hcp", "no identity assertion")
    if "hcp.wrapping.first-read" in around.faults:
        hcps = [(hcps[-1][0], hcps[0][1])]  # one is verified, another one read
    if len(hcps) > 1:
        return _denial("hcp", "more than one identity assertion")
    denial = next(_hcp_denials(*hcps[0], around, display_matters=not trc), None)
    if any(pair[1].kind == "nok" for pair in parsed) and "nok.presence.refused" in around.faults:
        denial = denial or _denial("hcp", "an assertion that is not expected")
    if denial or not trc:
        return denial or Caller(hcp=hcps[0][1], trc=None)
    trcs = [pair for pair in parsed if pair[1].kind == "trc"]
    if "trc.comment.truncates" in around.faults:
        trcs = [(element, _truncated(element, claims)) for element, claims in trcs]
    if "trc.wrapping.first-read" in around.faults:
        trcs = [(trcs[-1][0], trcs[0][1])] if trcs else []
    return _with_trc(hcps[0][1], trcs, around)


def _truncated(element: etree._Element, claims: saml.SamlAssertion) -> saml.SamlAssertion:
    """`claims` with attribute values read up to the first comment only."""
    texts = {
        node.getparent().get("Name"): node.text or ""  # type: ignore[union-attr]
        for node in element.iter(_SAML + "AttributeValue")
        if len(node) and not isinstance(node[0].tag, str)
    }
    changed = tuple(replace(a, values=(texts[a.name],)) if a.name in texts else a for a in claims.attributes)
    return replace(claims, attributes=changed)


def trc_patient(assertion: saml.SamlAssertion) -> PatientId | None:
    """The patient in CX form that a TRC assertion names."""
    attribute = assertion.attribute(_facts.SUBJECT_ID)
    found = _CX.fullmatch(attribute.text) if attribute else None
    return PatientId(root=found["root"], extension=found["extension"]) if found else None


def _with_trc(
    hcp: saml.SamlAssertion, trcs: list[tuple[etree._Element, saml.SamlAssertion]], around: Surroundings
) -> Caller | Denial:
    if not trcs:
        if "trc.absence.ignored" in around.faults:
            return Caller(hcp=hcp, trc=None)
        return _denial("trc", "no treatment relationship assertion")
    if len(trcs) > 1:
        return _denial("trc", "more than one treatment relationship assertion")
    denial = next(_trc_denials(*trcs[0], hcp, around), None)
    return denial or Caller(hcp=hcp, trc=trcs[0][1])


def _denial(kind: str, text: str) -> Denial:
    return Denial(kind=kind, text=text)


def _hcp_denials(
    element: etree._Element, hcp: saml.SamlAssertion, around: Surroundings, *, display_matters: bool
) -> Iterator[Denial]:
    faults = around.faults
    if "hcp.schema.ignored" not in faults and not _follows_schema(element):
        yield _denial("schema", "the identity assertion breaks the SAML schema")
    missing = _missing_of_hcp(hcp)
    if missing:
        yield _denial("hcp", f"the identity assertion has no {missing}")
    if hcp.confirmation_method != _facts.SENDER_VOUCHES:
        yield _denial("hcp", "the subject confirmation is not sender-vouches")
    if "hcp.context.ignored" not in faults and hcp.authn_context_class not in _facts.TWO_FACTOR_CLASSES:
        yield _denial("hcp", "the authentication context is no two-factor class")
    if "hcp.lifetime.ignored" not in faults and _span(hcp) > HCP_SPAN:
        yield _denial("hcp", "the identity assertion lives longer than 4 h")
    if hcp.audiences and _facts.AUDIENCE not in hcp.audiences:
        yield _denial("hcp", "the identity assertion is for another audience")
    yield from _window(hcp, "hcp", around)
    if "hcp.attributes.ignored" not in faults:
        for name in _facts.HCP_ATTRIBUTES_ONCE:
            held = [a for a in hcp.attributes if a.name == name]
            if len(held) != 1 or not held[0].text.strip():
                yield _denial("hcp", "an obligatory attribute is missing, empty or repeated")
    yield from _attribute_denials(hcp, faults, display_matters=display_matters)
    yield from _signature_denials(element, around, "hcp", "identity")


def _missing_of_hcp(hcp: saml.SamlAssertion) -> str | None:
    present = (
        (hcp.version == "2.0", "version 2.0"),
        (hcp.id, "ID"),
        (hcp.issue_instant, "IssueInstant"),
        (hcp.issuer.strip(), "issuer"),
        ((hcp.name_id or "").strip(), "NameID"),
        (hcp.name_id_format, "NameID format"),
        (hcp.confirmation_method, "subject confirmation"),
        (hcp.not_before and hcp.not_before.at, "NotBefore"),
        (hcp.not_on_or_after and hcp.not_on_or_after.at, "NotOnOrAfter"),
        (hcp.authn_instant and hcp.authn_instant.at, "AuthnInstant"),
        (hcp.authn_context_class, "AuthnContextClassRef"),
    )
    return next((what for there, what in present if not there), None)


def _attribute_denials(hcp: saml.SamlAssertion, faults: frozenset[str], *, display_matters: bool) -> Iterator[Denial]:
    role = hcp.attribute(_facts.ROLE)
    value = role.values[0] if role and role.values else None
    if role and "hcp.role.ignored" not in faults:
        clerk = role.text == "44" and "hcp.clerk.refused" in faults
        if role.text not in _facts.ROLES or clerk:
            yield _denial("hcp", "the role is not in the list of roles")
        shown = value.display if isinstance(value, saml.CodedValue) else ""
        if display_matters and shown.casefold() != _facts.ROLES.get(role.text, "").casefold():
            yield _denial("rights", "the name of the role is not that of its code")
    facility = hcp.attribute(_facts.FACILITY_TYPE)
    if facility and facility.text.casefold() not in _facts.FACILITY_TYPES:
        yield _denial("hcp", "the facility type is not known")
    purpose = hcp.attribute(_facts.PURPOSE_OF_USE)
    if purpose and "hcp.purpose.ignored" not in faults and purpose.text not in _facts.PURPOSES:
        yield _denial("rights", "the purpose of use is not allowed")


def _trc_denials(
    element: etree._Element, trc: saml.SamlAssertion, hcp: saml.SamlAssertion, around: Surroundings
) -> Iterator[Denial]:
    faults = around.faults
    if "hcp.schema.ignored" not in faults and not _follows_schema(element):
        yield _denial("schema", "the TRC assertion breaks the SAML schema")
    if not trc.issuer.strip() or trc.confirmation_method != _facts.SENDER_VOUCHES:
        yield _denial("trc", "issuer or subject confirmation of the TRC assertion is wrong")
    if trc.authn_context_class != _facts.PREVIOUS_SESSION:
        yield _denial("trc", "the TRC assertion does not refer to the previous session")
    if not (trc.not_before and trc.not_before.at and trc.not_on_or_after and trc.not_on_or_after.at):
        yield _denial("trc", "the TRC assertion has no validity")
    if "trc.lifetime.ignored" not in faults and _span(trc) > TRC_SPAN:
        yield _denial("trc", "the TRC assertion lives longer than 2 h")
    if trc.audiences and _facts.AUDIENCE not in trc.audiences:
        yield _denial("trc", "the TRC assertion is for another audience")
    yield from _window(trc, "trc", around)
    if trc_patient(trc) is None:
        yield _denial("trc", "the TRC assertion names no patient")
    purpose = trc.attribute(_facts.PURPOSE_OF_USE)
    if purpose is None:
        yield _denial("trc", "the TRC assertion has no purpose of use")
    elif purpose.text and purpose.text not in _facts.PURPOSES:
        yield _denial("rights", "the purpose of use of the TRC assertion is not allowed")
    yield from _signature_denials(element, around, "trc", "TRC")
    if "trc.advice.ignored" not in faults and (not trc.advice_ids or trc.advice_ids[0] != hcp.id):
        yield _denial("advice", "the TRC assertion belongs to another identity assertion")
    same = (trc.name_id, trc.name_id_format) == (hcp.name_id, hcp.name_id_format)
    if "trc.name-id.ignored" not in faults and not same:
        yield _denial("token", "the two assertions name different subjects")


def _window(assertion: saml.SamlAssertion, kind: str, around: Surroundings) -> Iterator[Denial]:
    start = assertion.not_before.at if assertion.not_before else None
    end = assertion.not_on_or_after.at if assertion.not_on_or_after else None
    leeway = timedelta() if kind == "hcp" and "hcp.tolerance.missing" in around.faults else TOLERANCE
    if start and around.at < start - leeway and f"{kind}.not-before.ignored" not in around.faults:
        yield _denial(kind, "the assertion is not valid yet")
    if end and around.at >= end + leeway and f"{kind}.expiry.ignored" not in around.faults:
        yield _denial(kind, "the assertion has expired")


def _span(assertion: saml.SamlAssertion) -> timedelta:
    start = assertion.not_before.at if assertion.not_before else None
    end = assertion.not_on_or_after.at if assertion.not_on_or_after else None
    return end - start if start and end else timedelta()


def _signature_denials(element: etree._Element, around: Surroundings, kind: str, name: str) -> Iterator[Denial]:
    faults = around.faults
    try:
        listed = () if f"{kind}.revocation.ignored" in faults else around.revocations
        facts = xmldsig.verify(element, anchors=around.anchors, at=around.at, revocations=listed)
    except WireError as exc:
        passed = {f"{kind}.{_PASSED.get(exc.kind, 'signature.ignored')}"}
        if exc.kind != "signature-missing":
            passed.add(f"{kind}.signature.ignored")
        if not passed & faults:
            yield _denial("signature", f"the signature of the {name} assertion is not valid")
        return
    if facts.weak and f"{kind}.weak.ignored" not in faults:
        yield _denial("signature", f"the signature of the {name} assertion is too weak")
    if facts.certificate_count != 1 and f"{kind}.two-certificates.ignored" not in faults:
        yield _denial("signature", f"the signature of the {name} assertion is not of the form agreed")
    if facts.chain_problem and not _forgiven(facts.certificate, kind, faults):
        yield _denial("signature", f"the signer of the {name} assertion is not trusted")
    country = x509.describe_certificate(facts.certificate).country
    differs = around.tls_country is not None and country != around.tls_country
    if differs and f"{kind}.country.ignored" not in faults:
        yield _denial("token", f"the {name} assertion was signed in another country than the TLS certificate's")


def _forgiven(certificate: bytes, kind: str, faults: frozenset[str]) -> bool:
    """Whether a declared fault lets a signer pass who is not trusted."""
    if kind == "hcp" and "hcp.chain.ignored" in faults:
        return True
    unfit = x509.signing_problem(x509.parse_certificates(certificate)[0]) is not None
    return unfit and f"{kind}.key-usage.ignored" in faults


def _follows_schema(assertion: etree._Element) -> bool:
    """Whether names and order of elements are those of SAML 2.0; values of attributes are open by the schema."""
    children = list(assertion.iterchildren("*"))
    if any(c.tag not in _ORDER for c in children):
        return False
    # statements come last and in any order among themselves
    places = [min(_ORDER.index(c.tag), _STATEMENTS_FROM) for c in children]
    if places[:1] != [0] or places != sorted(places):
        return False
    inside = (e for child in children if child.tag != _SIGNATURE for e in child.iter("*"))
    return all({c.tag for c in e.iterchildren("*")} <= _ALLOWED[e.tag] for e in inside if e.tag in _ALLOWED)
