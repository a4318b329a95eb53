"""Assertions as types: reading, building, and the two we issue."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import safexml
from harness.errors import WireError
from harness.model import Practitioner
from harness.wire import ns, saml
from harness.wire.saml import CodedValue, Instant, SamlAssertion, SamlAttribute

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
PHYSICIAN = Practitioner(
    key="physician",
    name="Dr Exemplaire",
    name_id="exemplaire@example.be",
    role_code="221",
    role_display="Medical Doctors",
    facility_type="Hospital",
    organization="Hôpital d'Exemple",
    organization_id="urn:oid:2.999.1",
    locality="Bruxelles",
    permissions=("PRD-006", saml.PERMISSION_PREFIX + "PRD-010"),
)


def hcp() -> SamlAssertion:
    return saml.new_hcp_assertion(PHYSICIAN, id="_h1", country="BE", home_community="2.999.56.1", at=AT)


def parsed(xml: bytes) -> SamlAssertion:
    return saml.parse_assertion(safexml.parse(xml))


def wrapped(inside: str) -> bytes:
    return f'<saml:Assertion xmlns:saml="{ns.SAML}">{inside}</saml:Assertion>'.encode()


def test_identity_assertion_says_who_asks_and_for_how_long() -> None:
    assertion = hcp()

    assert assertion.kind == "hcp"
    assert assertion.issuer == "urn:idp:BE:countryB"
    assert assertion.not_before == Instant(text="2026-01-15T12:00:00.000Z", at=AT)
    assert assertion.not_on_or_after is not None
    assert assertion.not_on_or_after.at == AT + timedelta(hours=4)
    assert assertion.authn_context_class in saml.TWO_FACTOR_CLASSES
    role = assertion.attribute(saml.ROLE)
    assert role is not None
    assert role.values[0] == CodedValue(
        code="221", code_system=saml.ROLE_SYSTEM, code_system_name="ISCO", display="Medical Doctors"
    )
    permissions = assertion.attribute(saml.PERMISSION)
    assert permissions is not None
    assert permissions.values == (saml.PERMISSION_PREFIX + "PRD-006", saml.PERMISSION_PREFIX + "PRD-010")
    home = assertion.attribute(saml.HOME_COMMUNITY)
    assert home is not None
    assert home.text == "urn:oid:2.999.56.1"


def test_trc_assertion_repeats_the_subject_and_names_the_identity_assertion() -> None:
    trc = saml.new_trc_assertion(hcp(), "P-1^^^&2.999.1&ISO", id="_t1", country="BE", at=AT)

    assert trc.kind == "trc"
    assert (trc.name_id, trc.name_id_format) == (hcp().name_id, hcp().name_id_format)
    assert trc.advice_ids == ("_h1",)
    assert trc.authn_context_class == saml.PREVIOUS_SESSION
    patient, purpose = trc.attribute(saml.SUBJECT_ID), trc.attribute(saml.PURPOSE_OF_USE)
    assert patient is not None
    assert patient.text == "P-1^^^&2.999.1&ISO"
    assert purpose is not None
    assert purpose.text == "TREATMENT"


def test_attribute_the_practitioner_has_no_value_for_is_left_out() -> None:
    nobody = Practitioner(
        key="x",
        name="",
        name_id="n",
        role_code="",
        role_display="",
        facility_type="Other",
        organization="",
        organization_id="",
        locality="L",
    )

    assertion = saml.new_hcp_assertion(nobody, id="_x", country="BE", home_community="urn:oid:2.999", at=AT)

    assert assertion.attribute(saml.ROLE) is None
    assert assertion.attribute(saml.PERMISSION) is None
    assert assertion.attribute(saml.LOCALITY) is not None


def test_who_acts_for_another_says_for_whom() -> None:
    clerk = replace(PHYSICIAN, role_code="44", on_behalf_of="221", clinical_speciality="General medicine", npi="N-1")
    made = parsed(
        saml.build_assertion(saml.new_hcp_assertion(clerk, id="_x", country="BE", home_community="2.999", at=AT))
    )
    stated = {
        name: a.text for name in (saml.ON_BEHALF_OF, saml.CLINICAL_SPECIALITY, saml.NPI) if (a := made.attribute(name))
    }
    assert stated == {saml.ON_BEHALF_OF: "221", saml.CLINICAL_SPECIALITY: "General medicine", saml.NPI: "N-1"}


def test_coded_values_are_written_with_a_default_namespace() -> None:
    xml = saml.build_assertion(hcp())

    assert b'<Role xmlns="urn:hl7-org:v3" code="221"' in xml
    assert b'<PurposeOfUse xmlns="urn:hl7-org:v3" code="TREATMENT"' in xml


def test_both_assertions_survive_building_and_parsing() -> None:
    trc = saml.new_trc_assertion(hcp(), "P-1^^^&2.999.1&ISO", id="_t1", country="BE", at=AT)

    assert parsed(saml.build_assertion(hcp())) == hcp()
    assert parsed(saml.build_assertion(trc)) == trc


CHARACTERS = st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="￾￿")
TEXT = st.text(CHARACTERS, max_size=12).map(str.strip)
OPTIONAL = st.none() | TEXT
INSTANT = st.none() | TEXT.map(saml.parse_instant) | st.datetimes(timezones=st.just(UTC)).map(saml.instant)
CODED = st.builds(
    CodedValue,
    code=TEXT,
    code_system=TEXT,
    code_system_name=TEXT,
    display=TEXT,
    element=st.sampled_from(["Role", "PurposeOfUse", "{urn:x}Role", "{}Role"]),
)
ASSERTIONS = st.builds(
    SamlAssertion,
    id=TEXT,
    version=TEXT,
    issue_instant=INSTANT,
    issuer=TEXT,
    issuer_qualifier=OPTIONAL,
    issuer_format=OPTIONAL,
    name_id=TEXT,
    name_id_format=OPTIONAL,
    name_id_sp_provided=OPTIONAL,
    confirmation_method=OPTIONAL,
    not_before=INSTANT,
    not_on_or_after=INSTANT,
    audiences=st.lists(TEXT, max_size=2).map(tuple),
    authn_instant=INSTANT,
    session_index=OPTIONAL,
    authn_context_class=OPTIONAL,
    advice_ids=st.lists(TEXT, max_size=2).map(tuple),
    attributes=st.lists(
        st.builds(
            SamlAttribute,
            name=TEXT,
            values=st.lists(TEXT | CODED, max_size=3).map(tuple),
            friendly_name=OPTIONAL,
            name_format=OPTIONAL,
        ),
        max_size=3,
    ).map(tuple),
)


@settings(deadline=None)
@given(ASSERTIONS)
def test_any_assertion_survives_building_and_parsing(assertion: SamlAssertion) -> None:
    assert parsed(saml.build_assertion(assertion)) == assertion


def test_prefix_of_a_coded_value_is_kept() -> None:
    role = CodedValue(code="221", element="Role", prefix="hl7")
    assertion = SamlAssertion(attributes=(SamlAttribute(name=saml.ROLE, values=(role,)),))

    assert parsed(saml.build_assertion(assertion)) == assertion


@pytest.mark.parametrize(
    ("text", "at", "is_utc"),
    [
        pytest.param("2026-01-15T12:00:00Z", AT, True, id="no fraction"),
        pytest.param("2026-01-15T12:00:00.000000000Z", AT, True, id="nanoseconds"),
        pytest.param("2026-01-15T14:00:00+02:00", AT, False, id="offset is computed"),
        pytest.param("2026-01-15T12:00:00", AT, False, id="no zone"),
        pytest.param("2026-02-30T12:00:00Z", None, False, id="no such day"),
        pytest.param("20260115T120000Z", None, False, id="basic format"),
        pytest.param("0001-01-01T00:00:00+14:00", None, False, id="before all time"),
        pytest.param("", None, False, id="empty"),
    ],
)
def test_instant_keeps_its_text_and_computes_the_moment(text: str, at: datetime | None, is_utc: bool) -> None:
    instant = saml.parse_instant(text)

    assert instant == Instant(text=text, at=at)
    assert instant.is_utc is is_utc


def test_instant_without_a_zone_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="time zone"):
        saml.instant(AT.replace(tzinfo=None))


def test_text_is_read_across_comments() -> None:
    assertion = parsed(
        wrapped(
            "<saml:Subject><saml:NameID>admin<!-- x -->@example.evil</saml:NameID></saml:Subject>"
            '<saml:AttributeStatement><saml:Attribute Name="a"><saml:AttributeValue>one<!-- y --> two<?p z?> three'
            "</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>"
        )
    )

    assert assertion.name_id == "admin@example.evil"
    assert assertion.attributes[0].values == ("one two three",)


def test_content_inside_a_signature_is_not_read() -> None:
    smuggled = '<saml:Subject><saml:NameID>evil</saml:NameID></saml:Subject><saml:Conditions NotBefore="x"/>'

    assertion = parsed(wrapped(f'<ds:Signature xmlns:ds="{ns.DS}"><ds:Object>{smuggled}</ds:Object></ds:Signature>'))

    assert assertion == SamlAssertion()


def test_empty_assertion_has_nothing_and_no_kind() -> None:
    assertion = parsed(wrapped(""))

    assert assertion == SamlAssertion()
    assert assertion.kind == "other"
    assert assertion.attribute(saml.ROLE) is None


def test_foreign_element_in_an_attribute_value_is_read_as_text() -> None:
    assertion = parsed(
        wrapped(
            '<saml:AttributeStatement><saml:Attribute Name="a"><saml:AttributeValue><x>a<y>b</y></x>c</saml:AttributeValue>'
            "</saml:Attribute></saml:AttributeStatement>"
        )
    )

    assert assertion.attributes[0].text == "abc"


def test_what_is_no_assertion_is_refused() -> None:
    with pytest.raises(WireError) as caught:
        saml.parse_assertion(safexml.parse(b"<saml:Assertion xmlns:saml='urn:other'/>"))

    assert caught.value.kind == "wrong-root"


@settings(deadline=None)
@given(st.binary(max_size=60), st.integers(0, 4000), st.integers(0, 60))
def test_damaged_assertion_gives_a_value_or_a_wire_error(noise: bytes, at: int, length: int) -> None:
    xml = saml.build_assertion(hcp())
    at %= len(xml)
    try:
        assertion = parsed(xml[:at] + noise + xml[at + length :])
    except WireError:
        return
    assert isinstance(assertion, SamlAssertion)


@pytest.mark.corpus
def test_danish_and_finnish_assertions_of_the_corpus_are_read(corpus: Path) -> None:
    folder = corpus / "messages" / "soap-security-header" / "denmark"
    for file, country, zulu in (
        ("openncp_soap_header.xml", "DK", True),
        ("openncp_soap_header_namespace_bug_regression.xml", "FI", False),
    ):
        header = safexml.parse((folder / file).read_bytes())
        identity, relation = map(saml.parse_assertion, header.iter(ns.clark(ns.SAML, "Assertion")))

        assert (identity.kind, relation.kind) == ("hcp", "trc")
        assert country in identity.issuer.upper() or country in str(identity.attribute(saml.LOCALITY)).upper()
        assert identity.authn_instant is not None
        assert identity.authn_instant.at is not None
        assert identity.authn_instant.is_utc is zulu
        assert len(relation.advice_ids) == 1
        assert (relation.advice_ids == (identity.id,)) is (country == "DK")  # the Finnish file mixes two sessions
        role = identity.attribute(saml.ROLE)
        assert role is not None
        assert isinstance(role.values[0], CodedValue)
        assert identity.authn_context_class in saml.TWO_FACTOR_CLASSES
        assert parsed(saml.build_assertion(identity)) == identity


@pytest.mark.corpus
def test_every_assertion_of_the_corpus_is_read_and_survives_building(corpus: Path) -> None:
    count = 0
    for path in sorted((corpus / "messages").glob("s*/**/*.xml")):
        for element in safexml.parse(path.read_bytes()).iter(ns.clark(ns.SAML, "Assertion")):
            assertion = saml.parse_assertion(element)
            assert parsed(saml.build_assertion(assertion)) == assertion, path.name
            count += 1
    assert count >= 10
