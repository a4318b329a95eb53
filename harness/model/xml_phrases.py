"""Sentences on bytes that are no XML or more than allowed, and on what a schema refuses: English, with French beside."""

from collections.abc import Mapping

from harness.model.text import Localized

XML_PHRASES: Mapping[str, Localized] = {
    "xml.empty": Localized(en="no XML: the content is empty", fr="pas de XML : le contenu est vide"),
    "xml.blank": Localized(en="no XML: the content is blank", fr="pas de XML : le contenu n'a que des blancs"),
    "xml.other": Localized(
        en="no XML: the content is of another format", fr="pas de XML : le contenu est d'un autre format"
    ),
    "xml.encoding": Localized(en="the encoding cannot be read", fr="l'encodage n'est pas lisible"),
    "xml.declared": Localized(
        en="the bytes are not in the declared encoding", fr="les octets ne sont pas dans l'encodage déclaré"
    ),
    "xml.bytes": Localized(
        en="bytes that are no character of the encoding", fr="des octets qui ne sont aucun caractère de l'encodage"
    ),
    "xml.character": Localized(en="a character that XML does not allow", fr="un caractère que XML n'admet pas"),
    "xml.large": Localized(en="document is too large", fr="le document est trop gros"),
    "xml.deep": Localized(en="elements are nested too deeply", fr="les éléments sont trop imbriqués"),
    "xml.namespaces": Localized(en="too many namespaces are declared", fr="trop d'espaces de noms sont déclarés"),
    "xml.attributes": Localized(en="an element has too many attributes", fr="un élément a trop d'attributs"),
    "xml.nodes": Localized(en="too many elements and attributes", fr="trop d'éléments et d'attributs"),
    "xml.name": Localized(en="a name is too long", fr="un nom est trop long"),
    "xml.markup": Localized(
        en="a tag, comment or instruction is too long", fr="une balise, un commentaire ou une instruction est trop long"
    ),
    "xml.limit": Localized(en="a limit is exceeded", fr="une limite est dépassée"),
    "xml.doctype": Localized(
        en="a document type declaration is not allowed", fr="une déclaration de type de document n'est pas admise"
    ),
    "xml.cut": Localized(
        en="not well-formed XML: the content breaks off", fr="XML mal formé : le contenu s'interrompt"
    ),
    "xml.second": Localized(
        en="not well-formed XML: something stands behind the document element",
        fr="XML mal formé : il y a quelque chose après l'élément du document",
    ),
    "xml.malformed": Localized(en="not well-formed XML: {why}", fr="XML mal formé : {why}"),
    "xml.not-judged": Localized(
        en="not judged: the content could not be read as XML", fr="non jugé : le contenu n'a pas pu être lu comme XML"
    ),
    # what is expected and found
    "xml.at-most": Localized(en="at most {number} {what}", fr="au plus {number} {what}"),
    "xml.levels": Localized(en="levels", fr="niveaux"),
    "xml.in-scope": Localized(en="namespaces in scope", fr="espaces de noms en vigueur"),
    "xml.unit-attributes": Localized(en="attributes", fr="attributs"),
    "xml.unit-bytes": Localized(en="bytes", fr="octets"),
    "xml.unit-nodes": Localized(en="elements and attributes", fr="éléments et attributs"),
    "xml.unit-name": Localized(en="characters in a name", fr="caractères dans un nom"),
    "xml.more": Localized(en="more", fr="davantage"),
    "xml.a-document": Localized(en="an XML document", fr="un document XML"),
    "xml.within": Localized(en="a document within the limits", fr="un document dans les limites"),
    "xml.characters-in": Localized(en="characters in {encoding}", fr="des caractères en {encoding}"),
    "xml.allowed": Localized(en="characters that XML allows", fr="des caractères que XML admet"),
    "xml.end": Localized(en="the end of the content", fr="la fin du contenu"),
    "xml.end-tag": Localized(
        en="</{name}> for the element that begins on line {line}",
        fr="</{name}> pour l'élément qui commence à la ligne {line}",
    ),
    # what to do next
    "xml.next.empty": Localized(
        en="send the document itself: nothing arrived here", fr="envoyer le document lui-même : rien n'est arrivé ici"
    ),
    "xml.next.not-xml": Localized(
        en="unpack or decode the content first, and give the XML document inside it",
        fr="décompresser ou décoder d'abord le contenu, puis donner le document XML qu'il contient",
    ),
    "xml.next.encoding": Localized(
        en="write the bytes in the encoding that the XML declaration names; UTF-8 always works",
        fr="écrire les octets dans l'encodage que nomme la déclaration XML ; UTF-8 convient toujours",
    ),
    "xml.next.character": Localized(
        en="remove the character where the text is made: XML 1.0 has no way to write it",
        fr="retirer le caractère là où le texte est produit : XML 1.0 ne sait pas l'écrire",
    ),
    "xml.next.limit": Localized(
        en="look for a fault in what made the document; if it is right, raise the limit",
        fr="chercher une erreur dans ce qui a produit le document ; s'il est correct, élever la limite",
    ),
    "xml.next.doctype": Localized(
        en="remove the declaration, and write what its entities stand for",
        fr="retirer la déclaration, et écrire ce que représentent ses entités",
    ),
    "xml.next.not-well-formed": Localized(
        en="let an XML library write the document; what stands before this place could be read",
        fr="faire écrire le document par une bibliothèque XML ; ce qui précède cet endroit était lisible",
    ),
    # what a schema refuses
    "xsd.outside": Localized(
        en="schema asks for {location}, which is outside its pack",
        fr="le schéma demande {location}, qui est hors de son paquet",
    ),
    "xsd.too-long": Localized(
        en="the schema gave no verdict within {seconds} s",
        fr="le schéma n'a pas donné de verdict en {seconds} s",
    ),
    "xsd.misplaced": Localized(
        en="{element} must stand before {before} in {parent}", fr="{element} doit précéder {before} dans {parent}"
    ),
    "xsd.missing": Localized(
        en="{wanted} is missing before {element} in {parent}", fr="{wanted} manque avant {element} dans {parent}"
    ),
    "xsd.missing-last": Localized(
        en="{wanted} is missing at the end of {parent}", fr="{wanted} manque à la fin de {parent}"
    ),
    "xsd.repeated": Localized(
        en="{element} stands more often in {parent} than allowed", fr="{element} est trop souvent dans {parent}"
    ),
    "xsd.unknown": Localized(en="{parent} has no child {element}", fr="{parent} n'a pas d'enfant {element}"),
    "xsd.unexpected": Localized(
        en="{element} does not fit beside what {parent} holds already",
        fr="{element} ne convient pas à côté de ce que {parent} contient déjà",
    ),
    "xsd.instead": Localized(
        en="{element} stands in {parent} where {wanted} is expected",
        fr="{element} est dans {parent} là où {wanted} est attendu",
    ),
    "xsd.namespace": Localized(
        en="{element} in {parent} has the wrong namespace", fr="{element} dans {parent} n'a pas le bon espace de noms"
    ),
    "xsd.no-type": Localized(
        en="xsi:type is missing: the type {type} is abstract", fr="xsi:type manque : le type {type} est abstrait"
    ),
    "xsd.unknown-type": Localized(
        en="xsi:type names the type {type}, which the schema does not have",
        fr="xsi:type nomme le type {type}, que le schéma n'a pas",
    ),
    "xsd.attribute": Localized(
        en="attribute {name} is not allowed at {parent}", fr="l'attribut {name} n'est pas admis sur {parent}"
    ),
    "xsd.no-attribute": Localized(
        en="attribute {name} is missing at {parent}", fr="l'attribut {name} manque sur {parent}"
    ),
    "xsd.enumeration": Localized(en="the value is not in the list", fr="la valeur n'est pas dans la liste"),
    "xsd.pattern": Localized(en="the value does not have the form asked for", fr="la valeur n'a pas la forme demandée"),
    "xsd.untyped": Localized(en="no xsi:type", fr="pas de xsi:type"),
    "xsd.consequences": Localized(
        en="{message} (the cause of {number} further errors here)",
        fr="{message} (cause de {number} autres erreurs à cet endroit)",
    ),
}
