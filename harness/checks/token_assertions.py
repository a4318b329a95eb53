"""The TRC and next-of-kin assertions in requests of country B (SAML-TRC, SAML-NOK).

Sources: eHDSI SAML profile; SAML 2.0 Core.
"""

import re
from collections.abc import Iterator

from harness.checks._assertions import (
    NOK_PREFIX,
    ON_NOK,
    ON_TRC,
    PURPOSES,
    Held,
    advises,
    anchors,
    confirmation,
    country_of,
    has_nok,
    has_trc,
    hcp,
    held,
    nok,
    of_another_country,
    signature,
    trc,
    validity,
    verified,
)
from harness.checks._places import one_of, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, saml, xds
from harness.wire.xcpd import Ii

_TRC_ISSUER = re.compile(r"urn:initgw:[A-Z]{2}:countryB")
_TEST_TOOL_ISSUER = "urn:tiani-spirit:sts"


def _trc(view: View) -> Held:
    found = trc(view)
    assert found is not None, "applies where there is a TRC assertion"
    return found


def _nok(view: View) -> Held:
    found = nok(view)
    assert found is not None, "applies where there is a next-of-kin assertion"
    return found


@check("SAML-TRC-001", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def issuer_is_the_token_service_of_country_b(view: View, _: Context) -> Iterator[Finding]:
    """Issuer has the TRC qualifier and names the gateway of country B. Source: eHDSI SAML profile, TRC assertion."""
    one = _trc(view)
    yield from unless_in(one.at("saml:Issuer/@NameQualifier"), one.said.issuer_qualifier, (saml.TRC_QUALIFIER,))
    at, expected = one.at("saml:Issuer"), "urn:initgw:<CC>:countryB"
    if not one.said.issuer:
        yield Finding(at=at, expected=expected, found="nothing")
    elif not _TRC_ISSUER.fullmatch(one.said.issuer):
        deviation = "DEV-41" if one.said.issuer == _TEST_TOOL_ISSUER else None
        yield warning(at, expected, one.said.issuer, deviation)


@check("SAML-TRC-002", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def trc_advice_names_the_hcp_assertion(view: View, _: Context) -> Iterator[Finding]:
    """The first AssertionIDRef is the ID of the HCP assertion. Source: eHDSI SAML profile, TRC assertion."""
    yield from advises(_trc(view), hcp(view))


@check("SAML-TRC-003", actor="ncpeh-b", on=ON_TRC, when=lambda v, c: has_trc(v, c) and hcp(v) is not None)
def trc_name_id_is_that_of_the_hcp_assertion(view: View, _: Context) -> Iterator[Finding]:
    """NameID and its Format are those of the HCP assertion. Source: eHDSI SAML profile, TRC assertion."""
    one, identity = _trc(view), hcp(view)
    if identity is None:
        return
    if one.said.name_id != identity.said.name_id:
        at = one.at("saml:Subject/saml:NameID")
        yield Finding(at=at, expected=said(identity.said.name_id), found=said(one.said.name_id))
    if one.said.name_id_format != identity.said.name_id_format:
        at = one.at("saml:Subject/saml:NameID/@Format")
        yield Finding(at=at, expected=said(identity.said.name_id_format), found=said(one.said.name_id_format))


@check("SAML-TRC-004", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def trc_names_the_patient_in_cx_form(view: View, _: Context) -> Iterator[Finding]:
    """subject-id holds the patient id in CX form. Source: eHDSI SAML profile; IHE ITI TF-3, 4.2.3.1.7."""
    one = _trc(view)
    stated = one.said.attribute(saml.SUBJECT_ID)
    patient = xds.parse_cx(stated.text) if stated is not None else None
    if patient is None or not patient.root or not patient.extension:
        found = said(stated.text if stated is not None else None)
        yield Finding(at=one.attribute_at(saml.SUBJECT_ID), expected="ext^^^&root&ISO", found=found)


@check("SAML-TRC-005", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def trc_states_a_purpose(view: View, _: Context) -> Iterator[Finding]:
    """Purpose of use is there: TREATMENT or EMERGENCY; an empty one is tolerated. Source: eHDSI SAML profile."""
    one = _trc(view)
    stated, at = one.said.attribute(saml.PURPOSE_OF_USE), one.attribute_at(saml.PURPOSE_OF_USE)
    if stated is None:
        yield Finding(at=at, expected=one_of(PURPOSES), found="nothing")
    elif not stated.text:
        yield warning(at, one_of(PURPOSES), "an empty value")
    elif stated.text not in PURPOSES:
        yield Finding(at=at, expected=one_of(PURPOSES), found=stated.text)


@check("SAML-TRC-006", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def trc_rests_on_a_previous_session(view: View, _: Context) -> Iterator[Finding]:
    """AuthnContextClassRef is PreviousSession, confirmation sender-vouches. Source: eHDSI SAML profile, TRC assertion."""
    one = _trc(view)
    at = one.at("saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef")
    yield from unless_in(at, one.said.authn_context_class, (saml.PREVIOUS_SESSION,))
    yield from confirmation(one)


@check("SAML-TRC-007", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def trc_is_valid_for_two_hours_at_most(view: View, context: Context) -> Iterator[Finding]:
    """Conditions bound a window of two hours at most, around the time of the request. Source: eHDSI SAML profile."""
    yield from validity(_trc(view), view.exchange.started_at, saml.TRC_MAX_S, context.tolerance)


@check("SAML-TRC-008", actor="ncpeh-b", on=ON_TRC, when=has_trc)
def trc_is_signed_by_country_b(view: View, context: Context) -> Iterator[Finding]:
    """The signature verifies, with a trusted certificate of country B. Source: eHDSI SAML profile, signature."""
    one = _trc(view)
    yield from signature(one)
    facts = verified(one, context, view.exchange.started_at)
    if facts is None:
        return
    at = one.at("ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate")
    if anchors(context) and facts.chain_problem is not None:
        yield Finding(at=at, expected="a chain to trust.authorities", found=facts.chain_problem)
    actor = context.sut.actors.get(context.actor)
    if actor is not None and actor.country:
        yield from unless_in(at, country_of(facts.certificate), (actor.country,))
    country = country_of(facts.certificate)
    if country is not None:
        yield from of_another_country(view, at, country)


def _access_code(view: View) -> str:
    """What the TRC assertion gives as access code, empty when it gives none."""
    one = trc(view)
    stated = one.said.attribute(saml.DISPENSATION_PIN) if one is not None else None
    return stated.text if stated is not None else ""


def _asked_with(context: Context) -> tuple[Ii, ...]:
    """The identifiers of the latest patient search of the row that came from the system."""
    queries = (v.discovery_query for v in reversed(context.earlier) if v.asked_by_sut)
    return next((query.ids for query in queries if query is not None), ())


def _code_asked(context: Context) -> str:
    """The access code among the identifiers of the search, empty when it holds none that is known to be one."""
    return next((i.extension or "" for i in _asked_with(context) if i.root in codes.ACCESS_CODE_ROOTS), "")


@check(
    "SAML-TRC-009",
    actor="ncpeh-b",
    on=(codes.ITI_38, codes.ITI_39, codes.ITI_41),
    when=lambda v, c: has_trc(v, c) and (bool(_code_asked(c)) or bool(_access_code(v) and _asked_with(c))),
)
def access_code_is_that_of_the_search(view: View, context: Context) -> Iterator[Finding]:
    """dispensationPinCode is the access code that the patient was searched with. Source: eHDSI SAML profile, TRC assertion."""
    one, found = _trc(view), _access_code(view)
    wanted = tuple(i.extension for i in _asked_with(context) if i.extension)
    code = _code_asked(context)
    if found not in ((code,) if code else wanted):
        at = one.attribute_at(saml.DISPENSATION_PIN)
        yield Finding(at=at, expected="the access code of the patient search", found="another" if found else "nothing")


@check("SAML-NOK-001", actor="ncpeh-b", on=ON_NOK, when=has_nok)
def issuer_has_the_nok_qualifier(view: View, _: Context) -> Iterator[Finding]:
    """Issuer has the NameQualifier of next-of-kin assertions. Source: eHDSI SAML profile, next of kin."""
    one = _nok(view)
    yield from unless_in(one.at("saml:Issuer/@NameQualifier"), one.said.issuer_qualifier, (saml.NOK_QUALIFIER,))


@check("SAML-NOK-002", actor="ncpeh-b", when=lambda v, _: nok(v) is not None and hcp(v) is not None)
def nok_stands_before_the_hcp_assertion(view: View, _: Context) -> Iterator[Finding]:
    """The next-of-kin assertion comes before the HCP assertion. Source: eHDSI SAML profile, order of assertions."""
    one, order = _nok(view), [h.said for h in held(view)]
    identity = hcp(view)
    if identity is not None and order.index(one.said) > order.index(identity.said):
        yield Finding(at=one.at(), expected="before the HCP assertion", found="after it")


@check("SAML-NOK-003", actor="ncpeh-b", on=ON_NOK, when=has_nok)
def nok_advice_names_the_hcp_assertion(view: View, _: Context) -> Iterator[Finding]:
    """The first AssertionIDRef is the ID of the HCP assertion. Source: eHDSI SAML profile, next of kin."""
    yield from advises(_nok(view), hcp(view))


@check("SAML-NOK-004", actor="ncpeh-b", on=ON_NOK, when=has_nok)
def nok_attributes_are_those_of_the_next_of_kin(view: View, _: Context) -> Iterator[Finding]:
    """Every attribute name begins with the next-of-kin prefix. Source: eHDSI SAML profile, next of kin."""
    one = _nok(view)
    for number, attribute in enumerate(one.said.attributes, start=1):
        if not attribute.name.startswith(NOK_PREFIX):
            at = one.at(f"saml:AttributeStatement/saml:Attribute[{number}]/@Name")
            yield Finding(at=at, expected=NOK_PREFIX + "…", found=said(attribute.name))
