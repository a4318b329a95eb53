"""The kill matrix as a page, in English and French."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.reference import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """What became of one fault: the first row that failed for it, at which of the requirements it breaks.

    `killing` are all rows that did, of the `met` ones that were run; `row` is empty where the fault survived.
    """

    fault: Fault
    row: str
    verdict: str
    requirements: tuple[str, ...]
    killing: tuple[str, ...]
    met: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """All faults, the rows that the right system was asked, and those of them that were not passed (row, verdict, reason)."""

    kills: tuple[Kill, ...]
    rows: tuple[str, ...]
    alarms: tuple[tuple[str, str, str], ...]
    full: bool


_TEXTS = {
    "en": {
        "title": "# Kill matrix",
        "lead": (
            "Does a wrong system fail? The bundled reference system knows {faults} ways to break a duty, each written from "
            "the specification. Each one is met by the scenario rows of its transaction until a row fails at a requirement "
            "that the fault breaks. Before that, every row is run against the right system."
        ),
        "make": "Made by `make kill-matrix`; `make kill-matrix-full` lets every fault meet every row of its role.",
        "right": "Right system: {rows} rows, {alarms} false alarms.",
        "killed": "Faults: {killed} of {faults} killed. An advisory fault breaks no obligation; its verdict is a warning.",
        "head": "| Fault | What it does | Role | Killed by | At | Verdict |",
        "head_full": "| Fault | What it does | Role | Killed by | At | Verdict | Rows that notice |",
        "survived": "**survived**",
        "alarms": "## False alarms",
        "silent": "## Rows that notice no fault",
        "silent_lead": "{silent} of {rows} rows; they stand for a requirement, not for a fault.",
        "other": "[Français](kill-matrix.fr.md)",
    },
    "fr": {
        "title": "# Matrice des fautes",
        "lead": (
            "Un système faux échoue-t-il\u00a0? Le système de référence fourni connaît {faults} façons de manquer à un devoir, "
            "chacune écrite d'après la spécification. Chacune rencontre les cas de sa transaction jusqu'à ce que l'un échoue sur "
            "une exigence que la faute enfreint. Avant cela, chaque cas est exécuté face au système juste."
        ),
        "make": (
            "Produite par `make kill-matrix`\u00a0; avec `make kill-matrix-full`, chaque faute rencontre tous les cas "
            "de son rôle."
        ),
        "right": "Système juste\u00a0: {rows} cas, {alarms} fausses alertes.",
        "killed": (
            "Fautes\u00a0: {killed} décelées sur {faults}. Une faute consultative n'enfreint aucune obligation\u00a0; "
            "son verdict est un avertissement."
        ),
        "head": "| Faute | Ce qu'elle fait | Rôle | Décelée par | Sur | Verdict |",
        "head_full": "| Faute | Ce qu'elle fait | Rôle | Décelée par | Sur | Verdict | Cas qui la décèlent |",
        "survived": "**non décelée**",
        "alarms": "## Fausses alertes",
        "silent": "## Cas qui ne décèlent aucune faute",
        "silent_lead": "{silent} cas sur {rows}\u00a0; ils tiennent lieu d'une exigence, non d'une faute.",
        "other": "[English](kill-matrix.md)",
    },
}
_VERDICTS = {"en": {}, "fr": {"fail": "échec", "warning": "avertissement", "error": "erreur"}}


def page(matrix: Matrix, lang: str) -> str:
    """The page in `lang`; the same matrix gives the same bytes."""
    return "\n".join(_lines(matrix, lang)) + "\n"


def _lines(matrix: Matrix, lang: str) -> Iterator[str]:
    said = _TEXTS[lang]
    killed = sum(bool(k.row) for k in matrix.kills)
    figures = {
        "faults": len(matrix.kills),
        "killed": killed,
        "rows": len(matrix.rows),
        "alarms": len(matrix.alarms),
    }
    yield from (said["title"], "", said["other"], "", said["lead"].format(**figures), "", said["make"], "")
    yield from (said["right"].format(**figures), said["killed"].format(**figures), "")
    if matrix.alarms:
        yield from (
            said["alarms"],
            "",
            *(f"- `{row}` {verdict}: {reason}" for row, verdict, reason in matrix.alarms),
            "",
        )
    yield said["head_full"] if matrix.full else said["head"]
    yield "|---" * (7 if matrix.full else 6) + "|"
    for kill in matrix.kills:
        yield _line(kill, lang, full=matrix.full)
    if matrix.full:
        yield from _silent(matrix, said)


def _line(kill: Kill, lang: str, *, full: bool) -> str:
    fault = kill.fault
    title = fault.title.fr if lang == "fr" else fault.title.en
    verdict = _VERDICTS[lang].get(kill.verdict, kill.verdict)
    cells = [
        f"`{fault.name}`",
        title,
        fault.actor,
        f"`{kill.row}`" if kill.row else _TEXTS[lang]["survived"],
        ", ".join(kill.requirements),
        verdict,
    ]
    return _cells([*cells, f"{len(kill.killing)}/{kill.met}"] if full else cells)


def _cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |"


def _silent(matrix: Matrix, said: dict[str, str]) -> Iterator[str]:
    telling = {row for kill in matrix.kills for row in kill.killing}
    silent = [row for row in matrix.rows if row not in telling]
    yield from ("", said["silent"], "", said["silent_lead"].format(silent=len(silent), rows=len(matrix.rows)), "")
    yield ", ".join(f"`{row}`" for row in silent) if silent else "–"
