"""Alterations of how a request travels: SOAP, XML, HTTP, MIME and TLS."""

from dataclasses import replace
from email.message import Message

from lxml import etree

from harness import safexml
from harness.peers.arguments import refuse
from harness.peers.draft import Draft, Stage
from harness.peers.mutation import ALL, Q41, Q55, WITH_TRC, Change, Mutation, addressing, one
from harness.peers.pki import NOT_AGREED
from harness.wire import codes, mtom, ns

UNKNOWN_ACTION = "urn:ihe:iti:2007:UnknownOperation"
FOREIGN_NAMESPACE = "urn:example:unknown"
OLD_ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ELSEWHERE = "https://elsewhere.invalid/"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def _without_security(draft: Draft) -> Draft:
    return replace(draft, has_security=False)


def _other_action(draft: Draft) -> Draft:
    """The action of another transaction, one that a gateway knows."""
    others = [a.request for a in codes.ACTIONS.values() if a.request != draft.addressing.action]
    return addressing(action=others[0])(draft)


def _bare_message_id(draft: Draft) -> Draft:
    return addressing(message_id=(draft.addressing.message_id or "").rpartition(":")[2])(draft)


def _header(block: str) -> Change:
    return lambda draft: replace(draft, extra_header=draft.extra_header + block.encode())


_UNKNOWN_BLOCK = f'<x:Unknown xmlns:x="{FOREIGN_NAMESPACE}" xmlns:soap="{ns.SOAP}" soap:mustUnderstand="1"/>'
_OLD_BLOCK = f'<old:From xmlns:old="{OLD_ADDRESSING}"><old:Address>{ELSEWHERE}</old:Address></old:From>'
_SECOND_SECURITY = f'<wsse:Security xmlns:wsse="{ns.WSSE}"/>'


def _reversed(draft: Draft) -> Draft:
    return replace(draft, hcp=draft.trc, trc=draft.hcp)


def _soap_11(draft: Draft) -> Draft:
    action = draft.addressing.action or ""
    headers = (("Content-Type", "text/xml; charset=UTF-8"), ("SOAPAction", f'"{action}"'))
    return replace(draft, soap_version="1.1", headers=headers)


def _truncated(draft: Draft) -> Draft:
    return replace(draft, body=draft.body[: len(draft.body) * 2 // 3])


def _doctype(draft: Draft) -> Draft:
    return replace(draft, body=b'<!DOCTYPE soap:Envelope [<!ENTITY nothing "">]>\n' + draft.body)


def _marked(draft: Draft) -> Draft:
    return replace(draft, body=BYTE_ORDER_MARK + draft.body)


def _plain_text(draft: Draft) -> Draft:
    return replace(draft, headers=(("Content-Type", "text/plain; charset=UTF-8"),))


def _asking_for_wsdl(draft: Draft) -> Draft:
    return replace(draft, method="GET", query_string="wsdl", body=b"", headers=())


def _commented(draft: Draft) -> Draft:
    root = safexml.parse(draft.payload)
    root.insert(0, etree.Comment(" a comment is no content "))
    return replace(draft, payload=etree.tostring(root))


def _package(name: str, value: str) -> Change:
    """The Content-Type of the package with another parameter; the package itself stays."""

    def apply(draft: Draft) -> Draft:
        message = Message()
        for field, text in draft.headers:
            message[field] = text
        if message.get_content_type() == mtom.MULTIPART:
            message.set_param(name, value)
        return replace(draft, headers=tuple(message.items()))

    return apply


def _showing(certificate: str) -> Change:
    return lambda draft: replace(draft, certificate=certificate)


def _not_agreed(draft: Draft) -> Draft:
    """A peer of a country without agreement: TLS certificate, and issuer and signer of the identity assertion."""
    if draft.hcp is None:
        refuse("mutate", "a request without identity assertion comes from no country")
    issuer = f"urn:idp:{NOT_AGREED}:countryB"
    hcp = replace(draft.hcp, claims=replace(draft.hcp.claims, issuer=issuer), signer=draft.pki.not_agreed_seal)
    return replace(draft, hcp=hcp, certificate="not-agreed")


def _speaking(tls: str) -> Change:
    return lambda draft: replace(draft, tls=tls)


def table() -> tuple[Mutation, ...]:
    """The alterations of this family."""
    envelope, raw, http = Stage.ENVELOPE, Stage.BYTES, Stage.HTTP
    return (
        one("soap.security.missing", ALL, envelope, _without_security),
        one("soap.security.twice", ALL, envelope, _header(_SECOND_SECURITY)),
        one("soap.assertions.reversed", WITH_TRC, envelope, _reversed),
        one("soap.action.unknown", ALL, envelope, addressing(action=UNKNOWN_ACTION)),
        one("soap.action.other", ALL, envelope, _other_action),
        one("soap.action.missing", ALL, envelope, addressing(action=None)),
        one("soap.message-id.missing", ALL, envelope, addressing(message_id=None)),
        one("soap.message-id.no-urn", ALL, envelope, _bare_message_id),
        one("soap.reply-to.other", ALL, envelope, addressing(reply_to=ELSEWHERE)),
        one("soap.addressing.old-namespace", ALL, envelope, _header(_OLD_BLOCK)),
        one("soap.header.unknown-must-understand", ALL, envelope, _header(_UNKNOWN_BLOCK)),
        one("soap.version.1-1", ALL, envelope, _soap_11),
        one("soap.body.truncated-xml", ALL, raw, _truncated),
        one("soap.body.doctype", ALL, raw, _doctype),
        one("xml.comment.added", ALL, Stage.PAYLOAD, _commented, positive=True),
        one("xml.byte-order-mark.added", ALL, raw, _marked, positive=True),
        one("http.content-type.wrong", ALL, http, _plain_text),
        one("http.request.wsdl", Q55, http, _asking_for_wsdl, positive=True),
        one("http.body.chunked", ALL, http, lambda d: replace(d, chunked=True), positive=True),
        one("mime.boundary.other", Q41, http, _package("boundary", "another-boundary")),
        one("mime.start.unknown", Q41, http, _package("start", "<nobody@harness.invalid>")),
        one("tls.client-certificate.missing", ALL, http, _showing("none")),
        one("tls.client-certificate.untrusted", ALL, http, _showing("untrusted")),
        one("tls.client-certificate.expired", ALL, http, _showing("expired")),
        one("tls.client-certificate.not-yet-valid", ALL, http, _showing("not-yet-valid")),
        one("tls.client-certificate.wrong-use", ALL, http, _showing("wrong-use")),
        one("tls.client-certificate.revoked", ALL, http, _showing("revoked")),
        one("tls.client-certificate.other-host", ALL, http, _showing("other-host"), positive=True),
        one("tls.client-certificate.country-not-agreed", Q55, Stage.CLAIMS, _not_agreed),
        one("tls.version.1-0-only", ALL, http, _speaking("1.0")),
        one("tls.version.1-1-only", ALL, http, _speaking("1.1")),
        one("tls.version.1-2-only", ALL, http, _speaking("1.2"), positive=True),
        one("tls.cipher.weak", ALL, http, _speaking("weak")),
    )
