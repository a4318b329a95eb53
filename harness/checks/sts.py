"""The token service of country B: what it answers, and what is asked of it (STS).

Sources: OASIS WS-Trust 1.3, 3, 4 and 11; eHDSI SAML profile, token service of country B.
"""

from collections.abc import Iterator
from datetime import timedelta

from harness.checks._assertions import PURPOSES, Held, issued
from harness.checks._places import header_place, one_of, place, said, unless_in, warning
from harness.checks._registry import Applies, Context, check
from harness.checks._view import View
from harness.model import Finding
from harness.wire import codes, issuing, saml, soap, wstrust, xds
from harness.wire.wstrust import NokParameters, TokenRequest, TrcParameters

_BOTH = codes.TOKEN_SERVICE
_LIFETIME_SLACK = timedelta(seconds=60)
"""How much a lifetime may differ from two hours: clocks are read at different moments."""


def _asks(view: View, _: Context) -> bool:
    return view.asked_by_sut and view.own is not None


def _asks_for_a_token(view: View, _: Context) -> bool:
    return view.asked_by_sut and view.token_request is not None


def _answers(view: View, _: Context) -> bool:
    return not view.asked_by_sut and view.own is not None and view.own.fault is None


@check("STS-001", actor="ncpeh-b", on=_BOTH, when=_asks)
def one_hcp_assertion_is_shown(view: View, _: Context) -> Iterator[Finding]:
    """wsse:Security of a request holds exactly one assertion, that of the HCP. Source: eHDSI SAML profile, token service."""
    kinds = [a.kind if isinstance(a, saml.SamlAssertion) else "unreadable" for _, a in view.assertions]
    if kinds != ["hcp"]:
        at = header_place(view, "wsse:Security/saml:Assertion")
        yield Finding(at=at, expected="1 HCP assertion and no other", found=", ".join(kinds) or "nothing")


@check("STS-002", actor="ncpeh-b", on=_BOTH, when=_asks_for_a_token)
def issue_of_a_saml_token_is_asked(view: View, _: Context) -> Iterator[Finding]:
    """RequestType is Issue, TokenType SAML 2.0. Source: WS-Trust 1.3, 3.1 and 4.1."""
    request = _request(view)
    yield from unless_in(place(view, "wst:RequestType"), request.request_type, (wstrust.ISSUE,))
    yield from unless_in(place(view, "wst:TokenType"), request.token_type, (wstrust.SAML_TOKEN,))
    if request.parameters is None:
        yield Finding(at=place(view), expected="trc:TRCParameters or nok:NoKParameters", found="nothing")


def _names_trc(view: View, context: Context) -> bool:
    return _asks_for_a_token(view, context) and isinstance(_request(view).parameters, TrcParameters)


@check("STS-003", actor="ncpeh-b", on=codes.STS_TRC, when=_names_trc)
def patient_is_named_in_cx_form(view: View, _: Context) -> Iterator[Finding]:
    """PatientId is there, in CX form. Source: eHDSI SAML profile, token service; IHE ITI TF-3, 4.2.3.1.7."""
    parameters = _request(view).parameters
    stated = parameters.patient_id if isinstance(parameters, TrcParameters) else None
    patient = xds.parse_cx(stated) if stated else None
    if patient is None or not patient.root or not patient.extension:
        at = place(view, "trc:TRCParameters/trc:PatientId")
        yield Finding(at=at, expected="ext^^^&root&ISO", found=said(stated))


@check("STS-004", actor="ncpeh-b", on=_BOTH, when=lambda v, c: _asks_for_a_token(v, c) and _request(v).kind != "")
def purpose_is_treatment_or_emergency(view: View, _: Context) -> Iterator[Finding]:
    """PurposeOfUse is TREATMENT or EMERGENCY. Source: eHDSI SAML profile, purpose of use."""
    parameters = _request(view).parameters
    found = parameters.purpose_of_use if parameters is not None else None
    path = "trc:TRCParameters/trc:PurposeOfUse"
    if isinstance(parameters, NokParameters):
        path = "nok:NoKParameters/nok:PurposeOfUse"
    yield from unless_in(place(view, path), found, PURPOSES)


@check("STS-005", actor="ncpeh-b", on=_BOTH, when=_answers)
def one_token_is_issued_for_two_hours(view: View, _: Context) -> Iterator[Finding]:
    """The answer holds one assertion, its TokenType and a Lifetime of two hours. Source: WS-Trust 1.3, 4.2 and 4.3."""
    response = view.token_response
    if response is None:
        yield Finding(at=place(view), expected="wst:RequestSecurityTokenResponseCollection", found="another message")
        return
    one = "wst:RequestSecurityTokenResponse"
    if not response.collection:
        yield warning(place(view), "wst:RequestSecurityTokenResponseCollection", one)
    count = sum(len(r.assertions) for r in response.responses)
    if len(response.responses) != 1 or count != 1:
        at = place(view, f"{one}/wst:RequestedSecurityToken" if response.collection else "wst:RequestedSecurityToken")
        yield Finding(at=at, expected="1 token", found=str(count))
    for token in response.responses:
        base = f"{one}/" if response.collection else ""
        yield from unless_in(place(view, f"{base}wst:TokenType"), token.token_type, (wstrust.SAML_TOKEN,))
        yield from _lifetime(view, token, base)


def _lifetime(view: View, token: wstrust.IssuedToken, base: str) -> Iterator[Finding]:
    at = place(view, f"{base}wst:{token.lifetime_name}")
    created, expires = token.created, token.expires
    if created is None or expires is None or created.at is None or expires.at is None:
        yield Finding(at=at, expected="wsu:Created and wsu:Expires", found="nothing that can be read")
        return
    span = expires.at - created.at
    if abs(span - timedelta(seconds=wstrust.LIFETIME_S)) > _LIFETIME_SLACK:
        yield Finding(at=at, expected="2 h", found=str(span))
    if token.lifetime_name != "Lifetime":
        yield warning(at, "wst:Lifetime", f"wst:{token.lifetime_name}")


def _was_named(view: View, _: Context) -> bool:
    request = view.request
    named = isinstance(request, soap.SoapMessage) and bool(request.addressing.message_id)
    return not view.asked_by_sut and view.own is not None and named


@check("STS-006", actor="ncpeh-b", on=_BOTH, when=_was_named)
def answer_relates_to_the_request(view: View, _: Context) -> Iterator[Finding]:
    """RelatesTo is the MessageID of the request. Source: WS-Addressing 1.0 core, 3.4."""
    message, request = view.own, view.request
    if message is None or not isinstance(request, soap.SoapMessage):
        return
    wanted = request.addressing.message_id or ""
    yield from unless_in(header_place(view, "wsa:RelatesTo"), message.addressing.relates_to, (wanted,))


def _issues(kind: str) -> Applies:
    """Applies where a token service issued a token of `kind` to a request of ours that nobody spoiled."""

    def applies(view: View, _: Context) -> bool:
        request = view.token_request
        return not view.asked_by_sut and bool(issued(view)) and request is not None and request.kind == kind

    return applies


@check("SAML-TRC-004", actor="ncpeh-b", on=codes.STS_TRC, when=_issues("trc"))
def trc_is_about_the_patient_asked_for(view: View, _: Context) -> Iterator[Finding]:
    """subject-id is the PatientId of the request. Source: eHDSI SAML profile, TRC assertion."""
    parameters = _request(view).parameters
    wanted = parameters.patient_id if isinstance(parameters, TrcParameters) else None
    yield from _repeats(issued(view)[0], saml.SUBJECT_ID, wanted)


@check("SAML-TRC-005", actor="ncpeh-b", on=codes.STS_TRC, when=_issues("trc"))
def trc_states_the_purpose_asked_for(view: View, _: Context) -> Iterator[Finding]:
    """The purpose of use is that of the request. Source: eHDSI SAML profile, TRC assertion."""
    parameters = _request(view).parameters
    wanted = parameters.purpose_of_use if parameters is not None else None
    if wanted in PURPOSES:
        yield from _repeats(issued(view)[0], saml.PURPOSE_OF_USE, wanted)


def _gives_a_code(view: View, context: Context) -> bool:
    parameters = view.token_request.parameters if view.token_request is not None else None
    return _issues("trc")(view, context) and isinstance(parameters, TrcParameters) and bool(parameters.dispensation_pin)


@check("SAML-TRC-009", actor="ncpeh-b", on=codes.STS_TRC, when=_gives_a_code)
def access_code_asked_for_is_in_the_token(view: View, _: Context) -> Iterator[Finding]:
    """dispensationPinCode is that of the request. Source: eHDSI SAML profile, TRC assertion."""
    parameters = _request(view).parameters
    wanted = parameters.dispensation_pin if isinstance(parameters, TrcParameters) else None
    yield from _repeats(issued(view)[0], saml.DISPENSATION_PIN, wanted)


@check("SAML-NOK-004", actor="ncpeh-b", on=codes.STS_NOK, when=_issues("nok"))
def next_of_kin_asked_for_is_in_the_token(view: View, _: Context) -> Iterator[Finding]:
    """Each field of the request is an attribute of the token. Source: eHDSI SAML profile, next of kin."""
    parameters = _request(view).parameters
    for name, (end, _friendly) in issuing.NOK_ATTRIBUTES.items():
        wanted = getattr(parameters, name, None)
        if wanted:
            yield from _repeats(issued(view)[0], issuing.NOK_PREFIX + end, wanted)


def _request(view: View) -> TokenRequest:
    request = view.token_request
    assert request is not None, "applies where a token is asked for"
    return request


def _repeats(one: Held, name: str, wanted: str | None) -> Iterator[Finding]:
    """A finding unless attribute `name` of the token holds the value that was asked for."""
    stated = one.said.attribute(name)
    if wanted and (stated is None or stated.text != wanted):
        found = said(stated.text) if stated is not None else "nothing"
        yield Finding(at=one.attribute_at(name), expected=one_of((wanted,)), found=found)
