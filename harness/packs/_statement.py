"""Statement files as types of the model."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from harness.errors import Problem, ScenarioError
from harness.model import DEPENDENCIES, Claim, Statement, SystemIdentity
from harness.packs._files import SourceFile, read_file
from harness.packs._forms_statement import ClaimForm, StatementForm
from harness.packs._shape import mark_of, read_form


def load_statement(path: Path) -> Statement:
    """The statement file at `path`, checked in itself; whether it fits a system and a library is for others to say.

    Raises:
        ScenarioError: with every problem of the file.
    """
    file, problems = read_file(path, str(path))
    if file is None:
        raise ScenarioError(problems)
    if file.kind != "claims":
        wrong = Problem(code="E112", at=file.tree.at, problem="not a statement", expected=("claims",), found=file.kind)
        raise ScenarioError((*problems, wrong))
    form, shape = statement_form(file)
    if form is None or problems or shape:
        raise ScenarioError((*problems, *shape))
    return Statement(
        system=SystemIdentity(name=form.system.name, version=form.system.version, vendor=form.system.vendor),
        claims=tuple(
            Claim(profile=c.profile, actor=c.actor, wave=c.wave, options=tuple(dict.fromkeys(c.options)))
            for c in form.claims
        ),
        source=file.name,
        digest=hashlib.sha256(file.data).hexdigest(),
    )


def statement_form(file: SourceFile) -> tuple[StatementForm | None, tuple[Problem, ...]]:
    """The form of a statement file, or None, and every problem of its shape and of its claims against each other."""
    form, shape = read_form(file.tree, StatementForm)
    if form is None:
        return None, shape
    return form, (*shape, *_contradictions(file, form))


def _contradictions(file: SourceFile, form: StatementForm) -> Iterator[Problem]:
    seen: dict[tuple[str, str], int] = {}
    for at, claim in enumerate(form.claims):
        key = (claim.profile, claim.actor)
        if key in seen:
            yield Problem(
                code="E211",
                at=mark_of(file.tree, "claims", at, "profile"),
                problem=f"{claim.profile} is claimed twice for {claim.actor}",
                hint=f"the first one is claim {seen[key] + 1}; give it all waves and options or leave one out",
            )
        seen.setdefault(key, at)
        yield from _missing(file, form, at, claim)


def _missing(file: SourceFile, form: StatementForm, at: int, claim: ClaimForm) -> Iterator[Problem]:
    claimed = {c.profile for c in form.claims if c.actor == claim.actor}
    for needed in DEPENDENCIES.get(claim.profile, ()):
        if needed not in claimed:
            yield Problem(
                code="E212",
                at=mark_of(file.tree, "claims", at, "profile"),
                problem=f"{claim.profile} is claimed for {claim.actor} without {needed}",
                hint=f"add {{profile: {needed}, actor: {claim.actor}, wave: {claim.wave}}}",
            )
