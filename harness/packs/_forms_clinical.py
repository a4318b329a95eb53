"""What a file of clinical terms, products and records may look like: the matter that synthetic documents are made of."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from harness.packs._fields import Form, Name, Text, form_of

Stated = Literal["none-known", "no-information"]
"""Said of a section instead of entries: nothing is there, or nobody knows."""
_QUANTITY = r"[0-9]+(?:\.[0-9]+)? \S+"
Quantity = Annotated[
    Text,
    AfterValidator(form_of(_QUANTITY, "E209", "a number, a blank and a unit like 5 mg, or 1 for no unit")),
    Field(json_schema_extra={"pattern": f"^{_QUANTITY}$"}),
]
LANGUAGES = ("en", "fr", "pt", "cs")
System = Literal[
    "absent",
    "act-class",
    "act-code",
    "allergy-status",
    "atc",
    "confidentiality",
    "criticality",
    "edqm",
    "emdn",
    "gender",
    "icd10",
    "ihe-act",
    "ihe-act-vaccine",
    "isco",
    "loinc",
    "participation",
    "role",
    "snomed",
    "substitution",
]


class TermForm(Form):
    """One concept: its code, the designation of the value set (`en`), and designations in other languages."""

    system: System
    code: Text
    en: Text
    fr: Text
    pt: Text
    cs: Text

    def in_(self, language: str) -> str:
        """The designation in `language`, one of LANGUAGES."""
        return str(getattr(self, language))


class ProductForm(Form):
    """A medicinal product that does not exist: an invented name on a substance that does."""

    name: Text
    substance: Name
    strength: Quantity
    per: Quantity = "1 1"
    form: Name
    route: Name
    package: Name
    package_size: Quantity


class MedicationForm(Form):
    product: Name
    dose: Quantity = "1 1"
    every: Quantity = "24 h"
    since: datetime.date
    until: datetime.date | None = None


class AllergyForm(Form):
    agent: Name
    kind: Name = "allergic-disposition"
    since: datetime.date
    reaction: Name | None = None
    severity: Name = "moderate"
    criticality: Name = "low-risk"


class ProblemForm(Form):
    finding: Name
    since: datetime.date
    until: datetime.date | None = None


class ProcedureForm(Form):
    what: Name
    at: datetime.date


class DeviceForm(Form):
    what: Name
    since: datetime.date


class ImmunizationForm(Form):
    vaccine: Name
    name: Text
    at: datetime.date
    lot: Text = ""


class SocialForm(Form):
    what: Name
    since: datetime.date
    amount: Quantity


class PregnancyForm(Form):
    status: Name
    at: datetime.date
    delivery: datetime.date | None = None


class VitalSignsForm(Form):
    at: datetime.date
    systolic: Quantity
    diastolic: Quantity


class MeasuredForm(Form):
    what: Name
    value: Quantity
    low: Quantity | None = None
    high: Quantity | None = None


class ResultForm(Form):
    panel: Name
    at: datetime.date
    values: tuple[MeasuredForm, ...] = Field(min_length=1)


class LineForm(Form):
    """One line of a prescription: what, how much of it, how to take it, and which exchange is allowed."""

    product: Name
    packages: int = Field(default=1, ge=1, le=99)
    dose: Quantity = "1 1"
    every: Quantity = "24 h"
    days: int = Field(ge=1, le=999)
    substitution: Name | None = None


class RecordForm(Form):
    """What is known of somebody: documents of both levels and all languages are made from it."""

    medications: tuple[MedicationForm, ...] | Stated = "none-known"
    allergies: tuple[AllergyForm, ...] | Stated = "none-known"
    procedures: tuple[ProcedureForm, ...] | Stated = "none-known"
    problems: tuple[ProblemForm, ...] | Stated = "none-known"
    devices: tuple[DeviceForm, ...] | Stated = "none-known"
    history: tuple[ProblemForm, ...] = ()
    immunizations: tuple[ImmunizationForm, ...] = ()
    social: tuple[SocialForm, ...] = ()
    pregnancy: PregnancyForm | None = None
    vital_signs: tuple[VitalSignsForm, ...] = ()
    blood_group: Name | None = None
    results: tuple[ResultForm, ...] = ()
    lines: dict[Name, LineForm] = Field(default_factory=dict)


class TermsForm(Form):
    """A file of terms, products and records; population files speak of them by their names."""

    terms: dict[Name, TermForm]
    products: dict[Name, ProductForm] = Field(default_factory=dict)
    records: dict[Name, RecordForm] = Field(default_factory=dict)


def named_terms(value: Form) -> Mapping[str, str]:
    """Field to term for every field of `value` that names a term."""
    fields = ("agent", "kind", "reaction", "severity", "criticality", "finding", "what", "vaccine", "status", "panel")
    more = ("substance", "form", "route", "package", "substitution", "blood_group")
    return {f: v for f in (*fields, *more) if isinstance(v := getattr(value, f, None), str)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinical:
    """Terms, products and records by name."""

    terms: Mapping[str, TermForm]
    products: Mapping[str, ProductForm]
    records: Mapping[str, RecordForm]


NOTHING_CLINICAL = Clinical(terms={}, products={}, records={})
