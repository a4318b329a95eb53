"""What happens at a node where a rule fires: its variables and checks as XSLT, and the table of the checks."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from xml.sax.saxutils import quoteattr

from harness.validators.schematron._compiled import CheckInfo, note_info, numbered
from harness.validators.schematron._once import Once, Plan
from harness.validators.schematron._rewrite import MISSING
from harness.validators.schematron._rewrites import Rewrite
from harness.validators.schematron._schema import Expression, Extends, Let, Namespaces, Rule, SchCheck, Schema
from harness.validators.schematron._variables import used_variables
from harness.validators.schematron._xpath import free_variables, rename_variables


@dataclass(slots=True)
class Bodies:
    """Writes rule bodies. `shared`: abstract rules that are templates of their own; `version`: attribute of XPath 1."""

    schema: Schema
    rewrites: frozenset[Rewrite]
    careful: bool
    expression: Callable[[str], str]
    version: str
    shared: Mapping[str, bool]
    global_names: frozenset[str]
    checks: list[CheckInfo] = field(default_factory=list)
    once: Once = field(default_factory=Once)
    _undecided: set[str] = field(default_factory=set)
    _abstract: dict[str, Rule] = field(default_factory=dict)
    _called: dict[str, None] = field(default_factory=dict)
    _ids: dict[str, int] = field(default_factory=dict)
    _named: dict[tuple[str, int], str] = field(default_factory=dict)
    _here: str = "."
    _often: Counter[tuple[object, ...]] = field(default_factory=Counter)
    _same: dict[tuple[str, tuple[str, ...]], int] = field(default_factory=dict)
    _here_called: dict[int, int] | None = None

    def __post_init__(self) -> None:
        self._abstract = {r.id: r for r in self.schema.abstract_rules}
        rules = [rule for pattern in self.schema.patterns for rule in pattern.rules]
        self._often = Counter((i.kind, i.test, i.message) for r in rules for i in r.items if isinstance(i, SchCheck))
        self.once.patterns = Rewrite.PLATFORM_PATTERNS in self.rewrites

    def items(self, rule: Rule, owner: str, seen: frozenset[str] = frozenset(), *, closed: bool = False) -> str:
        """The variables and checks of `rule`, those of the abstract rules it extends where they stand.

        `owner` is what made-up ids of its checks begin with; `closed`: nothing outside sees the variables of the rule.
        """
        if not seen:
            self._here = "$h-at" if rule.visit_each else "."
            self._undecided = set()
        inline = self._must_inline(rule)
        plan = self.once.plan(rule, self.expression) if closed and self._may_guard(rule) else Plan()
        out: list[tuple[str, int, str]] = []
        lets: dict[int, str] = {}
        for number, item in enumerate(rule.items):
            if isinstance(item, Let):
                lets[number] = self._let(item)
                if number not in plan.inner:
                    out.append(("", number, lets[number]))
            elif isinstance(item, SchCheck):
                out.append((plan.guards.get(number, ""), number, self._check(rule, item, owner)))
            elif item.rule in self._abstract and item.rule not in seen:
                out.append(("", number, self._extended(item.rule, seen, inline=inline)))
        return guarded(out, plan, lets)

    def rule(self, rule: Rule, owner: str) -> tuple[str, tuple[tuple[int, int], ...]]:
        """The variables and checks of a rule that fires, and which check each shared one it calls is: its number, and theirs."""
        self._here_called = {}
        text = self.items(rule, owner)
        called, self._here_called = self._here_called, None
        return text, tuple(called.items())

    def _may_guard(self, rule: Rule) -> bool:
        """Whether checks of an abstract rule may be left out where they do not fail, and its variables are all its own."""
        return (
            {Rewrite.JUDGED_ONCE, Rewrite.FAILURES_ONLY} <= self.rewrites
            and not (self.careful or self.version or self._must_inline(rule))
            and all(self.shared.get(item.rule, True) for item in rule.items if isinstance(item, Extends))
        )

    def _extended(self, key: str, seen: frozenset[str], *, inline: bool) -> str:
        """An abstract rule: called, or its items in a scope of their own unless variables go in or out."""
        alone = self.shared.get(key, False) and not inline
        if alone and Rewrite.SHARED_RULES in self.rewrites and self._here == ".":
            self._called.setdefault(key)
            return f"<xsl:call-template name={quoteattr(template_name(key))}/>"
        if not alone:
            return self.items(self._abstract[key], key, seen | {key})
        outer = set(self._undecided)
        text = self.items(self._abstract[key], key, seen | {key}, closed=True)
        self._undecided = outer
        return f'<xsl:if test="true()">{text}</xsl:if>'

    def _let(self, let: Let) -> str:
        """A variable, and where it rests on a value set that is missing, what it would be if the set held the code."""
        value = self.expression(let.value)
        attributes = self.version + namespace_attributes(self.schema, let.namespaces)
        rests_on = self._undecided & free_variables(value)
        self._undecided.discard(let.name)
        out = ""
        if MISSING in value or rests_on:
            other = rename_variables(value, {v: f"h-if-{v}" for v in rests_on}).replace(MISSING, "true()")
            out = f"<xsl:variable{attributes} name={quoteattr(f'h-if-{let.name}')} select={quoteattr(other)}/>"
            self._undecided.add(let.name)
        value = value.replace(MISSING, "false()")
        return out + f"<xsl:variable{attributes} name={quoteattr(let.name)} select={quoteattr(value)}/>"

    def templates(self) -> tuple[tuple[str, str], ...]:
        """Name and text of the templates and functions that bodies call."""
        written: dict[str, str] = {}
        self._here = "."
        while waiting := [name for name in self._called if name not in written]:
            for name in waiting:
                self._undecided = set()
                body = self.items(self._abstract[name], name, frozenset({name}), closed=True)
                attribute = quoteattr(template_name(name))
                written[name] = f"<xsl:template name={attribute}>{body}</xsl:template>\n"
        rules = ((template_name(name), text) for name, text in written.items())
        return (*rules, *self.once.functions(), *map(_shared_check, self._same.items()))

    def _must_inline(self, rule: Rule) -> bool:
        """Whether `rule` uses variables that it has only from an abstract rule it extends."""
        bound = set(self.global_names)
        for item in rule.items:
            if not isinstance(item, Extends):
                if used_variables(item) - bound:
                    return True
                if isinstance(item, Let):
                    bound.add(item.name)
        return False

    def _check(self, rule: Rule, check: SchCheck, owner: str) -> str:
        number = len(self.checks)
        expressions: list[Expression] = []
        message = numbered(check.message, expressions)
        notes = tuple(note_info(note, expressions) for note in check.notes)
        texts = [self._text(e) for e in expressions]
        if Rewrite.STATIC_TEXT not in self.rewrites:
            whole = ", ".join(texts[p] if isinstance(p, int) else _literal(p) for p in message)
            message, texts = (len(texts),), [*texts, f"string-join(({whole}), '')"]
        self.checks.append(
            CheckInfo(
                rule_id=self._rule_id(owner, rule, check),
                kind=check.kind,
                role=check.role,
                test=check.test,
                context=rule.context,
                message=message,
                id=check.id,
                flag=check.flag,
                rich=check.rich,
                notes=notes,
            )
        )
        at = self._here
        if check.subject:
            at = f"head(({self.expression(check.subject)}, {at}))"
        return self._tested(check, number, at, texts)

    def _tested(self, check: SchCheck, number: int, at: str, texts: list[str]) -> str:
        test = self.expression(check.test)
        decided = test.replace(MISSING, "false()")
        failed = f"not({decided})" if check.kind == "assert" else decided
        attributes = self.version + namespace_attributes(self.schema, check.namespaces)

        shared = self._called_check(check, number, at, failed, texts)
        if shared:
            return shared

        def record(what: str, values: str) -> str:
            return f"<xsl:value-of select={quoteattr(f"h:record({at}, '{what}{number}', {values})")}/>"

        said = record("F", f"({', '.join(texts)})")
        if any(MISSING in t or self._undecided & free_variables(t) for t in texts):
            said = record("U", "()")
            texts = []
        text = f"<xsl:if{attributes} test={quoteattr(failed)}>{said}</xsl:if>"
        if Rewrite.FAILURES_ONLY not in self.rewrites:
            text += f"<xsl:if{attributes} test={quoteattr(f'not({failed})')}>{record('P', '()')}</xsl:if>"
        rests_on = self._undecided & free_variables(test)
        if MISSING in test or rests_on:
            other = rename_variables(test, {v: f"h-if-{v}" for v in rests_on}).replace(MISSING, "true()")
            # with two unknowns, both ways may agree where a third would not
            agree = f"boolean({decided}) = boolean({other})" if test.count(MISSING) + len(rests_on) == 1 else "false()"
            text = (
                f"<xsl:choose{attributes}><xsl:when test={quoteattr(agree)}>{text}</xsl:when>"
                f"<xsl:otherwise>{record('U', '()')}</xsl:otherwise></xsl:choose>"
            )
        if self.careful:
            text = f"<xsl:try>{text}<xsl:catch>{record('E', '($err:description)')}</xsl:catch></xsl:try>"
        return text

    def _called_check(self, check: SchCheck, number: int, at: str, failed: str, texts: list[str]) -> str:
        """A call of the template of a check that other rules have, too; empty where it depends on the rule, or none has it."""
        whole = " ".join((failed, *texts))
        if (
            self._here_called is None
            or not {Rewrite.SHARED_CHECKS, Rewrite.FAILURES_ONLY} <= self.rewrites
            or self._often[check.kind, check.test, check.message] < _OFTEN
            or self.careful
            or self.version
            or check.namespaces
            or at != "."
            or MISSING in self.expression(check.test)
            or any(MISSING in t for t in texts)
            or "$" in _VALUE_SET.sub("", whole)
        ):
            return ""
        same = self._same.setdefault((failed, tuple(texts)), len(self._same) + 1)
        if self._here_called.setdefault(same, number) != number:
            return ""  # twice in one rule: which of them failed could not be told
        return f'<xsl:call-template name="h:c{same}"/>'

    def _text(self, expression: Expression) -> str:
        value = self.expression(expression.xpath)
        if expression.copy:
            return f"h:copy(({value}))"
        if self.version:  # XPath 1: the first node stands for all
            return f"string(head(({value})))"
        return f"string-join(({value}) ! string(.), ' ')"

    def _rule_id(self, owner: str, rule: Rule, check: SchCheck) -> str:
        """The check's own id, else one made of schema, pattern and what it tests: the same in the next release."""
        if check.id:
            return check.id
        known = self._named.get((owner, id(check)))
        if known:
            return known  # a check of an abstract rule that several rules hold a copy of
        text = "\0".join((check.kind, " ".join(rule.context.split()), check.test))
        name = f"{self.schema.stem}/{owner}/{hashlib.sha256(text.encode()).hexdigest()[:8]}"
        count = self._ids[name] = self._ids.get(name, 0) + 1
        return self._named.setdefault((owner, id(check)), name if count == 1 else f"{name}-{count}")


_OFTEN = 3
"""How many rules must have a check for a template to pay."""
_VALUE_SET = re.compile(r"\$vs\d+\b")


def _shared_check(item: tuple[tuple[str, tuple[str, ...]], int]) -> tuple[str, str]:
    """Name and text of the template of a check that several rules have. What it reports is found by the rule that fired."""
    (failed, texts), number = item
    said = quoteattr(f"h:record(., 'C{number}', ({', '.join(texts)}))")
    body = f"<xsl:if test={quoteattr(failed)}><xsl:value-of select={said}/></xsl:if>"
    return f"h:c{number}", f'<xsl:template name="h:c{number}">{body}</xsl:template>\n'


def guarded(items: Sequence[tuple[str, int, str]], plan: Plan, lets: Mapping[int, str]) -> str:
    """Texts of items, in order: those with a guard, which comes first, only where it holds, with the variables they need."""
    runs = [(guard, list(members)) for guard, members in groupby(items, key=itemgetter(0))]
    uses = Counter(guard for guard, _ in runs if guard)
    names = {guard: f"$h-g{number}" for number, guard in enumerate((g for g, n in uses.items() if n > 1), start=1)}
    out = [f"<xsl:variable name={quoteattr(name[1:])} select={quoteattr(guard)}/>" for guard, name in names.items()]
    for guard, members in runs:
        text = "".join(text for _, _, text in members)
        if guard:
            needed = sorted({i for _, number, _ in members for i in plan.needs[number]})
            text = "".join(lets[i] for i in needed) + text
            text = f"<xsl:if test={quoteattr(names.get(guard, guard))}>{text}</xsl:if>"
        out.append(text)
    return "".join(out)


def template_name(rule_id: str) -> str:
    """The name of the template of an abstract rule."""
    return "h:" + re.sub(r"[^\w.-]", lambda m: f"_{ord(m.group()):x}", f"rule-{rule_id}")


def namespace_attributes(schema: Schema, namespaces: Namespaces) -> str:
    """Declarations of the prefixes that an included part binds otherwise than the schema."""
    own = dict(schema.namespaces)
    return "".join(f" xmlns:{p}={quoteattr(u)}" for p, u in namespaces if p and own.get(p) != u)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
