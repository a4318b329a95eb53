"""Scopes of Schematron variables: which become global, which must be renamed, which are used without being there."""

from collections.abc import Iterator, Mapping

from harness.validators.schematron._schema import Expression, Extends, Let, Pattern, Phase, Rule, SchCheck, Schema
from harness.validators.schematron._xpath import free_variables, rename_variables


def global_lets(schema: Schema, phase: Phase | None) -> tuple[list[Let], dict[str, dict[str, str]]]:
    """Variables of schema, phase and patterns as globals, and by pattern the ones that had to be renamed.

    A pattern's variable is visible in other patterns too, which ANS schemas rely on; where two scopes give one name
    different values, each keeps its own, and the phase's goes before the schema's.
    """
    result: dict[str, Let] = {let.name: let for let in schema.lets}
    result |= {let.name: let for let in phase.lets} if phase else {}
    renames: dict[str, dict[str, str]] = {}
    for number, pattern in enumerate(schema.patterns, start=1):
        for let in pattern.lets:
            own = rename_variables(let.value, renames.get(pattern.id, {}))
            name = let.name
            if name in result and (result[name].value, result[name].namespaces) != (own, let.namespaces):
                name = f"h-p{number}-{let.name}"
                renames.setdefault(pattern.id, {})[let.name] = name
            result.setdefault(name, Let(name=name, value=own, namespaces=let.namespaces))
    return list(result.values()), renames


def used_variables(item: Let | SchCheck) -> set[str]:
    """Names of variables that a variable or check uses from around it."""
    if isinstance(item, Let):
        return set(free_variables(item.value))
    used = set(free_variables(item.test)) | free_variables(item.subject)
    for part in (*item.message, *(p for note in item.notes for p in note.message)):
        if isinstance(part, Expression):
            used |= free_variables(part.xpath)
    return used


def sharing(schema: Schema, known: set[str]) -> dict[str, bool]:
    """By abstract rule: whether it can be a template of its own, needing no variable of the rules that extend it."""
    abstract = {r.id: r for r in schema.abstract_rules}

    def needed(rule: Rule, seen: frozenset[str]) -> set[str]:
        bound, free = set(known), set[str]()
        for item in rule.items:
            if isinstance(item, Extends):
                inner = abstract.get(item.rule)
                if inner and item.rule not in seen:
                    free |= needed(inner, seen | {item.rule}) - bound
            else:
                free |= used_variables(item) - bound
                if isinstance(item, Let):
                    bound.add(item.name)
        return free

    return {rule.id: not needed(rule, frozenset({rule.id})) for rule in schema.abstract_rules}


def undefined_variables(schema: Schema, patterns: tuple[Pattern, ...], known: set[str]) -> list[str]:
    """What the active rules use and nobody defines, as problems of the schema."""
    abstract = {r.id: r for r in schema.abstract_rules}
    found: dict[str, None] = {}
    for pattern in patterns:
        for rule in pattern.rules:
            for name, where in _undefined(rule, abstract, set(known), frozenset()):
                found.setdefault(f"variable ${name} is not defined ({where} in pattern {pattern.id!r})")
        for name in sorted(free_variables(pattern.documents) - known):
            found.setdefault(f"variable ${name} is not defined (documents of pattern {pattern.id!r})")
    return list(found)


def _undefined(
    rule: Rule, abstract: Mapping[str, Rule], bound: set[str], seen: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Names without a definition; `bound` gains what the rule defines, for what follows it in a rule that extends it."""
    for name in sorted(free_variables(rule.context) - bound):
        yield name, f"context {rule.context[:60]!r}"
    for item in rule.items:
        if isinstance(item, Extends):
            if item.rule in abstract and item.rule not in seen:
                yield from _undefined(abstract[item.rule], abstract, bound, seen | {item.rule})
            continue
        for name in sorted(used_variables(item) - bound):
            yield name, f"{'let ' + item.name if isinstance(item, Let) else item.kind + ' ' + repr(item.test[:60])}"
        if isinstance(item, Let):
            bound.add(item.name)
