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
            self._literals = {}
        out: list[str] = []
        inline = bool(rule.visit_each) or self._must_inline(rule)
        for item in rule.items:
            if isinstance(item, Let):
                value = self.expression(item.value).replace(MISSING, "false()")
                attributes = self.version + namespace_attributes(self.schema, item.namespaces)
                self._literals[item.name] = value if is_literal(value) else ""
                out.append(f"<xsl:variable{attributes} name={quoteattr(item.name)} select={quoteattr(value)}/>")
            elif isinstance(item, SchCheck):
                out.append(self._check(rule, item, owner))
            elif item.rule in self._abstract and item.rule not in seen:
                if self.shared.get(item.rule) and not inline and self._here == ".":
                    self._called.setdefault(item.rule)
                    out.append(f"<xsl:call-template name={quoteattr(template_name(item.rule))}/>")
                else:
                    out.append(self.items(self._abstract[item.rule], item.rule, seen | {item.rule}))
        return "".join(out)

    def templates(self) -> tuple[tuple[str, str], ...]:
        """Name and text of the templates that bodies call."""
        written: dict[str, str] = {}
        self._here = "."
        while waiting := [name for name in self._called if name not in written]:
            for name in waiting:
                self._literals = {}
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
        text = f"<xsl:if{attributes} test={quoteattr(failed)}>{said}</xsl:if>"
        if Rewrite.FAILURES_ONLY not in self.rewrites:
            text += f"<xsl:if{attributes} test={quoteattr(f'not({failed})')}>{record('P', '()')}</xsl:if>"
        if MISSING in test:
            agree = f"boolean({decided}) = boolean({test.replace(MISSING, 'true()')})"
            text = (
                f"<xsl:choose{attributes}><xsl:when test={quoteattr(agree)}>{text}</xsl:when>"
                f"<xsl:otherwise>{record('U', '()')}</xsl:otherwise></xsl:choose>"
            )
        if self.careful:
            text = f"<xsl:try>{text}<xsl:catch>{record('E', '($err:description)')}</xsl:catch></xsl:try>"
        return text

    def _text(self, expression: Expression) -> str:
        value = self.expression(expression.xpath).replace(MISSING, "false()")
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
