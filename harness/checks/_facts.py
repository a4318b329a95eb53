"""What a saved exchange or trigger offers to `${...}`, as plain data; the keys are listed in docs/scenario-language.md."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields

from harness.checks._view import View
from harness.errors import WireError
from harness.model import Datum, TriggerOutcome
from harness.wire import codes, dispensing, smp, soap, xds
from harness.wire.xcpd import Ii

_STATUS_WORDS = {uri: word for word, uri in codes.RESPONSE_STATUSES.items()}


def facts(saved: View | TriggerOutcome) -> Mapping[str, Datum]:
    """The facts of `saved`; what is not there is absent or None, lists are then empty."""
    return _trigger_facts(saved) if isinstance(saved, TriggerOutcome) else _exchange_facts(saved)


def status_word(uri: str | None) -> str | None:
    """`success`, `failure` or `partial-success` for a registry status URI; the URI itself when it is none of them."""
    return _STATUS_WORDS.get(uri or "", uri)


def shown(outcome: TriggerOutcome) -> Mapping[str, Datum]:
    """The JSON a triggered system answered, as plain data; empty when it said nothing readable."""
    try:
        read = json.loads(outcome.shown) if outcome.shown else {}
    except ValueError:
        return {}
    frozen = _frozen(read)
    return frozen if isinstance(frozen, Mapping) else {}


def _frozen(value: object) -> Datum:
    if isinstance(value, dict):
        return {str(k): _frozen(v) for k, v in value.items()}
    if isinstance(value, list):
        return tuple(_frozen(v) for v in value)
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _trigger_facts(outcome: TriggerOutcome) -> Mapping[str, Datum]:
    said = shown(outcome)
    return {"patients": (), "documents": (), **said, "ok": outcome.ok}


def _exchange_facts(view: View) -> Mapping[str, Datum]:
    exchange = view.exchange
    own = view.response if isinstance(view.response, soap.SoapMessage) else None
    out: dict[str, Datum] = {
        "id": exchange.id,
        "http": {"status": exchange.response.status if exchange.response else None},
        "patients": (),
        "reasons": (),
        "details": (),
        "errors": (),
        "entries": (),
        "level_1": (),
        "level_3": (),
        "dispensable": (),
        "associations": (),
        "documents": (),
        "tokens": tuple(
            {"kind": a.kind, "id": a.id, "name_id": a.name_id} for _, a in view.issued if not isinstance(a, WireError)
        ),
        "request": _request_facts(view),
    }
    if own is not None:
        out["action"] = own.addressing.action
        out["message_id"] = own.addressing.message_id
        out["relates_to"] = own.addressing.relates_to
        if own.fault is not None:
            out["fault"] = {
                "code": own.fault.code,
                "subcode": own.fault.subcodes[0] if own.fault.subcodes else None,
                "reason": own.fault.reason,
            }
    if exchange.tls is not None:
        out["tls"] = {
            "version": exchange.tls.version,
            "cipher": exchange.tls.cipher,
            "peer_country": exchange.tls.peer_country,
        }
    if view.is_lookup:
        out["metadata"] = _metadata_facts(view)
    out.update(_discovery_facts(view))
    out.update(_registry_facts(view))
    return out


def _metadata_facts(view: View) -> Mapping[str, Datum]:
    """What was published; `signature` is `valid`, or the kind of error that says why it is not; trust is not told."""
    found = view.metadata
    out: dict[str, Datum] = {"service": view.asked_service, "endpoints": (), "references": ()}
    if isinstance(found, smp.ServiceGroup):
        return {**out, "participant": found.participant.value, "references": found.references}
    response = view.exchange.response
    if not isinstance(found, smp.ServiceMetadata) or response is None:
        return out
    try:
        smp.verify_metadata(response.body)
        out["signature"] = "valid"
    except WireError as exc:
        out["signature"] = exc.kind
    endpoints = tuple(
        {
            "url": e.uri,
            "certificate": bool(e.certificate),
            "expires": e.expiration.isoformat() if e.expiration is not None else None,
        }
        for e in found.endpoints
    )
    return {**out, "participant": found.participant.value, "endpoints": endpoints}


def _id(value: Ii | None) -> Datum:
    if value is None:
        return None
    extension = value.extension or ""
    return {"root": value.root, "extension": value.extension, "cx": f"{extension}^^^&{value.root or ''}&ISO"}


def _discovery_facts(view: View) -> Mapping[str, Datum]:
    answer = view.discovery_answer
    if answer is None:
        return {}
    acks = answer.acknowledgements
    return {
        "acknowledgement": acks[0].type_code if acks else None,
        "query_response": answer.query_response_code,
        "patients": tuple(
            {
                "id": _id(s.ids[0]) if s.ids else None,
                "family": s.names[0].family if s.names else None,
                "given": s.names[0].given if s.names else None,
                "birth": s.birth,
                "gender": s.gender,
            }
            for s in answer.subjects
        ),
        "reasons": tuple({"kind": i.kind, "code": i.code} for i in answer.issues if i.code),
        "details": tuple({"code": d.code, "text": d.text, "location": d.location} for a in acks for d in a.details),
    }


def _registry_facts(view: View) -> Mapping[str, Datum]:
    query, retrieve = view.query_answer, view.retrieve_answer
    answer = view.registry_answer
    if answer is None:
        return {}
    out: dict[str, Datum] = {
        "registry_status": status_word(answer.status),
        "errors": tuple(
            {
                "code": e.code,
                "severity": (e.severity or "").rpartition(":")[2],
                "context": e.context,
                "location": e.location,
            }
            for e in answer.errors
        ),
    }
    if query is not None:
        entries = tuple(_entry_facts(e) for e in query.entries)
        out["entries"] = entries
        for level in (1, 3):
            out[f"level_{level}"] = tuple(e for e in entries if e["level"] == level)
        out["dispensable"] = tuple(e for e in entries if e["level"] == 3 and e["dispensable"] is True)
        out["associations"] = tuple(
            {"type": a.type, "source": a.source, "target": a.target} for a in query.associations
        )
    if retrieve is not None:
        out["documents"] = tuple(_document_facts(d, view, i) for i, d in enumerate(retrieve.documents))
    return out


def _entry_facts(entry: xds.DocumentEntry) -> Mapping[str, Datum]:
    format_code = entry.format_code.code if entry.format_code else None
    class_code = entry.class_code.code if entry.class_code else None
    kind = codes.kind_of_class_code(class_code) if class_code else None
    return {
        "home": entry.home,
        "repository": entry.repository_id,
        "id": entry.unique_id,
        "uuid": entry.id,
        "class_code": class_code,
        "format_code": format_code,
        "kind": kind.kind if kind else None,
        "level": codes.level_of_format(kind.kind, format_code) if kind and format_code else None,
        "mime_type": entry.mime_type,
        "language": entry.language,
        "patient_id": entry.patient_id,
        "size": entry.size,
        "hash": entry.hash,
        "title": entry.title,
        "creation_time": entry.creation_time,
        "dispensable": _dispensable(entry),
    }


def _dispensable(entry: xds.DocumentEntry) -> bool | None:
    """What the entry of a prescription says of its state, None where it says nothing."""
    states = {codes.EVENT_DISPENSABLE: True, codes.EVENT_NOT_DISPENSABLE: False}
    return next((states[c.code] for c in entry.event_codes if c.code in states), None)


def _document_facts(document: xds.RetrievedDocument, view: View, index: int) -> Mapping[str, Datum]:
    header = view.headers[index]
    out: dict[str, Datum] = {
        "home": document.home,
        "repository": document.repository,
        "id": document.id,
        "mime_type": document.mime_type,
        "form": document.form,
        "size": len(document.content),
        "sha1": hashlib.sha1(document.content, usedforsecurity=False).hexdigest(),
        "patient_ids": (),
    }
    if not isinstance(header, WireError):
        out["kind"] = header.kind
        out["level"] = header.level
        out["document_id"] = _id(header.id)
        out["patient_ids"] = tuple(f"{i.extension or ''}^^^&{i.root or ''}&ISO" for i in header.patient_ids)
        root = view.documents[index]
        if header.kind == "eprescription" and not isinstance(root, WireError):
            out["prescription"] = _prescription_facts(dispensing.prescription_of(root))
    return out


def _prescription_facts(said: dispensing.Prescription) -> Datum:
    """What a dispensation has to name, None for a prescription that cannot be named."""
    if said.id is None:
        return None
    product = {f.name: getattr(said.product, f.name) for f in fields(said.product)}
    return {"root": said.id.root, "extension": said.id.extension, "substitution": said.substitution, **product}


def _request_facts(view: View) -> Mapping[str, Datum]:
    out: dict[str, Datum] = {"ids": (), "class_codes": (), "documents": (), "assertions": ()}
    message = view.request
    if isinstance(message, soap.SoapMessage):
        out["action"] = message.addressing.action
        out["message_id"] = message.addressing.message_id
    query = view.discovery_query
    if query is not None:
        out["ids"] = tuple(_id(i) for i in query.ids)
        out["family"], out["given"], out["birth"] = query.family, query.given, query.birth
    listed = view.document_query
    if listed is not None:
        out["patient_id"] = listed.patient_id
        out["class_codes"] = tuple(c.code for c in listed.class_codes.values)
    wanted = view.retrieve_request
    if wanted is not None:
        out["documents"] = tuple({"home": d.home, "repository": d.repository, "id": d.id} for d in wanted.documents)
    sent = view.submission
    if sent is not None:
        out["documents"] = tuple(
            {"id": entry.unique_id, "kind": kind, "format_code": entry.format_code.code if entry.format_code else None}
            for entry, kind in zip(sent.entries, sent.kinds, strict=True)
        )
        out["submission"] = sent.sets[0].unique_id if sent.sets else None
    out["assertions"] = tuple(
        {"kind": a.kind, "id": a.id, "name_id": a.name_id} for _, a in view.assertions if not isinstance(a, WireError)
    )
    return out
