"""Which transaction a request is: by its content, else by its SOAP action, else by the path it came to."""

from harness.errors import WireError
from harness.wire import codes, ns, soap, wstrust

_BY_PAYLOAD = {
    ns.clark(ns.HL7, codes.INTERACTION_QUERY): codes.ITI_55,
    ns.clark(ns.QUERY, "AdhocQueryRequest"): codes.ITI_38,
    ns.clark(ns.XDSB, "RetrieveDocumentSetRequest"): codes.ITI_39,
    ns.clark(ns.XDSB, "ProvideAndRegisterDocumentSetRequest"): codes.ITI_41,
}
_BY_ACTION = {codes.ACTIONS[iti].request: iti for iti in codes.CROSS_BORDER}
_BY_WORD = ((b"RetrieveDocumentSetRequest", codes.ITI_39), (b"AdhocQueryRequest", codes.ITI_38))


def guess_transaction(content_type: str | None, body: bytes, target: str) -> str:
    """The IHE number of the transaction that a request is about, empty when nothing tells.

    A request that cannot be read counts by the path of `target` (`/xcpd`, `/xca`, `/xdr`, `/sts`, `/sts_nok`), so that
    whoever waits for it gets it and can say what is wrong with it.
    """
    try:
        message = soap.parse_message(content_type, body)
    except WireError:
        return _by_path(target, body)
    tag = message.payload.tag if message.payload is not None else None
    if isinstance(tag, str) and tag in _BY_PAYLOAD:
        return _BY_PAYLOAD[tag]
    if message.payload is not None and tag == ns.clark(ns.WST, "RequestSecurityToken"):
        kind = wstrust.parse_request(message.payload).kind
        return {"trc": codes.STS_TRC, "nok": codes.STS_NOK}.get(kind) or _by_path(target, body)
    return _BY_ACTION.get(message.addressing.action or "") or _by_path(target, body)


def _by_path(target: str, body: bytes) -> str:
    path = target.split("?")[0].rstrip("/").lower()
    if path.endswith("/xcpd"):
        return codes.ITI_55
    if path.endswith("/xdr"):
        return codes.ITI_41
    if path.endswith("/sts"):
        return codes.STS_TRC
    if path.endswith("/sts_nok"):
        return codes.STS_NOK
    if path.endswith("/xca"):
        return next((iti for word, iti in _BY_WORD if word in body), codes.ITI_38)
    return ""
