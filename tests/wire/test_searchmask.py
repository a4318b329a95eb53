"""Search masks of both forms: what is built is read back, foreign ones are read, bytes never surprise."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import WireError
from harness.wire import searchmask
from harness.wire.searchmask import CURRENT, ID, OLDER, Field, IdGroup, Search, SearchMask
from tests.wire.wire_strategies import VALUES

LENGTHS = st.none() | st.integers(0, 9999)
KINDS = tuple(kind for kind in searchmask.FIELD_KINDS if kind != ID)


def fields(kinds: tuple[str, ...]) -> st.SearchStrategy[Field]:
    texts = dict.fromkeys(("label", "domain", "format", "description", "original", "friendly_name"), VALUES)
    return st.builds(Field, kind=st.sampled_from(kinds), mandatory=st.booleans(), min=LENGTHS, max=LENGTHS, **texts)


IDS = st.lists(fields((ID,)), max_size=2).map(tuple)
OTHERS = st.lists(fields(KINDS), max_size=3).map(tuple)
GROUPS = st.lists(st.builds(IdGroup, display=VALUES, ids=IDS), max_size=2).map(tuple)
SEARCHES = st.builds(
    Search, scope=VALUES, friendly_name=VALUES, identifier_type=VALUES, ids=IDS, groups=GROUPS, fields=OTHERS
)
CURRENT_MASKS = st.builds(
    SearchMask,
    country=VALUES,
    label=VALUES,
    friendly_name=VALUES,
    patient=st.none() | SEARCHES,
    documents=st.lists(SEARCHES, max_size=2).map(tuple),
    next_of_kin=st.none() | SEARCHES,
)
OLDER_MASKS = st.builds(
    SearchMask,
    country=VALUES,
    form=st.just(OLDER),
    patient=st.none() | st.builds(Search, scope=VALUES, ids=IDS, fields=OTHERS),
    validations=st.lists(st.lists(VALUES, max_size=2).map(tuple), max_size=2).map(tuple),
)


@given(mask=CURRENT_MASKS | OLDER_MASKS)
def test_a_mask_comes_back_as_it_was_built(mask: SearchMask) -> None:
    assert searchmask.parse_mask(searchmask.build_mask(mask)) == mask


SAMPLE = searchmask.build_mask(SearchMask(country="BE", patient=Search(ids=(Field(kind=ID, min=3, max=9),))))


@given(data=st.binary(max_size=60), at=st.integers(0, len(SAMPLE)), cut=st.integers(0, 40))
def test_arbitrary_bytes_give_a_mask_or_a_wire_error(data: bytes, at: int, cut: int) -> None:
    for given_bytes in (data, SAMPLE[:at] + data + SAMPLE[at + cut :]):
        try:
            mask = searchmask.parse_mask(given_bytes)
        except WireError:
            continue
        assert searchmask.parse_mask(searchmask.build_mask(mask)) == mask


ACCEPTED = {
    "regular expression met": (Field(kind=ID, format=r"\d{6}-?\d{4}"), CURRENT, "010203-1234", True),
    "anchored expression met": (Field(kind=ID, format=r"^\d{6}-?\d{4}$"), CURRENT, "0102031234", True),
    "only a part matches": (Field(kind=ID, format=r"\d{3}"), CURRENT, "1234", False),
    "mask met": (Field(kind=ID, format="LLNN"), OLDER, "AB12", True),
    "mask with a sign met": (Field(kind=ID, format="NN-NN"), OLDER, "12-34", True),
    "mask missed": (Field(kind=ID, format="LLNN"), OLDER, "1234", False),
    "too short": (Field(kind=ID, min=3), OLDER, "12", False),
    "too long": (Field(kind=ID, max=3), OLDER, "1234", False),
    "free": (Field(kind=ID), CURRENT, "whatever", True),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_field_accepts_what_its_format_and_lengths_allow(what: str) -> None:
    field, form, value, wanted = ACCEPTED[what]
    assert searchmask.accepts(field, value, form) is wanted


def test_identifier_fields_without_domain_or_with_a_broken_format_are_told() -> None:
    good = Field(kind=ID, domain="2.999.1", format=r"\d+")
    bad = (Field(kind=ID, format=r"\d+"), Field(kind=ID, domain="2.999.1", format="(["))
    mask = SearchMask(country="BE", patient=Search(ids=(good, *bad)))
    assert [what for _, what in searchmask.unreadable_fields(mask)] == ["domain", "format"]


@pytest.mark.parametrize(
    ("xml", "kind"),
    [
        ('<searchFields xmlns="urn:other"/>', "wrong-root"),
        ("<searchFields/>", "missing-element"),
        (
            '<patientSearch><country code="X"><searchFields><id min="x"/></searchFields></country></patientSearch>',
            "bad-value",
        ),
    ],
    ids=["another namespace", "no country", "a length that is none"],
)
def test_what_is_no_mask_is_refused(xml: str, kind: str) -> None:
    with pytest.raises(WireError) as caught:
        searchmask.parse_mask(xml.encode())
    assert caught.value.kind == kind


UNREAD = {"cyprus/InternationalSearch_FR.xml": "missing-element"}  # fields stand under the root, without a country


@pytest.mark.corpus
def test_every_foreign_mask_is_read_but_the_one_without_a_country(corpus: Path) -> None:
    forms: dict[str, int] = {}
    unread: dict[str, str] = {}
    folder = corpus / "messages" / "search-mask"
    for path in sorted(folder.glob("*/*.xml")):
        try:
            mask = searchmask.parse_mask(path.read_bytes())
        except WireError as exc:
            unread[str(path.relative_to(folder))] = exc.kind
            continue
        assert searchmask.parse_mask(searchmask.build_mask(mask)) == mask
        assert mask.country == path.stem.split("_")[1]
        assert searchmask.wanted_ids(mask)
        assert not list(searchmask.unreadable_fields(mask)), path.name
        forms[mask.form] = forms.get(mask.form, 0) + 1
    assert unread == UNREAD
    assert forms == {CURRENT: 10, OLDER: 16}
