"""What `harness validate` prints of a clinical document beside findings: what it is and from what it was told, its codes."""

from collections.abc import Iterator, Mapping

from harness.cli._words import word
from harness.model import Layer, Localized, Trait, ValidationReport, in_language

_NAMES: Mapping[str, Localized] = {
    "kind": Localized(en="kind", fr="type"),
    "level": Localized(en="level", fr="niveau"),
    "form": Localized(en="form", fr="forme"),
    "wave": Localized(en="wave", fr="vague"),
    "side": Localized(en="side", fr="côté"),
}
_VALUES: Mapping[str, Localized] = {
    "undetermined": Localized(en="undetermined", fr="indéterminé"),
    "not-applicable": Localized(en="not applicable", fr="sans objet"),
    "pivot": Localized(en="pivot", fr="pivot"),
    "friendly": Localized(en="friendly", fr="langue du lecteur"),
    "wrapped-original": Localized(en="wrapped original", fr="original inclus"),
    "national": Localized(en="national", fr="national"),
    "up-to-5": Localized(en="up to 5", fr="jusqu'à 5"),
    "from-6": Localized(en="6 and later", fr="6 et suivantes"),
    "country-a": Localized(en="country A", fr="pays A"),
    "country-b": Localized(en="country B", fr="pays B"),
}
_CODES = Localized(
    en="codes {seen} seen, {checked} checked, {unverifiable} not verifiable",
    fr="codes {seen} vus, {checked} vérifiés, {unverifiable} non vérifiables",
)


def profile_lines(report: ValidationReport, lang: str) -> Iterator[str]:
    """One line a trait, with its reason, and the coverage figure of codes; nothing for what is no clinical document."""
    if report.profile is None:
        return
    for name, label in _NAMES.items():
        trait: Trait = getattr(report.profile, name)
        value = _VALUES[trait.value].in_(lang) if trait.value in _VALUES else trait.value
        yield f"    {label.in_(lang):<6} {value} ({in_language(trait.because, lang)})"
    for use in report.uses:
        if use.codes_seen:
            figures = {"seen": use.codes_seen, "checked": use.codes_checked, "unverifiable": use.codes_unverifiable}
            yield f"    {_CODES.in_(lang).format(**figures)}"


def validator_lines(report: ValidationReport, lang: str) -> Iterator[str]:
    """Which validator of the table was applied and why, and what was left unjudged for want of what."""
    if report.validator is not None:
        value = report.validator.value
        shown = _VALUES[value].in_(lang) if value in _VALUES else value
        yield f"    {word('validator', lang)} {shown} ({in_language(report.validator.because, lang)})"
    for use in report.uses:
        if use.layer is Layer.REQUIREMENT:
            yield from (f"    {in_language(note, lang)}" for note in use.notes)
