"""ITI-55, the request of country B (XCPD-B). Sources: IHE ITI TF-2, 3.55.4.1; HL7 V3 PRPA_IN201305UV02; eHDSI XCPD profile."""

import re
from collections.abc import Iterator

from harness.checks._earlier import bare_oid, confirmed, identified
from harness.checks._places import header_place, place, said, unless_in, warning
from harness.checks._registry import Context, check
from harness.checks._view import View
from harness.model import Finding, Location, PatientId
from harness.wire import codes, xcpd, xdr, xds

CONSTANT_QUERY_ROOT = "1.263507841149"
SAMPLE_ROOT = "101"
_ONCE = ("livingSubjectAdministrativeGender", "livingSubjectBirthTime", "patientAddress")
_FORBIDDEN = (
    "initialQuantity",
    "initialQuantityCode",
    "modifyCode",
    "sortControl",
    "matchCriterionList/matchAlgorithm",
    "matchCriterionList/matchWeight",
)


def _asked(view: View, _: Context) -> bool:
    return view.discovery_query is not None


def _query(view: View) -> xcpd.DiscoveryQuery:
    query = view.discovery_query
    assert query is not None, "applies to readable queries only"
    return query


@check("XCPD-B-001", actor="ncpeh-b", on="ITI-55", when=_asked)
def interaction_and_trigger_are_those_of_the_query(view: View, _: Context) -> Iterator[Finding]:
    """interactionId is PRPA_IN201305UV02, the control act PRPA_TE201305UV02. Source: HL7 V3 PRPA_IN201305UV02."""
    query = _query(view)
    found = query.interaction_id or xcpd.Ii()
    yield from unless_in(place(view, xcpd.X_INTERACTION + "/@extension"), found.extension, (codes.INTERACTION_QUERY,))
    yield from unless_in(place(view, xcpd.X_CONTROL_ACT_CODE), query.control_act_code, (codes.TRIGGER_QUERY,))


@check("XCPD-B-002", actor="ncpeh-b", on="ITI-55", when=_asked)
def query_asks_for_an_answer_at_once(view: View, _: Context) -> Iterator[Finding]:
    """processingModeCode is T, acceptAckCode AL. Source: IHE ITI TF-2, appendix O."""
    yield from unless_in(place(view, xcpd.X_PROCESSING_MODE), _query(view).processing_mode_code, ("T",))
    yield from unless_in(place(view, xcpd.X_ACCEPT_ACK), _query(view).accept_ack_code, ("AL",))


@check("XCPD-B-003", actor="ncpeh-b", on="ITI-55", when=_asked)
def modality_and_priority_are_given_once(view: View, _: Context) -> Iterator[Finding]:
    """One responseModalityCode R and one responsePriorityCode I. Source: IHE ITI TF-2, 3.55.4.1.2."""
    for path, found, wanted in (
        (xcpd.X_RESPONSE_MODALITY, _query(view).response_modality_codes, "R"),
        (xcpd.X_RESPONSE_PRIORITY, _query(view).response_priority_codes, "I"),
    ):
        if found != (wanted,):
            yield Finding(at=place(view, path), expected=f"{wanted}, once", found=", ".join(found) or "nothing")


@check("XCPD-B-004", actor="ncpeh-b", on="ITI-55", when=_asked)
def query_is_new(view: View, _: Context) -> Iterator[Finding]:
    """queryByParameter/statusCode is new. Source: IHE ITI TF-2, 3.55.4.1.2."""
    yield from unless_in(place(view, xcpd.X_QUERY_STATUS), _query(view).query_status_code, ("new",))


@check("XCPD-B-005", actor="ncpeh-b", on="ITI-55", when=_asked)
def sender_organization_has_one_root(view: View, _: Context) -> Iterator[Finding]:
    """representedOrganization of the sender has one id, a root alone. Source: IHE ITI TF-2, 3.55.4.1.2.4."""
    sender, at = _query(view).sender, place(view, xcpd.X_SENDER_ORGANIZATION)
    ids = sender.organization_ids if sender is not None else ()
    if len(ids) != 1:
        yield Finding(at=at, expected="1 id", found=str(len(ids)))
    elif not ids[0].root or ids[0].extension:
        yield Finding(at=at, expected="a root alone", found="no root" if not ids[0].root else "root and extension")


@check("XCPD-B-006", actor="ncpeh-b", on="ITI-55", when=_asked)
def receiver_is_the_country_asked(view: View, context: Context) -> Iterator[Finding]:
    """The receiver's device id is the home community of country A. Source: eHDSI XCPD profile."""
    receivers = _query(view).receivers
    roots = [bare_oid(i.root) for r in receivers for i in r.ids if i.root]
    wanted = bare_oid(context.ours.home_community)
    if wanted not in roots:
        deviation = "DEV-16" if SAMPLE_ROOT in roots else None
        at = place(view, xcpd.X_RECEIVER)
        yield Finding(at=at, expected=wanted, found=", ".join(roots) or "nothing", deviation=deviation)


@check("XCPD-B-007", actor="ncpeh-b", on="ITI-55", when=_asked)
def query_id_is_new(view: View, context: Context) -> Iterator[Finding]:
    """queryId was not used before. Source: HL7 V3 QUQI_MT021001UV01."""
    found, at = _query(view).query_id, place(view, xcpd.X_QUERY_ID)
    if found is None or not found.root:
        yield Finding(at=at, expected="a queryId with root", found="nothing")
        return
    if found.root == CONSTANT_QUERY_ROOT:
        yield warning(at, "an id of this query", f"the constant root {found.root}", "DEV-17")
    for earlier in context.earlier:
        query = earlier.discovery_query
        if query is not None and earlier.asked_by_sut and query.query_id == found:
            yield warning(at, "an id used once", f"the queryId of exchange {earlier.exchange.id}")


@check("XCPD-B-008", actor="ncpeh-b", on="ITI-55", when=lambda v, _: bool(v.discovery_query and v.discovery_query.ids))
def identifiers_are_complete(view: View, _: Context) -> Iterator[Finding]:
    """A livingSubjectId has root and extension, or a nullFlavor alone. Source: IHE ITI TF-2, 3.55.4.1.2.2."""
    for number, found in enumerate(_query(view).ids, start=1):
        at = place(view, f"{xcpd.X_PARAMETERS}/hl7:livingSubjectId[{number}]/hl7:value")
        null_only = bool(found.null_flavor) and not found.root and not found.extension
        if not null_only and not (found.root and found.extension and not found.null_flavor):
            parts = [n for n, v in (("root", found.root), ("extension", found.extension)) if v]
            deviation = "DEV-18" if parts == ["root"] else None
            shown = " and ".join(parts) or "nothing"
            yield Finding(at=at, expected="root and extension", found=shown, deviation=deviation)


@check("XCPD-B-009", actor="ncpeh-b", on="ITI-55", when=_asked)
def parameters_are_not_repeated(view: View, _: Context) -> Iterator[Finding]:
    """Gender, birth time and address are asked for once at most. Source: IHE ITI TF-2, 3.55.4.1.2.2."""
    given = _query(view).parameters
    for name in _ONCE:
        if given.count(name) > 1:
            at = place(view, f"{xcpd.X_PARAMETERS}/hl7:{name}[2]")
            yield Finding(at=at, expected=f"1 {name}", found=str(given.count(name)))


@check("XCPD-B-010", actor="ncpeh-b", on="ITI-55", when=_asked)
def criteria_are_enough(view: View, _: Context) -> Iterator[Finding]:
    """An identifier, or a name with the birth time, is sent. Source: IHE ITI TF-2, 3.55.4.1.2.2."""
    query = _query(view)
    identifier = any(i.root and i.extension for i in query.ids)
    if not identifier and not ((query.family or query.given) and query.birth):
        at = place(view, xcpd.X_PARAMETERS)
        nothing = not (query.family or query.given or query.birth)
        expected, found = "an identifier, or name and birth time", "nothing usable" if nothing else "a part of them"
        yield Finding(at=at, expected=expected, found=found, deviation="DEV-18" if nothing else None)


@check("XCPD-B-011", actor="ncpeh-b", on="ITI-55", when=_asked)
def query_controls_are_left_out(view: View, _: Context) -> Iterator[Finding]:
    """No sorting, quantity, modify code or match weight. Source: IHE ITI TF-2, 3.55.4.1.2.1."""
    for part in _query(view).query_parts:
        if part in _FORBIDDEN:
            path = "/".join(f"hl7:{step}" for step in part.split("/"))
            yield Finding(at=place(view, f"{xcpd.X_QUERY}/{path}"), expected=f"no {part}", found=part)


@check(
    "XCPD-B-012",
    actor="ncpeh-b",
    on="ITI-55",
    when=lambda v, _: v.discovery_query is not None and v.discovery_query.birth is not None,
)
def birth_time_is_a_day(view: View, _: Context) -> Iterator[Finding]:
    """livingSubjectBirthTime is yyyyMMdd. Source: eHDSI XCPD profile."""
    found = _query(view).birth or ""
    if not re.fullmatch(r"\d{4}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", found):
        yield Finding(at=place(view, xcpd.X_PARAMETER_BIRTH), expected="yyyyMMdd", found=said(found))


@check("XCPD-B-014", actor="ncpeh-b", on="ITI-55", when=_asked)
def hcp_assertion_is_attached(view: View, _: Context) -> Iterator[Finding]:
    """The request carries an HCP identity assertion. Source: eHDSI SAML profile."""
    if view.assertion("hcp") is None:
        at = header_place(view, "wsse:Security/saml:Assertion")
        yield Finding(at=at, expected="an HCP assertion", found=_kinds(view))


def _kinds(view: View) -> str:
    count = len(view.assertions)
    return f"{count} assertions, none of them of that kind" if count else "no assertion"


def _chained(view: View, context: Context) -> bool:
    return confirmed(view) is not None and bool(identified(context))


@check("XCPD-B-018", actor="ncpeh-b", on=("ITI-38", "ITI-39", "ITI-41"), when=_chained)
def patient_is_the_one_identified(view: View, context: Context) -> Iterator[Finding]:
    """TRC assertion and query name the patient id that ITI-55 returned. Source: eHDSI XCPD profile; IHE ITI TF-2, 3.38.4.1."""
    known = {PatientId(root=i.root or "", extension=i.extension or "") for i in identified(context)}
    trc = view.assertion("trc")
    asked: list[tuple[Location, PatientId | None]] = []
    if trc is not None:
        asked.append((Location(message="request", line=trc[0].sourceline), confirmed(view)))
    if view.document_query is not None:
        asked.append((place(view, xds.X_QUERY_SLOT), view.document_query.patient))
    if view.submission is not None:
        entries = enumerate(view.submission.entries, start=1)
        asked += [(place(view, f"{xdr.X_ENTRY}[{n}]"), xds.parse_cx(e.patient_id or "")) for n, e in entries]
    for at, patient in asked:
        if patient is not None and patient not in known:
            expected = "an id that ITI-55 returned: " + ", ".join(sorted(p.cx for p in known))
            yield Finding(at=at, expected=expected, found=patient.cx)
