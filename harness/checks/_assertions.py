"""Which assertion of a request is which, and what holds for every kind: validity, signature, codes."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cryptography.x509 import Certificate, CertificateRevocationList
from lxml import etree

from harness.checks._places import accepted, of_error, one_of, said, under, warning
from harness.checks._registry import Context
from harness.checks._view import View
from harness.errors import WireError
from harness.model import Finding, Location
from harness.wire import codes, issuing, saml, x509, xmldsig
from harness.wire.saml import Instant, SamlAssertion

"""Clock difference granted at both ends. Source: eHDSI SAML profile."""
OLD_QUALIFIER = "urn:epsos:"
PURPOSES = ("TREATMENT", "EMERGENCY")
NOK_PREFIX = issuing.NOK_PREFIX


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An assertion of a message: its element, what it says, and which side of the exchange it came on."""

    element: etree._Element
    said: SamlAssertion
    side: str = "request"

    def at(self, path: str = "") -> Location:
        """Where `path` lies, counted from the assertion."""
        return under(self.element, path, self.side)

    def attribute_at(self, name: str) -> Location:
        """Where the attribute of that Name lies."""
        return self.at(f"saml:AttributeStatement/saml:Attribute[@Name='{name}']")


ON_TRC = (*codes.CROSS_BORDER, codes.STS_TRC)
ON_NOK = (*codes.CROSS_BORDER, codes.STS_NOK)
"""Where the SUT writes such an assertion: in its requests to another country, or as a token service."""


def issued(view: View) -> tuple[Held, ...]:
    """The readable assertions that a token service gives out in the response, in order."""
    return tuple(Held(element=e, said=a, side="response") for e, a in view.issued if isinstance(a, SamlAssertion))


def held(view: View) -> tuple[Held, ...]:
    """The readable assertions of the request, in order."""
    return tuple(Held(element=e, said=a) for e, a in view.assertions if isinstance(a, SamlAssertion))


def hcp(view: View) -> Held | None:
    """The HCP assertion: by its qualifier, else the first of an unknown one that states a role."""
    found = [h for h in held(view) if h.said.kind == "hcp"]
    found += [h for h in held(view) if h.said.kind == "other" and h.said.attribute(saml.ROLE) is not None]
    return found[0] if found else None


def trc(view: View) -> Held | None:
    """The TRC assertion: by its qualifier, else the first of an unknown one that has an Advice and no kin attributes.

    Of a token service it is the first token, whatever it says.
    """
    if view.exchange.transaction in codes.TOKEN_SERVICE:
        return next(iter(issued(view)), None) if view.exchange.transaction == codes.STS_TRC else None
    found = [h for h in held(view) if h.said.kind == "trc"]
    found += [
        h
        for h in held(view)
        if h.said.kind == "other" and h.said.advice_ids and not is_kin(h) and h.said.attribute(saml.ROLE) is None
    ]
    return found[0] if found else None


def nok(view: View) -> Held | None:
    """The next-of-kin assertion: by its qualifier, else the first of an unknown one with kin attributes.

    Of a token service it is the first token, whatever it says.
    """
    if view.exchange.transaction in codes.TOKEN_SERVICE:
        return next(iter(issued(view)), None) if view.exchange.transaction == codes.STS_NOK else None
    found = [h for h in held(view) if h.said.kind == "nok"]
    found += [h for h in held(view) if h.said.kind == "other" and is_kin(h)]
    return found[0] if found else None


def is_kin(one: Held) -> bool:
    """Whether an attribute of the assertion is one of the next of kin."""
    return any(a.name.startswith(NOK_PREFIX) for a in one.said.attributes)


def has_hcp(view: View, _: Context) -> bool:
    """Applies where there is an HCP assertion."""
    return hcp(view) is not None


def has_trc(view: View, context: Context) -> bool:
    """Applies where there is a TRC assertion that the SUT's country made."""
    one = trc(view)
    return one is not None and _wrote_tokens(view) and not _is_ours(one, view, context)


def has_nok(view: View, context: Context) -> bool:
    """Applies where there is a next-of-kin assertion that the SUT's country made."""
    one = nok(view)
    return one is not None and _wrote_tokens(view) and not _is_ours(one, view, context)


def _is_ours(one: Held, view: View, context: Context) -> bool:
    """Whether our own token service gave it; an assertion without its exchange is judged for what it is, whoever made it."""
    return bool(view.exchange.transaction) and one.said.id in _issued_by_us(context)


def _issued_by_us(context: Context) -> frozenset[str]:
    """IDs of the assertions that our own token service gave to the SUT earlier in the row: nobody accuses it of those."""
    ours = (v for v in context.earlier if v.asked_by_sut)
    return frozenset(a.id for v in ours for _, a in v.issued if isinstance(a, SamlAssertion))


def _wrote_tokens(view: View) -> bool:
    """Whether the SUT wrote the assertions: as the one who asks another country, or as the token service that answers."""
    return view.asked_by_sut is (view.exchange.transaction not in codes.TOKEN_SERVICE)


def of_old(one: Held, findings: Iterator[Finding]) -> Iterator[Finding]:
    """`findings`, named as known when the assertion is one of the first generation (epSOS)."""
    old = (one.said.issuer_qualifier or "").startswith(OLD_QUALIFIER)
    for finding in findings:
        yield replace(finding, deviation="DEV-36") if old and finding.deviation is None else finding


def validity(one: Held, at: datetime, longest_s: float, tolerance: timedelta) -> Iterator[Finding]:
    """Findings about the validity window: there, in UTC, at most `longest_s` long, and `at` inside it or
    at most `tolerance` outside.

    Source: SAML 2.0 Core, 1.3.3 and 2.5.1.2.
    """
    bounds: list[datetime] = []
    for name, stated in (("NotBefore", one.said.not_before), ("NotOnOrAfter", one.said.not_on_or_after)):
        place = one.at(f"saml:Conditions/@{name}")
        if stated is None or stated.at is None:
            yield Finding(at=place, expected="an xs:dateTime", found=said(stated.text if stated else None))
            continue
        bounds.append(stated.at)
        yield from in_utc(stated, place)
    if len(bounds) < 2:
        return
    start, end = bounds
    place = one.at("saml:Conditions")
    if end - start > timedelta(seconds=longest_s):
        yield Finding(at=place, expected=f"at most {longest_s / 3600:g} h", found=str(end - start))
    elif end <= start:
        yield Finding(at=place, expected="NotOnOrAfter after NotBefore", found="a window that is empty")
    if not start - tolerance <= at < end + tolerance:
        window = f"{start:%Y-%m-%dT%H:%M:%SZ} to {end:%Y-%m-%dT%H:%M:%SZ}"
        yield Finding(at=place, expected=f"a window that holds {at:%Y-%m-%dT%H:%M:%SZ}", found=window)


def in_utc(stated: Instant, place: Location) -> Iterator[Finding]:
    """A warning when a time is given with an offset. Source: SAML 2.0 Core, 1.3.3."""
    if stated.at is not None and not stated.is_utc:
        yield warning(place, "UTC, written with Z", stated.text, "DEV-37")


def verified(one: Held, context: Context, at: datetime) -> xmldsig.SignatureFacts | None:
    """The facts of the assertion's signature with its chain judged at `at`, None when it does not verify."""
    try:
        return xmldsig.verify(one.element, anchors=anchors(context), at=at, revocations=revocations(context))
    except WireError:
        return None


def anchors(context: Context) -> tuple[Certificate, ...]:
    """The authorities that the SUT file gives, none when it gives none that can be read."""
    if not context.sut.trust_authorities:
        return ()
    try:
        return x509.parse_certificates(context.sut.trust_authorities)
    except WireError:
        return ()


def revocations(context: Context) -> tuple[CertificateRevocationList, ...]:
    """The revocation lists that the SUT file gives, none when it gives none that can be read."""
    if not context.sut.trust_revocations:
        return ()
    try:
        return x509.parse_revocations(context.sut.trust_revocations)
    except WireError:
        return ()


def signature(one: Held) -> Iterator[Finding]:
    """Findings about the form and the value of the signature; trust is judged apart.

    Source: eHDSI SAML profile, signature; SAML 2.0 Core, 5.4.
    """
    place = one.at("ds:Signature")
    try:
        facts = xmldsig.verify(one.element)
    except WireError as exc:
        yield of_error(exc, place, "an enveloped signature that verifies")
        return
    info = "ds:Signature/ds:SignedInfo/"
    if facts.signature_algorithm != xmldsig.RSA_SHA256:
        at = one.at(info + "ds:SignatureMethod/@Algorithm")
        yield Finding(at=at, expected=xmldsig.RSA_SHA256, found=facts.signature_algorithm)
    if facts.digest_algorithm != xmldsig.SHA256:
        at = one.at(info + "ds:Reference/ds:DigestMethod/@Algorithm")
        yield Finding(at=at, expected=xmldsig.SHA256, found=facts.digest_algorithm)
    if facts.certificate_count != 1:
        at = one.at("ds:Signature/ds:KeyInfo/ds:X509Data")
        yield Finding(at=at, expected="1 certificate", found=str(facts.certificate_count))
    if facts.inclusive_prefixes:
        at = one.at(info + "ds:Reference/ds:Transforms/ds:Transform")
        yield accepted(at, "exclusive canonicalisation", "InclusiveNamespaces in the transform", "DEV-40")
    if not facts.follows_issuer:
        yield Finding(at=place, expected="ds:Signature directly after saml:Issuer", found="another place")


def country_of(certificate: bytes) -> str | None:
    """C of the subject of a DER certificate, None when it has none or cannot be read."""
    try:
        return x509.describe_certificate(certificate).country
    except WireError:
        return None


def of_another_country(view: View, at: Location, country: str) -> Iterator[Finding]:
    """A warning when the signer is of another country than the TLS certificate of the same request.

    Source: eHDSI SAML profile (both belong to one national contact point); conformance requirement XCAQ-A-038, a SHOULD.
    """
    tls = view.exchange.tls
    shown = country_of(tls.peer_certificate) if tls is not None and tls.peer_certificate else None
    if shown is not None and shown != country:
        yield warning(at, f"{shown} of the TLS certificate", country)


def confirmation(one: Held) -> Iterator[Finding]:
    """A finding unless the subject is confirmed by sender-vouches. Source: SAML 2.0 Profiles, 3.2."""
    if one.said.confirmation_method != saml.SENDER_VOUCHES:
        at = one.at("saml:Subject/saml:SubjectConfirmation/@Method")
        yield Finding(at=at, expected=saml.SENDER_VOUCHES, found=said(one.said.confirmation_method))


def advises(one: Held, other: Held | None) -> Iterator[Finding]:
    """A finding unless the first AssertionIDRef of the Advice is the ID of `other`. Source: eHDSI SAML profile."""
    wanted = other.said.id if other is not None else None
    if not one.said.advice_ids or one.said.advice_ids[0] != wanted:
        at = one.at("saml:Advice/saml:AssertionIDRef")
        found = one_of(one.said.advice_ids) if one.said.advice_ids else "nothing"
        yield Finding(at=at, expected=wanted or "the ID of an HCP assertion in this message", found=found)
