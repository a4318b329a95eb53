"""What happens at a node where a rule fires: its variables and checks as XSLT, and the table of the checks."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

from harness.validators.schematron._compiled import CheckInfo, note_info, numbered
from harness.validators.schematron._matching import Matching, is_literal
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
    matching: Matching = field(default_factory=Matching)
    _literals: dict[str, str] = field(default_factory=dict)
    _undecided: set[str] = field(default_factory=set)
    _abstract: dict[str, Rule] = field(default_factory=dict)
    _called: dict[str, None] = field(default_factory=dict)
    _ids: dict[str, int] = field(default_factory=dict)
    _named: dict[tuple[str, int], str] = field(default_factory=dict)
    _here: str = "."

    def __post_init__(self) -> None:
        self._abstract = {r.id: r for r in self.schema.abstract_rules}

    def items(self, rule: Rule, owner: str, seen: frozenset[str] = frozenset()) -> str:
        """The variables and checks of `rule`, those of the abstract rules it extends where they stand.

        `owner` is what made-up ids of its checks begin with.
        """
        if not seen:
            self._here = "$h-at" if rule.visit_each else "."
            self._literals, self._undecided = {}, set()
        out: list[str] = []
        inline = self._must_inline(rule)
        for item in rule.items:
            if isinstance(item, Let):
                out.append(self._let(item))
            elif isinstance(item, SchCheck):
                out.append(self._check(rule, item, owner))
            elif item.rule in self._abstract and item.rule not in seen:
                out.append(self._extended(item.rule, seen, inline=inline))
        return "".join(out)

    def _extended(self, key: str, seen: frozenset[str], *, inline: bool) -> str:
        """An abstract rule: called, or its items in a scope of their own unless variables go in or out."""
        alone = self.shared.get(key, False) and not inline
        if alone and Rewrite.SHARED_RULES in self.rewrites and self._here == ".":
            self._called.setdefault(key)
            return f"<xsl:call-template name={quoteattr(template_name(key))}/>"
        if not alone:
            return self.items(self._abstract[key], key, seen | {key})
        outer = dict(self._literals), set(self._undecided)
        text = self.items(self._abstract[key], key, seen | {key})
        self._literals, self._undecided = outer
        return f'<xsl:if test="true()">{text}</xsl:if>'

    def _let(self, let: Let) -> str:
        """A variable, and where it rests on a value set that is missing, what it would be if the set held the code."""
        value = self.expression(let.value)
        attributes = self.version + namespace_attributes(self.schema, let.namespaces)
        rests_on = self._undecided & free_variables(value)
        self._literals[let.name] = value if is_literal(value) else ""
        self._undecided.discard(let.name)
        out = ""
        if MISSING in value or rests_on:
            other = rename_variables(value, {v: f"h-if-{v}" for v in rests_on}).replace(MISSING, "true()")
            out = f"<xsl:variable{attributes} name={quoteattr(f'h-if-{let.name}')} select={quoteattr(other)}/>"
            self._undecided.add(let.name)
        value = value.replace(MISSING, "false()")
        return out + f"<xsl:variable{attributes} name={quoteattr(let.name)} select={quoteattr(value)}/>"

    def templates(self) -> tuple[tuple[str, str], ...]:
        """Name and text of the templates that bodies call."""
        written: dict[str, str] = {}
        self._here = "."
        while waiting := [name for name in self._called if name not in written]:
            for name in waiting:
                self._literals, self._undecided = {}, set()
                body = self.items(self._abstract[name], name, frozenset({name}))
                attribute = quoteattr(template_name(name))
                written[name] = f"<xsl:template name={attribute}>{body}</xsl:template>\n"
        return tuple((template_name(name), text) for name, text in written.items())

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
        return self._tested(check, number, at, texts, abstract=rule.id in self._abstract)

    def _tested(self, check: SchCheck, number: int, at: str, texts: list[str], *, abstract: bool) -> str:
        test = self.expression(check.test)
        if abstract and Rewrite.MATCHED_ONCE in self.rewrites and not self.version:
            test = self.matching.rewrite(test, self._literals)
        decided = test.replace(MISSING, "false()")
        failed = f"not({decided})" if check.kind == "assert" else decided
        attributes = self.version + namespace_attributes(self.schema, check.namespaces)

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


def template_name(rule_id: str) -> str:
    """The name of the template of an abstract rule."""
    return "h:" + re.sub(r"[^\w.-]", lambda m: f"_{ord(m.group()):x}", f"rule-{rule_id}")


def namespace_attributes(schema: Schema, namespaces: Namespaces) -> str:
    """Declarations of the prefixes that an included part binds otherwise than the schema."""
    own = dict(schema.namespaces)
    return "".join(f" xmlns:{p}={quoteattr(u)}" for p, u in namespaces if p and own.get(p) != u)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
