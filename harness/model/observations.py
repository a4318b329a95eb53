"""What findings say they expected and found, in French: the short wordings of checks and of outcomes.

A finding keeps the English wording beside the protocol's own values. `observed` finds the French one by form; a value that
is itself such a wording is translated too. Placeholders: `{n}` a number, `{w}` a word without blanks,
`{ref}` a reference of a scenario, `{t}` anything.
"""

import re
from collections.abc import Mapping
from functools import cache

OBSERVATIONS: Mapping[str, str] = {
    # there or not
    "nothing": "rien",
    "none": "aucun",
    "neither": "ni l'un ni l'autre",
    "nothing usable": "rien d'utilisable",
    "none that can be read": "aucun qui soit lisible",
    "none of that kind": "aucun de ce type",
    "one": "un",
    "one of them": "l'un des deux",
    "a part of them": "une partie seulement",
    "a blank one": "une valeur vide",
    "text": "du texte",
    "true": "vrai",
    "false": "faux",
    "{n} of them": "{n}",
    "{n} values": "{n} valeurs",
    "{n} entries": "{n} entrées",
    "{n} entry": "{n} entrée",
    "{n} documents at most": "{n} documents au plus",
    "{n} bytes": "{n} octets",
    "{n} bytes as listed": "{n} octets comme annoncé",
    "hash {w} as listed": "empreinte {w} comme annoncé",
    "used {n} times": "employé {n} fois",
    "at most {t} h": "{t} h au plus",
    "one of {t}": "l'un de {t}",
    "a match of {t}": "une valeur qui suit {t}",
    "exists: {t}": "existe : {t}",
    "contains {t}": "contient {t}",
    "before {t}": "avant {t}",
    "after {t}": "après {t}",
    "the same as {t}": "identique à {t}",
    "other values of {t}": "d'autres valeurs de {t}",
    "an absolute URI, urn:uuid:…": "un URI absolu, urn:uuid:…",
    "an integer": "un entier",
    "an OID": "un OID",
    "an xs:dateTime": "un xs:dateTime",
    "an xs:ID": "un xs:ID",
    "a root": "une racine",
    "a root alone": "une racine seule",
    "no root": "pas de racine",
    "root and extension": "racine et extension",
    "an extension": "une extension",
    "a text": "un texte",
    "a code": "un code",
    "a country": "un pays",
    "a name": "un nom",
    "a {w} name": "un nom {w}",
    "no {w}": "pas de {w}",
    "1 {w}": "1 {w}",
    "{w}, once": "{w}, une fois",
    "{w} for {w2}": "{w} pour {w2}",
    "a value of {w}": "une valeur de {w}",
    "1 value of {w}": "1 valeur de {w}",
    "a list of {w}": "une liste de {w}",
    "a time yyyyMMddHHmmss": "un instant yyyyMMddHHmmss",
    "yyyyMMddHHmmss with zone": "yyyyMMddHHmmss avec fuseau",
    # comparisons of a scenario
    "{ref} equals {t}": "{ref} égal à {t}",
    "{ref} in {t}": "{ref} parmi {t}",
    "{ref} matches {t}": "{ref} suit {t}",
    "{ref} exists {t}": "{ref} existe : {t}",
    "{ref} count {t}": "{ref} au nombre de {t}",
    "{ref} before {t}": "{ref} avant {t}",
    "{ref} after {t}": "{ref} après {t}",
    "{ref} contains {t}": "{ref} contient {t}",
    "{ref} same as {t}": "{ref} identique à {t}",
    # validations
    "{w}: pass": "{w} : conforme",
    "{w}: warning": "{w} : avertissement",
    "{w}: fail": "{w} : non conforme",
    "{w}: inconclusive": "{w} : non concluant",
    # transport and addressing
    "a MessageID": "un MessageID",
    "an id of its own": "un identifiant qui lui soit propre",
    "an id used once": "un identifiant employé une seule fois",
    "the MessageID of the request": "le MessageID de la requête",
    "the MessageID of exchange {w}": "le MessageID de l'échange {w}",
    "mustUnderstand true": "mustUnderstand à true",
    "blocks of {w} only": "uniquement des blocs de {w}",
    "no such mark": "pas cette marque",
    "no stack trace": "pas de trace d'exécution",
    "program internals ({n} characters of text)": "des détails internes du programme ({n} caractères de texte)",
    "a readable certificate": "un certificat lisible",
    "a subject with C": "un sujet avec C",
    "1 certificate": "1 certificat",
    "a chain to trust.authorities": "une chaîne menant à trust.authorities",
    "1 element in soap:Body": "1 élément dans soap:Body",
    "HTTP 200 with a message that is no fault": "HTTP 200 avec un message qui n'est pas une faute",
    # assertions
    "saml:Assertion children of wsse:Security": "des saml:Assertion enfants de wsse:Security",
    "an HCP assertion": "une assertion du professionnel (HCP)",
    "the ID of an HCP assertion in this message": "l'ID d'une assertion HCP de ce message",
    "before the HCP assertion": "avant l'assertion HCP",
    "after it": "après elle",
    "an ID used once": "un ID employé une seule fois",
    "a NameID": "un NameID",
    "urn:oid:… or urn:hl7ii:…:…": "urn:oid:… ou urn:hl7ii:…:…",
    "no such issuer": "pas cet émetteur",
    "a coded value (ISCO)": "une valeur codée (ISCO)",
    "permissions {t}": "permissions {t}",
    "ds:Signature directly after saml:Issuer": "ds:Signature juste après saml:Issuer",
    "another place": "un autre endroit",
    "NotOnOrAfter after NotBefore": "NotOnOrAfter après NotBefore",
    "a window that is empty": "une fenêtre vide",
    "a window that holds {w}": "une fenêtre qui contient {w}",
    "within two hours before {w}": "dans les deux heures avant {w}",
    # identification
    "an identifier, or name and birth time": "un identifiant, ou nom et date de naissance",
    "a queryId with root": "un queryId avec racine",
    "queryByParameter of the request": "le queryByParameter de la requête",
    "the criteria of the request": "les critères de la requête",
    "no identifier of the request": "aucun identifiant de la requête",
    "1 acknowledgement": "1 acquittement",
    "an acknowledgementDetail": "un acknowledgementDetail",
    "a code of the XCPD reason systems": "un code des systèmes de motifs XCPD",
    "triggerFor or mitigatedBy with a reason code": "triggerFor ou mitigatedBy avec un code de motif",
    "another patient": "un autre patient",
    "the patient whose identifier was asked for": "le patient dont l'identifiant a été demandé",
    "a patient once": "un patient une seule fois",
    "the same id again": "le même identifiant une nouvelle fois",
    # documents
    "rim:ExtrinsicObject or rim:Association": "rim:ExtrinsicObject ou rim:Association",
    "a RegistryError": "une RegistryError",
    "no entry beside an error": "pas d'entrée à côté d'une erreur",
    "XFRM from the PDF entry to the XML entry": "XFRM de l'entrée PDF vers l'entrée XML",
    "no such association": "pas cette association",
    "{w} in pairs of level 3 and 1": "{w} par paires de niveaux 3 et 1",
    "a practiceSettingCode": "un practiceSettingCode",
    "a languageCode": "un languageCode",
    "an ExternalIdentifier for {w}": "un ExternalIdentifier pour {w}",
    "an id in CX form": "un identifiant de forme CX",
    "a class code": "un code de classe",
    "one class code, or several of OrCD": "un code de classe, ou plusieurs d'OrCD",
    "the class code of a document kind": "le code de classe d'un type de document",
    "the LOINC code of a document kind": "le code LOINC d'un type de document",
    "{t} of the TRC assertion": "{t} de l'assertion TRC",
    "a country code": "un code de pays",
    "each document once": "chaque document une seule fois",
    "a document": "un document",
    "a bare PDF": "un PDF nu",
    "a DocumentRequest": "une DocumentRequest",
    "a DocumentUniqueId": "un DocumentUniqueId",
    "a RepositoryUniqueId": "un RepositoryUniqueId",
    "the uniqueId of an entry listed before": "l'uniqueId d'une entrée listée auparavant",
    "XFRM with the parent's id": "XFRM avec l'identifiant du parent",
    "a displayName": "un displayName",
    "no xsi:schemaLocation": "pas de xsi:schemaLocation",
    "section allergies ({w})": "section allergies ({w})",
    "section procedures ({w})": "section des actes ({w})",
    "section active problems ({w})": "section des problèmes actifs ({w})",
    "section medical devices ({w})": "section des dispositifs médicaux ({w})",
    "section medication summary ({w})": "section des médicaments ({w})",
    "section {t} ({w})": "section {t} ({w})",
    "a document to validate": "un document à valider",
    "a message to validate": "un message à valider",
    "event code {w} of the {t} as listed": "code d'événement {w} ({t}) comme annoncé",
    "an event code of the strength as listed": "un code d'événement pour le dosage comme annoncé",
    "ATC": "ATC",
    "dose form": "forme",
    "substitution": "substitution",
    # submissions
    "Failure": "Failure",
    "Failure or PartialSuccess": "Failure ou PartialSuccess",
    "Failure with {t}": "Failure avec {t}",
    "{w} or {t}": "{w} ou {t}",
    "a SOAP fault": "une faute SOAP",
    "no error": "aucune erreur",
    "{n} submission sets": "{n} lots de soumission",
    "1 submission set": "1 lot de soumission",
    "an ExtrinsicObject": "un ExtrinsicObject",
    "the id of an ExtrinsicObject": "l'identifiant d'un ExtrinsicObject",
    "a Classification by the node of submission sets": "une Classification par le nœud des lots de soumission",
    "HasMember from the submission set": "HasMember depuis le lot de soumission",
    "a Document with this id": "un Document avec cet identifiant",
    "base64 inside the message": "base64 dans le message",
    "the time of the document, {t}": "l'heure du document, {t}",
    "an author with authorPerson or authorInstitution": "un auteur avec authorPerson ou authorInstitution",
    "an id of the discard": "un identifiant de l'annulation",
    # audit records
    "an AuditMessage": "un AuditMessage",
    "attribute csd-code": "l'attribut csd-code",
    "attribute code": "l'attribut code",
    "an octet count before the message": "un compte d'octets avant le message",
    "{n} octets as announced": "{n} octets comme annoncé",
    "{n} octets before the next record ({w})": "{n} octets avant le message suivant ({w})",
    "syslog version 1": "la version 1 de syslog",
    "a syslog header": "un en-tête syslog",
    "an event of the table": "un événement de la table",
    "a row {w}": "une ligne {w}",
    "a row PointOfCare": "une ligne PointOfCare",
    "a row PointOfCare with UserID": "une ligne PointOfCare avec UserID",
    "a row HumanRequestor": "une ligne HumanRequestor",
    "a row ServiceProvider": "une ligne ServiceProvider",
    "a site identifier like {w}": "un identifiant de site comme {w}",
    "0 for a success": "0 pour un succès",
    "{t} for a failure": "{t} pour un échec",
    "AlternativeUserID with the subject-id": "AlternativeUserID avec le subject-id",
    "a patient row": "une ligne patient",
    "a patient row {t}": "une ligne patient {t}",
    "an error code or text": "un code ou un texte d'erreur",
    "an error row (id type 9)": "une ligne d'erreur (type d'identifiant 9)",
    "another content": "un autre contenu",
    "base64": "base64",
    "the query in base64": "la requête en base64",
    "the query or the message id in base64": "la requête ou l'identifiant du message en base64",
    "a row of the request, id type {w}": "une ligne de la requête, type d'identifiant {w}",
    # outcomes of exchanges and triggers
    "HTTP 200 with PRPA_IN201306UV02, AA": "HTTP 200 avec PRPA_IN201306UV02, AA",
    "HTTP 200 with a registry answer, success": "HTTP 200 avec une réponse de registre, success",
    "no answer: {w}": "pas de réponse : {w}",
    "no acknowledgement code": "pas de code d'acquittement",
    "no queryResponseCode": "pas de queryResponseCode",
    "no status": "pas de statut",
    "no payload": "pas de contenu",
    "payload {w}": "contenu {w}",
    "error without code": "erreur sans code",
    "fault {t}": "faute {t}",
    "unreadable: {t}": "illisible : {t}",
    "{w} request, unreadable: {t}": "requête {w}, illisible : {t}",
    "{w} request with {n} assertion": "requête {w} avec {n} assertion",
    "{w} request with {n} assertions": "requête {w} avec {n} assertions",
    "{w} request with {n} assertion ({t})": "requête {w} avec {n} assertion ({t})",
    "{w} request with {n} assertions ({t})": "requête {w} avec {n} assertions ({t})",
    "the trigger answered without saying what was shown": "le déclencheur a répondu sans dire ce qui a été montré",
    "trigger: {t}": "déclencheur : {t}",
}

_PLACES = {"n": r"[0-9][0-9.,]*", "w": r"\S+?", "w2": r"\S+?", "t": r".+?", "ref": r"\$\{\S+?\}"}
_SPLIT = re.compile(r"\{(\w+)\}")
_NEXT_OUTCOME = re.compile(r" or (?=[a-z_]+: )")


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    made = []
    for english, french in OBSERVATIONS.items():
        parts = _SPLIT.split(english)
        text = "".join(f"(?P<{p}>{_PLACES[p]})" if i % 2 else re.escape(p) for i, p in enumerate(parts))
        made.append((len(_SPLIT.sub("", english)), re.compile(text, re.DOTALL), french))
    # the form with the most fixed text first, so that a general one cannot swallow a special one
    return tuple((pattern, french) for _, pattern, french in sorted(made, key=lambda m: -m[0]))


def observed(text: str) -> str:
    """The French of the wording `text`, also of its parts in a list of outcomes; `text` itself when it is none."""
    if french := OBSERVATIONS.get(text):
        return french
    if _NEXT_OUTCOME.search(text) or text.endswith(" (tolerated)"):
        return " ou ".join(_NEXT_OUTCOME.split(text)).replace(" (tolerated)", " (toléré)")
    for pattern, french in _patterns():
        found = pattern.fullmatch(text)
        if found:
            return french.format(**{k: observed(v) if k == "t" else v for k, v in found.groupdict().items()})
    head, comma, tail = text.partition(", ")
    if comma and head.startswith("HTTP "):
        return ", ".join([head, *(observed(part) for part in tail.split(", "))])
    return text
