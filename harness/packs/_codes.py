"""The stable codes of everything `harness lint` can say; docs/scenario-language.md is checked against this table."""

from collections.abc import Mapping

from harness.model import Localized

LINT_CODES: Mapping[str, Localized] = {
    "E101": Localized(en="the file is not UTF-8 text", fr="le fichier n'est pas du texte UTF-8"),
    "E102": Localized(en="the file is too large (1 MB)", fr="le fichier est trop gros (1 Mo)"),
    "E103": Localized(en="the file is empty", fr="le fichier est vide"),
    "E104": Localized(en="the text is not YAML", fr="le texte n'est pas du YAML"),
    "E105": Localized(en="a tab is used for indentation", fr="une tabulation sert à indenter"),
    "E106": Localized(en="a key is given twice in one mapping", fr="une clé est donnée deux fois"),
    "E107": Localized(en="an anchor or alias is used", fr="une ancre ou un alias est employé"),
    "E108": Localized(en="the file holds several documents", fr="le fichier contient plusieurs documents"),
    "E109": Localized(en="the nesting is too deep", fr="l'imbrication est trop profonde"),
    "E110": Localized(en="a YAML tag is used", fr="une étiquette YAML est employée"),
    "E111": Localized(en="a key is not a word", fr="une clé n'est pas un mot"),
    "E112": Localized(
        en="the kind of file is not known or not wanted here", fr="type de fichier inconnu ou non attendu ici"
    ),
    "E113": Localized(en="the file cannot be read", fr="le fichier ne peut pas être lu"),
    "E201": Localized(en="unknown key", fr="clé inconnue"),
    "E202": Localized(en="a key is missing", fr="une clé manque"),
    "E203": Localized(en="a value is of the wrong kind", fr="une valeur n'est pas du bon type"),
    "E204": Localized(en="badly written duration", fr="durée mal écrite"),
    "E205": Localized(en="a step has no known verb", fr="une étape n'a pas de verbe connu"),
    "E206": Localized(en="a step has several verbs", fr="une étape a plusieurs verbes"),
    "E207": Localized(en="exactly one choice is wanted", fr="un seul choix est attendu"),
    "E208": Localized(
        en="a comparison does not have exactly one operator", fr="une comparaison n'a pas exactement un opérateur"
    ),
    "E209": Localized(en="badly formed name or identifier", fr="nom ou identifiant mal formé"),
    "E210": Localized(en="a value is out of bounds", fr="une valeur est hors limites"),
    "E211": Localized(en="a name is given twice", fr="un nom est donné deux fois"),
    "E212": Localized(en="two keys contradict each other", fr="deux clés se contredisent"),
    "E213": Localized(
        en="a referenced file or environment variable is not usable",
        fr="un fichier ou une variable d'environnement cité est inutilisable",
    ),
    "E301": Localized(en="a word is not in its closed list", fr="un mot n'est pas dans sa liste fermée"),
    "E302": Localized(en="unknown transaction", fr="transaction inconnue"),
    "E303": Localized(en="unknown argument", fr="argument inconnu"),
    "E304": Localized(en="unknown outcome word", fr="mot de résultat inconnu"),
    "E305": Localized(
        en="an outcome word cannot have this value", fr="un mot de résultat ne peut pas avoir cette valeur"
    ),
    "E306": Localized(en="reserved for a later version", fr="réservé à une version ultérieure"),
    "E307": Localized(
        en="the step does not fit the role of the system under test",
        fr="l'étape ne convient pas au rôle du système testé",
    ),
    "E308": Localized(en="unknown trigger operation", fr="opération de déclenchement inconnue"),
    "E309": Localized(en="a secret is written out", fr="un secret est écrit en clair"),
    "E401": Localized(en="malformed reference", fr="référence mal formée"),
    "E402": Localized(en="reference to an unknown name", fr="référence à un nom inconnu"),
    "E403": Localized(en="a name is used before it is saved", fr="un nom est employé avant d'être enregistré"),
    "E404": Localized(en="unknown fragment", fr="fragment inconnu"),
    "E405": Localized(en="a fragment uses itself", fr="un fragment s'emploie lui-même"),
    "E406": Localized(en="the fragment declares no such input", fr="le fragment ne déclare pas cette entrée"),
    "E407": Localized(en="an input of the fragment is missing", fr="une entrée du fragment manque"),
    "E408": Localized(en="the named thing has no such part", fr="l'élément nommé n'a pas cette partie"),
    "E409": Localized(
        en="the name is not that of a saved exchange", fr="le nom n'est pas celui d'un échange enregistré"
    ),
    "E410": Localized(en="the name is reserved", fr="le nom est réservé"),
    "E501": Localized(en="unknown requirement", fr="exigence inconnue"),
    "E502": Localized(en="unknown mutation", fr="altération de requête inconnue"),
    "E503": Localized(en="unknown reply fault", fr="défaut de réponse inconnu"),
    "E504": Localized(
        en="the alteration is not made for this transaction", fr="l'altération n'est pas faite pour cette transaction"
    ),
    "E505": Localized(en="unknown source key", fr="clé de source inconnue"),
    "E506": Localized(
        en="a requirement that is covered cannot be one that is unseen",
        fr="une exigence couverte ne peut pas être une exigence invisible",
    ),
    "W601": Localized(en="the French text is missing", fr="le texte français manque"),
    "W602": Localized(
        en="no automatic check judges the requirement", fr="aucun contrôle automatique ne juge l'exigence"
    ),
    "W603": Localized(en="a saved name is never used", fr="un nom enregistré n'est jamais employé"),
    "W604": Localized(
        en="the requirement is on another actor than the system under test",
        fr="l'exigence vise un autre acteur que le système testé",
    ),
    "W605": Localized(en="the patient is in no population", fr="le patient n'est dans aucune population"),
    "W606": Localized(en="the scenario covers no requirement", fr="le scénario ne couvre aucune exigence"),
    "W607": Localized(en="an input of the fragment is never used", fr="une entrée du fragment n'est jamais employée"),
    "W608": Localized(
        en="a requirement is named twice in one list", fr="une exigence est nommée deux fois dans une liste"
    ),
    "W609": Localized(
        en="nothing judges the requirement, and no reason is given",
        fr="rien ne juge l'exigence, et aucun motif n'est donné",
    ),
}
"""Code -> what it means; E = error, W = warning; E1 YAML, E2 shape, E3 words, E4 references, E5 catalogue."""
