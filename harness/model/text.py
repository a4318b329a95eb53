"""Text for testers and reviewers, in the languages they read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Localized:
    """The same sentence in English and French; `fr` falls back to `en` where a source gives no translation."""

    en: str
    fr: str = ""

    def in_(self, lang: str) -> str:
        """The text in `lang` (`en` or `fr`)."""
        return self.fr if lang == "fr" and self.fr else self.en
