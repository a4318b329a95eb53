"""Good audit records of good exchanges, and ways to spoil them in one place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from harness import checks
from harness.model import AuditRecord, Party, TlsFacts
from harness.wire import atna, audit_events, syslog, x509
from harness.wire.atna import ActiveParticipant, AuditMessage, AuditSource, Coded, Detail, ParticipantObject
from tests.checks import checks_support as cs
from tests.checks.checks_support import Made

OURS, THEIRS = "Test authority", "ncp.their.example"
"""Common names in the certificates of the two ends: ours (of the authority of the tests), and the system's."""
_ROLES = {
    "PointOfCare": "110152",
    "HumanRequestor": "110153",
    "ServiceConsumer": "ServiceConsumer",
    "ServiceProvider": "ServiceProvider",
}


@dataclass(frozen=True, kw_only=True)
class Logged:
    """One record of the exchange `made`, as country A or B logs it; `header` and `prefix` are arguments of syslog."""

    made: Made
    actor: str
    event: str
    message: AuditMessage
    header: Mapping[str, object]
    raw: Callable[[bytes], bytes] = syslog.frame
    content: Callable[[bytes], bytes] = bytes
    transport: str = syslog.TLS

    def changed(self, **changes: object) -> "Logged":
        return replace(self, message=replace(self.message, **changes))  # type: ignore[arg-type]

    def participant(self, row: str, **changes: object) -> "Logged":
        rows = (replace(p, **changes) if p.row == row else p for p in self.message.participants)  # type: ignore[arg-type]
        return self.changed(participants=tuple(rows))

    def without(self, row: str) -> "Logged":
        return self.changed(participants=tuple(p for p in self.message.participants if p.row != row))

    def objects(self, kind: str, **changes: object) -> "Logged":
        found = (replace(o, **changes) if o.kind == kind else o for o in self.message.objects)  # type: ignore[arg-type]
        return self.changed(objects=tuple(found))

    def without_objects(self, kind: str) -> "Logged":
        return self.changed(objects=tuple(o for o in self.message.objects if o.kind != kind))

    def exchange(self) -> checks.View:
        view = self.made.view(Party.PEER if self.actor == "ncpeh-a" else Party.SUT)
        tls = TlsFacts(version="TLSv1.3", cipher="x", peer_common_name=THEIRS, peer_country="FR")
        return checks.view(replace(view.exchange, tls=tls))

    def context(self) -> checks.Context:
        return replace(
            self.made.context(self.actor), our_certificate=x509.certificate_pem(cs.pki().authority.certificate)
        )

    def view(self, *exchanges: checks.View) -> checks.AuditView:
        content = self.content(atna.build(self.message))
        given = {"at": cs.AT, "host": "ncp.example", "app_name": "ncp", **self.header}
        message = syslog.build_message(content, **given)  # type: ignore[arg-type]
        record = AuditRecord(id="a0001", transport=self.transport, received_at=cs.AT, raw=self.raw(message))
        bare = checks.AuditView(record)
        return bare.matched(checks.matching_exchange(bare, exchanges or (self.exchange(),)))

    def judged(self) -> tuple[checks.CheckResult, ...]:
        return checks.judge_audit(self.view(), self.context())


def logged(made: Made, actor: str, event: str, outcome: str = "0", error: str = "") -> Logged:
    """The record that a good system writes about `made`."""
    spec, side = audit_events.ALL_EVENTS[event], "A" if actor == "ncpeh-a" else "B"
    consumer, provider = (OURS, THEIRS) if side == "A" else (THEIRS, OURS)
    hcp = cs.identity()
    names = {
        "PointOfCare": ("Denkbeeldig Ziekenhuis", "Denkbeeldig Ziekenhuis"),
        "HumanRequestor": (f"<{hcp.name_id}@{hcp.issuer}>", cs.PHYSICIAN.name),
        "ServiceConsumer": (consumer, consumer),
        "ServiceProvider": (provider, provider),
    }
    objects = [_object(cs.PATIENT_ID.cx, "1", "1", "2", "RFC-3881")]
    message_id = made.asking.message_id or ""
    if spec.transaction:
        query = "PHF1ZXJ5QnlQYXJhbWV0ZXIvPg==" if spec.code == "ITI-55" else None
        objects.append(_object(message_id, "2", "24", spec.code, "IHE Transactions", query=query))
        objects.append(_object(message_id, "4", None, "req", "eHealth DSI Msg"))
    if error:
        detail = Detail(type="errormsg", value="cmVmdXNlZA==")
        objects.append(replace(_object(error, "2", "3", "9", "eHealth DSI Security"), details=(detail,)))
    message = AuditMessage(
        event_id=Coded(code=spec.event_ids[side], system_name="DCM"),
        types=(spec.type_code,),
        action=spec.actions[side][0],
        date_time="2026-03-02T10:00:00.000Z",
        outcome=outcome,
        participants=tuple(
            ActiveParticipant(
                user_id=names[row][0],
                alternative_user_id=names[row][1],
                is_requestor="false",
                roles=(Coded(code=_ROLES[row], system_name="DCM"),),
            )
            for row in spec.rows
        ),
        sources=(_source("FR-1" if side == "A" else "BE-1"),),
        objects=tuple(objects),
    )
    return Logged(made=made, actor=actor, event=event, message=message, header={})


def _source(site: str) -> AuditSource:
    return AuditSource(id=site, site=site, types=(Coded(code="4"),))


def _object(
    id: str, type_code: str, role: str | None, kind: str, system: str, query: str | None = None
) -> ParticipantObject:
    return ParticipantObject(
        id=id, type_code=type_code, role=role, id_type=Coded(code=kind, system_name=system), query=query
    )
