"""Text for testers and reviewers, in the languages they read."""

import re
from dataclasses import dataclass

_HIDDEN = (
    [c for c in range(0x20) if c not in (0x09, 0x0A)]
    + [0x7F]
    + list(range(0x80, 0xA0))
    + [0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF]
    + list(range(0x202A, 0x202F))
    + list(range(0x2060, 0x2070))
    + list(range(0xD800, 0xE000))
)
_PICTURES = {c: chr(0x2400 + c) if c < 0x20 else "\u2421" if c == 0x7F else f"\u27e8U+{c:04X}\u27e9" for c in _HIDDEN}
_HIDDEN_ONE = re.compile("[" + "".join(re.escape(chr(c)) for c in _HIDDEN) + "]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Localized:
    """The same sentence in English and French; `fr` falls back to `en` where a source gives no translation."""

    en: str
    fr: str = ""

    def in_(self, lang: str) -> str:
        """The text in `lang` (`en` or `fr`)."""
        return self.fr if lang == "fr" and self.fr else self.en


def visible(text: str) -> str:
    """`text` with control, format and direction characters replaced by pictures or `⟨U+202E⟩`.

    Tab and line feed stay. What is left may stand in HTML and in XML 1.0. Source: XML 1.0 (fifth edition), 2.2;
    Unicode Technical Report 36, 2.10 (bidirectional spoofing).
    """
    return _HIDDEN_ONE.sub(lambda m: _PICTURES[ord(m.group())], text)
