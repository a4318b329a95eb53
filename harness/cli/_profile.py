"""What `harness validate` prints of a clinical document beside findings: what it is and from what it was told, its codes."""

from collections.abc import Iterator

from harness.cli._words import word
from harness.model import TRAIT_NAMES, Layer, Localized, Trait, ValidationReport, in_language, trait_value

_CODES = Localized(
    en="codes {seen} seen, {checked} checked, {unverifiable} not verifiable",
    fr="codes {seen} vus, {checked} vérifiés, {unverifiable} non vérifiables",
)


def profile_lines(report: ValidationReport, lang: str) -> Iterator[str]:
    """One line a trait, with its reason, and the coverage figure of codes; nothing for what is no clinical document."""
    if report.profile is None:
        return
    for name, label in TRAIT_NAMES.items():
        trait: Trait = getattr(report.profile, name)
        value = trait_value(trait.value).in_(lang)
        yield f"    {label.in_(lang):<6} {value} ({in_language(trait.because, lang)})"
    for use in report.uses:
        if use.codes_seen:
            figures = {"seen": use.codes_seen, "checked": use.codes_checked, "unverifiable": use.codes_unverifiable}
            yield f"    {_CODES.in_(lang).format(**figures)}"


def validator_lines(report: ValidationReport, lang: str) -> Iterator[str]:
    """Which validator of the table was applied and why, and what was left unjudged for want of what."""
    if report.validator is not None:
        shown = trait_value(report.validator.value).in_(lang)
        yield f"    {word('validator', lang)} {shown} ({in_language(report.validator.because, lang)})"
    for use in report.uses:
        if use.layer is Layer.REQUIREMENT:
            yield from (f"    {in_language(note, lang)}" for note in use.notes)
