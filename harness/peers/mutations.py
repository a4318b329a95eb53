"""Named alterations of our otherwise valid requests, as data: each changes one thing at one stage.

Titles and explanations for readers stand in the catalogue; the names there and here are the same.
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lxml import etree

from harness import safexml
from harness.peers import changes
from harness.peers.arguments import refuse
from harness.peers.draft import Alteration, Draft, Stage, Token
from harness.peers.pki import NOT_AGREED
from harness.wire import codes, ns, saml, xcpd, xds
from harness.wire.saml import CodedValue, SamlAssertion, SamlAttribute
from harness.wire.x509 import Credentials
from harness.wire.xcpd import DiscoveryQuery

ALL = (codes.ITI_55, codes.ITI_38, codes.ITI_39, codes.ITI_41)
WITH_TRC = (codes.ITI_38, codes.ITI_39, codes.ITI_41)

# Beyond and within the 60 s of clock tolerance that receivers grant (saml-attributes, lifetimes).
BEYOND_TOLERANCE = timedelta(minutes=2)
WITHIN_TOLERANCE = timedelta(seconds=50)
LONGER_THAN_ALLOWED = timedelta(hours=1)
UNKNOWN_COMMUNITY = "2.999.404"
UNKNOWN_ROLE = "9999"
UNKNOWN_PURPOSE = "CURIOSITY"
UNKNOWN_ACTION = "urn:ihe:iti:2007:UnknownOperation"
UNKNOWN_CLASS_CODE = "00000-0"
UNKNOWN_QUERY = "urn:uuid:00000000-0000-4000-8000-000000000404"
PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
FOREIGN_NAMESPACE = "urn:example:unknown"
UNKNOWN_FORMAT = "urn:example:unknown:2099"
DISPENSING_RIGHT = "PPD-046"
WSDL = "http.request.wsdl"
DEFERRED_ADDRESS = "https://deferred.invalid/"
_SETTLE = ("tls.client-certificate.missing", "tls.client-certificate.untrusted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """One alteration: where it is allowed, at which stage it takes hold, and the change. `positive` ones stay valid."""

    name: str
    transactions: tuple[str, ...]
    stage: Stage
    change: Callable[[Draft], Draft]
    positive: bool = False

    @property
    def alteration(self) -> Alteration:
        """What `draft.complete` takes."""
        return self.stage, self.change


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


def _discovery(change: Callable[[DiscoveryQuery], DiscoveryQuery]) -> Callable[[Draft], Draft]:
    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, DiscoveryQuery), "allowed for ITI-55 only"
        return replace(draft, query=change(draft.query))

    return apply


def _slots(change: Callable[[xds.Slot], xds.Slot | None]) -> Callable[[Draft], Draft]:
    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, xds.DocumentQuery), "allowed for ITI-38 only"
        changed = (change(slot) for slot in draft.query.slots)
        return replace(draft, query=replace(draft.query, slots=tuple(s for s in changed if s is not None)))

    return apply


def _without_slot(name: str) -> Callable[[Draft], Draft]:
    return _slots(lambda slot: None if slot.name == name else slot)


def _unknown_class_code(slot: xds.Slot) -> xds.Slot:
    value = xds.stored_query_list((f"{UNKNOWN_CLASS_CODE}^^{codes.LOINC}",))
    return replace(slot, values=(value,)) if slot.name == xds.SLOT_CLASS_CODE else slot


def _unknown_query(draft: Draft) -> Draft:
    assert isinstance(draft.query, xds.DocumentQuery), "allowed for ITI-38 only"
    return replace(draft, query=replace(draft.query, query_id=UNKNOWN_QUERY))


def _requests(change: Callable[[xds.DocumentRequest], xds.DocumentRequest]) -> Callable[[Draft], Draft]:
    def apply(draft: Draft) -> Draft:
        assert isinstance(draft.query, xds.RetrieveRequest), "allowed for ITI-39 only"
        return replace(draft, query=xds.RetrieveRequest(documents=tuple(map(change, draft.query.documents))))

    return apply


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


def _without_security(draft: Draft) -> Draft:
    return replace(draft, has_security=False)


def _unknown_action(draft: Draft) -> Draft:
    return replace(draft, addressing=replace(draft.addressing, action=UNKNOWN_ACTION))


def _unknown_header(draft: Draft) -> Draft:
    block = f'<x:Unknown xmlns:x="{FOREIGN_NAMESPACE}" xmlns:soap="{ns.SOAP}" soap:mustUnderstand="1"/>'
    return replace(draft, extra_header=draft.extra_header + block.encode())


def _soap_11(draft: Draft) -> Draft:
    action = draft.addressing.action or ""
    headers = (("Content-Type", "text/xml; charset=UTF-8"), ("SOAPAction", f'"{action}"'))
    return replace(draft, soap_version="1.1", headers=headers)


def _truncated(draft: Draft) -> Draft:
    return replace(draft, body=draft.body[: len(draft.body) * 2 // 3])


def _doctype(draft: Draft) -> Draft:
    return replace(draft, body=b'<!DOCTYPE soap:Envelope [<!ENTITY nothing "">]>\n' + draft.body)


def _plain_text(draft: Draft) -> Draft:
    return replace(draft, headers=(("Content-Type", "text/plain; charset=UTF-8"),))


def _asking_for_wsdl(draft: Draft) -> Draft:
    return replace(draft, method="GET", query_string="wsdl", body=b"", headers=())


def _commented(draft: Draft) -> Draft:
    root = safexml.parse(draft.payload)
    root.insert(0, etree.Comment(" a comment is no content "))
    return replace(draft, payload=etree.tostring(root))


def _deferred(query: DiscoveryQuery) -> DiscoveryQuery:
    return replace(query, response_priority_codes=("D",), respond_to=DEFERRED_ADDRESS)


def _key_wrong(query: DiscoveryQuery) -> DiscoveryQuery:
    """The last character of the first identifier is another one: the next digit, or an X."""
    number = query.ids[0].extension if query.ids else None
    if not number:
        refuse("mutate", "a query without identifier has no key to alter")
    last = number[-1]
    other = str((int(last) + 1) % 10) if last.isdigit() else "X" if last != "X" else "Y"
    return replace(query, ids=(replace(query.ids[0], extension=f"{number[:-1]}{other}"), *query.ids[1:]))


def _not_agreed(draft: Draft) -> Draft:
    """A peer of a country without agreement: TLS certificate, and issuer and signer of the identity assertion."""
    if draft.hcp is None:
        refuse("mutate", "a request without identity assertion comes from no country")
    issuer = f"urn:idp:{NOT_AGREED}:countryB"
    hcp = replace(draft.hcp, claims=replace(draft.hcp.claims, issuer=issuer), signer=draft.pki.not_agreed_seal)
    return replace(draft, hcp=hcp, certificate="not-agreed")


def _other_community(query: DiscoveryQuery) -> DiscoveryQuery:
    return replace(query, receivers=(xcpd.device(UNKNOWN_COMMUNITY),))


def _table() -> tuple[Mutation, ...]:
    def one(
        name: str,
        transactions: tuple[str, ...],
        stage: Stage,
        change: Callable[[Draft], Draft],
        *,
        positive: bool = False,
    ) -> Mutation:
        return Mutation(name=name, transactions=transactions, stage=stage, change=change, positive=positive)

    q55, q38, q39, q41 = (codes.ITI_55,), (codes.ITI_38,), (codes.ITI_39,), (codes.ITI_41,)
    claims, signed, query = Stage.CLAIMS, Stage.SIGNED, Stage.QUERY
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
        one("soap.security.missing", ALL, Stage.ENVELOPE, _without_security),
        one("soap.action.unknown", ALL, Stage.ENVELOPE, _unknown_action),
        one("soap.header.unknown-must-understand", ALL, Stage.ENVELOPE, _unknown_header),
        one("soap.version.1-1", ALL, Stage.ENVELOPE, _soap_11),
        one("soap.body.truncated-xml", ALL, Stage.BYTES, _truncated),
        one("soap.body.doctype", ALL, Stage.BYTES, _doctype),
        one("xml.comment.added", ALL, Stage.PAYLOAD, _commented, positive=True),
        one("http.content-type.wrong", ALL, Stage.HTTP, _plain_text),
        one(WSDL, q55, Stage.HTTP, _asking_for_wsdl, positive=True),
        one("http.body.chunked", ALL, Stage.HTTP, lambda d: replace(d, chunked=True), positive=True),
        one("tls.client-certificate.missing", ALL, Stage.HTTP, lambda d: replace(d, certificate="none")),
        one("tls.client-certificate.untrusted", ALL, Stage.HTTP, lambda d: replace(d, certificate="untrusted")),
        one("tls.client-certificate.country-not-agreed", q55, claims, _not_agreed),
        one("xcpd.identifier.key-wrong", q55, query, _discovery(_key_wrong)),
        one("xcpd.receiver.other-community", q55, query, _discovery(_other_community)),
        one("xcpd.query.no-identifier", q55, query, _discovery(lambda q: replace(q, ids=()))),
        one("xcpd.query.no-status-code", q55, query, _discovery(lambda q: replace(q, query_status_code=None))),
        one("xcpd.priority.deferred", q55, query, _discovery(_deferred)),
        one("xcpd.processing-mode.wrong", q55, query, _discovery(lambda q: replace(q, processing_mode_code="A"))),
        one("xcaq.patient-id.missing", q38, query, _without_slot(xds.SLOT_PATIENT_ID)),
        one("xcaq.status.missing", q38, query, _without_slot(xds.SLOT_STATUS)),
        one("xcaq.class-code.missing", q38, query, _without_slot(xds.SLOT_CLASS_CODE)),
        one("xcaq.class-code.unknown", q38, query, _slots(_unknown_class_code)),
        one("xcaq.query-id.unknown", q38, query, _unknown_query),
        one("xcar.document-id.unknown", q39, query, _requests(lambda r: replace(r, id=f"{r.id}9"))),
        one("xcar.repository-id.unknown", q39, query, _requests(lambda r: replace(r, repository=UNKNOWN_COMMUNITY))),
        one("xcar.home.missing", q39, query, _requests(lambda r: replace(r, home=None))),
        one("xdr.format-code.unknown", q41, query, changes.entries(changes.with_format(UNKNOWN_FORMAT))),
        one("xdr.document.missing", q41, query, changes.submissions(lambda s: replace(s, documents=()))),
        one("xdr.metadata.missing", q41, query, changes.submissions(changes.without_entries)),
        one(
            "xdr.patient-id.differs",
            q41,
            query,
            changes.entries(lambda e: replace(e, patient_id=changes.of_other_patient(e.patient_id))),
        ),
        one(
            "xdr.source-patient-id.other",
            q41,
            query,
            changes.entries(lambda e: replace(e, source_patient_id=changes.of_other_patient(e.source_patient_id))),
        ),
        one("xdr.unique-id.twice", q41, query, changes.submissions(changes.same_id_twice)),
        one("xdr.unique-id.other", q41, query, changes.entries(lambda e: replace(e, unique_id=f"{e.unique_id}9"))),
        one("xdr.submission-set.twice", q41, query, changes.submissions(changes.two_sets)),
        one("xdr.submission-set.missing", q41, query, changes.submissions(lambda s: replace(s, sets=(), nodes=()))),
        one("xdr.association.missing", q41, query, changes.submissions(lambda s: replace(s, associations=()))),
        one("xdr.prescription.twice", q41, query, changes.submissions(changes.same_prescription_twice)),
        one("xdr.document.large", q41, query, changes.documents(changes.made_large)),
        one("xdr.order.missing", q41, query, changes.documents(changes.order_removed)),
        one("xdr.order.two", q41, query, changes.documents(changes.order_added)),
        one("xdr.order.unknown", q41, query, changes.documents(changes.order_unknown)),
        one("xdr.attachment.missing", q41, Stage.PAYLOAD, lambda d: replace(d, parts=())),
        one(
            "xdr.document.inline",
            q41,
            query,
            changes.submissions(lambda s: replace(s, documents=tuple(replace(d, form="inline") for d in s.documents))),
            positive=True,
        ),
    )


MUTATIONS: Mapping[str, Mutation] = {mutation.name: mutation for mutation in _table()}
"""Name to mutation, in the order of the catalogue."""


def needs_settling(names: tuple[str, ...]) -> bool:
    """Whether the server's verdict on our certificate is to be waited for before the request is sent."""
    return any(name in _SETTLE for name in names)
