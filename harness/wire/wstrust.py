"""WS-Trust 1.3 as the security token service of country B speaks it: asking for a TRC or next-of-kin assertion, and answers.

Reading tolerates what a check can judge: nothing obligatory need be there, and the two spellings of the lifetime and of the
postal code that the field knows are both read. A token is an assertion; its signature is judged where it stands, so
`issued_assertions` gives the elements and `IssuedToken.assertions` their exclusive canonical form.

Source: OASIS WS-Trust 1.3, 3 (base), 4 (issuance), 11 (faults); eHDSI SAML profile, token service of country B.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

from harness.errors import WireError
from harness.wire import ns
from harness.wire.saml import Instant, parse_instant

ISSUE = "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Issue"  # WS-Trust 1.3, 3.1 and 4
SAML_TOKEN = "urn:oasis:names:tc:SAML:2.0:assertion"  # token type of the eHDSI token service
LIFETIME_S = 2 * 3600.0  # eHDSI SAML profile: what the service issues lives for two hours

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "InvalidRequest": "the request was invalid or malformed",
        "FailedAuthentication": "authentication failed",
        "RequestFailed": "the specified request failed",
        "InvalidSecurityToken": "the security token has been revoked or is not valid",
        "AuthenticationBadElements": "insufficient digest elements",
        "BadRequest": "the specified request is not understood",
        "ExpiredData": "the request data is out of date",
        "InvalidTimeRange": "the requested time range is invalid or not supported",
        "InvalidScope": "the request scope is invalid or not supported",
        "RenewNeeded": "a renewable security token has expired",
        "UnableToRenew": "the requested renewal failed",
    }
)
"""Local name of each fault code with the text that goes with it. Source: WS-Trust 1.3, 11."""
FAULTS = tuple(ns.clark(ns.WST, name) for name in REASONS)
"""Clark names of the fault codes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrcParameters:
    """What a TRC assertion is asked for. `patient_id` is in CX form; None for what is absent, empty for what is blank."""

    purpose_of_use: str | None = None
    patient_id: str | None = None
    dispensation_pin: str | None = None
    prescription_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NokParameters:
    """What a next-of-kin assertion is asked for; None for what is absent.

    `birth_date` is text as it stands: clients write yyyy-MM-dd, one server reads dd-MM-yyyy.
    """

    purpose_of_use: str | None = None
    id: str | None = None
    first_name: str | None = None
    family_name: str | None = None
    gender: str | None = None
    birth_date: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


type Parameters = TrcParameters | NokParameters

_TRC_NAMES = ("PurposeOfUse", "PatientId", "DispensationPinCode", "PrescriptionId")
_NOK_NAMES = (
    "PurposeOfUse",
    "NextOfKinId",
    "FirstName",
    "FamilyName",
    "Gender",
    "BirthDate",
    "AddressStreet",
    "AddressCity",
    "AddressPostalCode",
    "AddressCountry",
)
_OTHER_NAMES = {"AddressPostalCode": "NextOfKinPostalCode"}  # what one server reads instead
_TABLES: Mapping[str, tuple[type[TrcParameters] | type[NokParameters], str, str, tuple[str, ...]]] = {
    ns.clark(ns.TRC, "TRCParameters"): (TrcParameters, "trc", ns.TRC, _TRC_NAMES),
    ns.clark(ns.NOK, "NoKParameters"): (NokParameters, "nok", ns.NOK, _NOK_NAMES),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRequest:
    """A wst:RequestSecurityToken; `parameters` tells which assertion is wanted, None when it has none we know."""

    request_type: str | None = ISSUE
    token_type: str | None = SAML_TOKEN
    parameters: Parameters | None = None
    context: str | None = None

    @property
    def kind(self) -> str:
        """`trc` or `nok` by the parameters, else empty."""
        return {TrcParameters: "trc", NokParameters: "nok"}.get(type(self.parameters), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """One wst:RequestSecurityTokenResponse. `assertions` are the tokens in exclusive canonical form.

    `lifetime_name` is how the lifetime is spelled: `Lifetime` as WS-Trust does, or `LifeTime` as one service writes it.
    """

    assertions: tuple[bytes, ...] = ()
    token_type: str | None = SAML_TOKEN
    created: Instant | None = None
    expires: Instant | None = None
    lifetime_name: str = "Lifetime"
    context: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenResponse:
    """The answer of a token service: a collection of responses, or one response alone."""

    responses: tuple[IssuedToken, ...] = ()
    collection: bool = True


def parse_request(element: etree._Element) -> TokenRequest:
    """What a wst:RequestSecurityToken asks for.

    Raises:
        WireError: kind `wrong-root` when `element` is none.
    """
    _demand(element, "RequestSecurityToken")
    found = next((child for child in element.iterchildren("*") if child.tag in _TABLES), None)
    return TokenRequest(
        request_type=_text(element.find(_wst("RequestType"))),
        token_type=_text(element.find(_wst("TokenType"))),
        parameters=_parameters(found) if found is not None else None,
        context=element.get("Context"),
    )


def build_request(request: TokenRequest) -> bytes:
    """`request` in UTF-8 without declaration, so that `parse_request` gives back an equal value."""
    parts = (
        _element("RequestType", request.request_type),
        _element("TokenType", request.token_type),
        _parameters_xml(request.parameters) if request.parameters is not None else "",
    )
    inside = "".join(parts)
    return (
        f'<wst:RequestSecurityToken xmlns:wst="{ns.WST}"{_context(request.context)}>{inside}</wst:RequestSecurityToken>'
    ).encode()


def parse_response(element: etree._Element) -> TokenResponse:
    """The answer in a wst:RequestSecurityTokenResponseCollection or a single response.

    Raises:
        WireError: kind `wrong-root` when `element` is neither.
    """
    if element.tag == _wst("RequestSecurityTokenResponse"):
        return TokenResponse(responses=(_issued(element),), collection=False)
    _demand(element, "RequestSecurityTokenResponseCollection")
    return TokenResponse(responses=tuple(map(_issued, element.iterchildren(_wst("RequestSecurityTokenResponse")))))


def build_response(response: TokenResponse) -> bytes:
    """`response` in UTF-8 without declaration; assertions go in byte for byte.

    Raises:
        ValueError: it is no collection and does not hold exactly one response.
    """
    singles = b"".join(_issued_xml(token) for token in response.responses)
    if response.collection:
        name = "RequestSecurityTokenResponseCollection"
        return b"".join((f'<wst:{name} xmlns:wst="{ns.WST}">'.encode(), singles, f"</wst:{name}>".encode()))
    if len(response.responses) != 1:
        raise ValueError("an answer that is no collection holds one response")
    return singles


def issued_assertions(element: etree._Element) -> tuple[etree._Element, ...]:
    """The saml:Assertion elements that a token service's answer holds as tokens, where they stand, in order."""
    responses = [element] if element.tag == _wst("RequestSecurityTokenResponse") else list(element.iterchildren("*"))
    return tuple(
        token
        for response in responses
        for requested in response.iterchildren(_wst("RequestedSecurityToken"))
        for token in requested.iterchildren(ns.clark(ns.SAML, "Assertion"))
    )


def _demand(element: etree._Element, name: str) -> None:
    if element.tag != _wst(name):
        raise WireError(
            "not the message of a token service",
            kind="wrong-root",
            xpath=ns.xpath_of(element),
            expected=f"wst:{name}",
            found=ns.qname(str(element.tag)),
        )


def _parameters(element: etree._Element) -> Parameters:
    made, _, uri, names = _TABLES[str(element.tag)]
    values = {
        field.name: _first(element, uri, name, _OTHER_NAMES.get(name))
        for field, name in zip(fields(made), names, strict=True)
    }
    return made(**values)


def _first(element: etree._Element, uri: str, *names: str | None) -> str | None:
    found = (element.find(ns.clark(uri, name)) for name in names if name)
    return next((_text(node) for node in found if node is not None), None)


def _parameters_xml(parameters: Parameters) -> str:
    tag, (made, prefix, uri, names) = next((t, row) for t, row in _TABLES.items() if row[0] is type(parameters))
    name = etree.QName(tag).localname
    values = zip((getattr(parameters, field.name) for field in fields(made)), names, strict=True)
    inside = "".join(_element(child, value, prefix) for value, child in values)
    return f'<{prefix}:{name} xmlns:{prefix}="{uri}">{inside}</{prefix}:{name}>'


def _issued(element: etree._Element) -> IssuedToken:
    lifetimes = ((name, element.find(_wst(name))) for name in ("Lifetime", "LifeTime"))
    name, lifetime = next(((n, node) for n, node in lifetimes if node is not None), ("Lifetime", None))
    return IssuedToken(
        assertions=tuple(etree.tostring(a, method="c14n", exclusive=True) for a in issued_assertions(element)),
        token_type=_text(element.find(_wst("TokenType"))),
        created=_instant(lifetime, "Created"),
        expires=_instant(lifetime, "Expires"),
        lifetime_name=name,
        context=element.get("Context"),
    )


def _issued_xml(token: IssuedToken) -> bytes:
    requested = b"".join((b"<wst:RequestedSecurityToken>", *token.assertions, b"</wst:RequestedSecurityToken>"))
    after = "".join(_lifetime_xml(token))
    head = f'<wst:RequestSecurityTokenResponse xmlns:wst="{ns.WST}"{_context(token.context)}>'
    head += _element("TokenType", token.token_type)
    body = requested if token.assertions else b""
    return b"".join((head.encode(), body, after.encode(), b"</wst:RequestSecurityTokenResponse>"))


def _lifetime_xml(token: IssuedToken) -> Iterator[str]:
    bounds = (("Created", token.created), ("Expires", token.expires))
    inside = "".join(f"<wsu:{n}>{escape(at.text)}</wsu:{n}>" for n, at in bounds if at is not None)
    if inside:
        yield f'<wst:{token.lifetime_name} xmlns:wsu="{ns.WSU}">{inside}</wst:{token.lifetime_name}>'


def _instant(lifetime: etree._Element | None, name: str) -> Instant | None:
    text = _text(lifetime.find(ns.clark(ns.WSU, name))) if lifetime is not None else None
    return parse_instant(text) if text is not None else None


def _wst(local: str) -> str:
    return ns.clark(ns.WST, local)


def _context(value: str | None) -> str:
    return f" Context={quoteattr(value)}" if value is not None else ""


def _element(name: str, value: str | None, prefix: str = "wst") -> str:
    return f"<{prefix}:{name}>{escape(value)}</{prefix}:{name}>" if value is not None else ""


def _text(node: etree._Element | None) -> str | None:
    """The text of `node` across comments, less the white space of XML around it; None for no node."""
    if node is None:
        return None
    return "".join([node.text or "", *(child.tail or "" for child in node)]).strip(" \t\r\n")
