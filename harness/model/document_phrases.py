"""Sentences about clinical documents in English and French: what a document is, its embedded file, its twins, its codes."""

from collections.abc import Mapping

from harness.model.text import Localized


def _p(en: str, fr: str) -> Localized:
    return Localized(en=en, fr=fr)


_PROFILE: Mapping[str, Localized] = {
    "profile.kind.template": _p("template {template} stands for it", "le gabarit {template} le désigne"),
    "profile.kind.code": _p(
        "no document template that we know, but document code {code}",
        "aucun gabarit de document connu, mais le code de document {code}",
    ),
    "profile.kind.other": _p(
        "neither a document template nor a document code that we know", "ni gabarit ni code de document connus"
    ),
    "profile.level.structured": _p("the body is a structuredBody", "le corps est un structuredBody"),
    "profile.level.file": _p("the body is a nonXMLBody", "le corps est un nonXMLBody"),
    "profile.level.none": _p("no body of either kind", "aucun corps de l'une ou l'autre forme"),
    "profile.form.national": _p(
        "no eHDSI document template: a national document", "aucun gabarit de document eHDSI : document national"
    ),
    "profile.form.wrapped": _p(
        "an eHDSI header around a file, which is the original",
        "un en-tête eHDSI autour d'un fichier, qui est l'original",
    ),
    "profile.form.friendly": _p(
        "in {votes} of {pairs} pairs of labels the published label of the code is the second one",
        "dans {votes} paires d'intitulés sur {pairs}, l'intitulé publié du code est le second",
    ),
    "profile.form.pivot": _p(
        "in {votes} of {pairs} pairs of labels the published label of the code is the first one",
        "dans {votes} paires d'intitulés sur {pairs}, l'intitulé publié du code est le premier",
    ),
    "profile.form.pairs": _p(
        "{pairs} codes carry two labels, and the packs do not tell which one is published",
        "{pairs} codes portent deux intitulés, et les paquets ne disent pas lequel est publié",
    ),
    "profile.form.unpublished": _p(
        "{unpublished} of {known} labels are not the published ones, and no code carries a second label",
        "{unpublished} intitulés sur {known} ne sont pas ceux publiés, et aucun code ne porte un second intitulé",
    ),
    "profile.form.made-from": _p(
        "made from another document (relatedDocument XFRM), and no code carries a second label",
        "issu d'un autre document (relatedDocument XFRM), et aucun code ne porte un second intitulé",
    ),
    "profile.form.transcoded": _p(
        "{codes} codes keep the code they were transcoded from, and none carries a second label",
        "{codes} codes gardent le code dont ils sont transcodés, et aucun ne porte un second intitulé",
    ),
    "profile.form.silent": _p(
        "no relatedDocument XFRM and no translation tells it", "ni relatedDocument XFRM ni translation ne le disent"
    ),
    "profile.wave.extension": _p(
        "the medication extension is {namespace}", "l'extension des médicaments est {namespace}"
    ),
    "profile.wave.both": _p(
        "both medication extensions are used, that up to wave 5 and that from wave 6",
        "les deux extensions des médicaments sont employées, celle jusqu'à la vague 5 et celle depuis la vague 6",
    ),
    "profile.wave.none": _p("no medication extension is used", "aucune extension des médicaments n'est employée"),
    "profile.wave.national": _p("a national document has no wave", "un document national n'a pas de vague"),
    "profile.side.kind": _p("a document of this kind is written there", "un document de ce type y est écrit"),
    "profile.side.labels": _p(
        "the labels of a friendly document are those of the side that reads it",
        "les intitulés d'un document dans la langue du lecteur sont ceux du côté qui le lit",
    ),
    "profile.side.national": _p("a national document does not tell it", "un document national ne le dit pas"),
    "cross.kind-code": _p(
        "the template stands for another kind of document than the code",
        "le gabarit désigne un autre type de document que le code",
    ),
    "cross.kinds": _p(
        "the templates stand for more than one kind of document", "les gabarits désignent plus d'un type de document"
    ),
    "cross.level": _p(
        "the template is that of another level than the body", "le gabarit est celui d'un autre niveau que le corps"
    ),
    "cross.extensions": _p(
        "the medication extension up to wave 5 and that from wave 6 stand side by side",
        "l'extension des médicaments jusqu'à la vague 5 et celle depuis la vague 6 sont employées ensemble",
    ),
    "cross.next-template": _p(
        "make template, code and body those of one document kind and level",
        "mettre en accord gabarit, code et corps : un seul type de document, un seul niveau",
    ),
}

_EMBEDDED: Mapping[str, Localized] = {
    "embedded.none": _p("nonXMLBody has no text", "nonXMLBody n'a pas d'élément text"),
    "embedded.by-reference": _p(
        "the file is given by reference only; what it points to was not looked at",
        "le fichier n'est donné que par référence ; ce qu'elle désigne n'a pas été examiné",
    ),
    "embedded.empty": _p("the embedded file is empty", "le fichier inclus est vide"),
    "embedded.representation": _p(
        "the embedded file is not marked as base64", "le fichier inclus n'est pas marqué comme base64"
    ),
    "embedded.base64": _p("the embedded file is not valid base64", "le fichier inclus n'est pas du base64 valide"),
    "embedded.twice": _p(
        "the embedded file was encoded in base64 twice", "le fichier inclus a été encodé deux fois en base64"
    ),
    "embedded.compression": _p(
        "the embedded file is compressed in a way we cannot undo; it was not looked at",
        "le fichier inclus est compressé d'une façon que nous ne savons pas défaire ; il n'a pas été examiné",
    ),
    "embedded.decompressed": _p(
        "the embedded file cannot be decompressed as marked", "le fichier inclus ne se décompresse pas comme indiqué"
    ),
    "embedded.size": _p("the embedded file is larger than the limit", "le fichier inclus dépasse la limite"),
    "embedded.media-type": _p(
        "the bytes are not of the mediaType that is claimed", "les octets ne sont pas du mediaType annoncé"
    ),
    "embedded.media-unknown": _p(
        "we cannot tell files of this mediaType; the content was not looked at",
        "nous ne savons pas reconnaître les fichiers de ce mediaType ; le contenu n'a pas été examiné",
    ),
    "embedded.media-kind": _p(
        "a document of this kind carries another type of file", "un document de ce type porte un autre type de fichier"
    ),
    "embedded.pdf-header": _p("the file does not begin as a PDF", "le fichier ne commence pas comme un PDF"),
    "embedded.pdf-end": _p("the PDF has no end of file mark", "le PDF n'a pas de marque de fin"),
    "embedded.pdf-xref": _p(
        "the cross-reference table of the PDF cannot be read", "la table des références du PDF n'est pas lisible"
    ),
    "embedded.pdf-root": _p("the PDF names no catalogue", "le PDF ne désigne pas de catalogue"),
    "embedded.pdf-encrypted": _p("the PDF is encrypted", "le PDF est chiffré"),
    "embedded.pdf-a-absent": _p(
        "the document claims to be XDS-SD, and its PDF does not claim to be PDF/A-1",
        "le document se déclare XDS-SD, et son PDF ne se déclare pas PDF/A-1",
    ),
    "embedded.image": _p("the image cannot be read as {format}", "l'image n'est pas lisible comme {format}"),
    "embedded.found": _p("{format}, {size} bytes (limit {limit})", "{format}, {size} octets (limite {limit})"),
    "embedded.several": _p("{file}; and {others} more", "{file} ; et {others} de plus"),
    "embedded.found-pdf-a": _p("{file}, claims to be PDF/A-{claim}", "{file}, se déclare PDF/A-{claim}"),
    "embedded.found-no-pdf-a": _p("{file}, no claim to be PDF/A", "{file}, sans déclaration PDF/A"),
    "embedded.found-pdf-a-unread": _p(
        "{file}, a claim to be PDF/A could not be looked up", "{file}, la déclaration PDF/A n'a pas pu être cherchée"
    ),
    "embedded.next": _p(
        "compare with the file before it was put into the document",
        "comparer avec le fichier avant son insertion dans le document",
    ),
}

_CROSS: Mapping[str, Localized] = {
    "cross.pair": _p(
        "the documents of one event differ in {field}", "les documents d'un même événement diffèrent par {field}"
    ),
    "cross.pair-unlinked": _p(
        "neither document of the event names a parent (relatedDocument XFRM)",
        "aucun document de l'événement ne nomme de parent (relatedDocument XFRM)",
    ),
    "cross.pair-parents": _p(
        "the documents of one event were made from different parents",
        "les documents d'un même événement sont issus de parents différents",
    ),
    "cross.same-id": _p(
        "two documents with different content have the same id", "deux documents de contenu différent ont le même id"
    ),
    "cross.metadata": _p("metadata {field} differs from the document", "la métadonnée {field} diffère du document"),
    "cross.metadata-undecided": _p(
        "metadata {field} could not be compared: the document does not state it",
        "la métadonnée {field} n'a pas pu être comparée : le document ne l'indique pas",
    ),
    "cross.hash-other": _p(
        "metadata hash is the {algorithm} of the document, not its SHA-1",
        "la métadonnée hash est le {algorithm} du document, non son SHA-1",
    ),
    "cross.next-metadata": _p(
        "write the metadata from the bytes of the document that is sent",
        "établir les métadonnées à partir des octets du document envoyé",
    ),
    "cross.next-pair": _p(
        "make both documents from the same source data", "établir les deux documents à partir des mêmes données"
    ),
}

_CODES: Mapping[str, Localized] = {
    "terminology.display-name": _p(
        "the label of code {code} is not a published one", "l'intitulé du code {code} n'est pas publié"
    ),
    "terminology.bound": _p(
        "code {code} is not in the value set that its element names",
        "le code {code} n'est pas dans le jeu de valeurs que nomme son élément",
    ),
    "terminology.unknown": _p(
        "code {code} is not in its code system, which the packs hold in full",
        "le code {code} n'est pas dans sa nomenclature, que les paquets contiennent en entier",
    ),
    "terminology.retired": _p("code {code} is retired", "le code {code} est retiré"),
    "terminology.version": _p(
        "the version of the code system of code {code} is not the published one",
        "la version de la nomenclature du code {code} n'est pas celle publiée",
    ),
    "terminology.times": _p("{what}; so at {places} places", "{what} ; de même en {places} endroits"),
    "terminology.next-label": _p(
        "the code itself is right; align the label, or drop it", "le code est bon ; aligner l'intitulé, ou l'ôter"
    ),
    "terminology.next-code": _p(
        "choose a code that the value set lists, or report the gap to its publisher",
        "choisir un code du jeu de valeurs, ou signaler le manque à son éditeur",
    ),
}

DOCUMENT_PHRASES: Mapping[str, Localized] = {**_PROFILE, **_EMBEDDED, **_CROSS, **_CODES}
