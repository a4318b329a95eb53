"""Sentences, figures and dates in the language of a page.

English is the source; French comes from the Babel catalogue `reports/translations/fr/LC_MESSAGES/report.po`, read at
render time. Calls take literal texts (`say`, `count`, `N_`), so that Babel finds them all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po

from harness.errors import HarnessError
from harness.model import Localized, in_language

LANGUAGES = ("en", "fr")


def N_(text: str) -> str:
    """`text` unchanged: marks a literal for extraction that is translated later."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """Text with the language it is in, when that is not the language of the page (quoted evidence, fallbacks)."""

    text: str
    lang: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The vocabulary of one language: look-ups and number forms, nothing else."""

    lang: str
    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    def say(self, text: str, /, **values: object) -> str:
        """`text` in this language, with `%(name)s` places filled."""
        found = self.texts.get(text)
        said = found[0] if found else text
        return said % values if values else said

    def count(self, one: str, many: str, n: int, /, **values: object) -> str:
        """`one` or `many` as the language asks for `n`; `%(n)s` is the figure. French is singular below 2."""
        found = self.texts.get(one)
        single = n < 2 if self.lang == "fr" else n == 1
        said = (found[0] if single else found[1]) if found and len(found) > 1 else (one if single else many)
        return said % {"n": self.figure(n), **values}

    def knows(self, text: str) -> bool:
        """Whether `text` can be said in this language without falling back to English."""
        return self.lang == "en" or text in self.texts

    def quote(self, text: str) -> Prose:
        """`text` translated when the catalogue or the table of phrases has it, else as it is and marked as English."""
        translated = in_language(text, self.lang)
        if translated != text:
            return Prose(text=translated.replace(" : ", "\u00a0: ").replace(" ; ", "\u202f; "))
        return Prose(text=self.say(text)) if self.knows(text) or not text else Prose(text=text, lang="en")

    def quote_all(self, text: str) -> Prose:
        """`text` as `quote` gives it, where it may be several sentences joined by semicolons."""
        parts = [self.quote(part) for part in text.split("; ")]
        joined = "\u202f; " if self.lang == "fr" else "; "
        return Prose(text=joined.join(p.text for p in parts), lang="en" if any(p.lang for p in parts) else None)

    def localized(self, text: Localized) -> Prose:
        """`text` in this language, marked as English where it has no translation."""
        if self.lang == "en":
            return Prose(text=text.en)
        return Prose(text=text.fr) if text.fr else Prose(text=text.en, lang="en")

    def figure(self, n: int) -> str:
        """A whole number with thousands set apart: `48,210`, in French by U+202F."""
        return f"{n:,}".replace(",", "\u202f") if self.lang == "fr" else f"{n:,}"

    def seconds(self, s: float) -> str:
        """A duration: `0.72 s`, `4 min 31 s`; decimal comma in French."""
        if s >= 60:
            whole = round(s)
            return f"{whole // 60}\u00a0min {whole % 60}\u00a0s"
        text = f"{s:.2f}" if s < 10 else f"{s:.1f}"
        return f"{text.replace('.', ',') if self.lang == 'fr' else text}\u00a0s"

    def lasting(self, s: float) -> str:
        """A length of time of any size in its two largest units: `4 h 0 min`, `12 d 3 h`; short ones as `seconds`."""
        minutes = round(s / 60)
        if minutes < 60:
            return self.seconds(s)
        hours, minutes = divmod(minutes, 60)
        if hours < 48:
            return f"{hours}\u00a0h {minutes}\u00a0min" if minutes else f"{hours}\u00a0h"
        days, hours = divmod(hours, 24)
        return self.say("%(days)s\u00a0d %(hours)s\u00a0h", days=self.figure(days), hours=hours)

    def size(self, n: int) -> str:
        """A number of bytes in words."""
        return self.count("%(n)s byte", "%(n)s bytes", n)

    def moment(self, at: datetime | None) -> str:
        """An instant as `2026-11-21 09:14:02 Z`, the same in both languages; empty for None."""
        return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} Z" if at else ""


def load_words(reports: Path, lang: str) -> Words:
    """The words of `lang` (`en` or `fr`) from the catalogues in `reports`.

    Raises:
        HarnessError: the catalogue is missing or cannot be read.
        ValueError: `lang` is neither.
    """
    if lang not in LANGUAGES:
        raise ValueError(f"language must be one of {LANGUAGES}, got {lang!r}")
    return Words(lang=lang) if lang == "en" else Words(lang=lang, texts=_catalogue(reports, lang))


@lru_cache(maxsize=4)
def _catalogue(reports: Path, lang: str) -> Mapping[str, tuple[str, ...]]:
    path = reports / "translations" / lang / "LC_MESSAGES" / "report.po"
    texts: dict[str, tuple[str, ...]] = {}
    try:
        with path.open("rb") as file:
            catalogue = read_po(file, locale=lang, abort_invalid=True)
    except (OSError, PoFileError, ValueError) as exc:
        raise HarnessError(f"{path.name}: the {lang} catalogue of the report cannot be read: {exc}") from exc
    for message in catalogue:
        if not message.id or message.fuzzy or not message.string:
            continue
        key = message.id if isinstance(message.id, str) else message.id[0]
        texts[key] = (message.string,) if isinstance(message.string, str) else tuple(message.string)
    return texts
