"""Alterations of the assertions that a request carries: missing, out of date, unsigned, signed by others, said otherwise.

Those of a whole security test set, of the token service and of next of kin stand in `mutations_tokens`.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from lxml import etree

from harness import safexml
from harness.peers.arguments import refuse
from harness.peers.draft import Draft, Stage, Token
from harness.peers.mutation import ALL, WITH_TRC, Mutation, one
from harness.peers.mutations_transport import FOREIGN_NAMESPACE
from harness.wire import codes, ns, saml
from harness.wire.saml import CodedValue, SamlAssertion, SamlAttribute
from harness.wire.x509 import Credentials

# Beyond and within the 60 s of clock tolerance that receivers grant (saml-attributes, lifetimes).
BEYOND_TOLERANCE = timedelta(minutes=2)
WITHIN_TOLERANCE = timedelta(seconds=50)
LONGER_THAN_ALLOWED = timedelta(hours=1)
UNKNOWN_ROLE = "9999"
UNKNOWN_PURPOSE = "CURIOSITY"
PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
DISPENSING_RIGHT = "PPD-046"


def _tokens(which: str, change: Callable[[Token, Draft], Token | None]) -> Callable[[Draft], Draft]:
    def apply(draft: Draft) -> Draft:
        token = draft.hcp if which == "hcp" else draft.trc
        changed = change(token, draft) if token is not None else None
        return replace(draft, hcp=changed) if which == "hcp" else replace(draft, trc=changed)

    return apply


def _claims(which: str, change: Callable[[SamlAssertion], SamlAssertion]) -> Callable[[Draft], Draft]:
    return _tokens(which, lambda token, _: replace(token, claims=change(token.claims)))


def _signer(which: str, choose: Callable[[Draft], Credentials | None]) -> Callable[[Draft], Draft]:
    return _tokens(which, lambda token, draft: replace(token, signer=choose(draft)))


def _signed(which: str, change: Callable[[etree._Element], etree._Element]) -> Callable[[Draft], Draft]:
    def apply(token: Token, _: Draft) -> Token:
        return replace(token, signed=etree.tostring(change(safexml.parse(token.signed))))

    return _tokens(which, apply)


def _without_permission(name: str) -> Callable[[SamlAssertion], SamlAssertion]:
    def changed(attribute: SamlAttribute) -> SamlAttribute:
        if attribute.name != saml.PERMISSION:
            return attribute
        return replace(attribute, values=tuple(v for v in attribute.values if not str(v).endswith(name)))

    return lambda claims: replace(claims, attributes=tuple(map(changed, claims.attributes)))


def _expired(claims: SamlAssertion) -> SamlAssertion:
    """The whole assertion lies in the past, its lifetime unchanged; it ended two minutes ago."""
    start, end = _window(claims)
    back = end - start + BEYOND_TOLERANCE
    return replace(
        claims,
        issue_instant=saml.instant(start - back),
        authn_instant=saml.instant(start - back),
        not_before=saml.instant(start - back),
        not_on_or_after=saml.instant(end - back),
    )


def _starting(delay: timedelta) -> Callable[[SamlAssertion], SamlAssertion]:
    def change(claims: SamlAssertion) -> SamlAssertion:
        start, end = _window(claims)
        return replace(claims, not_before=saml.instant(start + delay), not_on_or_after=saml.instant(end + delay))

    return change


def _too_long(claims: SamlAssertion) -> SamlAssertion:
    return replace(claims, not_on_or_after=saml.instant(_window(claims)[1] + LONGER_THAN_ALLOWED))


def _window(claims: SamlAssertion) -> tuple[datetime, datetime]:
    start, end = claims.not_before, claims.not_on_or_after
    if start is None or end is None or start.at is None or end.at is None:
        raise ValueError("our assertions have a validity window")
    return start.at, end.at


def _without_attribute(name: str) -> Callable[[SamlAssertion], SamlAssertion]:
    return lambda claims: replace(claims, attributes=tuple(a for a in claims.attributes if a.name != name))


def _coded(name: str, code: str) -> Callable[[SamlAssertion], SamlAssertion]:
    def changed(attribute: SamlAttribute) -> SamlAttribute:
        first = attribute.values[0]
        if attribute.name != name or not isinstance(first, CodedValue):
            return attribute
        return replace(attribute, values=(replace(first, code=code),))

    return lambda claims: replace(claims, attributes=tuple(map(changed, claims.attributes)))


def _other_hcp(claims: SamlAssertion) -> SamlAssertion:
    return replace(claims, advice_ids=tuple(f"{advice}-other" for advice in claims.advice_ids))


def _other_name(claims: SamlAssertion) -> SamlAssertion:
    return replace(claims, name_id=f"other-{claims.name_id}")


def _schema_broken(token: Token, _: Draft) -> Token:
    root = safexml.parse(token.xml)
    root.append(etree.Element(ns.clark(FOREIGN_NAMESPACE, "Unexpected"), nsmap={None: FOREIGN_NAMESPACE}))
    return replace(token, xml=etree.tostring(root))


def _tampered(root: etree._Element) -> etree._Element:
    """Another subject-id (the practitioner in an HCPA, the patient in a TRCA) under the unchanged signature."""
    _subject_value(root).text = f"{_subject_value(root).text}x"
    return root


def _digest_corrupted(root: etree._Element) -> etree._Element:
    digest = root.find(f".//{ns.clark(ns.DS, 'DigestValue')}")
    if digest is None or not digest.text:
        refuse("mutate", "an unsigned assertion has no digest to corrupt")
    text = digest.text.strip()
    digest.text = ("B" if text[0] == "A" else "A") + text[1:]
    return root


def _wrapped(root: etree._Element) -> etree._Element:
    """A forged, unsigned assertion that carries the genuine, signed one in its Advice."""
    forged = deepcopy(root)
    forged.set("ID", f"{root.get('ID')}-forged")
    for signature in forged.findall(ns.clark(ns.DS, "Signature")):
        forged.remove(signature)
    _subject_value(forged).text = f"{_subject_value(forged).text}x"
    advice = etree.Element(ns.clark(ns.SAML, "Advice"))
    advice.append(root)
    conditions = forged.find(ns.clark(ns.SAML, "Conditions"))
    if conditions is None:
        refuse("mutate", "an assertion without conditions cannot be wrapped")
    conditions.addnext(advice)
    return forged


def _subject_value(root: etree._Element) -> etree._Element:
    path = f"{ns.clark(ns.SAML, 'AttributeStatement')}/{ns.clark(ns.SAML, 'Attribute')}[@Name='{saml.SUBJECT_ID}']"
    value = root.find(f"{path}/{ns.clark(ns.SAML, 'AttributeValue')}")
    if value is None:
        refuse("mutate", "an assertion without a subject-id cannot be altered there")
    return value


def table() -> tuple[Mutation, ...]:
    """The alterations of this family."""
    q41 = (codes.ITI_41,)
    claims, signed = Stage.CLAIMS, Stage.SIGNED
    return (
        one("saml.hcp.expired", ALL, claims, _claims("hcp", _expired)),
        one("saml.hcp.not-yet-valid", ALL, claims, _claims("hcp", _starting(BEYOND_TOLERANCE))),
        one("saml.hcp.within-tolerance", ALL, claims, _claims("hcp", _starting(WITHIN_TOLERANCE)), positive=True),
        one("saml.hcp.lifetime-too-long", ALL, claims, _claims("hcp", _too_long)),
        one("saml.hcp.unsigned", ALL, claims, _signer("hcp", lambda _: None)),
        one("saml.hcp.tampered", ALL, signed, _signed("hcp", _tampered)),
        one("saml.hcp.digest-corrupted", ALL, signed, _signed("hcp", _digest_corrupted)),
        one("saml.hcp.untrusted-signer", ALL, claims, _signer("hcp", lambda d: d.pki.untrusted_seal)),
        one("saml.hcp.expired-signer", ALL, claims, _signer("hcp", lambda d: d.pki.expired_seal)),
        one("saml.hcp.wrong-country", ALL, claims, _signer("hcp", lambda d: d.pki.other_country_seal)),
        one("saml.hcp.missing", ALL, claims, _tokens("hcp", lambda token, draft: None)),
        one("saml.hcp.no-subject-id", ALL, claims, _claims("hcp", _without_attribute(saml.SUBJECT_ID))),
        one("saml.hcp.no-permissions", ALL, claims, _claims("hcp", _without_attribute(saml.PERMISSION))),
        one("saml.hcp.role-unknown", ALL, claims, _claims("hcp", _coded(saml.ROLE, UNKNOWN_ROLE))),
        one("saml.hcp.purpose-unknown", ALL, claims, _claims("hcp", _coded(saml.PURPOSE_OF_USE, UNKNOWN_PURPOSE))),
        one("saml.hcp.schema-broken", ALL, Stage.ASSERTION_XML, _tokens("hcp", _schema_broken)),
        one("saml.hcp.wrapped", ALL, signed, _signed("hcp", _wrapped)),
        one(
            "saml.hcp.password-context",
            ALL,
            claims,
            _claims("hcp", lambda c: replace(c, authn_context_class=PASSWORD_CONTEXT)),
        ),
        one("saml.trc.missing", WITH_TRC, claims, _tokens("trc", lambda token, draft: None)),
        one("saml.trc.expired", WITH_TRC, claims, _claims("trc", _expired)),
        one("saml.trc.unsigned", WITH_TRC, claims, _signer("trc", lambda _: None)),
        one("saml.trc.tampered", WITH_TRC, signed, _signed("trc", _tampered)),
        one("saml.trc.digest-corrupted", WITH_TRC, signed, _signed("trc", _digest_corrupted)),
        one("saml.trc.untrusted-signer", WITH_TRC, claims, _signer("trc", lambda d: d.pki.untrusted_seal)),
        one("saml.trc.other-hcp", WITH_TRC, claims, _claims("trc", _other_hcp)),
        one("saml.trc.lifetime-too-long", WITH_TRC, claims, _claims("trc", _too_long)),
        one("saml.trc.other-name-id", WITH_TRC, claims, _claims("trc", _other_name)),
        one("saml.trc.wrong-country", WITH_TRC, claims, _signer("trc", lambda d: d.pki.other_country_seal)),
        one("saml.hcp.no-organization-id", ALL, claims, _claims("hcp", _without_attribute(saml.ORGANIZATION_ID))),
        one("saml.hcp.no-dispensing-right", q41, claims, _claims("hcp", _without_permission(DISPENSING_RIGHT))),
    )
