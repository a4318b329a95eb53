"""Forms that were found right, as types of the model; called only when a file has no problem."""

import hashlib
from collections.abc import Mapping

from harness.model import (
    Alternative,
    Applies,
    Audit,
    Check,
    Expect,
    Group,
    Matrix,
    Note,
    Receive,
    Reference,
    Reply,
    SameAs,
    Scenario,
    Send,
    SetValues,
    Step,
    Stop,
    That,
    Trigger,
    Validate,
    Value,
)
from harness.packs import _forms as forms
from harness.packs._catalogue import Catalogue, Fragment
from harness.packs._fields import REFERENCE, TextForm
from harness.packs._nodes import Fields, Items, Node, Scalar
from harness.packs._references import fragments_behind, uses_of
from harness.packs._shape import read_form
from harness.packs._walk import field, text


def value_of(node: Node) -> Value:
    """`node` as data; a text that is a reference becomes one."""
    match node:
        case Scalar():
            match = REFERENCE.fullmatch(node.text) if isinstance(node.value, str) else None
            return Reference(tuple(match[1].split("."))) if match else node.value
        case Items():
            return tuple(value_of(n) for n in node.nodes)
        case Fields():
            return {e.key: value_of(e.node) for e in node.entries}


def scenario_of(form: forms.ScenarioForm, tree: Fields, source: bytes, known: Catalogue) -> Scenario:
    """The scenario with its fragments and its temperament put in; `source` are the bytes of its file."""
    applies, fragments = form.applies, known.fragments
    named = text(tree.get("given"), "temperament")
    temperament = known.temperaments.get(named.text) if named else None
    digest = scenario_digest(source, uses_of(tree), fragments)
    if temperament is not None:
        digest = hashlib.sha256(f"{digest} {temperament.digest}".encode()).hexdigest()
    return Scenario(
        id=form.scenario,
        title=form.title.localized(),
        description=form.description.localized() if form.description else None,
        at=tree.at,
        digest=digest,
        applies=Applies(profile=applies.profile, sut=applies.sut, wave=applies.wave, options=applies.options),
        covers=form.covers,
        steps=_steps(form.steps, tree.get("steps"), "", fragments),
        given=_values(tree.get("given")),
        matrix=_matrix(form, tree.get("matrix")),
        priority=form.priority,
        tags=form.tags,
        temperament=temperament,
    )


def scenario_digest(source: bytes, uses: tuple[str, ...], fragments: Mapping[str, Fragment]) -> str:
    """SHA-256, in hexadecimal, of the file's bytes followed by those of every fragment behind it in order of name."""
    digest = hashlib.sha256(source)
    for name in fragments_behind(uses, {n: f.uses for n, f in fragments.items()}):
        digest.update(fragments[name].source)
    return digest.hexdigest()


def _matrix(form: forms.ScenarioForm, node: Node | None) -> Matrix | None:
    if form.matrix is None or node is None:
        return None
    if isinstance(form.matrix, forms.MatrixFrom):
        match = REFERENCE.fullmatch(form.matrix.from_)
        return Matrix(source=Reference(tuple((match[1] if match else form.matrix.from_).split("."))))
    return Matrix(rows=tuple(_values(n) or {} for n in (node.nodes if isinstance(node, Items) else ())))


def _values(node: Node | None) -> Mapping[str, Value] | None:
    return {e.key: value_of(e.node) for e in node.entries} if isinstance(node, Fields) else None


def _steps(
    found: tuple[forms.StepForm, ...], node: Node | None, before: str, fragments: Mapping[str, Fragment]
) -> tuple[Step, ...]:
    nodes = node.nodes if isinstance(node, Items) else ()
    pairs = zip(found, nodes, strict=True)
    return tuple(_step(form, n, f"{before}{i}", fragments) for i, (form, n) in enumerate(pairs))


def _step(form: forms.StepForm, node: Node, path: str, fragments: Mapping[str, Fragment]) -> Step:
    title = form.title.localized() if form.title else None
    at, covers = node.at, form.covers
    match form:
        case forms.SendStep(send=send):
            return Send(
                path=path,
                at=at,
                title=title,
                covers=covers,
                transaction=send.transaction,
                with_=_values(field(field(node, "send"), "with")) or {},
                mutate=send.mutate,
                within_s=send.within,
                save=send.save,
            )
        case forms.ReceiveStep(receive=receive):
            body = field(node, "receive")
            return Receive(
                path=path,
                at=at,
                title=title,
                covers=covers,
                transaction=receive.transaction,
                within_s=receive.within,
                save=receive.save,
                none=receive.none,
                optional=receive.optional,
                service=receive.service or "",
                reply=_reply(receive.reply or form.reply, field(body, "reply") or field(node, "reply")),
            )
        case forms.ExpectStep(expect=expect):
            return Expect(
                path=path,
                at=at,
                title=title,
                covers=_both(covers, expect.covers),
                of=expect.of,
                any=_alternatives(field(node, "expect")),
            )
        case forms.CheckStep(check=check):
            return Check(
                path=path,
                at=at,
                title=title,
                covers=_both(covers, check.covers),
                test=_test(check, field(node, "check")),
                level=check.level or form.level,
            )
        case forms.TriggerStep(trigger=trigger):
            return Trigger(
                path=path,
                at=at,
                title=title,
                covers=covers,
                operation=trigger.operation,
                with_=_values(field(field(node, "trigger"), "with")) or {},
                within_s=trigger.within,
                save=trigger.save,
            )
        case forms.SetStep():
            return SetValues(path=path, at=at, title=title, covers=covers, values=_values(field(node, "set")) or {})
        case forms.NoteStep(note=note):
            return Note(path=path, at=at, title=title, covers=covers, text=note.localized())
        case forms.StopStep(stop=stop):
            return Stop(path=path, at=at, title=title, covers=covers, reason=stop.localized())
        case forms.GroupStep(group=group):
            steps = _steps(group.steps, field(field(node, "group"), "steps"), f"{path}.", fragments)
            return Group(path=path, at=at, title=title, covers=covers, steps=steps, at_once=group.at_once)
        case forms.UseStep(use=use):
            return _use(use, node, path, form.title, covers, fragments)


def _use(
    use: forms.UseForm,
    node: Node,
    path: str,
    title: TextForm | None,
    covers: tuple[str, ...],
    fragments: Mapping[str, Fragment],
) -> Group:
    fragment = fragments[use.fragment]
    inner, problems = read_form(fragment.tree, forms.FragmentForm)
    if inner is None:
        raise RuntimeError(f"fragment {fragment.name} was taken although it has {len(problems)} problems")
    return Group(
        path=path,
        at=node.at,
        title=title.localized() if title else fragment.title,
        covers=covers,
        steps=_steps(inner.steps, fragment.tree.get("steps"), f"{path}.", fragments),
        fragment=fragment.name,
        inputs=_values(field(field(node, "use"), "with")) or {},
        outputs=_values(fragment.tree.get("outputs")) or {},
        save=use.save,
    )


def _both(beside: tuple[str, ...], inside: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*beside, *inside)))


def _reply(form: forms.ReplyForm | None, node: Node | None) -> Reply | None:
    return Reply(with_=_values(field(node, "with")) or {}, faults=form.faults) if form else None


def _alternatives(node: Node | None) -> tuple[Alternative, ...]:
    listed = field(node, "any")
    found = listed.nodes if isinstance(listed, Items) else (node,)
    return tuple(_alternative(n) for n in found if isinstance(n, Fields))


def _alternative(node: Fields) -> Alternative:
    grade = node.get("grade")
    return Alternative(
        outcomes={e.key: value_of(e.node) for e in node.entries if e.key not in ("of", "covers", "grade")},
        grade=grade.text if isinstance(grade, Scalar) else "strict",
    )


def _test(form: forms.CheckForm, node: Node | None) -> That | SameAs | Validate | Audit:
    if form.that is not None:
        that = field(node, "that")
        entries = that.entries if isinstance(that, Fields) else ()
        values = {e.key: value_of(e.node) for e in entries}
        operator = next(k for k in values if k != "value")
        return That(value=values["value"], operator=operator, operand=values[operator])
    if form.same_as is not None:
        pair = _values(field(node, "same_as")) or {}
        return SameAs(value=pair["value"], other=pair["other"])
    if form.audit is not None and form.of is not None:
        return Audit(event=form.audit, of=form.of, within_s=form.within, about=form.about)
    if form.validate_ is None:
        raise RuntimeError("a check without a test passed its form")
    index = field(field(node, "validate"), "document")
    return Validate(
        of=form.validate_.of,
        what=form.validate_.what,
        document=value_of(index) if index is not None else None,
        as_=form.validate_.as_,
    )
