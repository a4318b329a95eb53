"""ITI-55 messages: round trips, tolerance, and the fields that checks ask for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import codes, ns, xcpd
from tests.wire import wire_strategies as some

QUERY = xcpd.DiscoveryQuery(
    message_id=xcpd.Ii(root="6f0f4a52-0000-4000-8000-000000000001", extension="0000000001"),
    creation_time="20260301100000.000+0000",
    sender=xcpd.device("urn:oid:2.999.56"),
    receivers=(xcpd.device("2.999.250"),),
    query_id=xcpd.Ii(root="2.999.56.7", extension="1"),
    ids=(xcpd.Ii(root="2.999.1", extension="P-1"),),
    family="Exemplaire",
    given="Camille",
    birth="19790314",
    gender="F",
)
ANSWER = xcpd.DiscoveryAnswer(
    message_id=xcpd.Ii(root="6f0f4a52-0000-4000-8000-000000000002", extension="0000000002"),
    creation_time="20260301100001.000+0000",
    sender=xcpd.device("2.999.250"),
    receivers=(xcpd.device("2.999.56"),),
    acknowledgements=(xcpd.Acknowledgement(type_code="AA", target_message_id=QUERY.message_id),),
    query_ack_id=QUERY.query_id,
    query_response_code="OK",
    subjects=(
        xcpd.Subject(
            ids=QUERY.ids,
            names=(xcpd.PersonName(family="Exemplaire", given="Camille"),),
            custodian_ids=(xcpd.Ii(root="2.999.250"),),
        ),
    ),
    query_echo=xcpd.canonical_query(QUERY),
)


def parsed_query(xml: bytes) -> xcpd.DiscoveryQuery:
    return xcpd.parse_query(safexml.parse(xml))


def parsed_answer(xml: bytes) -> xcpd.DiscoveryAnswer:
    return xcpd.parse_answer(safexml.parse(xml))


@given(some.QUERIES)
def test_every_query_survives_the_round_trip(query: xcpd.DiscoveryQuery) -> None:
    assert parsed_query(xcpd.build_query(query)) == query


@given(some.ANSWERS)
@settings(max_examples=60)
def test_every_answer_survives_the_round_trip(answer: xcpd.DiscoveryAnswer) -> None:
    assert parsed_answer(xcpd.build_answer(answer)) == answer


@given(some.tree_of(ns.clark(ns.HL7, codes.INTERACTION_QUERY), some.HL7_NAMES, some.HL7_ATTRIBUTES))
def test_any_tree_is_a_query_or_a_wire_error(element: etree._Element) -> None:
    found = some.outcome(xcpd.parse_query, element)
    assert isinstance(found, xcpd.DiscoveryQuery) or found == "missing-element"


@given(some.tree_of(ns.clark(ns.HL7, codes.INTERACTION_ANSWER), some.HL7_NAMES, some.HL7_ATTRIBUTES))
def test_any_tree_is_an_answer_or_a_wire_error(element: etree._Element) -> None:
    found = some.outcome(xcpd.parse_answer, element)
    assert isinstance(found, xcpd.DiscoveryAnswer) or found == "missing-element"


def test_a_wrong_root_is_a_wire_error_that_names_both() -> None:
    with pytest.raises(WireError) as caught:
        xcpd.parse_answer(safexml.parse(xcpd.build_query(QUERY)))
    assert (caught.value.kind, caught.value.expected) == ("wrong-root", "hl7:PRPA_IN201306UV02")
    assert caught.value.found == "hl7:PRPA_IN201305UV02"


def test_a_message_without_control_act_is_a_wire_error() -> None:
    with pytest.raises(WireError) as caught:
        parsed_query(f'<PRPA_IN201305UV02 xmlns="{ns.HL7}"/>'.encode())
    assert caught.value.kind == "missing-element"


def test_an_almost_empty_message_has_nothing_rather_than_defaults() -> None:
    answer = parsed_answer(f'<PRPA_IN201306UV02 xmlns="{ns.HL7}"><controlActProcess/></PRPA_IN201306UV02>'.encode())
    assert (answer.its_version, answer.accept_ack_code, answer.sender, answer.query_echo) == (None, None, None, None)
    assert (answer.ack_code, answer.target_message_id, answer.receiver_hcid) == (None, None, None)
    assert (answer.acknowledgements, answer.subjects, answer.issues, answer.receivers) == ((), (), (), ())


def test_a_query_built_from_defaults_is_what_ehdsi_asks_for() -> None:
    root = safexml.parse(xcpd.build_query(QUERY))
    found = {
        path: root.xpath(path, namespaces=dict(ns.PREFIXES))
        for path in (
            xcpd.X_PROCESSING_MODE,
            xcpd.X_ACCEPT_ACK,
            xcpd.X_CONTROL_ACT_CODE,
            xcpd.X_QUERY_STATUS,
            xcpd.X_RESPONSE_MODALITY,
            xcpd.X_RESPONSE_PRIORITY,
            xcpd.X_SENDER,
            xcpd.X_RECEIVER,
            xcpd.X_PARAMETER_BIRTH,
        )
    }
    assert list(found.values()) == [
        *(["T"], ["AL"], ["PRPA_TE201305UV02"], ["new"], ["R"], ["I"]),
        *(["2.999.56"], ["2.999.250"], ["19790314"]),
    ]


@pytest.mark.parametrize("name", sorted(n for n in vars(xcpd) if n.startswith("X_")))
def test_each_location_points_at_something_in_a_full_message(name: str) -> None:
    answer = replace(
        ANSWER,
        acknowledgements=(
            replace(ANSWER.acknowledgements[0], details=(xcpd.AckDetail(code="X", text="t", location="l"),)),
        ),
        issues=(xcpd.reason("AnswerNotAvailable"),),
        subjects=(replace(ANSWER.subjects[0], gender="F", birth="19790314"),),
    )
    query = replace(QUERY, city="Exempleville")
    roots = [safexml.parse(xcpd.build_answer(answer)), safexml.parse(xcpd.build_query(query))]
    assert any(root.xpath(getattr(xcpd, name), namespaces=dict(ns.PREFIXES)) for root in roots)


def test_the_parser_reports_repeated_parameters_and_query_controls() -> None:
    xml = xcpd.build_query(replace(QUERY, minimum_degree_match="90")).replace(
        b"<parameterList>",
        b'<sortControl/><parameterList><livingSubjectBirthTime><value value="2"/></livingSubjectBirthTime>',
    )
    query = parsed_query(xml)
    assert query.parameters.count("livingSubjectBirthTime") == 2
    assert "sortControl" in query.query_parts
    assert "matchCriterionList/minimumDegreeMatch" in query.query_parts
    assert query.minimum_degree_match == "90"


def test_a_deferred_query_carries_respond_to_and_priority() -> None:
    query = replace(QUERY, response_priority_codes=("D",), respond_to="https://b.example/xcpd")
    again = parsed_query(xcpd.build_query(query))
    assert (again.response_priority_codes, again.respond_to) == (("D",), "https://b.example/xcpd")


def test_home_communities_are_read_from_organization_then_device() -> None:
    assert (QUERY.sender_hcid, QUERY.receiver_hcid) == ("2.999.56", "2.999.250")
    other = xcpd.Device(ids=(xcpd.Ii(root="2.999.9"),), organization_ids=(xcpd.Ii(root="2.999.8"),))
    assert other.hcid == "2.999.8"
    assert xcpd.Device(ids=other.ids).hcid == "2.999.9"
    assert xcpd.Device().hcid is None


def test_an_echo_is_equal_whatever_prefixes_blanks_and_comments_the_responder_uses() -> None:
    foreign = (
        xcpd.build_query(replace(QUERY, minimum_degree_match="50"))
        .replace(b' xmlns="urn:hl7-org:v3"', b' xmlns:n="urn:hl7-org:v3"')
        .replace(b"</", b"</n:")
        .replace(b"<", b"<n:")
        .replace(b"<n:/n:", b"</n:")
        .replace(b'xsi:type="INT"', b'xsi:type="n:INT"')
        .replace(b"<n:parameterList>", b"\n  <!-- traits -->\n <n:parameterList>")
    )
    ours = parsed_query(xcpd.build_query(replace(QUERY, minimum_degree_match="50")))
    assert parsed_query(foreign).canonical_query == ours.canonical_query
    assert ours.canonical_query != parsed_query(xcpd.build_query(QUERY)).canonical_query


def test_an_echo_tells_elements_without_namespace_apart_and_can_be_read_again() -> None:
    start = f'<PRPA_IN201305UV02 xmlns="{ns.HL7}" xmlns:z="foo/bar"><controlActProcess><queryByParameter>'
    end = "</queryByParameter></controlActProcess></PRPA_IN201305UV02>"
    within, outside, other = (
        parsed_query((start + part + end).encode()).canonical_query
        for part in ("<a/>", '<a xmlns=""/>', '<z:a z:b="1"/>')
    )
    assert len({within, outside, other}) == 3
    for echo in (within, outside, other):
        assert parsed_answer(xcpd.build_answer(replace(ANSWER, query_echo=echo))).query_echo == echo


def test_an_answer_echoes_the_query_and_its_criteria_can_be_compared() -> None:
    answer = parsed_answer(xcpd.build_answer(ANSWER))
    assert answer.query_echo == xcpd.canonical_query(QUERY)
    assert answer.echo_criteria == QUERY.criteria
    changed = parsed_answer(
        xcpd.build_answer(replace(ANSWER, query_echo=xcpd.canonical_query(replace(QUERY, family="X"))))
    )
    assert changed.echo_criteria != QUERY.criteria


@pytest.mark.parametrize(
    ("code", "kind", "triple"),
    [
        ("DemographicsQueryNotAllowed", "triggerFor", ("TRIG", "ACT", "RQO")),
        ("InsufficientRights", "mitigatedBy", ("MITGT", "ACT", "EVN")),
        ("AnswerNotAvailable", "mitigatedBy", ("MITGT", "ACT", "EVN")),
    ],
)
def test_a_reason_is_written_under_the_child_that_belongs_to_it(
    code: str, kind: str, triple: tuple[str, str, str]
) -> None:
    answer = parsed_answer(xcpd.build_answer(replace(ANSWER, issues=(xcpd.reason(code),))))
    issue = answer.issues[0]
    assert (issue.kind, issue.code_system) == (kind, codes.REASONS[code].code_system)
    assert (issue.type_code, issue.class_code, issue.mood_code) == triple
    assert answer.reason_codes == (code,)


def test_parts_of_the_patient_that_xcpd_forbids_are_named() -> None:
    xml = xcpd.build_answer(ANSWER).replace(
        b"</hl7:patientPerson>", b"</hl7:patientPerson><hl7:subjectOf2/><hl7:coveredPartyOf/>"
    )
    assert parsed_answer(xml).subjects[0].forbidden_parts == ("coveredPartyOf", "subjectOf2")
    assert parsed_answer(xcpd.build_answer(ANSWER)).subjects[0].forbidden_parts == ()


def test_details_are_read_with_code_text_and_location() -> None:
    detail = xcpd.AckDetail(code="ERROR_PI_NO_MATCH", text="no patient", location="registry")
    ack = replace(ANSWER.acknowledgements[0], type_code="AE", details=(detail,))
    answer = parsed_answer(xcpd.build_answer(replace(ANSWER, acknowledgements=(ack,), subjects=())))
    assert (answer.ack_code, answer.details, answer.target_message_id) == ("AE", (detail,), QUERY.message_id)


def test_times_are_written_in_utc_with_milliseconds() -> None:
    paris = timezone(timedelta(hours=1))
    assert xcpd.hl7_time(datetime(2026, 3, 1, 11, 0, 5, 7000, tzinfo=paris)) == "20260301100005.007+0000"
    assert xcpd.hl7_time(datetime(2026, 3, 1, tzinfo=UTC)) == "20260301000000.000+0000"
    with pytest.raises(ValueError, match="aware"):
        xcpd.hl7_time(datetime(2026, 3, 1))  # noqa: DTZ001


def test_the_first_name_speaks_for_the_subject() -> None:
    subject = ANSWER.subjects[0]
    assert (subject.family, subject.given) == ("Exemplaire", "Camille")
    assert replace(subject, names=()).family is None
    assert subject.ids[0].cx == "P-1^^^&2.999.1&ISO"
