"""Population files and the terms they speak with: as types of the model, and as descriptions to make documents from."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Problem, ScenarioError
from harness.model import Patient, PatientId, Population, PopulationDocument, Practitioner
from harness.packs import _forms_population as forms
from harness.packs._fields import Form, nearest
from harness.packs._files import SourceFile, read_files
from harness.packs._forms_clinical import (
    NOTHING_CLINICAL,
    Clinical,
    ProductForm,
    RecordForm,
    TermForm,
    TermsForm,
    named_terms,
)
from harness.packs._shape import mark_of, read_form

MAX_DOCUMENT_BYTES = 10_000_000
MAKEABLE = frozenset(
    {
        *((kind, level) for kind in ("patient-summary", "eprescription") for level in (1, 3)),
        *((f"orcd-{kind}", 1) for kind in ("laboratory", "discharge", "imaging-report", "image")),
        ("edispensation", 3),
    }
)
"""Kinds and levels that documents can be made of. Source: eHDSI document templates, release 8.0.0."""
_TERMS_KEY = re.compile(rb"^terms:", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A population file as its author wrote it, beside the terms that its documents are made of."""

    path: Path
    population: forms.PopulationForm
    clinical: Clinical

    def documents(self) -> Iterator[tuple[forms.DocumentForm, forms.ContentForm]]:
        """The documents that are made from a description, in the order of the file."""
        return ((d, d.content) for d in self.population.documents if d.content is not None)


def load_description(path: Path, terms: Sequence[Path]) -> Description:
    """The population file at `path`, with the terms of the files `terms`; everything it names is known.

    Raises:
        ScenarioError: with every problem of these files.
    """
    files, problems = read_files([path, *terms])
    wrong = [
        Problem(code="E112", at=f.tree.at, problem="wrong kind of file", expected=(kind,), found=f.kind)
        for f, kind in zip(files, ("population", *["terms"] * len(terms)), strict=False)
        if f.kind != kind
    ]
    if problems or wrong:
        raise ScenarioError((*problems, *wrong))
    form, found = read_form(files[0].tree, forms.PopulationForm)
    clinical, more = clinical_of(files[1:])
    if form is None or found or more:
        raise ScenarioError((*found, *more))
    unknown = tuple(unknown_names(form, files[0], clinical))
    if unknown:
        raise ScenarioError(unknown)
    return Description(path=path, population=form, clinical=clinical)


def terms_near(path: Path, bundled: Path) -> tuple[Path, ...]:
    """The terms files that a population file may speak with: those of the folder `bundled`, then those beside it."""
    files = (p for folder in (bundled, path.parent) for p in sorted(folder.glob("*.yaml")))
    found = {p.resolve(): p for p in files if _TERMS_KEY.search(p.read_bytes())}
    return tuple(found.values())


def clinical_of(files: Sequence[SourceFile], base: Clinical = NOTHING_CLINICAL) -> tuple[Clinical, tuple[Problem, ...]]:
    """`base` with what the terms files among `files` define, and their problems; no name may be given again."""
    terms: dict[str, TermForm] = dict(base.terms)
    products: dict[str, ProductForm] = dict(base.products)
    records: dict[str, RecordForm] = dict(base.records)
    problems: list[Problem] = []
    for file in (f for f in files if f.kind == "terms"):
        form, found = read_form(file.tree, TermsForm)
        problems.extend(found)
        if form is None:
            continue
        problems.extend(_added(file, "terms", form.terms, terms))
        problems.extend(_added(file, "products", form.products, products))
        problems.extend(_added(file, "records", form.records, records))
    clinical = Clinical(terms=terms, products=products, records=records)
    for file in (f for f in files if f.kind == "terms"):
        problems.extend(_unknown_terms(file, clinical))
    return clinical, tuple(problems)


def _added[T](file: SourceFile, place: str, own: Mapping[str, T], table: dict[str, T]) -> tuple[Problem, ...]:
    """Puts `own` into `table`; the problems of names that are there already."""
    again = tuple(
        Problem(code="E211", at=mark_of(file.tree, place, name), problem=f"{name!r} is given twice")
        for name in own
        if name in table
    )
    table.update(own)
    return again


def _unknown_terms(file: SourceFile, clinical: Clinical) -> Iterator[Problem]:
    form, _ = read_form(file.tree, TermsForm)
    if form is None:
        return
    for name, product in form.products.items():
        yield from _unknown_in(file, ("products", name), product, clinical)
    for name, record in form.records.items():
        yield from _unknown_in(file, ("records", name), record, clinical)


def _unknown_in(file: SourceFile, place: tuple[str | int, ...], value: Form, clinical: Clinical) -> Iterator[Problem]:
    """Terms and products that `value` or a form inside it names and nobody defines."""
    for field, term in named_terms(value).items():
        if term not in clinical.terms:
            yield _unknown(file, (*place, field), "term", term, clinical.terms)
    product = getattr(value, "product", None)
    if product is not None and product not in clinical.products:
        yield _unknown(file, (*place, "product"), "product", product, clinical.products)
    for field in type(value).model_fields:
        inner = getattr(value, field)
        if isinstance(inner, Form):
            yield from _unknown_in(file, (*place, field), inner, clinical)
        elif isinstance(inner, tuple):
            for i, item in enumerate(inner):
                if isinstance(item, Form):
                    yield from _unknown_in(file, (*place, field, i), item, clinical)
        elif isinstance(inner, dict):
            for key, item in inner.items():
                yield from _unknown_in(file, (*place, field, key), item, clinical)


def _unknown(
    file: SourceFile, place: tuple[str | int, ...], what: str, name: str, known: Mapping[str, object]
) -> Problem:
    at = mark_of(file.tree, *place)
    return Problem(code="E402", at=at, problem=f"unknown {what}", found=name, hint=nearest(name, tuple(known)))


def unknown_names(form: forms.PopulationForm, file: SourceFile, clinical: Clinical) -> Iterator[Problem]:
    """Names in the descriptions of people and documents that nothing stands behind."""
    for key, patient in form.patients.items():
        if patient.guardian is not None and patient.guardian.relationship not in clinical.terms:
            place = ("patients", key, "guardian", "relationship")
            yield _unknown(file, place, "term", patient.guardian.relationship, clinical.terms)
    for key, professional in form.professionals.items():
        if professional.role not in clinical.terms:
            yield _unknown(file, ("professionals", key, "role"), "term", professional.role, clinical.terms)
        if professional.organization not in form.organizations:
            house = professional.organization
            yield _unknown(file, ("professionals", key, "organization"), "organization", house, form.organizations)
    for i, document in enumerate(form.documents):
        content = document.content
        if content is None:
            continue
        inside = ("documents", i, "content")
        if (document.kind, document.level) not in MAKEABLE:
            levels = tuple(str(level) for kind, level in sorted(MAKEABLE) if kind == document.kind)
            text = f"no document of kind {document.kind} is made at this level"
            at = mark_of(file.tree, "documents", i, "level")
            yield Problem(code="E212", at=at, problem=text, expected=levels, found=str(document.level))
        if content.author not in form.professionals:
            yield _unknown(file, (*inside, "author"), "professional", content.author, form.professionals)
        record = clinical.records.get(content.record)
        if record is None:
            yield _unknown(file, (*inside, "record"), "record", content.record, clinical.records)
        elif document.kind in ("eprescription", "edispensation") and content.line not in record.lines:
            yield _unknown(file, (*inside, "line"), "line of the record", content.line or "", record.lines)
        prescriptions = {d.key: d for d in form.documents if d.kind == "eprescription"}
        if document.kind == "edispensation" and content.of not in prescriptions:
            yield _unknown(file, (*inside, "of"), "prescription", content.of or "", prescriptions)
        if content.given is not None and content.given not in clinical.products:
            yield _unknown(file, (*inside, "given"), "product", content.given, clinical.products)
        yield from _missing_frame(form, file, inside)


def _missing_frame(form: forms.PopulationForm, file: SourceFile, place: tuple[str | int, ...]) -> Iterator[Problem]:
    lacking = [n for n in ("country", "language", "root", "written") if getattr(form, n) is None]
    if lacking:
        text = f"the population gives no {', '.join(lacking)}, which documents are made with"
        yield Problem(code="E202", at=mark_of(file.tree, *place), problem=text)


def population_of(file: SourceFile, clinical: Clinical | None = None) -> tuple[Population | None, tuple[Problem, ...]]:
    """The population a file describes, with the bytes of its documents, or its problems.

    With `clinical`, what its descriptions name has to be known there.
    """
    form, problems = read_form(file.tree, forms.PopulationForm)
    if form is None:
        return None, problems
    found = list(unknown_names(form, file, clinical)) if clinical is not None else []
    documents: list[PopulationDocument] = []
    keys = [d.key for d in form.documents]
    for i, document in enumerate(form.documents):
        if document.patient not in form.patients:
            found.append(_unknown(file, ("documents", i, "patient"), "patient", document.patient, form.patients))
        if document.key in keys[:i]:
            at = mark_of(file.tree, "documents", i, "key")
            found.append(Problem(code="E211", at=at, problem=f"document {document.key!r} is given twice"))
        if document.replaces is not None and document.replaces not in keys:
            known = dict.fromkeys(keys)
            found.append(_unknown(file, ("documents", i, "replaces"), "document", document.replaces, known))
        content, unreadable = _content(file, i, document.path)
        found.extend(unreadable)
        documents.append(_document(document, content))
    if found:
        return None, tuple(found)
    return Population(
        patients={key: _patient(key, p) for key, p in form.patients.items()},
        practitioners={key: Practitioner(key=key, **p.model_dump()) for key, p in form.practitioners.items()},
        documents=tuple(documents),
    ), ()


def _content(file: SourceFile, index: int, path: str) -> tuple[bytes, tuple[Problem, ...]]:
    try:
        with (file.path.parent / path).open("rb") as stream:
            return stream.read(MAX_DOCUMENT_BYTES), ()
    except OSError as exc:
        at = mark_of(file.tree, "documents", index, "path")
        why = (exc.strerror or "input/output error").lower()
        hint = "harness population writes the documents of a population file"
        return b"", (Problem(code="E213", at=at, problem=f"file cannot be read: {why}", found=path, hint=hint),)


def _document(form: forms.DocumentForm, content: bytes) -> PopulationDocument:
    return PopulationDocument(
        key=form.key,
        patient=form.patient,
        kind=form.kind,
        level=form.level,
        unique_id=form.unique_id,
        path=form.path,
        pair=form.pair,
        title=form.title,
        status=form.status,
        replaces=form.replaces or "",
        dispensable=form.dispensable,
        content=content,
    )


def _patient(key: str, form: forms.PatientForm) -> Patient:
    return Patient(
        key=key,
        ids=tuple(PatientId(root=i.root, extension=i.extension) for i in form.ids),
        family=form.family,
        given=form.given,
        birth=form.birth,
        gender=form.gender,
        street=form.street,
        city=form.city,
        postal_code=form.postal_code,
        country=form.country or "",
        consent=form.consent == "granted",
        consent_awaited=form.consent == "pending",
    )
