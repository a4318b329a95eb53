"""How one of our peers behaves when a scenario says nothing else: what it demands, and how it answers and asks."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.model.text import Localized

DEMANDS: Mapping[str, Localized] = {
    "media-type": Localized(
        en="the media type of SOAP 1.2, alone or in a multipart message",
        fr="le type de média de SOAP 1.2, seul ou dans un message multipart",
    ),
    "action": Localized(
        en="the Action of the transaction, marked to be understood",
        fr="l'Action de la transaction, marquée comme devant être comprise",
    ),
    "message-id": Localized(en="a MessageID in the form urn:uuid", fr="un MessageID de la forme urn:uuid"),
    "new-message-id": Localized(
        en="a MessageID that no earlier request had", fr="un MessageID qu'aucune requête précédente n'avait"
    ),
    "assertions": Localized(
        en="one Security header with an HCP assertion, and a TRC assertion where a patient is treated",
        fr="un en-tête Security avec une assertion HCP, et une assertion TRC là où un patient est pris en charge",
    ),
    "lifetime": Localized(
        en="assertions that are valid now, give or take a minute",
        fr="des assertions valables à cet instant, à une minute près",
    ),
    "signatures": Localized(
        en="assertions whose signatures verify and lead to a trusted authority",
        fr="des assertions dont les signatures sont vérifiables et mènent à une autorité de confiance",
    ),
}
"""Word of `country_a.demands` and what a request then must have; one without it gets a SOAP fault."""

ORDINARY = "ordinary"
"""In the lists of a temperament: a message as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Temperament:
    """One temperament file. `answers` and `requests` hold by transaction what becomes of one message after the other: a reply
    fault of our country A, a mutation of our country B, or ORDINARY; the list begins anew at its end. `digest` is
    the sha-256 of the file, in hexadecimal."""

    name: str
    digest: str
    title: Localized
    explains: Localized
    demands: tuple[str, ...] = ()
    delay_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    answers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    requests: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
