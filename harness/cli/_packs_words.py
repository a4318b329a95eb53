"""What `harness packs` says, in both languages."""

from harness.model import Localized

_PHRASES = {
    "valid": Localized(en="valid", fr="en vigueur"),
    "not-yet-active": Localized(en="not yet active", fr="pas encore en vigueur"),
    "deprecated": Localized(en="deprecated", fr="déprécié"),
    "expired": Localized(en="expired", fr="expiré"),
    "damaged": Localized(en="damaged", fr="endommagé"),
    "incomplete": Localized(en="INCOMPLETE", fr="INCOMPLET"),
    "status": Localized(en="status", fr="état"),
    "origin": Localized(en="origin", fr="origine"),
    "licence": Localized(en="licence", fr="licence"),
    "digest": Localized(en="sha-256", fr="sha-256"),
    "added": Localized(en="added", fr="ajouté"),
    "judges": Localized(en="judges", fr="juge"),
    "figures": Localized(
        en="{files} files, {rules} rules, {value_sets} value sets",
        fr="{files} fichiers, {rules} règles, {value_sets} jeux de valeurs",
    ),
    "packs": Localized(en="{n} packs", fr="{n} paquets"),
    "unusual": Localized(en="warning: {pack} is {status}", fr="attention\u00a0: {pack} est {status}"),
    "capitals": Localized(
        en="warning: {pack}: capitals differ from those of the file: {text}",
        fr="attention\u00a0: {pack}\u00a0: les majuscules diffèrent de celles du fichier\u00a0: {text}",
    ),
    "more-capitals": Localized(
        en="warning: {pack}: {n} more; see harness packs show",
        fr="attention\u00a0: {pack}\u00a0: {n} de plus\u00a0; voir harness packs show",
    ),
    "missing-files": Localized(
        en="INCOMPLETE: files that are referred to and not there: {n}",
        fr="INCOMPLET\u00a0: fichiers cités et absents\u00a0: {n}",
    ),
    "rebuilt": Localized(en="rebuilt: {file} from {source}", fr="reconstruit\u00a0: {file} à partir de {source}"),
    "locked": Localized(en="{n} packs locked in {path}", fr="{n} paquets verrouillés dans {path}"),
    "same": Localized(en="{pack}: as it was", fr="{pack}\u00a0: inchangé"),
    "differs": Localized(en="{pack}: {n} differences", fr="{pack}\u00a0: {n} différences"),
    "changed": Localized(
        en="{kind} {name} changed: {locked} -> {found}", fr="{kind} {name} modifié\u00a0: {locked} -> {found}"
    ),
    "gone": Localized(en="{kind} {name} is gone (was {locked})", fr="{kind} {name} a disparu (était {locked})"),
    "new": Localized(en="{kind} {name} is new ({found})", fr="{kind} {name} est nouveau ({found})"),
    "file": Localized(en="file", fr="fichier"),
    "artefact": Localized(en="artefact", fr="artefact"),
    "word": Localized(en="statement", fr="mention"),
}


def phrase(key: str, lang: str, **values: object) -> str:
    """The sentence `key` in `lang` with its placeholders filled."""
    return _PHRASES[key].in_(lang).format(**values)
