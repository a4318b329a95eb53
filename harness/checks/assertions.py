"""The HCP identity assertion in requests of country B (SAML-HCP).

Sources: eHDSI SAML profile; SAML 2.0 Core; OASIS XSPA profile.
"""

import re
from collections.abc import Iterator

from harness.checks._assertions import (
    PURPOSES,
    Held,
    anchors,
    confirmation,
    country_of,
    has_hcp,
    hcp,
    held,
    in_utc,
    of_another_country,
    of_old,
    signature,
    validity,
    verified,
)
from harness.checks._earlier import kinds_asked
from harness.checks._places import accepted, header_place, one_of, said, warning
from harness.checks._registry import Applies, Context, check
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, saml
from harness.wire.saml import CodedValue

SMARTCARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard"
ROLES = {
    "221": "Medical Doctors",
    "2221": "Nursing professionals",
    "2222": "Midwifery professionals",
    "2261": "Dentists",
    "2262": "Pharmacists",
    "2264": "Physiotherapists",
    "2265": "Dieticians and nutritionists",
    "2266": "Audiologists and speech therapists",
    "2267": "Optometrists and ophthalmic opticians",
    "2269": "Health professionals not elsewhere classified",
    "3211": "Medical imaging and therapeutic equipment technicians",
    "3213": "Pharmaceutical technicians and assistants",
    "44": "Other Clerical Support Workers",
}
"""ISCO codes a role may have, with display names. Source: eHDSI SAML profile, subject role."""
FACILITIES = ("Hospital", "Resident Physician", "Pharmacy", "Other")
_ONCE = (saml.SUBJECT_ID, saml.ROLE, saml.PURPOSE_OF_USE, saml.LOCALITY, saml.FACILITY_TYPE)
_ORGANIZATION_ID = re.compile(r"urn:oid:[0-2](\.\d+)+|urn:hl7ii:[0-2](\.\d+)+:.+")
_KNOWN_PERMISSIONS = (
    *("PRD-003", "PRD-004", "PRD-005", "PRD-006", "PRD-010", "PRD-016"),
    *("PPD-032", "PPD-033", "PPD-046", "POE-006"),
)
_NCNAME = re.compile(r"[^\W\d][\w.-]*")


def _hcp(view: View) -> Held:
    found = hcp(view)
    assert found is not None, "applies where there is an HCP assertion"
    return found


def _has_assertions(view: View, _: Context) -> bool:
    return bool(held(view))


@check("SAML-HCP-001", actor="ncpeh-b", when=has_hcp)
def hcp_assertion_is_identified(view: View, _: Context) -> Iterator[Finding]:
    """Version 2.0, an ID used once in the message, and IssueInstant. Source: SAML 2.0 Core, 2.3.3."""
    one = _hcp(view)
    yield from of_old(one, _identity(one, [h.said.id for h in held(view)]))


def _identity(one: Held, ids: list[str]) -> Iterator[Finding]:
    if one.said.version != "2.0":
        yield Finding(at=one.at("@Version"), expected="2.0", found=said(one.said.version))
    if not _NCNAME.fullmatch(one.said.id):
        yield Finding(at=one.at("@ID"), expected="an xs:ID", found=said(one.said.id))
    elif ids.count(one.said.id) > 1:
        yield Finding(at=one.at("@ID"), expected="an ID used once", found=f"used {ids.count(one.said.id)} times")
    issued = one.said.issue_instant
    if issued is None or issued.at is None:
        yield Finding(
            at=one.at("@IssueInstant"), expected="an xs:dateTime", found=said(issued.text if issued else None)
        )


@check("SAML-HCP-002", actor="ncpeh-b", when=_has_assertions)
def issuer_has_the_hcp_qualifier(view: View, _: Context) -> Iterator[Finding]:
    """One assertion's Issuer has the NameQualifier of HCP assertions. Source: eHDSI SAML profile, Issuer."""
    one = hcp(view)
    if one is None:
        yield Finding(
            at=header_place(view, "wsse:Security/saml:Assertion"), expected=saml.HCP_QUALIFIER, found="no such issuer"
        )
    elif one.said.issuer_qualifier != saml.HCP_QUALIFIER:
        at, found = one.at("saml:Issuer/@NameQualifier"), said(one.said.issuer_qualifier)
        yield from of_old(one, iter((Finding(at=at, expected=saml.HCP_QUALIFIER, found=found),)))


@check("SAML-HCP-003", actor="ncpeh-b", when=has_hcp)
def name_id_has_a_format(view: View, _: Context) -> Iterator[Finding]:
    """NameID has a Format, one of the three of the profile. Source: SAML 2.0 Core, 8.3; eHDSI SAML profile."""
    one = _hcp(view)
    at, found = one.at("saml:Subject/saml:NameID/@Format"), one.said.name_id_format
    if not one.said.name_id:
        yield Finding(at=one.at("saml:Subject/saml:NameID"), expected="a NameID", found="nothing")
    elif not found:
        yield Finding(at=at, expected=one_of(saml.NAME_ID_FORMATS), found="nothing")
    elif found not in saml.NAME_ID_FORMATS:
        yield warning(at, one_of(saml.NAME_ID_FORMATS), found)


@check("SAML-HCP-004", actor="ncpeh-b", when=has_hcp)
def subject_is_vouched_for(view: View, _: Context) -> Iterator[Finding]:
    """SubjectConfirmation is by sender-vouches. Source: eHDSI SAML profile."""
    yield from confirmation(_hcp(view))


@check("SAML-HCP-005", actor="ncpeh-b", when=has_hcp)
def hcp_assertion_is_valid_for_four_hours_at_most(view: View, context: Context) -> Iterator[Finding]:
    """Conditions bound a window of four hours at most, around the time of the request. Source: eHDSI SAML profile."""
    one = _hcp(view)
    yield from of_old(one, validity(one, view.exchange.started_at, saml.HCP_MAX_S, context.tolerance))


@check("SAML-HCP-006", actor="ncpeh-b", when=has_hcp)
def authentication_was_by_two_factors(view: View, _: Context) -> Iterator[Finding]:
    """AuthnStatement has AuthnInstant and a two-factor class. Source: eHDSI SAML profile, two-factor authentication."""
    one = _hcp(view)
    yield from of_old(one, _authentication(one))


def _authentication(one: Held) -> Iterator[Finding]:
    stated, at = one.said.authn_instant, one.at("saml:AuthnStatement/@AuthnInstant")
    if stated is None or stated.at is None:
        yield Finding(at=at, expected="an xs:dateTime", found=said(stated.text if stated else None))
    else:
        yield from in_utc(stated, at)
    found = one.said.authn_context_class
    at = one.at("saml:AuthnStatement/saml:AuthnContext/saml:AuthnContextClassRef")
    if found == SMARTCARD:
        # The profile's text names it, the list that receivers decide by does not.
        yield warning(at, saml.SMARTCARD_PKI, SMARTCARD)
    elif found not in saml.TWO_FACTOR_CLASSES:
        yield Finding(at=at, expected=one_of(saml.TWO_FACTOR_CLASSES), found=said(found))


@check("SAML-HCP-007", actor="ncpeh-b", when=has_hcp)
def obligatory_attributes_are_given_once(view: View, _: Context) -> Iterator[Finding]:
    """Name, role, purpose of use, locality and facility type are there once. Source: eHDSI SAML profile, attributes."""
    one = _hcp(view)
    for name in _ONCE:
        given = [a for a in one.said.attributes if a.name == name]
        if len(given) != 1 or len(given[0].values) != 1:
            count = max(len(given), sum(len(a.values) for a in given))  # an attribute without value counts
            yield Finding(at=one.attribute_at(name), expected=f"1 value of {name}", found=f"{count} values")
        elif not given[0].text.strip():
            yield Finding(at=one.attribute_at(name), expected=f"a value of {name}", found="a blank one")


def _states(name: str) -> Applies:
    """Applies where the HCP assertion has a value of attribute `name`."""

    def applies(view: View, _: Context) -> bool:
        one = hcp(view)
        stated = one.said.attribute(name) if one is not None else None
        return stated is not None and bool(stated.values)

    return applies


def _value(one: Held, name: str) -> str | CodedValue:
    stated = one.said.attribute(name)
    return stated.values[0] if stated is not None and stated.values else ""


@check("SAML-HCP-008", actor="ncpeh-b", when=_states(saml.ROLE))
def role_is_an_isco_code(view: View, _: Context) -> Iterator[Finding]:
    """The role is a coded value of the list, in ITI-55 with its display name. Source: eHDSI SAML profile, subject role."""
    one = _hcp(view)
    found, at = _value(one, saml.ROLE), one.attribute_at(saml.ROLE)
    if not isinstance(found, CodedValue):
        finding = Finding(at=at, expected="a coded value (ISCO)", found="text")
    elif found.code not in ROLES:
        finding = Finding(at=at, expected=one_of(tuple(ROLES)), found=said(found.code))
    elif view.exchange.transaction == codes.ITI_55 and found.display.casefold() != ROLES[found.code].casefold():
        finding = Finding(
            at=at, expected=f"{found.code} {ROLES[found.code]}", found=f"{found.code} {said(found.display)}"
        )
    else:
        return
    yield from of_old(one, iter((finding,)))


@check("SAML-HCP-009", actor="ncpeh-b", when=_states(saml.FACILITY_TYPE))
def facility_type_is_listed(view: View, _: Context) -> Iterator[Finding]:
    """The facility type is one of four, in any case. Source: eHDSI SAML profile, healthcare facility type."""
    one = _hcp(view)
    stated = one.said.attribute(saml.FACILITY_TYPE)
    found = stated.text if stated is not None else ""
    if found.casefold() not in (f.casefold() for f in FACILITIES):
        finding = Finding(at=one.attribute_at(saml.FACILITY_TYPE), expected=one_of(FACILITIES), found=said(found))
        yield from of_old(one, iter((finding,)))


@check("SAML-HCP-010", actor="ncpeh-b", when=_states(saml.PURPOSE_OF_USE))
def purpose_is_treatment_or_emergency(view: View, _: Context) -> Iterator[Finding]:
    """The purpose of use is TREATMENT or EMERGENCY, of whichever code system. Source: eHDSI SAML profile, purpose of use."""
    one = _hcp(view)
    stated = one.said.attribute(saml.PURPOSE_OF_USE)
    if stated is not None and stated.text not in PURPOSES:
        at = one.attribute_at(saml.PURPOSE_OF_USE)
        yield from of_old(one, iter((Finding(at=at, expected=one_of(PURPOSES), found=said(stated.text)),)))


def _wanted_permissions(view: View, context: Context) -> tuple[str, ...]:
    if view.exchange.transaction == codes.ITI_55:
        return codes.PERMISSIONS_XCPD
    wanted = [p for kind in kinds_asked(view, context) for p in codes.KINDS[kind].permissions]
    return tuple(dict.fromkeys(wanted))


@check("SAML-HCP-011", actor="ncpeh-b", when=lambda v, c: has_hcp(v, c) and bool(_wanted_permissions(v, c)))
def permissions_cover_the_operation(view: View, context: Context) -> Iterator[Finding]:
    """The permissions that the operation needs are there as whole URNs. Source: eHDSI SAML profile, permissions."""
    one = _hcp(view)
    yield from of_old(one, _permissions(one, _wanted_permissions(view, context)))


def _permissions(one: Held, wanted: tuple[str, ...]) -> Iterator[Finding]:
    at, prefix = one.attribute_at(saml.PERMISSION), saml.PERMISSION_PREFIX
    given = [
        v.code if isinstance(v, CodedValue) else v
        for a in one.said.attributes
        if a.name == saml.PERMISSION
        for v in a.values
    ]
    missing = [p.removeprefix(prefix) for p in wanted if p not in given]
    if missing:
        shown = ", ".join(g.removeprefix(prefix) if g.startswith(prefix) else f"{g} without prefix" for g in given)
        yield Finding(at=at, expected="permissions " + ", ".join(missing), found=shown or "none")
    for unknown in given:
        if unknown.startswith(prefix) and unknown.removeprefix(prefix) not in _KNOWN_PERMISSIONS:
            yield accepted(at, "known permissions", unknown.removeprefix(prefix), "DEV-39")


@check("SAML-HCP-012", actor="ncpeh-b", when=_states(saml.ORGANIZATION_ID))
def organization_id_is_a_urn(view: View, _: Context) -> Iterator[Finding]:
    """organization-id is urn:oid or urn:hl7ii. Source: OASIS XSPA profile; RFC 3061."""
    one = _hcp(view)
    stated = one.said.attribute(saml.ORGANIZATION_ID)
    if stated is not None and not _ORGANIZATION_ID.fullmatch(stated.text):
        at = one.attribute_at(saml.ORGANIZATION_ID)
        finding = Finding(at=at, expected="urn:oid:… or urn:hl7ii:…:…", found=said(stated.text))
        yield from of_old(one, iter((finding,)))


@check("SAML-HCP-013", actor="ncpeh-b", when=has_hcp)
def hcp_signature_verifies(view: View, _: Context) -> Iterator[Finding]:
    """The signature has the form of the profile and verifies. Source: eHDSI SAML profile, signature."""
    one = _hcp(view)
    yield from of_old(one, signature(one))


def _signed(view: View, context: Context) -> bool:
    one = hcp(view)
    return one is not None and verified(one, context, view.exchange.started_at) is not None


@check("SAML-HCP-014", actor="ncpeh-b", when=lambda v, c: bool(anchors(c)) and _signed(v, c))
def hcp_signer_is_trusted(view: View, context: Context) -> Iterator[Finding]:
    """The signer's certificate leads to an authority of the SUT file and is in date. Source: RFC 5280, 6.1."""
    one = _hcp(view)
    facts = verified(one, context, view.exchange.started_at)
    if facts is not None and facts.chain_problem is not None:
        at = one.at("ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate")
        yield Finding(at=at, expected="a chain to trust.authorities", found=facts.chain_problem)


@check("SAML-HCP-015", actor="ncpeh-b", when=_signed)
def hcp_signer_names_a_country(view: View, context: Context) -> Iterator[Finding]:
    """The subject of the signer's certificate has a C. Source: eHDSI X.509 certificate profile."""
    one = _hcp(view)
    facts = verified(one, context, view.exchange.started_at)
    if facts is None:
        return
    at, country = one.at("ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate"), country_of(facts.certificate)
    if country is None:
        yield Finding(at=at, expected="a subject with C", found="none")
    else:
        yield from of_another_country(view, at, country)
