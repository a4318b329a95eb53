"""Sentences of the engines about artefacts: what is wrong with a schema, what an engine did, in English and French."""

from collections.abc import Mapping

from harness.model.text import Localized


def _p(en: str, fr: str) -> Localized:
    return Localized(en=en, fr=fr)


ENGINE_PHRASES: Mapping[str, Localized] = {
    "engine.second": _p("second engine: {what}", "second moteur : {what}"),
    "engine.differ": _p(
        "engines differ: saxon {one}, pyschematron {other} times {kind} {test}",
        "les moteurs diffèrent : saxon {one} fois, pyschematron {other} fois {kind} {test}",
    ),
    "engine.not-readable": _p("schema is not readable: {what}", "le schéma n'est pas lisible : {what}"),
    "engine.stops": _p("schema stops with an error: {what}", "le schéma s'arrête sur une erreur : {what}"),
    "engine.rule-stops": _p("rule stops with an error: {what}", "la règle s'arrête sur une erreur : {what}"),
    "engine.no-phase": _p("schema {schema} has no phase {phase}", "le schéma {schema} n'a pas de phase {phase}"),
    "engine.fails": _p("engine fails: {what}", "le moteur échoue : {what}"),
    "engine.ended": _p(
        "the engine's process ended (status {status})", "le processus du moteur s'est terminé (état {status})"
    ),
    "engine.late": _p(
        "the engine gave no answer within {seconds} s and was ended",
        "le moteur n'a pas répondu en {seconds} s et a été arrêté",
    ),
    "engine.loaded": _p(
        "pyschematron loaded {found} of {expected} {what}", "pyschematron a chargé {found} {what} sur {expected}"
    ),
    "engine.no-value-set": _p("value set not in the pack: {names}", "jeu de valeurs absent du paquet : {names}"),
    "engine.value-set-leaves": _p("value set {name} leaves the pack", "le jeu de valeurs {name} sort du paquet"),
    "engine.value-set": _p("value set {name}: {what}", "jeu de valeurs {name} : {what}"),
    "engine.look-ups": _p(
        "too many look-ups in missing value sets (rule {rule})",
        "trop de recherches dans des jeux de valeurs absents (règle {rule})",
    ),
    "engine.no-artefact": _p(
        "no artefact of the packs applies to {kind}", "aucun artefact des paquets ne s'applique à {kind}"
    ),
    "schema.incomplete": _p("schema incomplete: {file} is missing", "schéma incomplet : {file} manque"),
    "schema.not-compiled": _p("schema does not compile: {what}", "le schéma ne se compile pas : {what}"),
    "schema.file-missing": _p("{file} is missing", "{file} manque"),
    "schema.capitals": _p("capitals differ: {what}", "les majuscules diffèrent : {what}"),
    "schema.binding": _p(
        "query binding {name} is not supported", "le langage de requête {name} n'est pas pris en charge"
    ),
    "schema.function-rule": _p(
        "function {name}() is not allowed in a rule", "la fonction {name}() n'est pas permise dans une règle"
    ),
    "schema.function": _p(
        "function {name}() is not allowed in a schema", "la fonction {name}() n'est pas permise dans un schéma"
    ),
    "schema.function-at": _p(
        "function {name}() is not allowed in a schema ({place})",
        "la fonction {name}() n'est pas permise dans un schéma ({place})",
    ),
    "schema.xsl": _p("xsl:{name} is not allowed in a schema", "xsl:{name} n'est pas permis dans un schéma"),
    "schema.xsl-at": _p(
        "xsl:{name} is not allowed in a schema ({place})", "xsl:{name} n'est pas permis dans un schéma ({place})"
    ),
    "schema.borrowed": _p(
        "abstract rules ({count}) serve patterns other than their own (ISO 19757-3, 5.4.12)",
        "des règles abstraites ({count}) servent à d'autres motifs que le leur (ISO 19757-3, 5.4.12)",
    ),
    "schema.element": _p(
        "element {name} is not allowed here ({place})", "l'élément {name} n'est pas permis ici ({place})"
    ),
    "schema.circle": _p("include {name} goes in a circle", "l'inclusion {name} tourne en rond"),
    "schema.leaves": _p("include {name} leaves the pack", "l'inclusion {name} sort du paquet"),
    "schema.no-file": _p("include {name}: no such file", "inclusion {name} : fichier absent"),
    "schema.not-schematron": _p(
        "include {name}: not an element of Schematron ({place})",
        "inclusion {name} : ce n'est pas un élément de Schematron ({place})",
    ),
    "schema.no-id": _p("include {name}: no element with that id", "inclusion {name} : aucun élément de cet id"),
    "schema.spelt": _p(
        "include {name} names a file that is spelt {file}", "l'inclusion {name} nomme un fichier qui s'écrit {file}"
    ),
    "schema.include": _p("include {name}: {what}", "inclusion {name} : {what}"),
    "schema.unknown-rule": _p("unknown abstract rule {name} ({place})", "règle abstraite inconnue {name} ({place})"),
    "schema.unknown-pattern": _p(
        "unknown abstract pattern {name} ({place})", "motif abstrait inconnu {name} ({place})"
    ),
    "schema.unknown": _p("unknown {kind} {name} ({place})", "{kind} inconnu {name} ({place})"),
    "schema.twice-rule": _p(
        "abstract rule {name} is defined twice ({place})", "la règle abstraite {name} est définie deux fois ({place})"
    ),
    "schema.twice": _p(
        "variable ${name} is defined twice ({place})", "la variable ${name} est définie deux fois ({place})"
    ),
    "schema.hides": _p(
        "variable ${name} of pattern {pattern} hides the schema's (ISO 19757-3, 5.4.5)",
        "la variable ${name} du motif {pattern} masque celle du schéma (ISO 19757-3, 5.4.5)",
    ),
    "schema.undefined": _p(
        "variable ${name} is not defined ({where} in pattern {pattern})",
        "la variable ${name} n'est pas définie ({where} dans le motif {pattern})",
    ),
    "schema.undefined-documents": _p(
        "variable ${name} is not defined (documents of pattern {pattern})",
        "la variable ${name} n'est pas définie (documents du motif {pattern})",
    ),
    "schema.default-phase": _p("the default phase {name} is not there", "la phase par défaut {name} est absente"),
    "schema.phase": _p(
        "phase {name} names pattern {pattern}, which is not there",
        "la phase {name} nomme le motif {pattern}, qui est absent",
    ),
    "schema.in-phase": _p(
        "patterns stand inside a phase; ISO 19757-3 has them beside it",
        "des motifs se trouvent dans une phase ; ISO 19757-3 les veut à côté",
    ),
    "schema.itself": _p("abstract rule {name} extends itself", "la règle abstraite {name} s'étend elle-même"),
    "image.check-sum": _p(
        "check sum of the chunk at byte {at} does not match",
        "la somme de contrôle du bloc à l'octet {at} ne correspond pas",
    ),
    "image.cut": _p("chunk at byte {at} is cut", "le bloc à l'octet {at} est coupé"),
    "image.first": _p("no IHDR first", "pas d'IHDR en premier"),
    "image.end": _p("no IEND", "pas d'IEND"),
}
