"""What a row that is no pass says of itself, in lines of text."""

from collections.abc import Iterator, Mapping

from harness.model import Finding, RowResult, Severity, Verdict, in_language

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {},
    "fr": {
        "step": "étape",
        "requirement": "exigence",
        "message": "message",
        "expected": "attendu",
        "found": "obtenu",
        "where": "où",
        "next": "à faire",
        "exchange": "échange",
        "pass": "réussi",
        "warning": "réserve",
        "fail": "échec",
        "error": "erreur",
        "inconclusive": "non concluant",
        "review": "à revoir",
        "skipped": "écarté",
        "not_applicable": "sans objet",
        "not_run": "non exécuté",
        "sut": "le système",
        "peer": "notre pair",
        "harness": "l'outil",
        "environment": "l'environnement",
        "configuration": "la configuration",
    },
}


def failure_lines(result: RowResult, lang: str) -> Iterator[str]:
    """The lines that tell why a row is no pass: step, expected, found, requirement, place, what to do."""
    words = _WORDS[lang]
    cause = f" ({words.get(result.cause, result.cause.value)})" if result.cause else ""
    yield f"{result.id}: {words.get(result.verdict, result.verdict.value)}{cause}: {result.title.in_(lang)}"
    told = False
    for step in result.steps:
        if step.verdict in (Verdict.PASS, Verdict.NOT_APPLICABLE):
            continue
        told = True
        place = f"{words.get('step', 'step')} {step.path} ({result.source}:{step.line})"
        yield f"  {place}: {step.title.in_(lang)}: {words.get(step.verdict, step.verdict.value)}"
        for name in step.exchanges:
            yield _line("exchange", name, lang)
        findings = [f for f in step.findings if f.severity is not Severity.INFORMATION]
        if not findings:
            yield _line("expected", in_language(step.expected, lang) or "-", lang)
            yield _line("found", in_language(step.found or step.reason, lang) or "-", lang)
        for finding in findings:
            yield from finding_lines(finding, lang)
    if not told and result.reason:
        yield f"  {in_language(result.reason, lang)}"


def finding_lines(finding: Finding, lang: str) -> Iterator[str]:
    """The lines of one finding: requirement, message, expected, found, place, what to do."""
    yield _line("requirement", finding.requirement or finding.rule, lang)
    if finding.message:
        yield _line("message", in_language(finding.message, lang), lang)
    yield _line("expected", in_language(finding.expected, lang) or "-", lang)
    yield _line("found", in_language(finding.found, lang) or "-", lang)
    place = ":".join(str(part) for part in (finding.at.message, finding.at.line, finding.at.column) if part)
    yield _line("where", f"{place} {finding.at.xpath or ''}".strip(), lang)
    if finding.next:
        yield _line("next", in_language(finding.next, lang), lang)


def _line(key: str, text: str, lang: str) -> str:
    colon = "\u00a0:" if lang == "fr" else ":"
    return f"    {_WORDS[lang].get(key, key)}{colon} {text}".rstrip()
