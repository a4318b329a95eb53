"""What to do about each kind of finding, in English and French: the one table of what checks put into `Finding.next`."""

from collections.abc import Mapping
from functools import cache

from harness.model.text import Localized

_TABLE = (
    (
        "expect",
        "Compare the answer with the outcome the requirement asks for.",
        "Comparer la réponse au résultat que l'exigence demande.",
    ),
    (
        "ordinary-answer",
        "The request was valid: look in the system's log why it was not served.",
        "La requête était valide : chercher dans le journal du système pourquoi elle n'a pas été servie.",
    ),
    (
        "TRN-A-003",
        "Switch off everything below TLS 1.2 on the server.",
        "Désactiver sur le serveur tout ce qui précède TLS 1.2.",
    ),
    (
        "TRN-A-005",
        "Set wsa:Action of the answer to the response action of the operation.",
        "Mettre dans wsa:Action de la réponse l'action de réponse de l'opération.",
    ),
    (
        "TRN-A-006",
        "Copy the MessageID of the request into wsa:RelatesTo of the answer.",
        "Recopier le MessageID de la requête dans wsa:RelatesTo de la réponse.",
    ),
    (
        "TRN-A-007",
        "Give each answer a fresh wsa:MessageID of the form urn:uuid.",
        "Donner à chaque réponse un wsa:MessageID neuf de la forme urn:uuid.",
    ),
    (
        "TRN-A-010",
        "Keep traces and class names in your log; send a short reason instead.",
        "Garder traces et noms de classes dans le journal ; envoyer un motif court.",
    ),
    (
        "TRN-A-011",
        "Serve the query and the retrieval of documents at one address.",
        "Servir la recherche et la récupération de documents à une même adresse.",
    ),
    (
        "TRN-A-012",
        "Serve the description of the service at its address with ?wsdl, where you offer one.",
        "Servir la description du service à son adresse avec ?wsdl, si vous en offrez une.",
    ),
    (
        "TRN-A-013",
        "Look for what makes the answer slow; clients give up after some time.",
        "Chercher ce qui ralentit la réponse ; les clients abandonnent au bout d'un temps.",
    ),
    (
        "TRN-B-001",
        "Write wsa:Action with mustUnderstand, wsa:MessageID and wsa:To into each request.",
        "Écrire wsa:Action avec mustUnderstand, wsa:MessageID et wsa:To dans chaque requête.",
    ),
    (
        "TRN-B-002",
        "Make a new MessageID for each request, also when a request is repeated.",
        "Créer un nouveau MessageID pour chaque requête, même répétée.",
    ),
    (
        "TRN-B-003",
        "Write the MessageID as urn:uuid: followed by a UUID.",
        "Écrire le MessageID sous la forme urn:uuid: suivie d'un UUID.",
    ),
    (
        "TRN-B-004",
        "Send the anonymous address in wsa:ReplyTo, or leave the block out.",
        "Envoyer l'adresse anonyme dans wsa:ReplyTo, ou omettre le bloc.",
    ),
    (
        "TRN-B-005",
        "Remove header blocks of another addressing namespace.",
        "Retirer les blocs d'en-tête d'un autre espace de noms d'adressage.",
    ),
    (
        "TRN-B-006",
        "Put all assertions as children into a single wsse:Security header.",
        "Placer toutes les assertions comme enfants d'un seul en-tête wsse:Security.",
    ),
    (
        "TRN-B-007",
        "Order the assertions: next of kin, HCP, TRC.",
        "Ordonner les assertions : proche, professionnel, TRC.",
    ),
    (
        "TRN-B-011",
        "Use a TLS client certificate whose subject names the country.",
        "Utiliser un certificat client TLS dont le sujet nomme le pays.",
    ),
    (
        "XCPD-A-001",
        "Write ITSVersion XML_1.0 on the root of the answer.",
        "Écrire ITSVersion XML_1.0 sur la racine de la réponse.",
    ),
    (
        "XCPD-A-002",
        "Write the interaction of the answer into interactionId.",
        "Écrire dans interactionId l'interaction de la réponse.",
    ),
    (
        "XCPD-A-003",
        "Write creationTime to the second, with the time zone.",
        "Écrire creationTime à la seconde, avec le fuseau horaire.",
    ),
    ("XCPD-A-004", "Set processingModeCode to T.", "Mettre processingModeCode à T."),
    ("XCPD-A-005", "Set processingCode to P in operation.", "Mettre processingCode à P en exploitation."),
    ("XCPD-A-006", "Set acceptAckCode of the answer to NE.", "Mettre acceptAckCode de la réponse à NE."),
    ("XCPD-A-007", "Write exactly one acknowledgement.", "Écrire un seul acknowledgement."),
    (
        "XCPD-A-008",
        "Copy root and extension of the request's id into targetMessage/id.",
        "Recopier root et extension de l'id de la requête dans targetMessage/id.",
    ),
    (
        "XCPD-A-009",
        "Use AA when the request was processed, AE when it could not be.",
        "Utiliser AA quand la requête a été traitée, AE quand elle n'a pu l'être.",
    ),
    (
        "XCPD-A-010",
        "Copy the queryId of the request into queryAck.",
        "Recopier le queryId de la requête dans queryAck.",
    ),
    (
        "XCPD-A-011",
        "Set queryResponseCode: OK with a match, NF without one, AE with an error.",
        "Régler queryResponseCode : OK avec un patient, NF sans patient, AE en cas d'erreur.",
    ),
    (
        "XCPD-A-012",
        "Return queryByParameter of the request unchanged.",
        "Retourner sans changement queryByParameter de la requête.",
    ),
    (
        "XCPD-A-013",
        "Address the answer to the home community that sent the request.",
        "Adresser la réponse à la communauté qui a envoyé la requête.",
    ),
    (
        "XCPD-A-014",
        "Name your own home community as sender; compare it with home_community of the SUT file.",
        "Nommer sa propre communauté comme émetteur ; la comparer à home_community du fichier SUT.",
    ),
    ("XCPD-A-015", "Return each patient once.", "Retourner chaque patient une seule fois."),
    (
        "XCPD-A-016",
        "Write registrationEvent with classCode REG and statusCode active.",
        "Écrire registrationEvent avec classCode REG et statusCode active.",
    ),
    (
        "XCPD-A-017",
        "Write patient with classCode PAT, a single id and statusCode active.",
        "Écrire patient avec classCode PAT, un seul id et statusCode active.",
    ),
    (
        "XCPD-A-018",
        "Write root and extension of the patient id.",
        "Écrire root et extension de l'identifiant du patient.",
    ),
    (
        "XCPD-A-019",
        "Write patientPerson as PSN, INSTANCE, with a name.",
        "Écrire patientPerson comme PSN, INSTANCE, avec un nom.",
    ),
    ("XCPD-A-020", "Write family and given into each name.", "Écrire family et given dans chaque nom."),
    (
        "XCPD-A-021",
        "Return birth time and gender of the patient, or correct the test data in the SUT file.",
        "Retourner date de naissance et sexe du patient, ou corriger les données de test du fichier SUT.",
    ),
    (
        "XCPD-A-022",
        "Leave out the parts that patient discovery does not allow.",
        "Omettre les parties que l'identification du patient n'admet pas.",
    ),
    (
        "XCPD-A-023",
        "Write the match as IHE_PDQ with a value of type INT.",
        "Écrire la correspondance comme IHE_PDQ avec une valeur de type INT.",
    ),
    (
        "XCPD-A-024",
        "Write your home community as the only custodian id, without extension.",
        "Écrire sa communauté comme seul id du custodian, sans extension.",
    ),
    (
        "XCPD-A-025",
        "Use NotHealthDataLocator or SupportsHealthDataLocator as custodian code.",
        "Utiliser NotHealthDataLocator ou SupportsHealthDataLocator comme code du custodian.",
    ),
    (
        "XCPD-A-041",
        "Explain each failure by an acknowledgementDetail with code and text.",
        "Expliquer chaque échec par un acknowledgementDetail avec code et texte.",
    ),
    (
        "XCPD-A-042",
        "Take the reason codes from the XCPD code systems.",
        "Prendre les codes de motif dans les systèmes de codes XCPD.",
    ),
    (
        "XCPD-A-043",
        "Put the reason under triggerFor or mitigatedBy, with the codes that belong to it.",
        "Placer le motif sous triggerFor ou mitigatedBy, avec les codes correspondants.",
    ),
    (
        "XCPD-A-049",
        "Leave identifiers and access codes out of faults.",
        "Ne mettre ni identifiant ni code d'accès dans les fautes.",
    ),
    (
        "XCPD-B-001",
        "Write interactionId and control act code of the patient discovery query.",
        "Écrire interactionId et code d'acte de la requête d'identification.",
    ),
    (
        "XCPD-B-002",
        "Set processingModeCode to T and acceptAckCode to AL.",
        "Mettre processingModeCode à T et acceptAckCode à AL.",
    ),
    (
        "XCPD-B-003",
        "Write responseModalityCode R and responsePriorityCode I, once each.",
        "Écrire responseModalityCode R et responsePriorityCode I, une fois chacun.",
    ),
    ("XCPD-B-004", "Set statusCode of queryByParameter to new.", "Mettre statusCode de queryByParameter à new."),
    (
        "XCPD-B-005",
        "Give the sender organisation a single id with a root alone.",
        "Donner à l'organisation émettrice un seul id, avec root seulement.",
    ),
    (
        "XCPD-B-006",
        "Address the request to the home community of the country asked.",
        "Adresser la requête à la communauté du pays interrogé.",
    ),
    ("XCPD-B-007", "Make a new queryId for each query.", "Créer un nouveau queryId pour chaque requête."),
    (
        "XCPD-B-008",
        "Write root and extension of each identifier, or a nullFlavor alone.",
        "Écrire root et extension de chaque identifiant, ou un nullFlavor seul.",
    ),
    (
        "XCPD-B-009",
        "Send gender, birth time and address once at most.",
        "Envoyer sexe, date de naissance et adresse une fois au plus.",
    ),
    (
        "XCPD-B-010",
        "Send an identifier, or a name with the birth time.",
        "Envoyer un identifiant, ou un nom avec la date de naissance.",
    ),
    (
        "XCPD-B-011",
        "Remove sorting, quantity, modify code and match weight from the query.",
        "Retirer de la requête tri, quantité, code de modification et poids.",
    ),
    ("XCPD-B-012", "Write the birth time as yyyyMMdd.", "Écrire la date de naissance sous la forme aaaaMMjj."),
    (
        "XCPD-B-013",
        "Read the search mask of the country again and send what it asks for, as it asks for it.",
        "Relire le masque de recherche du pays et envoyer ce qu'il demande, comme il le demande.",
    ),
    (
        "DSC-001",
        "Look the country up as urn:ehealth:<cc>:ncp-idp in the scheme ehealth-participantid-qns.",
        "Chercher le pays sous urn:ehealth:<cc>:ncp-idp dans le schéma ehealth-participantid-qns.",
    ),
    (
        "DSC-006",
        "Publish a search mask whose identifier fields each have a domain and a regular expression.",
        "Publier un masque de recherche dont chaque champ d'identifiant a un domaine et une expression régulière.",
    ),
    ("XCPD-B-014", "Attach the HCP assertion to the request.", "Joindre l'assertion du professionnel à la requête."),
    (
        "XCPD-B-018",
        "Use the patient id of the discovery answer for the TRC assertion and the query.",
        "Utiliser l'identifiant de la réponse d'identification pour l'assertion TRC et la requête.",
    ),
    (
        "XCAQ-A-001",
        "Write one of the three status URIs into the answer.",
        "Écrire l'un des trois URI de statut dans la réponse.",
    ),
    (
        "XCAQ-A-002",
        "List each error with errorCode, codeContext and severity.",
        "Lister chaque erreur avec errorCode, codeContext et severity.",
    ),
    (
        "XCAQ-A-003",
        "Use the Error or Warning URI of ebRS as severity.",
        "Utiliser comme severity l'URI Error ou Warning d'ebRS.",
    ),
    (
        "XCAQ-A-004",
        "Answer a LeafClass query with ExtrinsicObjects and associations.",
        "Répondre à une requête LeafClass par des ExtrinsicObject et des associations.",
    ),
    (
        "XCAQ-A-005",
        "List only documents of the class codes asked for.",
        "Ne lister que les documents des classes demandées.",
    ),
    ("XCAQ-A-006", "List only entries with the status asked for.", "Ne lister que les entrées du statut demandé."),
    (
        "XCAQ-A-007",
        "Write your home community as urn:oid into home of each entry.",
        "Écrire sa communauté en urn:oid dans home de chaque entrée.",
    ),
    (
        "XCAQ-A-008",
        "Write the OID of the repository into repositoryUniqueId.",
        "Écrire l'OID de l'entrepôt dans repositoryUniqueId.",
    ),
    ("XCAQ-A-009", "Write uniqueId and patientId of each entry.", "Écrire uniqueId et patientId de chaque entrée."),
    ("XCAQ-A-010", "List documents of one patient only.", "Ne lister que les documents d'un seul patient."),
    (
        "XCAQ-A-011",
        "Write the patient id of the TRC assertion into each entry.",
        "Écrire dans chaque entrée l'identifiant du patient de l'assertion TRC.",
    ),
    (
        "XCAQ-A-012",
        "Write creationTime, languageCode and sourcePatientId of each entry.",
        "Écrire creationTime, languageCode et sourcePatientId de chaque entrée.",
    ),
    (
        "XCAQ-A-013",
        "Use the LOINC code of the document kind as classCode and typeCode.",
        "Utiliser le code LOINC du type de document comme classCode et typeCode.",
    ),
    (
        "XCAQ-A-014",
        "Use a formatCode of the document kind and level.",
        "Utiliser un formatCode du type et du niveau de document.",
    ),
    ("XCAQ-A-015", "Use N, R or V as confidentialityCode.", "Utiliser N, R ou V comme confidentialityCode."),
    (
        "XCAQ-A-016",
        "Write the country code with scheme 1.0.3166.1 as healthcareFacilityTypeCode.",
        "Écrire le code pays du schéma 1.0.3166.1 comme healthcareFacilityTypeCode.",
    ),
    (
        "XCAQ-A-017",
        "Write a practiceSettingCode; Not Used is allowed.",
        "Écrire un practiceSettingCode ; Not Used est admis.",
    ),
    (
        "XCAQ-A-018",
        "Write languageCode with the country, such as fr-FR.",
        "Écrire languageCode avec le pays, par exemple fr-FR.",
    ),
    ("XCAQ-A-019", "List each document in level 3 and level 1.", "Lister chaque document en niveau 3 et en niveau 1."),
    (
        "XCAQ-A-020",
        "Write an XFRM association from the PDF entry to the XML entry.",
        "Écrire une association XFRM de l'entrée PDF vers l'entrée XML.",
    ),
    (
        "XCAQ-A-021",
        "Write text/xml as mimeType, also for level 1.",
        "Écrire text/xml comme mimeType, aussi pour le niveau 1.",
    ),
    (
        "XCAQ-A-022",
        "Compute hash and size of the bytes you deliver, or mark the entry as on-demand.",
        "Calculer hash et size des octets remis, ou marquer l'entrée comme à la demande.",
    ),
    (
        "XCAQ-A-023",
        "Write the event code open or closed into each prescription entry.",
        "Écrire le code d'événement open ou closed dans chaque entrée de prescription.",
    ),
    (
        "XCAQ-A-024",
        "Copy ATC code, dose form, strength and substitution of the prescription into event codes of its entry.",
        "Recopier ATC, forme, dosage et substitution de la prescription dans les codes d'événement de son entrée.",
    ),
    (
        "XCAQ-A-042",
        "Leave out the entries that are larger, newer or older than the query allows.",
        "Omettre les entrées plus grosses, plus récentes ou plus anciennes que la requête ne l'admet.",
    ),
    (
        "XCAQ-A-035",
        "Stop the look-up once a check refused the request.",
        "Arrêter la recherche dès qu'un contrôle a refusé la requête.",
    ),
    ("XCAQ-B-001", "Use the FindDocuments query id.", "Utiliser l'identifiant de requête FindDocuments."),
    (
        "XCAQ-B-002",
        "Ask for LeafClass with returnComposedObjects true.",
        "Demander LeafClass avec returnComposedObjects true.",
    ),
    (
        "XCAQ-B-003",
        "Write the patient id in CX form within single quotes.",
        "Écrire l'identifiant du patient en forme CX entre apostrophes.",
    ),
    ("XCAQ-B-004", "Ask for the Approved status by its full URI.", "Demander le statut Approved par son URI complet."),
    (
        "XCAQ-B-005",
        "Ask for one class code, each in quotes of its own; combine only OrCD codes.",
        "Demander un seul code de classe, chacun entre ses apostrophes ; ne combiner que des codes OrCD.",
    ),
    (
        "XCAQ-B-006",
        "Attach both assertions and query the patient of the TRC assertion.",
        "Joindre les deux assertions et interroger le patient de l'assertion TRC.",
    ),
    (
        "XCAQ-B-007",
        "Obtain a TRC assertion for this HCP and patient shortly before the query.",
        "Obtenir une assertion TRC pour ce professionnel et ce patient peu avant la requête.",
    ),
    (
        "XCAQ-B-013",
        "Send filters with class codes of original clinical documents only, as a number of bytes or an xs:dateTime.",
        "N'envoyer de filtres qu'avec des codes de classe de documents cliniques originaux, en octets ou en xs:dateTime.",
    ),
    ("XCAR-A-001", "Return a status, and each document asked for.", "Retourner un statut, et chaque document demandé."),
    (
        "XCAR-A-002",
        "Repeat home community, repository and document id of the request.",
        "Répéter communauté, entrepôt et identifiant de document de la requête.",
    ),
    ("XCAR-A-003", "Write text/xml as mimeType of the document.", "Écrire text/xml comme mimeType du document."),
    (
        "XCAR-A-004",
        "Attach the document by XOP, or write it as base64.",
        "Joindre le document par XOP, ou l'écrire en base64.",
    ),
    (
        "XCAR-A-005",
        "Use the id of the CDA document as its unique id.",
        "Utiliser l'id du document CDA comme identifiant unique.",
    ),
    (
        "XCAR-A-007",
        "Wrap the PDF in a level 1 CDA, as B64 text of nonXMLBody.",
        "Envelopper le PDF dans un CDA de niveau 1, en texte B64 de nonXMLBody.",
    ),
    ("XCAR-A-008", "Put a PDF file into nonXMLBody.", "Mettre un fichier PDF dans nonXMLBody."),
    (
        "XCAR-A-021",
        "Return the repository id that the query listed.",
        "Retourner l'identifiant d'entrepôt que la recherche a listé.",
    ),
    (
        "XCAR-B-001",
        "Take home community, repository and document id from the entry listed.",
        "Reprendre communauté, entrepôt et identifiant de document de l'entrée listée.",
    ),
    (
        "XDR-A-001",
        "Answer with rs:RegistryResponse and one of the three status URIs.",
        "Répondre par rs:RegistryResponse avec l'un des trois URI de statut.",
    ),
    (
        "XDR-A-004",
        "Refuse a format code that you do not know with Failure and 4202, and store nothing.",
        "Refuser un code de format inconnu par Failure et 4202, et ne rien enregistrer.",
    ),
    (
        "XDR-A-005",
        "Refuse an entry whose document did not come with XDSMissingDocument.",
        "Refuser par XDSMissingDocument une entrée dont le document n'est pas venu.",
    ),
    (
        "XDR-A-006",
        "Refuse a document that no entry describes with XDSMissingDocumentMetadata.",
        "Refuser par XDSMissingDocumentMetadata un document qu'aucune entrée ne décrit.",
    ),
    (
        "XDR-A-007",
        "Compare the patient of each entry with that of the submission set; refuse with XDSPatientIdDoesNotMatch.",
        "Comparer le patient de chaque entrée à celui du lot de soumission ; refuser par XDSPatientIdDoesNotMatch.",
    ),
    (
        "XDR-A-008",
        "Refuse a submission in which two entries have one uniqueId.",
        "Refuser une soumission où deux entrées ont le même uniqueId.",
    ),
    (
        "XDR-A-009",
        "Refuse a submission that has not exactly one submission set.",
        "Refuser une soumission qui n'a pas exactement un lot de soumission.",
    ),
    (
        "XDR-A-010",
        "Compare patientId and sourcePatientId with the patient of the TRC assertion before anything is stored.",
        "Comparer patientId et sourcePatientId au patient de l'assertion TRC avant tout enregistrement.",
    ),
    (
        "XDR-A-011",
        "Refuse a dispensation that names no prescription, or several.",
        "Refuser une délivrance qui ne nomme aucune prescription, ou plusieurs.",
    ),
    (
        "XDR-A-014",
        "Keep the state of a prescription, and refuse its second dispensation with 4106.",
        "Tenir l'état d'une prescription, et refuser sa deuxième délivrance par 4106.",
    ),
    (
        "XDR-A-015",
        "Refuse to dispense a prescription that is closed with ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION.",
        "Refuser de délivrer une prescription close par ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION.",
    ),
    (
        "XDR-A-016",
        "Refuse a substitution that the prescription forbids with ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED.",
        "Refuser une substitution interdite par la prescription par ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED.",
    ),
    (
        "XDR-A-017",
        "Find the dispensation by the id of the document, take it back, and open the prescription again.",
        "Trouver la délivrance par l'identifiant du document, la reprendre, et rouvrir la prescription.",
    ),
    (
        "XDR-A-019",
        "Refuse a discard whose HCP assertion has no organization-id.",
        "Refuser une annulation dont l'assertion HCP n'a pas d'organization-id.",
    ),
    (
        "XDR-A-022",
        "Ask for permission PPD-046 before a dispensation or a discard is stored.",
        "Exiger la permission PPD-046 avant d'enregistrer une délivrance ou une annulation.",
    ),
    (
        "XDR-A-025",
        "Answer Failure or PartialSuccess as soon as one error has severity Error.",
        "Répondre Failure ou PartialSuccess dès qu'une erreur a la sévérité Error.",
    ),
    (
        "XDR-B-001",
        "Write one submission set, an entry for each document, and HasMember associations with SubmissionSetStatus Original.",
        "Écrire un lot de soumission, une entrée par document, et des associations HasMember avec SubmissionSetStatus Original.",
    ),
    (
        "XDR-B-002",
        "Give each Document the id of its entry, and attach its content by MTOM.",
        "Donner à chaque Document l'identifiant de son entrée, et joindre son contenu par MTOM.",
    ),
    (
        "XDR-B-003",
        "Take class, format and type code from the row of the operation in the code table.",
        "Prendre classCode, formatCode et typeCode dans la ligne de l'opération de la table des codes.",
    ),
    (
        "XDR-B-004",
        "Write the id of the CDA, root^extension, into uniqueId of the entry.",
        "Écrire l'id du CDA, root^extension, dans l'uniqueId de l'entrée.",
    ),
    (
        "XDR-B-005",
        "Fill sourcePatientInfo with PID-3, PID-5, PID-7, and PID-8 when the gender is known.",
        "Remplir sourcePatientInfo avec PID-3, PID-5, PID-7, et PID-8 lorsque le sexe est connu.",
    ),
    (
        "XDR-B-006",
        "Format creationTime with HH (0 to 23), not with hh (1 to 12).",
        "Formater creationTime avec HH (0 à 23), et non avec hh (1 à 12).",
    ),
    (
        "XDR-B-007",
        "Write authorInstitution as XON and authorPerson as XCN, its assigning authority in component 9.",
        "Écrire authorInstitution en XON et authorPerson en XCN, l'autorité en composante 9.",
    ),
    (
        "XDR-B-009",
        "Copy languageCode of the CDA into the entry.",
        "Recopier le languageCode du CDA dans l'entrée.",
    ),
    (
        "XDR-B-012",
        "Mark a discard by urn:eHDSI:ed:discard:2020, with an id of its own in uniqueId of the submission set.",
        "Marquer une annulation par urn:eHDSI:ed:discard:2020, avec un identifiant propre dans l'uniqueId du lot de soumission.",
    ),
    (
        "SAML-HCP-001",
        "Write Version 2.0, a unique ID and IssueInstant.",
        "Écrire Version 2.0, un ID unique et IssueInstant.",
    ),
    (
        "SAML-HCP-002",
        "Set NameQualifier of the Issuer to urn:ehdsi:assertions:hcp.",
        "Mettre NameQualifier de l'Issuer à urn:ehdsi:assertions:hcp.",
    ),
    (
        "SAML-HCP-003",
        "Give the NameID one of the three formats of the profile.",
        "Donner au NameID l'un des trois formats du profil.",
    ),
    ("SAML-HCP-004", "Confirm the subject by sender-vouches.", "Confirmer le sujet par sender-vouches."),
    (
        "SAML-HCP-005",
        "Bound the validity to four hours around the request, in UTC; check your clock.",
        "Borner la validité à quatre heures autour de la requête, en UTC ; vérifier l'horloge.",
    ),
    (
        "SAML-HCP-006",
        "Name a two-factor authentication class and the AuthnInstant.",
        "Nommer une classe d'authentification à deux facteurs et l'AuthnInstant.",
    ),
    (
        "SAML-HCP-007",
        "Write each obligatory attribute once, with a value.",
        "Écrire chaque attribut obligatoire une fois, avec une valeur.",
    ),
    (
        "SAML-HCP-008",
        "Write the role as ISCO code of the list, with its display name.",
        "Écrire le rôle comme code ISCO de la liste, avec son libellé.",
    ),
    (
        "SAML-HCP-009",
        "Use Hospital, Resident Physician, Pharmacy or Other.",
        "Utiliser Hospital, Resident Physician, Pharmacy ou Other.",
    ),
    (
        "SAML-HCP-010",
        "Use TREATMENT or EMERGENCY as purpose of use.",
        "Utiliser TREATMENT ou EMERGENCY comme finalité.",
    ),
    (
        "SAML-HCP-011",
        "Give the permissions that the operation needs, as whole URNs.",
        "Donner les permissions que l'opération exige, en URN complets.",
    ),
    (
        "SAML-HCP-012",
        "Write organization-id as urn:oid or urn:hl7ii.",
        "Écrire organization-id en urn:oid ou urn:hl7ii.",
    ),
    (
        "SAML-HCP-013",
        "Sign with RSA-SHA256 after the Issuer, one certificate, and send the signed bytes unchanged.",
        "Signer en RSA-SHA256 après l'Issuer, un certificat, et envoyer les octets signés sans changement.",
    ),
    (
        "SAML-HCP-014",
        "Sign with a certificate in date of an authority named in trust.authorities.",
        "Signer avec un certificat en cours de validité d'une autorité de trust.authorities.",
    ),
    (
        "SAML-HCP-015",
        "Sign with a certificate whose subject names the country.",
        "Signer avec un certificat dont le sujet nomme le pays.",
    ),
    (
        "SAML-TRC-001",
        "Write the TRC qualifier and urn:initgw:<CC>:countryB into the Issuer.",
        "Écrire le qualificatif TRC et urn:initgw:<CC>:countryB dans l'Issuer.",
    ),
    (
        "SAML-TRC-002",
        "Name the ID of the HCP assertion first in the Advice.",
        "Nommer en premier dans Advice l'ID de l'assertion du professionnel.",
    ),
    (
        "SAML-TRC-003",
        "Repeat NameID and Format of the HCP assertion.",
        "Répéter NameID et Format de l'assertion du professionnel.",
    ),
    (
        "SAML-TRC-004",
        "Write the patient id in CX form into subject-id.",
        "Écrire l'identifiant du patient en forme CX dans subject-id.",
    ),
    (
        "SAML-TRC-005",
        "State TREATMENT or EMERGENCY as purpose of use.",
        "Déclarer TREATMENT ou EMERGENCY comme finalité.",
    ),
    (
        "SAML-TRC-006",
        "Use the class PreviousSession and sender-vouches.",
        "Utiliser la classe PreviousSession et sender-vouches.",
    ),
    (
        "SAML-TRC-007",
        "Bound the validity to two hours around the request, in UTC; check your clock.",
        "Borner la validité à deux heures autour de la requête, en UTC ; vérifier l'horloge.",
    ),
    (
        "SAML-TRC-008",
        "Sign the TRC assertion with a trusted certificate of country B.",
        "Signer l'assertion TRC avec un certificat de confiance du pays B.",
    ),
    (
        "SAML-NOK-001",
        "Set NameQualifier of the Issuer to urn:ehdsi:assertions:nok.",
        "Mettre NameQualifier de l'Issuer à urn:ehdsi:assertions:nok.",
    ),
    (
        "SAML-NOK-002",
        "Place the next-of-kin assertion before the HCP assertion.",
        "Placer l'assertion du proche avant celle du professionnel.",
    ),
    (
        "SAML-NOK-003",
        "Name the ID of the HCP assertion first in the Advice.",
        "Nommer en premier dans Advice l'ID de l'assertion du professionnel.",
    ),
    (
        "SAML-NOK-004",
        "Use the next-of-kin prefix for every attribute.",
        "Utiliser le préfixe du proche pour chaque attribut.",
    ),
    (
        "SAML-TRC-009",
        "Put the access code with which the patient was searched into dispensationPinCode.",
        "Mettre dans dispensationPinCode le code d'accès avec lequel le patient a été recherché.",
    ),
    (
        "STS-001",
        "Show exactly one HCP assertion in wsse:Security, and no other assertion.",
        "Présenter exactement une assertion HCP dans wsse:Security, et aucune autre.",
    ),
    (
        "STS-002",
        "Ask for the Issue of a SAML 2.0 assertion, with the parameters of the assertion wanted.",
        "Demander l'émission (Issue) d'une assertion SAML 2.0, avec les paramètres de l'assertion voulue.",
    ),
    (
        "STS-003",
        "Name the patient in PatientId, in CX form.",
        "Nommer le patient dans PatientId, sous forme CX.",
    ),
    (
        "STS-004",
        "State TREATMENT or EMERGENCY in PurposeOfUse.",
        "Donner TREATMENT ou EMERGENCY dans PurposeOfUse.",
    ),
    (
        "STS-005",
        "Answer with one token, its TokenType and a Lifetime of two hours.",
        "Répondre avec un jeton, son TokenType et un Lifetime de deux heures.",
    ),
    (
        "STS-006",
        "Copy the MessageID of the request into wsa:RelatesTo.",
        "Recopier le MessageID de la requête dans wsa:RelatesTo.",
    ),
    (
        "CDA-001",
        "Write the template of the document's kind and level.",
        "Écrire le modèle du type et du niveau de document.",
    ),
    (
        "CDA-002",
        "Write the LOINC code of the kind with its displayName.",
        "Écrire le code LOINC du type avec son displayName.",
    ),
    (
        "CDA-003",
        "Use N, R or V as confidentialityCode of the document.",
        "Utiliser N, R ou V comme confidentialityCode du document.",
    ),
    (
        "CDA-004",
        "Write languageCode of the document with the country, such as fr-FR.",
        "Écrire languageCode du document avec le pays, par exemple fr-FR.",
    ),
    ("CDA-005", "Complete the patient of recordTarget.", "Compléter le patient de recordTarget."),
    (
        "CDA-006",
        "Write one custodian with its country and one legalAuthenticator.",
        "Écrire un custodian avec son pays et un legalAuthenticator.",
    ),
    (
        "CDA-007",
        "Name the source document in relatedDocument XFRM.",
        "Nommer le document d'origine dans relatedDocument XFRM.",
    ),
    (
        "CDA-008",
        "Add the section that is missing, with known absence where there is no data.",
        "Ajouter la section manquante, avec absence déclarée s'il n'y a pas de donnée.",
    ),
    (
        "CDA-009",
        "Give each prescription its section, with a substanceAdministration in mood INT and the product in it.",
        "Donner à chaque prescription sa section, avec un substanceAdministration au mode INT et le produit dedans.",
    ),
    (
        "CDA-010",
        "Name one order, and give the dispensation its section with a supply in mood EVN, its product and its performer.",
        "Nommer un seul ordre, et donner à la délivrance sa section avec un supply au mode EVN, son produit et son auteur.",
    ),
    ("CDA-012", "Remove xsi:schemaLocation.", "Retirer xsi:schemaLocation."),
    (
        "CDA-014",
        "Deliver a well-formed document of the patient asked for.",
        "Remettre un document bien formé du patient demandé.",
    ),
    (
        "AUD-001",
        "Write the record by the schema of DICOM PS3.15, with csd-code.",
        "Écrire le message d'audit selon le schéma de DICOM PS3.15, avec csd-code.",
    ),
    (
        "AUD-002",
        "Count octets after UTF-8 encoding, not characters, and write the count before each message.",
        "Compter les octets après encodage UTF-8, pas les caractères, et écrire le compte avant chaque message.",
    ),
    (
        "AUD-003",
        "Write the header of RFC 5424 with priority 85 and message id IHE+RFC-3881.",
        "Écrire l'en-tête de la RFC 5424 avec la priorité 85 et l'identifiant IHE+RFC-3881.",
    ),
    (
        "AUD-004",
        "Take the outcome from the answer, also when it is a refusal.",
        "Tirer l'issue de la réponse, même quand c'est un refus.",
    ),
    (
        "AUD-005",
        "Write code and transaction name of the event; the name tells the services apart.",
        "Écrire code et nom de transaction de l'événement ; le nom distingue les services.",
    ),
    (
        "AUD-006",
        "Write the action that the table gives for the event and your side.",
        "Écrire l'action que la table donne pour l'événement et votre côté.",
    ),
    (
        "AUD-007",
        "Take both names from the TLS certificates of the connection.",
        "Tirer les deux noms des certificats TLS de la connexion.",
    ),
    (
        "AUD-008",
        "Fill HumanRequestor from NameID, issuer and subject-id of the identity assertion.",
        "Remplir HumanRequestor avec NameID, émetteur et subject-id de l'assertion d'identité.",
    ),
    (
        "AUD-009",
        "Add a row PointOfCare with organisation or locality of the identity assertion.",
        "Ajouter une ligne PointOfCare avec l'organisation ou la localité de l'assertion d'identité.",
    ),
    (
        "AUD-010",
        "Fill the patient row from the query, also when the answer is a refusal.",
        "Remplir la ligne patient depuis la requête, même en cas de refus.",
    ),
    (
        "AUD-011",
        "Write country and subdivision into AuditSourceID and AuditEnterpriseSiteID.",
        "Écrire pays et subdivision dans AuditSourceID et AuditEnterpriseSiteID.",
    ),
    (
        "AUD-012",
        "Put the query in base64 into the row of the request, or name the request message in it.",
        "Mettre la requête en base64 dans la ligne de la requête, ou y nommer le message de requête.",
    ),
    (
        "AUD-013",
        "Add a row with id type 9 and the code of the error.",
        "Ajouter une ligne de type 9 avec le code de l'erreur.",
    ),
    (
        "XCAR-A-022",
        "Log a retrieval with EventID 110106 and action R.",
        "Journaliser une récupération avec EventID 110106 et l'action R.",
    ),
    ("XCAR-B-008", "Log a retrieval with EventID 110107.", "Journaliser une récupération avec EventID 110107."),
    (
        "XDR-A-026",
        "Log a provision that you receive with EventID 110107.",
        "Journaliser avec EventID 110107 une fourniture reçue.",
    ),
    (
        "XDR-B-013",
        "Log a provision that you send with EventID 110106.",
        "Journaliser avec EventID 110106 une fourniture envoyée.",
    ),
)

HINTS: Mapping[str, Localized] = {key: Localized(en=en, fr=fr) for key, en, fr in _TABLE}
"""Requirement id (or `expect`, `ordinary-answer`) to what to do."""


@cache
def hints() -> Mapping[str, str]:
    """English sentence of `Finding.next` to the French one, for the findings of all checks."""
    return {text.en: text.fr for text in HINTS.values()}
