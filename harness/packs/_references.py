"""Does every reference lead somewhere: names in scope, fragments with their inputs and outputs (E4xx)."""

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from harness.errors import Mark, Problem
from harness.packs._catalogue import Catalogue
from harness.packs._fields import REFERENCE, nearest
from harness.packs._forms import RESERVED_NAMES
from harness.packs._nodes import Fields, Items, Node, Scalar, scalars
from harness.packs._walk import StepNode, all_steps, field, replies_of, steps_of, text, texts

EXCHANGES = ("send", "receive", "trigger")


@dataclass(slots=True, kw_only=True)
class Scope:
    """What has been said so far in one file. `names` maps a name to what gave it (a verb, `input`, ...)."""

    known: Catalogue
    names: dict[str, str]
    later: frozenset[str]
    fields: dict[str, frozenset[str]]
    saved: dict[str, Mark] = dataclass_field(default_factory=dict)
    used: set[str] = dataclass_field(default_factory=set)
    problems: list[Problem] = dataclass_field(default_factory=list)


def follow_references(tree: Fields, known: Catalogue) -> Scope:
    """The scope at the end of a scenario or fragment file, with all problems and all names used on the way."""
    names: dict[str, str] = {"sut": "root"}
    fields: dict[str, frozenset[str]] = {}
    given = tree.get("given")
    if tree.entry("fragment") is None:
        names["given"] = "root"
        fields["given"] = frozenset(e.key for e in given.entries) if isinstance(given, Fields) else frozenset()
    for leaf in texts(tree, "inputs"):
        names[leaf.text] = "input"
    later = frozenset(_saves(tree))
    scope = Scope(known=known, names=names, later=later, fields=fields)
    if given is not None:
        _values(given, scope)
    _matrix(tree.get("matrix"), scope)
    _steps(tree.get("steps"), scope)
    outputs = tree.get("outputs")
    if outputs is not None:
        _values(outputs, scope)
    _cycle(tree, known, scope)
    return scope


def uses_of(tree: Fields) -> tuple[str, ...]:
    """The names of the fragments that a file uses, each once."""
    found = (text(s.body, "fragment") for s in all_steps(tree.get("steps")) if s.verb == "use")
    return tuple(dict.fromkeys(leaf.text for leaf in found if leaf))


def fragments_behind(names: tuple[str, ...], fragments: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """All fragments reached from `names`, themselves included, sorted; `fragments` maps a name to what it uses."""
    seen: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo.extend(fragments.get(name, ()))
    return tuple(sorted(seen))


def _saves(tree: Fields) -> list[str]:
    names: list[str] = []
    for step in all_steps(tree.get("steps")):
        leaf = text(step.body, "save")
        if leaf:
            names.append(leaf.text)
        if step.verb == "set" and isinstance(step.body, Fields):
            names.extend(e.key for e in step.body.entries)
    return names


def _matrix(node: Node | None, scope: Scope) -> None:
    if node is None:
        return
    scope.names["row"] = "root"
    source = text(node, "from")
    if source is not None:
        inner = REFERENCE.fullmatch(source.text)
        if (inner[1] if inner else source.text).split(".")[0] != "sut":
            wanted = ("a path that starts with sut, like sut.data.documents",)
            scope.problems.append(
                Problem(
                    code="E401", at=source.at, problem="rows come from the SUT file", expected=wanted, found=source.text
                )
            )
    rows = [r for r in node.nodes if isinstance(r, Fields)] if isinstance(node, Items) else []
    if rows:
        scope.fields["row"] = frozenset.intersection(*(frozenset(e.key for e in r.entries) for r in rows))
    first: dict[str, Mark] = {}
    for row in rows:
        name = text(row, "row")
        if name is not None and name.text in first:
            hint = f"first given on line {first[name.text].line}"
            scope.problems.append(
                Problem(code="E211", at=name.at, problem=f"row {name.text!r} is given twice", hint=hint)
            )
        elif name is not None:
            first[name.text] = name.at
        _values(row, scope)


def _steps(node: Node | None, scope: Scope) -> None:
    for step in steps_of(node):
        match step.verb:
            case "group":
                _steps(field(step.body, "steps"), scope)
            case "note" | "stop":
                pass
            case "use":
                _use(step, scope)
            case "set":
                _values(step.body, scope)
                for entry in step.body.entries if isinstance(step.body, Fields) else ():
                    _save(entry.key, entry.at, "set", scope)
            case _:
                _ordinary(step, scope)


def _ordinary(step: StepNode, scope: Scope) -> None:
    of = text(step.body if step.verb == "expect" else field(step.body, "validate"), "of")
    about = text(step.body, "about") if step.verb == "check" else None
    for leaf in (of, about):
        if leaf is not None:
            _exchange(leaf, scope)
    _values(step.body, scope)
    for reply in replies_of(step):
        _values(reply, scope)
    saved = text(step.body, "save")
    if saved is not None and step.verb in EXCHANGES:
        _save(saved.text, saved.at, step.verb, scope)


def _use(step: StepNode, scope: Scope) -> None:
    given = field(step.body, "with")
    if given is not None:
        _values(given, scope)
    leaf = text(step.body, "fragment")
    saved = text(step.body, "save")
    if leaf is None:
        return
    fragment = scope.known.fragments.get(leaf.text)
    if fragment is None:
        hint = nearest(leaf.text, tuple(scope.known.fragments))
        scope.problems.append(Problem(code="E404", at=leaf.at, problem="unknown fragment", found=leaf.text, hint=hint))
    else:
        entries = given.entries if isinstance(given, Fields) else ()
        for entry in entries:
            if entry.key not in fragment.inputs:
                scope.problems.append(
                    Problem(
                        code="E406",
                        at=entry.at,
                        problem=f"fragment {leaf.text!r} declares no such input",
                        expected=fragment.inputs or ("no input",),
                        found=entry.key,
                        hint=nearest(entry.key, fragment.inputs),
                    )
                )
        missing = [i for i in fragment.inputs if i not in {e.key for e in entries}]
        if missing:
            text_ = f"fragment {leaf.text!r} needs " + ", ".join(repr(m) for m in missing)
            scope.problems.append(Problem(code="E407", at=leaf.at, problem=text_))
    if saved is not None:
        _save(saved.text, saved.at, "use", scope)
        if fragment is not None:
            scope.fields[saved.text] = frozenset(fragment.outputs)


def _save(name: str, at: Mark, kind: str, scope: Scope) -> None:
    if name in RESERVED_NAMES:
        scope.problems.append(
            Problem(code="E410", at=at, problem=f"name {name!r} is reserved", hint="choose another name")
        )
        return
    scope.names[name] = kind
    scope.fields.pop(name, None)
    scope.saved.setdefault(name, at)


def _exchange(leaf: Scalar, scope: Scope) -> None:
    kind = scope.names.get(leaf.text)
    scope.used.add(leaf.text)
    if kind is None:
        _unknown(leaf.text, leaf, scope)
    elif kind not in (*EXCHANGES, "input", "set"):
        scope.problems.append(
            Problem(
                code="E409",
                at=leaf.at,
                problem=f"{leaf.text!r} is not a saved exchange",
                expected=tuple(n for n, k in scope.names.items() if k in EXCHANGES),
                hint="give the name that `save` of a send, receive or trigger gave",
            )
        )


def _values(node: Node, scope: Scope) -> None:
    for leaf in scalars(node):
        if "${" not in leaf.text:
            continue
        match = REFERENCE.fullmatch(leaf.text)
        if match is None:
            scope.problems.append(
                Problem(
                    code="E401",
                    at=leaf.at,
                    problem="malformed reference",
                    expected=("${dotted.path} and nothing beside it",),
                    found=leaf.text,
                )
            )
            continue
        root, *rest = match[1].split(".")
        scope.used.add(root)
        if root not in scope.names:
            _unknown(root, leaf, scope)
        elif rest and root in scope.fields and rest[0] not in scope.fields[root]:
            known = tuple(sorted(scope.fields[root]))
            scope.problems.append(
                Problem(
                    code="E408",
                    at=leaf.at,
                    problem=f"{root!r} has no {rest[0]!r}",
                    expected=known or ("nothing",),
                    hint=nearest(rest[0], known),
                )
            )


def _unknown(name: str, leaf: Scalar, scope: Scope) -> None:
    if name in scope.later:
        hint = "move the step that saves it before this one"
        scope.problems.append(
            Problem(code="E403", at=leaf.at, problem=f"{name!r} is used before it is saved", hint=hint)
        )
        return
    known = tuple(scope.names)
    scope.problems.append(
        Problem(
            code="E402",
            at=leaf.at,
            problem="reference to an unknown name",
            expected=known,
            found=name,
            hint=nearest(name, known),
        )
    )


def _cycle(tree: Fields, known: Catalogue, scope: Scope) -> None:
    own = text(tree, "fragment")
    if own is None:
        return
    graph = {name: f.uses for name, f in known.fragments.items()}
    for step in all_steps(tree.get("steps")):
        leaf = text(step.body, "fragment") if step.verb == "use" else None
        if leaf is not None and own.text in fragments_behind((leaf.text,), graph):
            scope.problems.append(
                Problem(code="E405", at=leaf.at, problem=f"fragment {own.text!r} uses itself through {leaf.text!r}")
            )
