"""Alterations of assertions and of requests to the token service: the test set of a receiver's security.

Claims that the profile does not allow, signatures with one defect, forged assertions around a genuine one, and requests
that a token service has to refuse. Titles and explanations stand in the catalogue, under the same names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from lxml import etree

from harness import safexml
from harness.peers import forging
from harness.peers.arguments import refuse
from harness.peers.draft import Draft, Stage, Token
from harness.peers.mutation import ALL, WITH_TRC, Change, Mutation, one
from harness.peers.mutations_assertions import BEYOND_TOLERANCE, UNKNOWN_PURPOSE
from harness.peers.mutations_transport import FOREIGN_NAMESPACE
from harness.wire import codes, saml, wstrust, xmldsig
from harness.wire.saml import CodedValue, SamlAssertion, SamlAttribute
from harness.wire.x509 import Credentials

STS = codes.TOKEN_SERVICE
OTHER_AUDIENCE = "urn:example:another-audience"
OTHER_QUALIFIER = "urn:example:assertions:other"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
OTHER_DISPLAY = "Nobody in particular"
OTHER_FACILITY = "Laboratory on wheels"
RENEW = wstrust.ISSUE.removesuffix("Issue") + "Renew"
SAML_11 = "urn:oasis:names:tc:SAML:1.0:assertion"
IN_TOKEN_REQUESTS = (
    "saml.hcp.missing",
    "saml.hcp.expired",
    "saml.hcp.unsigned",
    "saml.hcp.tampered",
    "saml.hcp.untrusted-signer",
)
"""Alterations of the HCP assertion that are allowed where a token is asked for, too."""

type OfToken = Callable[[Token, Draft], Token]


def _on(which: str, change: OfToken) -> Change:
    def apply(draft: Draft) -> Draft:
        token = {"hcp": draft.hcp, "trc": draft.trc, "nok": draft.nok}[which]
        if token is None:
            refuse("mutate", f"the request carries no {which} assertion to alter")
        changed = change(token, draft)
        if which == "hcp":
            return replace(draft, hcp=changed)
        return replace(draft, trc=changed) if which == "trc" else replace(draft, nok=changed)

    return apply


def _claims(which: str, change: Callable[[SamlAssertion], SamlAssertion]) -> Change:
    return _on(which, lambda token, _: replace(token, claims=change(token.claims)))


def _signer(which: str, choose: Callable[[Draft], Credentials]) -> Change:
    return _on(which, lambda token, draft: replace(token, signer=choose(draft)))


def _resigned(which: str, sign: Callable[[bytes, Credentials, Draft], bytes]) -> Change:
    def apply(token: Token, draft: Draft) -> Token:
        return replace(token, signed=sign(token.xml, draft.pki.seal, draft))

    return _on(which, apply)


def _rewritten(which: str, change: Callable[[etree._Element], etree._Element]) -> Change:
    def apply(token: Token, _: Draft) -> Token:
        return replace(token, signed=etree.tostring(change(safexml.parse(token.signed))))

    return _on(which, apply)


def _commented(find: Callable[[etree._Element], etree._Element]) -> Callable[[etree._Element], etree._Element]:
    def apply(root: etree._Element) -> etree._Element:
        forging.with_comment(find(root))
        return root

    return apply


def _token(draft: Draft, which: str) -> Token:
    token = {"hcp": draft.hcp, "trc": draft.trc, "nok": draft.nok}[which]
    if token is None:
        refuse("mutate", f"the request carries no {which} assertion to alter")
    return token


def _beside(which: str, make: Callable[[etree._Element], etree._Element], *, after: bool = False) -> Change:
    """A further assertion, made of the genuine one, before or after all others."""

    def apply(draft: Draft) -> Draft:
        made = etree.tostring(make(safexml.parse(_token(draft, which).signed)))
        if after:
            return replace(draft, assertions_after=(*draft.assertions_after, made))
        return replace(draft, assertions_before=(made, *draft.assertions_before))

    return apply


def _signature_moved(which: str) -> Change:
    """A forged assertion takes the signature and stands first; the genuine one, which it covers, follows without."""

    def apply(draft: Draft) -> Draft:
        root = safexml.parse(_token(draft, which).signed)
        copy = etree.tostring(forging.with_signature_of(forging.forged(root), root))
        bare = etree.tostring(forging.unsigned(root))
        moved = _on(which, lambda t, _: replace(t, signed=bare))(draft)
        return replace(moved, assertions_before=(copy, *moved.assertions_before))

    return apply


def _moved_to_header(which: str) -> Change:
    """The genuine assertion goes into a header block of its own, a forged one with its signature takes its place."""

    def apply(draft: Draft) -> Draft:
        token = _token(draft, which)
        root = safexml.parse(token.signed)
        block = forging.in_header_block(root, FOREIGN_NAMESPACE)
        copy = etree.tostring(forging.with_signature_of(forging.forged(root), root))
        moved = _on(which, lambda t, _: replace(t, signed=copy))(draft)
        return replace(moved, extra_header=moved.extra_header + block)

    return apply


def _id_twice(which: str) -> Change:
    def apply(draft: Draft) -> Draft:
        block = forging.header_block_with_id(_token(draft, which).claims.id, FOREIGN_NAMESPACE)
        return replace(draft, extra_header=draft.extra_header + block)

    return apply


def _second(which: str) -> Change:
    """A further genuine assertion of the same kind, with an ID of its own."""

    def apply(draft: Draft) -> Draft:
        token = _token(draft, which)
        claims = replace(token.claims, id=f"{token.claims.id}-second")
        signed = xmldsig.sign(saml.build_assertion(claims), draft.pki.seal)
        return replace(draft, assertions_after=(*draft.assertions_after, signed))

    return apply


def _attribute(name: str, change: Callable[[SamlAttribute], SamlAttribute | None]) -> Callable[..., SamlAssertion]:
    def apply(claims: SamlAssertion) -> SamlAssertion:
        changed = (change(a) if a.name == name else a for a in claims.attributes)
        return replace(claims, attributes=tuple(a for a in changed if a is not None))

    return apply


def _coded(**others: str) -> Callable[[SamlAttribute], SamlAttribute]:
    def apply(attribute: SamlAttribute) -> SamlAttribute:
        first = attribute.values[0]
        assert isinstance(first, CodedValue), "our roles and purposes are coded"
        return replace(attribute, values=(replace(first, **others),))

    return apply


def _twice(name: str) -> Callable[[SamlAssertion], SamlAssertion]:
    def apply(claims: SamlAssertion) -> SamlAssertion:
        return replace(claims, attributes=(*claims.attributes, *(a for a in claims.attributes if a.name == name)))

    return apply


def _moved_in_time(by: timedelta) -> Callable[[SamlAssertion], SamlAssertion]:
    """The whole window moved; `by` may be negative."""

    def apply(claims: SamlAssertion) -> SamlAssertion:
        start, end = claims.not_before, claims.not_on_or_after
        if start is None or end is None or start.at is None or end.at is None:
            raise ValueError("our assertions have a validity window")
        return replace(claims, not_before=saml.instant(start.at + by), not_on_or_after=saml.instant(end.at + by))

    return apply


def _request(change: Callable[[wstrust.TokenRequest], wstrust.TokenRequest]) -> Change:
    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, wstrust.TokenRequest), "allowed for requests to the token service only"
        return replace(draft, query=change(draft.query))

    return apply


def _purpose(value: str | None) -> Change:
    def change(request: wstrust.TokenRequest) -> wstrust.TokenRequest:
        wanted = request.parameters
        assert wanted is not None, "our requests have parameters"
        if isinstance(wanted, wstrust.TrcParameters):
            return replace(request, parameters=replace(wanted, purpose_of_use=value))
        return replace(request, parameters=replace(wanted, purpose_of_use=value))

    return _request(change)


def _nobody(request: wstrust.TokenRequest) -> wstrust.TokenRequest:
    wanted = request.parameters
    assert isinstance(wanted, wstrust.TrcParameters), "allowed for TRC assertions only"
    return replace(request, parameters=replace(wanted, patient_id=None))


def _after_all(draft: Draft) -> Draft:
    """The next-of-kin assertion stands last."""
    signed = _token(draft, "nok").signed
    return replace(draft, nok=None, assertions_after=(*draft.assertions_after, signed))


def _signatures(which: str, transactions: tuple[str, ...]) -> Iterator[Mutation]:
    """Signatures with one defect, and signers."""
    signing: Mapping[str, Callable[[bytes, Credentials, Draft], bytes]] = {
        "sha1": lambda xml, seal, _: xmldsig.sign(
            xml, seal, signature_algorithm=xmldsig.RSA_SHA1, digest_algorithm=xmldsig.SHA1
        ),
        "sha1-digest": lambda xml, seal, _: xmldsig.sign(xml, seal, digest_algorithm=xmldsig.SHA1),
        "hmac": lambda xml, seal, _: forging.by_hmac(xml, seal),
        "two-certificates": lambda xml, seal, d: xmldsig.sign(
            xml, seal, extra_certificates=[d.pki.authority.certificate]
        ),
        "transform-xpath": lambda xml, seal, _: forging.without_attributes_signed(xml, seal),
        "transform-xslt": lambda xml, seal, _: forging.with_style_sheet(xml, seal),
        "reference-xpointer": lambda xml, seal, _: forging.with_xpointer(xml, seal),
        "foreign-key": lambda xml, seal, d: forging.by_foreign_key(xml, seal, d.pki.untrusted_seal),
    }
    for name, sign in signing.items():
        yield one(f"saml.{which}.{name}", transactions, Stage.SIGNED, _resigned(which, sign))
    signers: Mapping[str, Callable[[Draft], Credentials]] = {
        "revoked-signer": lambda d: d.pki.revoked_seal,
        "no-country-signer": lambda d: d.pki.countryless_seal,
        "no-signing-usage": lambda d: d.pki.enciphering_seal,
    }
    for name, choose in signers.items():
        yield one(f"saml.{which}.{name}", transactions, Stage.CLAIMS, _signer(which, choose))


def _forgeries(which: str, transactions: tuple[str, ...]) -> Iterator[Mutation]:
    """Signature wrapping, double identifiers, several assertions, comments."""
    making: Mapping[str, Change] = {
        "wrapped-before": _beside(which, forging.forged),
        "wrapped-after": _beside(which, forging.forged, after=True),
        "wrapped-same-id": _beside(which, lambda root: forging.forged(root, same_id=True)),
        "wrapped-copied-signature": _signature_moved(which),
        "wrapped-in-object": _rewritten(which, lambda root: forging.wrapped_in_signature(root, in_object=True)),
        "wrapped-in-signature": _rewritten(which, lambda root: forging.wrapped_in_signature(root, in_object=False)),
        "wrapped-in-header": _moved_to_header(which),
        "id-twice": _id_twice(which),
        "second": _second(which),
    }
    for name, change in making.items():
        yield one(f"saml.{which}.{name}", transactions, Stage.SIGNED, change)
    for name, find in (("comment-in-name-id", forging.name_id), ("comment-in-subject-id", forging.subject_value)):
        change = _rewritten(which, _commented(find))
        yield one(f"saml.{which}.{name}", transactions, Stage.SIGNED, change, positive=True)


def _statements(which: str, transactions: tuple[str, ...]) -> Iterator[Mutation]:
    """Claims that no assertion of this network may make, of whichever kind."""
    claims: Mapping[str, Callable[[SamlAssertion], SamlAssertion]] = {
        "other-qualifier": lambda c: replace(c, issuer_qualifier=OTHER_QUALIFIER),
        "wrong-audience": lambda c: replace(c, audiences=(OTHER_AUDIENCE,)),
        "bearer": lambda c: replace(c, confirmation_method=BEARER),
        "no-validity": lambda c: replace(c, not_before=None, not_on_or_after=None),
    }
    for name, change in claims.items():
        yield one(f"saml.{which}.{name}", transactions, Stage.CLAIMS, _claims(which, change))


def _of_hcp() -> Iterator[Mutation]:
    claims: Mapping[str, Callable[[SamlAssertion], SamlAssertion]] = {
        "version-1-1": lambda c: replace(c, version="1.1"),
        "no-issue-instant": lambda c: replace(c, issue_instant=None),
        "no-name-format": lambda c: replace(c, name_id_format=None),
        "no-authn-instant": lambda c: replace(c, authn_instant=None),
        "no-role": _attribute(saml.ROLE, lambda _: None),
        "no-purpose": _attribute(saml.PURPOSE_OF_USE, lambda _: None),
        "no-locality": _attribute(saml.LOCALITY, lambda _: None),
        "no-facility-type": _attribute(saml.FACILITY_TYPE, lambda _: None),
        "facility-unknown": _attribute(saml.FACILITY_TYPE, lambda a: replace(a, values=(OTHER_FACILITY,))),
        "role-twice": _twice(saml.ROLE),
    }
    for name, change in claims.items():
        yield one(f"saml.hcp.{name}", ALL, Stage.CLAIMS, _claims("hcp", change))
    display = _attribute(saml.ROLE, _coded(display=OTHER_DISPLAY))
    yield one("saml.hcp.role-display-wrong", (codes.ITI_55,), Stage.CLAIMS, _claims("hcp", display))


def _of_trc() -> Iterator[Mutation]:
    claims: Mapping[str, Callable[[SamlAssertion], SamlAssertion]] = {
        "not-yet-valid": _moved_in_time(BEYOND_TOLERANCE),
        "no-issuer": lambda c: replace(c, issuer=""),
        "no-patient": _attribute(saml.SUBJECT_ID, lambda _: None),
        "no-purpose": _attribute(saml.PURPOSE_OF_USE, lambda _: None),
        "purpose-unknown": _attribute(saml.PURPOSE_OF_USE, _coded(code=UNKNOWN_PURPOSE)),
        "smartcard-context": lambda c: replace(c, authn_context_class=saml.SMARTCARD_PKI),
        "no-advice": lambda c: replace(c, advice_ids=()),
    }
    for name, change in claims.items():
        yield one(f"saml.trc.{name}", WITH_TRC, Stage.CLAIMS, _claims("trc", change))
    yield one("saml.trc.wrapped", WITH_TRC, Stage.SIGNED, _rewritten("trc", forging.wrapped_in_advice))
    expired = _signer("trc", lambda d: d.pki.expired_seal)
    yield one("saml.trc.expired-signer", WITH_TRC, Stage.CLAIMS, expired)


def _of_nok() -> Iterator[Mutation]:
    long_ago = _moved_in_time(-timedelta(seconds=saml.TRC_MAX_S) - BEYOND_TOLERANCE)
    unsigned = _on("nok", lambda token, _: replace(token, signer=None))
    untrusted = _signer("nok", lambda d: d.pki.untrusted_seal)
    other = _claims("nok", lambda c: replace(c, advice_ids=tuple(f"{a}-other" for a in c.advice_ids)))
    tampered = _rewritten("nok", forging.forged_in_place)
    yield one("saml.nok.unsigned", ALL, Stage.CLAIMS, unsigned)
    yield one("saml.nok.tampered", ALL, Stage.SIGNED, tampered)
    yield one("saml.nok.expired", ALL, Stage.CLAIMS, _claims("nok", long_ago))
    yield one("saml.nok.untrusted-signer", ALL, Stage.CLAIMS, untrusted)
    yield one("saml.nok.other-hcp", ALL, Stage.CLAIMS, other)
    yield one("saml.nok.last", ALL, Stage.SIGNED, _after_all, positive=True)


def _of_sts() -> Iterator[Mutation]:
    requests: Mapping[str, Change] = {
        "sts.request-type.renew": _request(lambda r: replace(r, request_type=RENEW)),
        "sts.token-type.saml-1-1": _request(lambda r: replace(r, token_type=SAML_11)),
        "sts.parameters.missing": _request(lambda r: replace(r, parameters=None)),
        "sts.purpose.unknown": _purpose(UNKNOWN_PURPOSE),
        "sts.purpose.missing": _purpose(None),
    }
    for name, change in requests.items():
        yield one(name, STS, Stage.QUERY, change)
    yield one("sts.patient.missing", (codes.STS_TRC,), Stage.QUERY, _request(_nobody))


def table() -> Iterator[Mutation]:
    """The alterations of this family."""
    for which, transactions in (("hcp", ALL), ("trc", WITH_TRC)):
        yield from _statements(which, transactions)
        yield from _signatures(which, transactions)
        for mutation in _forgeries(which, transactions):
            shared = mutation.name == "saml.hcp.second"
            yield replace(mutation, transactions=(*ALL, *STS)) if shared else mutation
    yield from _of_hcp()
    yield from _of_trc()
    yield from _of_nok()
    yield from _of_sts()


def also_in_token_requests(mutation: Mutation) -> Mutation:
    """`mutation`, allowed where a token is asked for, too, if it is one of those."""
    if mutation.name not in IN_TOKEN_REQUESTS:
        return mutation
    return replace(mutation, transactions=(*mutation.transactions, *STS))
