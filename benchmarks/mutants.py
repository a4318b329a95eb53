"""Documents altered at random, the same ones each time: for comparing two engines on input nobody thought of.

A mutant is a function of the seed, the content of its document, its number and the codes it may swap, and of nothing else; it
knows what was done to it, so that a disagreement can be told in words and made again alone.
"""

import hashlib
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from benchmarks.byte_mutations import BYTE_MUTATIONS
from harness import safexml

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
HL7 = "{urn:hl7-org:v3}"
_CODES_PER_SET = 400
_NULL_FLAVORS = ("NI", "UNK", "NA", "ASKU", "NAV", "MSK", "OTH", "NINF", "nonsense", "")
_NAMESPACES = (
    "urn:hl7-org:v3",
    "urn:hl7-org:pharm",
    "urn:epsos-org:ep:medication",
    "urn:hl7-org:sdtc",
    "urn:other",
    "",
)
_TYPES = ("CE", "CD", "ST", "PQ", "IVL_TS", "TS", "IVL_PQ", "INT", "PIVL_TS", "SXCM_TS", "II", "ED", "unknown", "")
_TEXTS = ("", " ", "  x  ", "\n", "a'b", 'a"b', "]", "a[b]", "é€𝄞", "0", "NaN", "true", "<&>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One alteration: its name, the element it was done at (as libxml2 writes a path), and what became what."""

    name: str
    at: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """An altered document; `document` is the sha-256 of the one it was made from."""

    document: str
    seed: int
    number: int
    operations: tuple[Operation, ...]
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Codes:
    """Value sets as lists of (code, code system), and the numbers of those each pair is in."""

    sets: Sequence[Sequence[tuple[str, str]]] = ()
    member_of: Mapping[tuple[str, str], Sequence[int]] = field(default_factory=dict)

    def sibling(self, rng: random.Random, pair: tuple[str, str]) -> tuple[str, str] | None:
        """Another pair of a set that `pair` is in, None where it is in none."""
        numbers = self.member_of.get(pair)
        return rng.choice(self.sets[rng.choice(numbers)]) if numbers else None

    def foreign(self, rng: random.Random) -> tuple[str, str]:
        """Any pair of any set."""
        return rng.choice(rng.choice(self.sets)) if self.sets else ("no-such-code", "2.999.1")


def load_codes(files: Iterable[Path]) -> Codes:
    """The codes of value-set files of any publisher: whatever element has a code and a code system."""
    sets: list[list[tuple[str, str]]] = []
    member_of: dict[tuple[str, str], list[int]] = {}
    for path in sorted(files):
        tops = safexml.parse(path.read_bytes()).iter("*")
        pairs = list(dict.fromkeys((e.get("code", ""), e.get("codeSystem", "")) for e in tops if e.get("codeSystem")))
        if pairs:
            for pair in pairs:
                member_of.setdefault(pair, []).append(len(sets))
            sets.append(pairs[:: max(1, len(pairs) // _CODES_PER_SET)])
    return Codes(sets=sets, member_of=member_of)


def tree_mutant(content: bytes, *, seed: int, number: int, codes: Codes) -> Mutant:
    """Mutant `number` of the well-formed document `content`: one to five alterations of its tree.

    Raises:
        WireError: `content` is not well-formed.
    """
    digest = hashlib.sha256(content).hexdigest()
    rng = random.Random(f"tree {seed} {digest} {number}")
    root = safexml.parse(content)
    wanted = rng.choices((1, 2, 3, 5), weights=(60, 22, 12, 6))[0]
    done: list[Operation] = []
    while len(done) < wanted:
        name = rng.choices(_NAMES, weights=_WEIGHTS)[0]
        operation = TREE_MUTATIONS[name](rng, root, codes)
        if operation:
            done.append(operation)
            if name == "rebind prefix":  # it built a tree anew
                root = _rebound(root, operation.detail)
    data = etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)
    return Mutant(document=digest, seed=seed, number=number, operations=tuple(done), content=data)


def byte_mutant(content: bytes, *, seed: int, number: int) -> Mutant:
    """Mutant `number` of `content` with one to three alterations of its bytes; often no XML any more."""
    digest = hashlib.sha256(content).hexdigest()
    rng = random.Random(f"bytes {seed} {digest} {number}")
    done: list[Operation] = []
    data = content
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice(tuple(BYTE_MUTATIONS))
        data, at = BYTE_MUTATIONS[name](rng, data)
        done.append(Operation(name=name, at=f"byte {at}"))
    return Mutant(document=digest, seed=seed, number=number, operations=tuple(done), content=data)


type Mutation = Callable[[random.Random, etree._Element, Codes], Operation | None]


def _operation(name: str, element: etree._Element, detail: str = "") -> Operation:
    return Operation(name=name, at=element.getroottree().getpath(element), detail=detail[:200])


def _elements(root: etree._Element) -> list[etree._Element]:
    return list(root.iter("*"))


def _inner(rng: random.Random, root: etree._Element) -> etree._Element | None:
    """An element below the root; the ones near it, on which most rules hang, are chosen more often than their share."""
    below = _elements(root)[1:]
    if not below:
        return None
    if rng.random() < 0.3:
        near = [e for e in below if sum(1 for _ in e.iterancestors()) <= 3]
        return rng.choice(near)
    return rng.choice(below)


def _holders(root: etree._Element, attribute: str) -> list[etree._Element]:
    return [e for e in root.iter("*") if attribute in e.attrib]


def _delete(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    element = _inner(rng, root)
    if element is None:
        return None
    operation = _operation("delete element", element)
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return operation


def _copy_of(element: etree._Element) -> etree._Element:
    copy = etree.fromstring(etree.tostring(element, with_tail=False), etree.XMLParser(huge_tree=True))
    copy.tail = element.tail
    return copy


def _duplicate(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    element = _inner(rng, root)
    if element is None:
        return None
    element.addnext(_copy_of(element))
    return _operation("duplicate element", element)


def _move(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    element = _inner(rng, root)
    if element is None:
        return None
    targets = [e for e in _elements(root) if e is not element and element not in e.iterancestors()]
    target = rng.choice(targets)
    operation = _operation("move element", element, f"into {root.getroottree().getpath(target)}")
    target.insert(rng.randint(0, len(target)), element)
    return operation


def _rename(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    element = _inner(rng, root)
    if element is None:
        return None
    name = etree.QName(element)
    if rng.random() < 0.4:
        namespace, local = rng.choice(_NAMESPACES), name.localname
    else:
        namespace = name.namespace or ""
        local = etree.QName(rng.choice(_elements(root))).localname
    operation = _operation("rename element", element, f"to {{{namespace}}}{local}")
    element.tag = f"{{{namespace}}}{local}" if namespace else local
    return operation


def _reorder(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    parents = [e for e in root.iter("*") if len(e) > 1]
    if not parents:
        return None
    parent = rng.choice(parents)
    children = list(parent)
    rng.shuffle(children)
    for child in children:
        parent.append(child)
    return _operation("reorder children", parent)


def _nest_section(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    sections = list(
        root.iter(HL7 + "section", HL7 + "entry", HL7 + "act", HL7 + "organizer", HL7 + "entryRelationship")
    )
    if not sections:
        return None
    section = rng.choice(sections)
    target = rng.choice([section, *(e for e in _elements(section) if e.get("typeCode"))])
    copy = _copy_of(section)
    wrapper = etree.SubElement(target, HL7 + "component") if section.tag == HL7 + "section" else target
    wrapper.append(copy)
    return _operation("nest a copy", section, f"in {root.getroottree().getpath(target)}")


def _delete_attribute(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    holders = [e for e in root.iter("*") if len(e.attrib)]
    if not holders:
        return None
    element = rng.choice(holders)
    name = rng.choice(sorted(map(str, element.attrib)))
    value = element.attrib.pop(name)
    return _operation("delete attribute", element, f"{name}={value!r}")


def _altered(rng: random.Random, value: str) -> str:
    at = rng.randint(0, len(value))
    return rng.choice(
        (
            "",
            value + " ",
            " " + value,
            value.upper(),
            value.lower(),
            value[:at],
            value + "1",
            value[:at] + rng.choice("0'\"[](x.é\t") + value[at:],
            value[::-1],
            rng.choice(_TEXTS),
        )
    )


def _alter_attribute(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    holders = [e for e in root.iter("*") if len(e.attrib)]
    if not holders:
        return None
    element = rng.choice(holders)
    name = rng.choice(sorted(map(str, element.attrib)))
    return _set(element, "alter attribute", name, _altered(rng, str(element.attrib[name])))


def _set(element: etree._Element, what: str, name: str, value: str) -> Operation:
    old = element.get(name)
    element.set(name, value)
    return _operation(what, element, f"{name}: {old!r} to {value!r}")


def _add_attribute(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    donor = rng.choice([e for e in root.iter("*") if len(e.attrib)] or [root])
    if not len(donor.attrib):
        return None
    name, value = rng.choice(sorted((str(k), str(v)) for k, v in donor.attrib.items()))
    return _set(rng.choice(_elements(root)), "add attribute", name, value)


def _swap_code(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    coded = _holders(root, "code")
    if not coded:
        return None
    element = rng.choice(coded)
    pair = (element.get("code", ""), element.get("codeSystem", ""))
    sibling = codes.sibling(rng, pair)
    code, system = sibling if sibling and rng.random() < 0.6 else codes.foreign(rng)
    operation = _set(element, "swap code of the set" if sibling else "swap code", "code", code)
    if rng.random() < 0.7:
        element.set("codeSystem", system)
    return operation


def _change_template(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    templates = list(root.iter(HL7 + "templateId"))
    if not templates:
        return None
    element = rng.choice(templates)
    other = rng.choice(templates).get("root", "")
    return _set(element, "change template", "root", rng.choice((other, _digits(rng, element.get("root", "")))))


def _digits(rng: random.Random, value: str) -> str:
    places = [i for i, c in enumerate(value) if c.isdigit()]
    if not places:
        return value + "1"
    at = rng.choice(places)
    return value[:at] + rng.choice("0123456789") + value[at + 1 :]


def _change_oid(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    name = rng.choice(("root", "codeSystem"))
    holders = _holders(root, name)
    if not holders:
        return None
    element = rng.choice(holders)
    return _set(element, "change OID digit", name, _digits(rng, element.get(name, "")))


def _null_flavor_in(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    element = rng.choice(_elements(root))
    operation = _set(element, "null flavour in", "nullFlavor", rng.choice(_NULL_FLAVORS))
    if rng.random() < 0.6:
        for name in ("code", "codeSystem", "value", "root", "extension"):
            element.attrib.pop(name, None)
    return operation


def _null_flavor_out(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    holders = _holders(root, "nullFlavor")
    if not holders:
        return None
    element = rng.choice(holders)
    return _operation("null flavour out", element, element.attrib.pop("nullFlavor"))


def _change_type(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    holders = _holders(root, XSI_TYPE)
    if not holders:
        return None
    element = rng.choice(holders)
    old = element.get(XSI_TYPE, "")
    prefixes = [f"{p}:" for p in element.nsmap if p]
    local = old.rpartition(":")[2] if rng.random() < 0.5 else rng.choice(_TYPES)
    return _set(element, "change xsi:type", XSI_TYPE, rng.choice(("", *prefixes, "undeclared:")) + local)


def _change_text(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    holders = [e for e in root.iter("*") if (e.text or "").strip()]
    if not holders:
        return None
    element = rng.choice(holders)
    element.text = rng.choice(_TEXTS)
    return _operation("change text", element, repr(element.text))


def _change_date(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    holders = [e for e in _holders(root, "value") if e.get("value", "")[:4].isdigit()]
    if not holders:
        return None
    element = rng.choice(holders)
    digits = element.get("value", "")[:14]
    wanted = rng.choice((4, 6, 8, 10, 12, 14))
    suffix = rng.choice(("", "+0100", "Z", ".5", "-00"))
    return _set(element, "change date", "value", digits[:wanted].ljust(wanted, "1") + suffix)


def _insert_comment(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    element = rng.choice(_elements(root))
    node = etree.Comment(" c ") if rng.random() < 0.5 else etree.ProcessingInstruction("pi", "a='b'")
    element.insert(rng.randint(0, len(element)), node)
    return _operation("insert comment", element)


def _strip_whitespace(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    for element in root.iter():
        if element.text is not None and not element.text.strip():
            element.text = None
        if element.tail is not None and not element.tail.strip():
            element.tail = None
    return _operation("strip whitespace", root)


def _rebind(rng: random.Random, root: etree._Element, codes: Codes) -> Operation | None:
    known = sorted({(p, u) for e in root.iter("*") for p, u in e.nsmap.items() if p not in ("xml", "xsi")}, key=str)
    prefix, uri = rng.choice(known or [(None, "")])
    if not uri:
        return None
    taken = {p for p, _ in known}
    free = sorted({"", "hl7", "urn", "n0", "cda"} - {p or "" for p in taken})
    return _operation("rebind prefix", root, f"{prefix or ''}|{rng.choice(free)}|{rng.choice(('all', 'names'))}")


def _rebound(root: etree._Element, detail: str) -> etree._Element:
    """`root` built anew with one prefix for another; `all` alters it in `xsi:type` too, `names` leaves those dangling."""
    old, new, extent = detail.split("|")

    def build(source: etree._Element, parent: etree._Element | None) -> etree._Element:
        if not isinstance(source.tag, str):
            assert parent is not None
            parent.append(copied := _node(source))
            return copied
        nsmap = {(new or None if (p or "") == old else p): u for p, u in source.nsmap.items()}
        attributes = dict(source.attrib)
        if extent == "all" and XSI_TYPE in attributes:
            before, _, local = str(attributes[XSI_TYPE]).rpartition(":")
            if before == old:
                attributes[XSI_TYPE] = f"{new}:{local}" if new else local
        made = etree.Element(source.tag, attributes, nsmap)
        if parent is not None:
            parent.append(made)
        made.text = source.text
        for child in source:
            build(child, made).tail = child.tail
        return made

    return build(root, None)


def _node(source: etree._Element) -> etree._Element:
    if isinstance(source, etree._Comment):
        return etree.Comment(source.text)
    assert isinstance(source, etree._ProcessingInstruction)
    return etree.ProcessingInstruction(source.target, source.text)


_TABLE: tuple[tuple[str, Mutation, int], ...] = (
    ("delete element", _delete, 12),
    ("duplicate element", _duplicate, 8),
    ("move element", _move, 5),
    ("rename element", _rename, 6),
    ("reorder children", _reorder, 3),
    ("nest a copy", _nest_section, 4),
    ("delete attribute", _delete_attribute, 8),
    ("alter attribute", _alter_attribute, 8),
    ("add attribute", _add_attribute, 4),
    ("swap code", _swap_code, 14),
    ("change template", _change_template, 8),
    ("change OID digit", _change_oid, 6),
    ("null flavour in", _null_flavor_in, 8),
    ("null flavour out", _null_flavor_out, 3),
    ("change xsi:type", _change_type, 7),
    ("change text", _change_text, 4),
    ("change date", _change_date, 5),
    ("insert comment", _insert_comment, 4),
    ("strip whitespace", _strip_whitespace, 1),
    ("rebind prefix", _rebind, 3),
)
TREE_MUTATIONS: Mapping[str, Mutation] = {name: mutation for name, mutation, _ in _TABLE}
_NAMES = tuple(name for name, _, _ in _TABLE)
_WEIGHTS = tuple(weight for _, _, weight in _TABLE)
