"""The traits of a clinical document and their values, in the words of a reader."""

from collections.abc import Mapping

from harness.model.text import Localized

TRAIT_NAMES: Mapping[str, Localized] = {
    "kind": Localized(en="kind", fr="type"),
    "level": Localized(en="level", fr="niveau"),
    "form": Localized(en="form", fr="forme"),
    "wave": Localized(en="wave", fr="vague"),
    "side": Localized(en="side", fr="côté"),
}
_TRAIT_VALUES: Mapping[str, Localized] = {
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


def trait_value(value: str) -> Localized:
    """`value` of a trait in words; a value that is a name by itself stays as it is."""
    return _TRAIT_VALUES.get(value, Localized(en=value, fr=value))
