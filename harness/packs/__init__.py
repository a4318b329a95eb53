"""Scenarios, fragments, populations, SUT files, requirement lists and validation artefacts: loading with positions.

Everything a person writes in YAML comes in through this room and leaves it as types of `harness.model`, or as a list of
problems that names file, line and column of each. It reads files and nothing else: no network, no writing, and the
environment only as a mapping that the caller passes. Forms (pydantic) stay behind this door; only those of populations
and of their terms go out as they are, for `synthesis` to make documents from.
"""

from harness.packs._catalogue import Alteration, Catalogue, Fragment
from harness.packs._chosen import packs_with_builtin
from harness.packs._codes import LINT_CODES
from harness.packs._forms_clinical import (
    AllergyForm,
    Clinical,
    DeviceForm,
    ImmunizationForm,
    LineForm,
    MedicationForm,
    PregnancyForm,
    ProblemForm,
    ProcedureForm,
    ProductForm,
    RecordForm,
    ResultForm,
    SocialForm,
    VitalSignsForm,
)
from harness.packs._forms_population import (
    ContentForm,
    DocumentForm,
    OrganizationForm,
    PatientForm,
    PopulationForm,
    ProfessionalForm,
)
from harness.packs._library import (
    Library,
    bundled_data,
    load_library,
    load_population,
    load_scenarios,
    select,
)
from harness.packs._lint import lint
from harness.packs._populations import Description, load_description, terms_near
from harness.packs._schemas import SCHEMAS, json_schema
from harness.packs._skeleton import Answers, draft
from harness.packs._statement import load_statement
from harness.packs._sut import load_sut
from harness.packs.artefacts import Artefact, Pack, load_pack

__all__ = [
    "LINT_CODES",
    "SCHEMAS",
    "AllergyForm",
    "Alteration",
    "Answers",
    "Artefact",
    "Catalogue",
    "Clinical",
    "ContentForm",
    "Description",
    "DeviceForm",
    "DocumentForm",
    "Fragment",
    "ImmunizationForm",
    "Library",
    "LineForm",
    "MedicationForm",
    "OrganizationForm",
    "Pack",
    "PatientForm",
    "PopulationForm",
    "PregnancyForm",
    "ProblemForm",
    "ProcedureForm",
    "ProductForm",
    "ProfessionalForm",
    "RecordForm",
    "ResultForm",
    "SocialForm",
    "VitalSignsForm",
    "bundled_data",
    "draft",
    "json_schema",
    "lint",
    "load_description",
    "load_library",
    "load_pack",
    "load_population",
    "load_scenarios",
    "load_statement",
    "load_sut",
    "packs_with_builtin",
    "select",
    "terms_near",
]
