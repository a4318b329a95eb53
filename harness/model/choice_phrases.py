"""Sentences about which validator an object was given to, and what could not be judged on it alone, in English and French."""

from collections.abc import Mapping

from harness.model.text import Localized


def _p(en: str, fr: str) -> Localized:
    return Localized(en=en, fr=fr)


CHOICE_PHRASES: Mapping[str, Localized] = {
    "choice.root": _p("the element is {root}", "l'élément est {root}"),
    "choice.assertion": _p(
        "issuer and attributes are those of an assertion of kind {kind}",
        "émetteur et attributs sont ceux d'une assertion de type {kind}",
    ),
    "choice.asks": _p("{root} asks for documents of {kinds}", "{root} demande des documents {kinds}"),
    "choice.holds": _p("{root} holds documents of {kinds}", "{root} contient des documents {kinds}"),
    "choice.answers": _p("it answers a request: {because}", "il répond à une requête : {because}"),
    "choice.listed": _p(
        "the documents were listed before as {kinds}", "les documents ont été listés auparavant comme {kinds}"
    ),
    "choice.event": _p("it records event {event}", "il consigne l'événement {event}"),
    "choice.event-side": _p(
        "it records event {event}, with action and event id of side {side}",
        "il consigne l'événement {event}, avec l'action et l'identifiant du côté {side}",
    ),
    "choice.document": _p("level {level}, form {form}", "niveau {level}, forme {form}"),
    "choice.usage": _p("the certificate is for {usage}", "le certificat sert à {usage}"),
    "choice.no-usage": _p(
        "the certificate names no extended key usage, and may sign",
        "le certificat n'indique aucun usage étendu de clé, et peut signer",
    ),
    "choice.asked": _p(
        "asked for; the object itself tells: {because}", "demandé ; l'objet lui-même indique : {because}"
    ),
    "choice.asked-only": _p("asked for", "demandé"),
    "choice.undecided": _p(
        "{because}; which of these it is, the object alone does not tell: {candidates}; --request FILE or --as tells",
        "{because} ; lequel de ceux-ci, l'objet seul ne le dit pas : {candidates} ; --request FICHIER ou --as le dit",
    ),
    "choice.unknown-kinds": _p("{root} tells no kind of document", "{root} n'indique aucun type de document"),
    "choice.none": _p("no validator of the table is for {root}", "aucun validateur de la table n'est pour {root}"),
    "choice.other": _p("the object is not what {coordinate} is for", "l'objet n'est pas de ceux que vise {coordinate}"),
    "choice.next": _p(
        "choose the validator of this object, or leave the choice to --as auto",
        "choisir le validateur de cet objet, ou laisser le choix à --as auto",
    ),
    "choice.old-label": _p(
        "{label} is a label of another tool; {coordinate} stands for it here",
        "{label} est l'intitulé d'un autre outil ; {coordinate} en tient lieu ici",
    ),
    "alone.lacks": _p("not judged without {what}: {requirements}", "non jugé sans {what} : {requirements}"),
    "alone.request": _p("the request", "la requête"),
    "alone.response": _p("the answer", "la réponse"),
    "alone.envelope": _p("the SOAP envelope", "l'enveloppe SOAP"),
    "alone.message": _p("the message it travels in", "le message qui la porte"),
    "alone.connection": _p("the connection", "la connexion"),
    "alone.system": _p("a description of the system", "une description du système"),
    "alone.earlier": _p("earlier messages", "les messages précédents"),
    "alone.patient": _p("the patient of the scenario", "le patient du scénario"),
    "alone.exchange": _p("the exchange it records", "l'échange qu'il consigne"),
    "alone.frame": _p("its syslog frame", "sa trame syslog"),
    "alone.time": _p("the time of the exchange", "l'heure de l'échange"),
    "alone.authorities": _p("trusted authorities (--trust)", "autorités de confiance (--trust)"),
    "alone.revocation": _p("a revocation list (--crl)", "une liste de révocation (--crl)"),
    "alone.none-judged": _p(
        "no requirement could be judged on this object alone", "aucune exigence n'a pu être jugée sur cet objet seul"
    ),
    "alone.moment": _p(
        "validity judged at {at}, when the assertion was issued",
        "validité jugée à {at}, heure d'émission de l'assertion",
    ),
    "certificate.names": _p("expected in the certificate: {what}", "attendu dans le certificat : {what}"),
    "certificate.next": _p(
        "have the certificate issued again by its profile", "faire réémettre le certificat selon son profil"
    ),
}
