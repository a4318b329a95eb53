"""The catalogue of named alterations, for `harness list --alterations` and for the pages docs/mutations.md and .fr.md."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from harness.cli._library import bundled_library
from harness.cli._shared import ERR, PASSED
from harness.cli._words import word
from harness.errors import InputError, Problem
from harness.model import Receive, Send, walk
from harness.packs import Alteration, Library
from harness.reference import FAULTS

FORMATS = ("text", "json", "markdown")
_INTRO = {
    "en": (
        "# Catalogue of alterations",
        "<!-- Written by `harness list --alterations --format markdown --lang en`; a test compares the two. -->",
        (
            "Each alteration changes one thing of an otherwise valid message. A scenario names those of requests under `mutate` "
            "([send](scenario-language.md)), those of answers under `faults` (`reply`). *Tests* lists the requirements that the "
            "altered message breaks, and those on how the other side has to react; *legal* means that the message stays valid "
            "and a good system accepts it. `harness explain NAME` tells one of them."
        ),
    ),
    "fr": (
        "# Catalogue des altérations",
        "<!-- Écrit par `harness list --alterations --format markdown --lang fr` ; un test compare les deux. -->",
        (
            "Chaque altération change une seule chose d'un message par ailleurs valide. Un scénario nomme celles des requêtes "
            "sous `mutate` ([send](scenario-language.fr.md)), celles des réponses sous `faults` (`reply`). *Éprouve* liste les "
            "exigences que le message altéré enfreint, et celles sur la réaction de l'autre partie ; *licite* veut dire que le "
            "message reste valide et qu'un bon système l'accepte. `harness explain NOM` en explique une."
        ),
    ),
}
_PARTS = {
    "en": {
        "mutations": ("Of our requests", "What our country B, which asks, can do wrong."),
        "faults": ("Of our answers", "What our country A, which answers, can do wrong."),
        "audit": (
            "Of audit records",
            (
                "Audit records are written by the system under test. The bundled system can write them wrongly: "
                "`harness reference-system --fault NAME`."
            ),
        ),
        "head": ("name", "transactions", "what is altered", "tests", "scenarios"),
        "legal": ("legal",),
    },
    "fr": {
        "mutations": ("Des requêtes", "Ce que notre pays B, qui demande, sait faire mal."),
        "faults": ("Des réponses", "Ce que notre pays A, qui répond, sait faire mal."),
        "audit": (
            "Des messages d'audit",
            (
                "Les messages d'audit sont écrits par le système testé. Le système fourni sait mal les écrire : "
                "`harness reference-system --fault NOM`."
            ),
        ),
        "head": ("nom", "transactions", "ce qui est altéré", "éprouve", "scénarios"),
        "legal": ("licite",),
    },
}


def alterations_command(format_: str, lang: str) -> int:
    """Print every alteration of requests and answers, in the order of the catalogue.

    Raises:
        InputError: there is no such format; says which there are.
    """
    if format_ not in FORMATS:
        raise InputError(
            Problem(code="E904", option="--format", problem="unknown format", expected=FORMATS, found=format_)
        )
    library = bundled_library()
    known = [*library.catalogue.mutations.values(), *library.catalogue.faults.values()]
    if format_ == "markdown":
        sys.stdout.write(page(library, lang))
    elif format_ == "json":
        users = scenarios_using(library)
        rows = [_row(one, one.name in library.catalogue.mutations, users, lang) for one in known]
        sys.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1) + "\n")
    else:
        for one in known:
            sys.stdout.write(f"{one.name}  {', '.join(one.transactions)}\n    {one.title.in_(lang)}\n")
    ERR.print(f"{len(known)} {word('alterations', lang)}")
    return PASSED


def _row(one: Alteration, of_request: bool, users: Mapping[str, Sequence[str]], lang: str) -> dict[str, object]:
    return {
        "name": one.name,
        "of": "request" if of_request else "answer",
        "title": one.title.in_(lang),
        "explains": one.explains.in_(lang),
        "transactions": list(one.transactions),
        "requirements": list(one.requirements),
        "conformant": one.conformant,
        "scenarios": list(users.get(one.name, ())),
    }


def scenarios_using(library: Library) -> Mapping[str, Sequence[str]]:
    """Name of an alteration -> ids of the scenarios that use it, in their order."""
    found: dict[str, list[str]] = {}
    for scenario in library.scenarios:
        names: dict[str, None] = {}
        for step in walk(scenario.steps):
            if isinstance(step, Send):
                names |= dict.fromkeys(step.mutate)
            elif isinstance(step, Receive) and step.reply is not None:
                names |= dict.fromkeys(step.reply.faults)
        for name in names:
            found.setdefault(name, []).append(scenario.id)
    return found


def page(library: Library, lang: str) -> str:
    """The whole catalogue as Markdown."""
    users, words = scenarios_using(library), _PARTS[lang]
    blocks = list(_INTRO[lang])
    for part, table in (("mutations", library.catalogue.mutations), ("faults", library.catalogue.faults)):
        blocks += [f"## {words[part][0]}", words[part][1]]
        for family, members in _families(table.values()):
            rows = [_line(one, users, lang) for one in members]
            blocks += [f"### {family}", _table(words["head"], rows)]
    blocks += [f"## {words['audit'][0]}", words["audit"][1]]
    head = (words["head"][0], words["head"][2], words["head"][3])
    rows = [
        (f"`{f.name}`", f.title.in_(lang), ", ".join(f.breaks)) for f in FAULTS.values() if f.name.startswith("audit")
    ]
    return "\n\n".join([*blocks, _table(head, rows)]) + "\n"


def _families(members: Iterable[Alteration]) -> list[tuple[str, list[Alteration]]]:
    """Alterations by the first word of their names, in the order in which the words first come."""
    found: dict[str, list[Alteration]] = {}
    for one in members:
        found.setdefault(one.name.partition(".")[0], []).append(one)
    return list(found.items())


def _line(one: Alteration, users: Mapping[str, Sequence[str]], lang: str) -> tuple[str, ...]:
    legal = f" ({_PARTS[lang]['legal'][0]})" if one.conformant else ""
    return (
        f"`{one.name}`",
        " ".join(one.transactions),
        f"{one.title.in_(lang)}{legal}. {one.explains.in_(lang)}",
        ", ".join(one.requirements) or "-",
        ", ".join(users.get(one.name, ())) or "-",
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
