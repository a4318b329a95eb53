"""A validation report for the terminal: verdict, layers, findings with the source line and a caret under the column."""

from collections.abc import Iterator, Mapping

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

from harness.cli._profile import profile_lines, validator_lines
from harness.cli._words import STYLES, labelled, word
from harness.model import Finding, Layer, Severity, ValidationReport, Verdict, in_language, visible
from harness.validators import EXCERPT_LENGTH, PositionIndex

_SEVERITY_STYLES: Mapping[Severity, str] = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "yellow",
    Severity.INFORMATION: "dim",
    Severity.UNDECIDABLE: "magenta",
}
_DECISIVE = (Severity.ERROR, Severity.UNDECIDABLE, None)
_VALID = (Verdict.PASS, Verdict.WARNING, Verdict.NOT_APPLICABLE)


class Text:
    """Lines on one report, in one language, with colours or without."""

    def __init__(self, report: ValidationReport, content: bytes, *, lang: str, colour: bool, quiet: bool) -> None:
        self._report = report
        self._content = content
        self._lang = lang
        self._colour = colour
        self._quiet = quiet
        self._index: PositionIndex | None = None

    def render(self) -> str:
        """The whole text, each line ended; empty when only what fails is wanted and this does not."""
        if self._quiet and self._report.verdict in _VALID:
            return ""
        return "".join(f"{line.rstrip()}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        report = self._report
        sign, style = STYLES[report.verdict]
        verdict = self._painted(f"{sign} {word(report.verdict.value, self._lang)}", style)
        size = f"{report.size} {word('bytes', self._lang)}"
        yield f"{verdict}  {self._painted(report.name, 'bold')}  ({report.kind}, {size})"
        if not self._quiet:
            yield from profile_lines(self._report, self._lang)
            yield from validator_lines(self._report, self._lang)
        told = {part for use in report.uses for part in use.reason.split("; ")}
        for part in report.reason.split("; "):
            if part and part not in told and part not in {f.message for f in report.findings}:
                yield f"    {in_language(visible(part), self._lang)}"
        yield from self._layers()
        for finding in report.findings:
            if not self._quiet or finding.severity in _DECISIVE:
                yield from self._finding(finding)

    def _layers(self) -> Iterator[str]:
        for use in self._report.uses:
            sign, style = STYLES[use.verdict]
            name = " ".join(part for part in (use.coordinate, use.artefact, use.engine) if part and part != use.layer)
            counted = "decided" if use.layer is Layer.REQUIREMENT else "fired"
            fired = word(counted, self._lang).format(fired=use.rules_fired, loaded=use.rules_loaded)
            rules = f", {fired}" if use.rules_loaded else ""
            said = "; ".join(in_language(visible(part), self._lang) for part in use.reason.split("; ") if part)
            reason = f"{': ' if name else ''}{said}" if said else ""
            yield f"    {self._painted(sign, style)} {use.layer.value:<12} {name}{rules}{reason}"

    def _finding(self, finding: Finding) -> Iterator[str]:
        at, lang = finding.at, self._lang
        severity = finding.severity or Severity.ERROR
        place = f"{at.message or self._report.name}:{at.line or '?'}:{at.column or '?'}:"
        message = " ".join(visible(finding.message).split())
        requirement = f" [{finding.requirement}]" if finding.requirement else ""
        said = in_language(message, lang) or labelled("expected", in_language(visible(finding.expected), lang), lang)
        severity_word = self._painted(word(severity.value, lang), _SEVERITY_STYLES[severity])
        yield f"  {place} {severity_word} {finding.rule}: {said}{requirement}"
        yield from self._excerpt(finding)
        if finding.expected or finding.found:
            pairs = (("expected", finding.expected), ("found", finding.found))
            yield "      " + "; ".join(
                labelled(key, in_language(visible(value), lang), lang) for key, value in pairs if value
            )
        if at.xpath:
            yield self._painted(f"      {labelled('where', visible(at.xpath), lang)}", "dim")
        if finding.next:
            yield f"      {labelled('next', in_language(visible(finding.next), lang), lang)}"

    def _excerpt(self, finding: Finding) -> Iterator[str]:
        """The source line behind its number, and a caret under the column."""
        line, column = finding.at.line, finding.at.column
        if not finding.excerpt or not line or not column:
            return
        at = column - 1 if len(finding.excerpt) < EXCERPT_LENGTH else self._caret(line, column)
        gutter = f"{line:>6} | "
        before = visible(finding.excerpt[:at])
        yield f"{self._painted(gutter, 'dim')}{visible(finding.excerpt)}"
        # tabs stay tabs and wide characters take two places, so that the caret stands where the terminal puts them
        space = "".join("\t" if c == "\t" else " " * cell_len(c) for c in before)
        yield f"{self._painted('       | ', 'dim')}{space}{self._painted('^', _SEVERITY_STYLES[Severity.ERROR])}"

    def _caret(self, line: int, column: int) -> int:
        """Where the column is in the excerpt of a line that was cut."""
        self._index = self._index or PositionIndex(self._content)
        position = self._index.at(line, column)
        return position.caret if position else 0

    def _painted(self, text: str, style: str) -> str:
        return Style.parse(style).render(text, color_system=ColorSystem.STANDARD) if self._colour else text
