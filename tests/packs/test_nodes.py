"""YAML with positions: values, marks, and no traceback on any input."""

from hypothesis import given, settings
from hypothesis import strategies as st

from harness.packs._nodes import Decimal, Fields, Items, Scalar, Whole, parse_yaml, plain


def test_every_node_knows_its_line_and_column() -> None:
    tree, problems = parse_yaml(b"a: 1\nlist:\n  - x\n  - {k: v}\n", "f.yaml")
    assert problems == ()
    assert isinstance(tree, Fields)
    listed = tree.get("list")
    assert isinstance(listed, Items)
    second = listed.nodes[1]
    assert isinstance(second, Fields)
    assert str(second.at) == "f.yaml:4:5"
    assert str(second.entries[0].node.at) == "f.yaml:4:9"
    assert str(tree.entries[1].at) == "f.yaml:2:1"


def test_words_have_the_meaning_of_yaml_1_2() -> None:
    text = b"[1, -2, 1.5, 4.10, 007, no, true, null, ~, '1', 1979-03-14, 0x10, 123456789012345678901234567890]"
    tree, _ = parse_yaml(text, "f.yaml")
    assert isinstance(tree, Items)
    assert [n.value for n in tree.nodes if isinstance(n, Scalar)] == [
        1,
        -2,
        1.5,
        4.1,
        "007",
        "no",
        True,
        None,
        None,
        "1",
        "1979-03-14",
        "0x10",
        "123456789012345678901234567890",
    ]


def test_numbers_remember_how_they_were_written() -> None:
    tree, _ = parse_yaml(b"[4.10, 12]", "f.yaml")
    assert tree is not None
    values = plain(tree)
    assert isinstance(values, list)
    decimal, whole = values
    assert isinstance(decimal, Decimal)
    assert isinstance(whole, Whole)
    assert (decimal.written, whole.written) == ("4.10", "12")


def test_byte_order_mark_is_accepted() -> None:
    tree, problems = parse_yaml(b"\xef\xbb\xbfa: 1\n", "f.yaml")
    assert problems == ()
    assert isinstance(tree, Fields)
    assert tree.entries[0].key == "a"


def test_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x]"] + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    tree, problems = parse_yaml("\n".join(lines).encode(), "f.yaml")
    assert tree is None
    assert [p.code for p in problems] == ["E107"]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_arbitrary_bytes_give_a_tree_or_a_problem(data: bytes) -> None:
    tree, problems = parse_yaml(data, "f.yaml")
    assert tree is not None or problems


@settings(max_examples=250, deadline=None)
@given(st.text(alphabet="ab:-[]{}'\"\n\t &*!|>%@?,#\\x0", max_size=40))
def test_arbitrary_yaml_like_text_gives_a_tree_or_a_problem(text: str) -> None:
    tree, problems = parse_yaml(text.encode(), "f.yaml")
    assert tree is not None or problems
