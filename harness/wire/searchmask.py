"""The International Search Mask: which traits country A wants to be asked with, as it publishes them for country B.

Two forms are in the field and both are read: `searchFields` (2020 and later; formats are regular expressions) and the
older `patientSearch` (formats are letter masks, lengths are `min` and `max`). What is absent is None or empty.
Source: protocol facts 12.4; country facts 8; public masks of NCPs.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from lxml import etree

from harness import safexml
from harness.errors import WireError
from harness.wire import ns

CURRENT, OLDER = "search-fields", "patient-search"
ID, TEXT, BIRTH, GENDER, ACCESS_CODE = "id", "textField", "birthDate", "gender", "accessCode"
MEDIA, PRESCRIPTION, PIN = "media", "prescriptionId", "dispensationPINCode"
FIELD_KINDS = (ID, TEXT, BIRTH, GENDER, ACCESS_CODE, MEDIA, PRESCRIPTION, PIN)
"""Names of field elements. Source: protocol facts 12.4."""

MAX_BYTES = 512 * 1024
_LIMITS = safexml.XmlLimits(max_bytes=MAX_BYTES, max_depth=50)
_MASK_LETTERS = {"N": r"\d", "L": "[A-Za-z]"}  # the comment of the older masks: 'L'etter 'N'umber
_NAMESPACES = (ns.ISM, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One trait. `kind` is one of FIELD_KINDS (`sex` of the older form is GENDER); `domain` an OID, for identifiers.

    `format` is a regular expression, in the older form a mask (N digit, L letter, others as they are); `min` and `max` are
    lengths, None when free.
    """

    kind: str
    label: str = ""
    domain: str = ""
    format: str = ""
    mandatory: bool = False
    description: str = ""
    original: str = ""
    friendly_name: str = ""
    min: int | None = None
    max: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdGroup:
    """Identifiers that belong together; of several groups the user chooses one."""

    display: str = ""
    ids: tuple[Field, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What is asked for one purpose: `identifier_type` NORMAL (`ids`) or CHOICE (one of `groups`), and other fields."""

    scope: str = ""
    friendly_name: str = ""
    identifier_type: str = ""
    ids: tuple[Field, ...] = ()
    groups: tuple[IdGroup, ...] = ()
    fields: tuple[Field, ...] = ()

    @property
    def all_fields(self) -> tuple[Field, ...]:
        """Every field, identifiers first."""
        return (*self.ids, *(f for g in self.groups for f in g.ids), *self.fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchMask:
    """The mask of one country. `form` is CURRENT or OLDER; `validations` (older form) are alternatives, each the labels of
    fields that must be filled together."""

    country: str
    label: str = ""
    friendly_name: str = ""
    form: str = CURRENT
    patient: Search | None = None
    documents: tuple[Search, ...] = ()
    next_of_kin: Search | None = None
    validations: tuple[tuple[str, ...], ...] = ()


# --- reading


def parse_mask(data: bytes) -> SearchMask:
    """The search mask in `data`.

    Raises:
        WireError: it is none; `missing-element` when it names no country.
    """
    root = safexml.parse(data, limits=_LIMITS)
    name = etree.QName(root)
    namespace = name.namespace or ""
    if namespace not in _NAMESPACES or name.localname not in ("searchFields", "patientSearch"):
        raise WireError(
            "not an international search mask",
            kind="wrong-root",
            expected="ism:searchFields or the older patientSearch",
            found=ns.qname(str(root.tag)),
            xpath=ns.xpath_of(root),
        )
    country = root.find(_tag(namespace, "country"))
    if country is None:
        raise WireError("the mask names no country", kind="missing-element", xpath=ns.xpath_of(root))
    if name.localname == "patientSearch":
        return _older(country, namespace)
    patient, kin = country.find(_tag(namespace, "patientSearch")), country.find(_tag(namespace, "nextOfKinSearch"))
    return SearchMask(
        country=country.get("code", ""),
        label=country.get("label", ""),
        friendly_name=country.get("friendlyName", ""),
        patient=None if patient is None else _search(patient, namespace),
        documents=tuple(_search(e, namespace) for e in country.iterchildren(_tag(namespace, "documentSearch"))),
        next_of_kin=None if kin is None else _search(kin, namespace),
    )


def _older(country: etree._Element, namespace: str) -> SearchMask:
    searches = country.find(_tag(namespace, "searchFields"))
    alternatives = country.iterchildren(_tag(namespace, "validation"))
    return SearchMask(
        country=country.get("code", ""),
        label=country.get("label", ""),
        friendly_name=country.get("friendlyName", ""),
        form=OLDER,
        patient=None if searches is None else _search(searches, namespace),
        validations=tuple(tuple(f.get("label", "") for f in a.iterchildren("*")) for a in alternatives),
    )


def _search(element: etree._Element, namespace: str) -> Search:
    identifier = element.find(_tag(namespace, "identifier"))
    holder = element if identifier is None else identifier
    groups = () if identifier is None else tuple(identifier.iterchildren(_tag(namespace, "ids")))
    return Search(
        scope=element.get("scope", ""),
        friendly_name=element.get("friendlyName", ""),
        identifier_type="" if identifier is None else identifier.get("type", ""),
        ids=tuple(f for f in _fields(holder, namespace) if f.kind == ID),
        groups=tuple(IdGroup(display=g.get("display", ""), ids=tuple(_fields(g, namespace))) for g in groups),
        fields=tuple(f for f in _fields(element, namespace) if f.kind != ID),
    )


def _fields(parent: etree._Element, namespace: str) -> Iterator[Field]:
    for element in parent.iterchildren("*"):
        name = etree.QName(element)
        kind = GENDER if name.localname == "sex" else name.localname
        if (name.namespace or "") == namespace and kind in FIELD_KINDS:
            yield Field(
                kind=kind,
                label=element.get("label", ""),
                domain=element.get("domain", ""),
                format=element.get("format", ""),
                mandatory=element.get("mandatory", "").strip() in ("true", "1"),
                description=element.get("contextualDescription", ""),
                original=element.get("originalContextualDescription", ""),
                friendly_name=element.get("friendlyName", ""),
                min=_length(element, "min"),
                max=_length(element, "max"),
            )


def _length(element: etree._Element, name: str) -> int | None:
    text = element.get(name, "").strip()
    if text in ("", "-1"):  # -1 is no length check
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 7):
        raise WireError(
            f"value of @{name}", kind="bad-value", expected="a length or -1", found=text, xpath=ns.xpath_of(element)
        )
    return int(text)


def _tag(namespace: str, name: str) -> str:
    return ns.clark(namespace, name) if namespace else name


# --- writing


def build_mask(mask: SearchMask) -> bytes:
    """`mask` as a document of its form, without XML declaration, fit for the Extension of an endpoint."""
    country = _attributes(code=mask.country, label=mask.label, friendlyName=mask.friendly_name)
    if mask.form == OLDER:
        inside = "" if mask.patient is None else _older_search(mask.patient)
        for labels in mask.validations:
            inside += (
                "<validation>" + "".join(f"<field label={quoteattr(label)}/>" for label in labels) + "</validation>"
            )
        return _normal(f'<patientSearch xmlns="{ns.ISM}"><country{country}>{inside}</country></patientSearch>')
    searches = [("patientSearch", s) for s in (mask.patient,) if s is not None]
    searches += [("documentSearch", s) for s in mask.documents]
    searches += [("nextOfKinSearch", s) for s in (mask.next_of_kin,) if s is not None]
    inside = "".join(_search_xml(name, search) for name, search in searches)
    return _normal(f'<searchFields xmlns="{ns.ISM}"><country{country}>{inside}</country></searchFields>')


def _normal(xml: str) -> bytes:
    """`xml` as it reads after it travelled inside another document."""
    return etree.tostring(safexml.parse(xml.encode()))


def _search_xml(name: str, search: Search) -> str:
    ids = "".join(map(_field_xml, search.ids))
    for group in search.groups:
        ids += f"<ids{_attributes(display=group.display)}>{''.join(map(_field_xml, group.ids))}</ids>"
    if ids or search.identifier_type:
        ids = f"<identifier{_attributes(type=search.identifier_type)}>{ids}</identifier>"
    fields = "".join(map(_field_xml, search.fields))
    return f"<{name}{_attributes(scope=search.scope, friendlyName=search.friendly_name)}>{ids}{fields}</{name}>"


def _older_search(search: Search) -> str:
    fields = "".join(map(_field_xml, (*search.ids, *search.fields)))
    attributes = _attributes(scope=search.scope, friendlyName=search.friendly_name)
    return f"<searchFields{attributes}>{fields}</searchFields>"


def _field_xml(field: Field) -> str:
    attributes = _attributes(
        contextualDescription=field.description,
        domain=field.domain,
        format=field.format,
        friendlyName=field.friendly_name,
        label=field.label,
        mandatory="true" if field.mandatory else "",
        max="" if field.max is None else str(field.max),
        min="" if field.min is None else str(field.min),
        originalContextualDescription=field.original,
    )
    return f"<{field.kind}{attributes}/>"


def _attributes(**values: str) -> str:
    return "".join(f" {name}={quoteattr(value)}" for name, value in values.items() if value)


# --- what it demands


def pattern_of(field: Field, form: str) -> re.Pattern[str] | None:
    """The regular expression a value of `field` has to match as a whole; None when any value will do.

    Raises:
        WireError: kind `bad-value`: the format is no regular expression.
    """
    text = field.format
    if form == OLDER:
        text = "".join(_MASK_LETTERS.get(c, re.escape(c)) for c in field.format)
    if not text:
        return None
    try:
        return re.compile(text)
    except (re.error, OverflowError, RecursionError) as exc:
        raise WireError(
            f"format of the field {field.label!r}",
            kind="bad-value",
            expected="a regular expression",
            found=field.format,
        ) from exc


def accepts(field: Field, value: str, form: str) -> bool:
    """Whether `value` is one that `field` allows: format and lengths.

    Raises:
        WireError: as `pattern_of`.
    """
    pattern = pattern_of(field, form)
    if pattern is not None and pattern.fullmatch(value) is None:
        return False
    return (field.min is None or len(value) >= field.min) and (field.max is None or len(value) <= field.max)


def wanted_ids(mask: SearchMask) -> tuple[IdGroup, ...]:
    """The groups of identifiers of which one has to be filled; a group without a mandatory field demands any of its fields."""
    if mask.patient is None:
        return ()
    plain = (IdGroup(ids=mask.patient.ids),) if mask.patient.ids else ()
    return (*plain, *mask.patient.groups)


def unreadable_fields(mask: SearchMask) -> Iterable[tuple[Field, str]]:
    """Identifier fields that tell country B too little: `domain` absent, or a `format` that cannot be used."""
    for group in wanted_ids(mask):
        for field in group.ids:
            if not field.domain:
                yield field, "domain"
            try:
                pattern_of(field, mask.form)
            except WireError:
                yield field, "format"
