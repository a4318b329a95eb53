"""One of our requests while it is being made: every layer open to alteration before the next one is built on it.

The layers, in order: claims of the assertions, assertion XML, the query, signatures, the payload's bytes, the parts of
the envelope, the envelope's bytes, and HTTP with TLS last. Attachments are packed with the envelope's bytes once those are
final, so that what is altered in the envelope is altered in the same way whether or not there are any.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from enum import IntEnum

from harness.peers.pki import Pki
from harness.wire import mtom, ns, saml, soap, wstrust, xcpd, xdr, xds, xmldsig
from harness.wire.saml import SamlAssertion
from harness.wire.x509 import Credentials

type Query = xcpd.DiscoveryQuery | xds.DocumentQuery | xds.RetrieveRequest | xdr.Submission | wstrust.TokenRequest


class Stage(IntEnum):
    """Where in the making of a request an alteration takes hold: before that layer is used to build the next."""

    CLAIMS = 1
    ASSERTION_XML = 2
    QUERY = 3
    SIGNED = 4
    PAYLOAD = 5
    ENVELOPE = 6
    BYTES = 7
    HTTP = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One assertion: its claims, who signs it (None: nobody), its XML unsigned, and as it goes out."""

    claims: SamlAssertion
    signer: Credentials | None = field(repr=False)
    xml: bytes = b""
    signed: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request in the making. `certificate` is the client certificate to show, a word of `Pki.shown`; `tls` how to speak
    TLS, a word of `tls.SPEAKING`.

    `nok` is the next-of-kin assertion; `assertions_before` and `assertions_after` stand around the others as they are.
    `parts` are the attachments of the payload, `boundary` what delimits them.
    """

    pki: Pki = field(repr=False)
    query: Query
    addressing: soap.Addressing
    hcp: Token | None
    trc: Token | None
    nok: Token | None = None
    assertions_before: tuple[bytes, ...] = ()
    assertions_after: tuple[bytes, ...] = ()
    security_must_understand: bool = False
    has_security: bool = True
    payload: bytes = b""
    parts: tuple[mtom.Part, ...] = ()
    boundary: str = "MIMEBoundary"
    extra_header: bytes = b""
    soap_version: str = "1.2"
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("Content-Type", soap.CONTENT_TYPE),)
    chunked: bool = False
    method: str = "POST"
    query_string: str = ""
    certificate: str = "ours"
    tls: str = "modern"


type Alteration = tuple[Stage, Callable[[Draft], Draft]]


def complete(draft: Draft, alterations: Iterable[Alteration]) -> Draft:
    """`draft` with all layers built, each of `alterations` applied at its stage."""
    pending = tuple(alterations)

    def altered(current: Draft, stage: Stage) -> Draft:
        for when, change in pending:
            if when is stage:
                current = change(current)
        return current

    for stage, build in _BUILDERS:
        draft = build(altered(draft, stage))
    return draft


def _write_assertions(draft: Draft) -> Draft:
    return _on_tokens(draft, lambda token: replace(token, xml=saml.build_assertion(token.claims)))


def _sign_assertions(draft: Draft) -> Draft:
    def signed(token: Token) -> Token:
        return replace(token, signed=xmldsig.sign(token.xml, token.signer) if token.signer else token.xml)

    return _on_tokens(draft, signed)


def _write_payload(draft: Draft) -> Draft:
    query = draft.query
    if isinstance(query, xcpd.DiscoveryQuery):
        return replace(draft, payload=xcpd.build_query(query))
    if isinstance(query, xds.DocumentQuery):
        return replace(draft, payload=xds.build_query(query))
    if isinstance(query, xdr.Submission):
        payload, parts = xdr.build_submission(query)
        return replace(draft, payload=payload, parts=parts)
    if isinstance(query, wstrust.TokenRequest):
        return replace(draft, payload=wstrust.build_request(query))
    return replace(draft, payload=xds.build_retrieve_request(query))


def _write_envelope(draft: Draft) -> Draft:
    ours = tuple(token.signed for token in (draft.nok, draft.hcp, draft.trc) if token is not None)
    assertions = (*draft.assertions_before, *ours, *draft.assertions_after)
    extra = draft.extra_header
    if draft.has_security and not assertions:
        extra += f'<wsse:Security xmlns:wsse="{ns.WSSE}"/>'.encode()
    body = soap.build_envelope(
        addressing=draft.addressing,
        payload=draft.payload,
        assertions=assertions if draft.has_security else (),
        extra_header=extra,
        version=draft.soap_version,
        security_must_understand=draft.security_must_understand,
    )
    return replace(draft, body=body)


def _pack(draft: Draft) -> Draft:
    if not isinstance(draft.query, xdr.Submission) or not any(d.form == "xop" for d in draft.query.documents):
        return draft
    soap_type = mtom.SOAP if draft.soap_version == "1.2" else "text/xml"
    content_type, body = mtom.build_multipart(draft.body, draft.parts, draft.boundary, soap_type=soap_type)
    others = tuple(field for field in draft.headers if field[0] != "Content-Type")
    return replace(draft, body=body, headers=(("Content-Type", content_type), *others))


def _on_tokens(draft: Draft, change: Callable[[Token], Token]) -> Draft:
    hcp, trc, nok = (change(token) if token is not None else None for token in (draft.hcp, draft.trc, draft.nok))
    return replace(draft, hcp=hcp, trc=trc, nok=nok)


def _unchanged(draft: Draft) -> Draft:
    return draft


_BUILDERS: tuple[tuple[Stage, Callable[[Draft], Draft]], ...] = (
    (Stage.CLAIMS, _write_assertions),
    (Stage.ASSERTION_XML, _sign_assertions),
    (Stage.QUERY, _write_payload),
    (Stage.SIGNED, _unchanged),
    (Stage.PAYLOAD, _unchanged),
    (Stage.ENVELOPE, _write_envelope),
    (Stage.BYTES, _pack),
    (Stage.HTTP, _unchanged),
)
