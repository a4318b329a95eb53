"""Sentences that records carry, once in English, and their French: what a run says in words about what it found.

A record keeps the English sentence, so that it reads alone and stays comparable; whoever shows it in French finds the
translation here by the sentence's form. Protocol words stay as they are. Placeholders are `{name}`; a value that is itself
one of these sentences is translated too.
"""

import re
from collections.abc import Mapping
from functools import cache

from harness.model.doctor_phrases import DOCTOR_PHRASES
from harness.model.document_phrases import DOCUMENT_PHRASES
from harness.model.hints import hints
from harness.model.observations import observed
from harness.model.text import Localized

PHRASES: Mapping[str, Localized] = {
    # why something was not judged
    "nothing-judged": Localized(en="nothing in this row judged it", fr="rien dans cette ligne ne l'a jugée"),
    "not-reached": Localized(
        en="the steps that judge it were not reached", fr="les étapes qui la jugent n'ont pas été atteintes"
    ),
    "depends": Localized(en="depends on step {step}: {what}", fr="dépend de l'étape {step} : {what}"),
    "no-value": Localized(
        en="{reference} has no value: {missing} is not there", fr="{reference} n'a pas de valeur : {missing} est absent"
    ),
    "sut-role": Localized(en="the SUT does not play {actor}", fr="le système ne joue pas le rôle {actor}"),
    "claims-no-role": Localized(
        en="the statement claims nothing as {actor}", fr="la déclaration ne revendique rien comme {actor}"
    ),
    "claims-no-profile": Localized(
        en="the statement does not claim {profile} as {actor}",
        fr="la déclaration ne revendique pas {profile} comme {actor}",
    ),
    "claims-other-wave": Localized(
        en="the statement claims wave {claimed}, this is for wave {waves}",
        fr="la déclaration revendique la vague {claimed}, ceci vaut pour la vague {waves}",
    ),
    "claims-no-option": Localized(
        en="the statement does not claim the option {option}",
        fr="la déclaration ne revendique pas l'option {option}",
    ),
    "no-rows": Localized(
        en="the SUT file gives no rows at {reference}", fr="le fichier du système ne donne aucune ligne à {reference}"
    ),
    "unreachable": Localized(
        en="{endpoint} endpoint {host}:{port}: {what}; nothing was sent",
        fr="point d'accès {endpoint} {host}:{port} : {what} ; rien n'a été envoyé",
    ),
    "no-answer-within": Localized(en="no answer within {seconds} s", fr="pas de réponse en {seconds} s"),
    "refused": Localized(en="connection refused", fr="connexion refusée"),
    "not-triggered": Localized(en="the SUT could not be triggered", fr="le système n'a pas pu être déclenché"),
    "tolerated": Localized(
        en="tolerated, not what the specification asks: {found}",
        fr="toléré, ce n'est pas ce que demande la spécification : {found}",
    ),
    "instead": Localized(en="expected {expected}, found {found}", fr="attendu {expected}, obtenu {found}"),
    "within": Localized(
        en="{transaction} from the SUT within {seconds} s", fr="{transaction} du système en {seconds} s"
    ),
    "no-request": Localized(en="no request", fr="aucune requête"),
    "no-such-request": Localized(en="no {transaction} request", fr="aucune requête {transaction}"),
    "none-came": Localized(en="none came", fr="aucune n'est venue"),
    "was-sent": Localized(en="{transaction} was sent", fr="{transaction} a été envoyée"),
    "audit-within": Localized(
        en="an audit record {event} ({name}) from the SUT within {seconds} s",
        fr="un message d'audit {event} ({name}) du système en {seconds} s",
    ),
    "no-repository": Localized(
        en="our audit record repository does not listen, so that no record can come",
        fr="notre dépôt de messages d'audit n'écoute pas, si bien qu'aucun message ne peut arriver",
    ),
    "no-audit": Localized(
        en="no audit record at all came in this row", fr="aucun message d'audit n'est arrivé dans cette ligne"
    ),
    "no-audit-about": Localized(
        en="no audit record about this exchange came", fr="aucun message d'audit sur cet échange n'est arrivé"
    ),
    "other-audits": Localized(
        en="audit records of other events about it: {seen}", fr="des messages d'audit d'autres événements : {seen}"
    ),
    "audit-came": Localized(en="record {id} over {transport}", fr="message {id} par {transport}"),
    "audits-right": Localized(
        en="audit records that are valid and agree with the exchanges",
        fr="des messages d'audit valides et conformes aux échanges",
    ),
    "audits-left": Localized(
        en="{count} further audit records were not judged", fr="{count} autres messages d'audit n'ont pas été jugés"
    ),
    "complete-answer": Localized(en="a complete HTTP answer", fr="une réponse HTTP complète"),
    "answer-read": Localized(
        en="a caller that reads our answer to its end", fr="un appelant qui lit notre réponse jusqu'au bout"
    ),
    "broken-after": Localized(en="{kind} after {seconds} s: {detail}", fr="{kind} après {seconds} s : {detail}"),
    "readable": Localized(en="a readable message", fr="un message lisible"),
    "valid": Localized(en="valid by every layer of the packs", fr="valide pour chaque couche des paquets de règles"),
    "done-by-sut": Localized(en="{operation} done by the SUT", fr="{operation} fait par le système"),
    "trigger-answer": Localized(en="an answer of the trigger", fr="une réponse du déclencheur"),
    "no-artefact": Localized(
        en="no artefact of the packs applies to {kind}", fr="aucun artefact des paquets ne s'applique à {kind}"
    ),
    "codes": Localized(
        en="{unverifiable} of {total} codes are in no value set of the packs",
        fr="{unverifiable} codes sur {total} ne sont dans aucun jeu de valeurs des paquets",
    ),
    "process-ended": Localized(
        en="the process that judged it ended (status {status})",
        fr="le processus qui le jugeait s'est arrêté (statut {status})",
    ),
    "no-document-model": Localized(
        en="the pack holds no document model for this kind and version of document",
        fr="le paquet ne contient pas de modèle de document pour ce type et cette version de document",
    ),
    "several-schemas": Localized(
        en="several schemas of the folder declare {name}: {files}; name one of them",
        fr="plusieurs schémas du dossier déclarent {name} : {files} ; en désigner un",
    ),
    "licence.publisher": Localized(en="as stated by its publisher", fr="telle qu'énoncée par son éditeur"),
    "licence.publishers": Localized(en="as stated by each publisher", fr="telle qu'énoncée par chaque éditeur"),
    "artefact-missing": Localized(en="{artefact}: {file} is missing", fr="{artefact} : {file} est absent"),
    "harness-fault": Localized(
        en="the harness itself failed ({error}); the traceback is in events.jsonl",
        fr="l'outil lui-même a échoué ({error}) ; la trace est dans events.jsonl",
    ),
    # what to do next
    "next.name": Localized(
        en="check the host name in the endpoints of the SUT file and name resolution here",
        fr="vérifier le nom d'hôte dans les points d'accès du fichier du système, et la résolution de noms ici",
    ),
    "next.start": Localized(
        en="start the SUT, or correct host and port in the endpoints of the SUT file",
        fr="démarrer le système, ou corriger hôte et port dans les points d'accès de son fichier",
    ),
    "next.trust": Localized(
        en="import the authority in ours.pki into the SUT, and its authority into trust.authorities",
        fr="importer dans le système l'autorité de ours.pki, et la sienne dans trust.authorities",
    ),
    "next.late": Localized(
        en="look in the SUT's log for this message id; raise limits.answer_within only if the SUT may be slow",
        fr="chercher cet identifiant de message dans le journal du système ; n'élever limits.answer_within que si la "
        "lenteur est admise",
    ),
    "next.reset": Localized(
        en="look in the SUT's log for this message id: it closed the connection without an answer",
        fr="chercher cet identifiant de message dans le journal du système : il a fermé la connexion sans répondre",
    ),
    "next.cut": Localized(
        en="compare Content-Length or chunk sizes with what the SUT wrote",
        fr="comparer Content-Length ou les tailles de morceaux avec ce que le système a écrit",
    ),
    "next.http": Localized(
        en="check that the endpoint speaks HTTP over TLS on this port",
        fr="vérifier que le point d'accès parle HTTP sur TLS à ce port",
    ),
    "next.triggered": Localized(
        en="check that the SUT was triggered and that it is configured with our endpoints",
        fr="vérifier que le système a été déclenché et qu'il est configuré avec nos points d'accès",
    ),
    "next.trigger": Localized(
        en="check the trigger address of the SUT file",
        fr="vérifier l'adresse du déclencheur dans le fichier du système",
    ),
    "next.stop": Localized(
        en="stop after the refusal and tell the user why",
        fr="s'arrêter après le refus et dire pourquoi à l'utilisateur",
    ),
    "next.repository": Localized(
        en="give ours.listen.audit in the SUT file, and send the system's audit messages to that port",
        fr="donner ours.listen.audit dans le fichier du système, et y faire envoyer ses messages d'audit",
    ),
    "next.audit": Localized(
        en="check that the system sends its audit messages to ours.listen.audit and trusts our authority, also on refusals",
        fr="vérifier que le système envoie ses messages d'audit à ours.listen.audit et fait confiance à notre autorité, "
        "même en cas de refus",
    ),
    "next.bytes": Localized(
        en="compare the bytes with the message your product believes it sent",
        fr="comparer les octets avec le message que votre produit croit avoir envoyé",
    ),
    "next.outcome": Localized(
        en="compare the answer with the outcome the requirement asks for",
        fr="comparer la réponse avec l'issue que demande l'exigence",
    ),
    "next.served": Localized(
        en="the request was valid: look in the system's log why it was not served",
        fr="la requête était valide : chercher dans le journal du système pourquoi elle n'a pas été servie",
    ),
    **DOCTOR_PHRASES,
    **DOCUMENT_PHRASES,
}


def say(key: str, **values: object) -> str:
    """The English sentence `key` with its placeholders filled; KeyError for a key or placeholder that is not there."""
    return PHRASES[key].en.format(**values)


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    made = []
    for phrase in PHRASES.values():
        parts = re.split(r"\{(\w+)\}", phrase.en)
        text = "".join(f"(?P<{p}>.+?)" if i % 2 else re.escape(p) for i, p in enumerate(parts))
        made.append((re.compile(text, re.DOTALL), phrase.fr))
    # the form with the most fixed text first, so that a general one cannot swallow a special one
    return tuple(sorted(made, key=lambda pair: -len(re.sub(r"\(\?P<.*?\)", "", pair[0].pattern))))


def in_language(text: str, lang: str) -> str:
    """`text` in `lang` (`en` or `fr`) where it is a known sentence or wording, alone or after `ID: `; else as it is."""
    if lang == "en" or not text:
        return text
    head, colon, tail = text.partition(": ")
    if colon and re.fullmatch(r"[A-Z]+(?:-[A-Z]+)*-\d+", head):
        return f"{head} : {in_language(tail, lang)}"
    if text in hints():
        return hints()[text]
    for pattern, french in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return french.format(**{k: in_language(v, lang) for k, v in found.groupdict().items()})
    return observed(text)
