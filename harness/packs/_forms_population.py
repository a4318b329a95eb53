"""What a population file may look like: synthetic people, the houses they work in, and what their documents hold."""

import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from harness.model import CONSENTS, DOCUMENT_STATUSES
from harness.packs._fields import Country, Form, LocalizedText, Name, Oid, Text, form_of, word_of
from harness.packs._forms import Profile
from harness.packs._forms_sut import IdForm, PersonForm

_TAG = r"[a-z]{2}-[A-Z]{2}"
LanguageTag = Annotated[
    Text,
    AfterValidator(form_of(_TAG, "E209", "a language and a country like fr-FR")),
    Field(json_schema_extra={"pattern": f"^{_TAG}$"}),
]


def _consent(value: object) -> object:
    return ("granted" if value else "refused") if isinstance(value, bool) else value


Consent = Annotated[
    str,
    AfterValidator(word_of(CONSENTS, "consent")),
    BeforeValidator(_consent),
    WithJsonSchema({"enum": [*CONSENTS, True, False]}),
]
DocumentStatus = Annotated[
    Text,
    AfterValidator(word_of(DOCUMENT_STATUSES, "status")),
    Field(json_schema_extra={"enum": list(DOCUMENT_STATUSES)}),
]


class GuardianForm(Form):
    """Who answers for a patient who cannot: a parent of a minor."""

    family: Text
    given: Text
    relationship: Name
    telephone: Text = ""


class PatientForm(PersonForm):
    """`consent` is true, false, or one of granted, refused, pending."""

    ids: tuple[IdForm, ...] = Field(min_length=1)
    consent: Consent = "granted"
    telephone: Text = ""
    guardian: GuardianForm | None = None


class PractitionerForm(Form):
    name: Text
    name_id: Text
    role_code: Text
    role_display: Text
    facility_type: Text
    organization: Text
    organization_id: Text
    locality: Text
    purpose_of_use: Text = "TREATMENT"
    permissions: tuple[Text, ...] = ()
    on_behalf_of: Text = ""
    clinical_speciality: Text = ""
    npi: Text = ""


class OrganizationForm(Form):
    id: IdForm
    name: Text
    street: Text
    city: Text
    postal_code: Text
    country: Country
    telephone: Text


class NationalForm(Form):
    """A code of the country beside that of eHDSI; it becomes a translation."""

    system: Oid
    code: Text
    display: Text


class ProfessionalForm(Form):
    """Who writes documents. `role` is a term of the system isco."""

    id: IdForm
    family: Text
    given: Text
    prefix: Text = ""
    role: Name
    organization: Name
    national: NationalForm | None = None


class ContentForm(Form):
    """What a document is made of, when `harness population` is to write it.

    `line` is the line of the record that a prescription or dispensation is about; `of` the key of the prescription that is
    dispensed, `given` the product that was handed out in place of the one prescribed; `language` that of the reader, for a
    friendly document; `parent` the national document it was made from.
    """

    record: Name = "empty"
    author: Name
    form: Literal["pivot", "friendly"] = "pivot"
    language: LanguageTag | None = None
    at: datetime.date | None = None
    parent: Text = ""
    line: Name | None = None
    of: Name | None = None
    given: Name | None = None
    picture: Literal["png", "jpeg"] = "png"


class DocumentForm(Form):
    """`transcoding` is how much of its codes the common catalogue knows, `signed` whether its author signed the original:
    what the bundled system does with such a document is said in the guide to population files."""

    key: Name
    patient: Name
    kind: Profile
    level: Literal[1, 3]
    unique_id: Text
    path: Text
    pair: Text = ""
    title: Text = ""
    status: DocumentStatus = "shared"
    replaces: Name | None = None
    dispensable: bool = True
    transcoding: Literal["complete", "partial", "impossible"] = "complete"
    signed: bool = True
    content: ContentForm | None = None


class PopulationForm(Form):
    """A population file: synthetic patients, practitioners and documents.

    `country`, `language`, `root`, `seed`, `written`, `organizations` and `professionals` are for the documents that are
    made from `content`. `identifiers` says what identifiers below a root are: an access code that is asked beside the number,
    or a number whose last two digits are a key.
    """

    population: Name
    title: LocalizedText | None = None
    country: Country | None = None
    language: LanguageTag | None = None
    root: Oid | None = None
    seed: int = 1
    written: datetime.date | None = None
    identifiers: dict[Oid, Literal["access-code", "modulo-97"]] = Field(default_factory=dict)
    patients: dict[Name, PatientForm] = Field(default_factory=dict)
    practitioners: dict[Name, PractitionerForm] = Field(default_factory=dict)
    organizations: dict[Name, OrganizationForm] = Field(default_factory=dict)
    professionals: dict[Name, ProfessionalForm] = Field(default_factory=dict)
    documents: tuple[DocumentForm, ...] = ()
