"""What `harness doctor` says, in English and French; part of `PHRASES`."""

from collections.abc import Mapping

from harness.model.text import Localized

DOCTOR_PHRASES: Mapping[str, Localized] = {
    # titles of the steps
    "doctor.address": Localized(en="address", fr="adresse"),
    "doctor.name": Localized(en="name resolution", fr="résolution du nom"),
    "doctor.tcp": Localized(en="TCP connection", fr="connexion TCP"),
    "doctor.tls": Localized(en="TLS handshake", fr="négociation TLS"),
    "doctor.server-chain": Localized(en="server certificate: chain", fr="certificat du serveur : chaîne"),
    "doctor.server-name": Localized(en="server certificate: host name", fr="certificat du serveur : nom d'hôte"),
    "doctor.server-validity": Localized(en="server certificate: validity", fr="certificat du serveur : validité"),
    "doctor.server-country": Localized(en="server certificate: country", fr="certificat du serveur : pays"),
    "doctor.client-certificate": Localized(en="our certificate accepted", fr="notre certificat accepté"),
    "doctor.http": Localized(en="HTTP answer", fr="réponse HTTP"),
    "doctor.clock": Localized(en="clocks", fr="horloges"),
    "doctor.trust": Localized(en="authority trusted here", fr="autorité admise ici"),
    "doctor.own-key": Localized(en="our certificate and key", fr="nos certificat et clé"),
    "doctor.own-validity": Localized(en="our certificate: validity", fr="notre certificat : validité"),
    "doctor.listen": Localized(en="our port", fr="notre port"),
    "doctor.discovery": Localized(en="endpoints by service metadata", fr="points d'accès par métadonnées de service"),
    "doctor.discovers": Localized(
        en="signed metadata of each service, one endpoint each; names in the SML: {names}",
        fr="des métadonnées signées pour chaque service, un point d'accès pour chacun ; noms dans le SML : {names}",
    ),
    "doctor.next.discovery": Localized(
        en="look at the metadata with harness validate, and at who signs them; or write the address under endpoints",
        fr="regarder les métadonnées avec harness validate, et qui les signe ; ou écrire l'adresse sous endpoints",
    ),
    # expected and found
    "doctor.after": Localized(
        en="not asked, because of an earlier step: {step}", fr="non demandé, à cause d'une étape précédente : {step}"
    ),
    "doctor.url": Localized(en="an address https://host:port/path", fr="une adresse https://hôte:port/chemin"),
    "doctor.no-tls": Localized(en="an http address, without TLS", fr="une adresse http, sans TLS"),
    "doctor.resolves": Localized(en="a name that resolves here", fr="un nom qui se résout ici"),
    "doctor.unresolved": Localized(en="the host name cannot be resolved", fr="le nom d'hôte ne se résout pas"),
    "doctor.connects": Localized(en="a connection within {seconds} s", fr="une connexion en {seconds} s"),
    "doctor.connected": Localized(en="connected to {address}", fr="connecté à {address}"),
    "doctor.no-connection": Localized(en="no connection: {reason}", fr="pas de connexion : {reason}"),
    "doctor.tls-wanted": Localized(
        en="TLS 1.2 or newer, agreed within {seconds} s", fr="TLS 1.2 ou plus récent, convenu en {seconds} s"
    ),
    "doctor.not-tls": Localized(
        en="what answers on this port does not speak TLS", fr="ce qui répond à ce port ne parle pas TLS"
    ),
    "doctor.tls-late": Localized(
        en="connected, and then no answer to the handshake", fr="connecté, puis aucune réponse à la négociation"
    ),
    "doctor.tls-closed": Localized(
        en="the server closed the connection during the handshake",
        fr="le serveur a fermé la connexion pendant la négociation",
    ),
    "doctor.tls-unfinished": Localized(
        en="not finished: the server refused our certificate in the middle",
        fr="inachevée : le serveur a refusé notre certificat en cours de route",
    ),
    "doctor.tls-failed": Localized(en="handshake failed: {reason}", fr="négociation échouée : {reason}"),
    "doctor.issuer-wanted": Localized(
        en="{issuer} in the chain sent or in trust.authorities",
        fr="{issuer} dans la chaîne envoyée ou dans trust.authorities",
    ),
    "doctor.anchor-wanted": Localized(en="{issuer} in trust.authorities", fr="{issuer} dans trust.authorities"),
    "doctor.issuer-missing": Localized(
        en="certificate {number}, {subject}: its issuer is in neither",
        fr="certificat {number}, {subject} : son émetteur n'est ni dans l'une ni dans l'autre",
    ),
    "doctor.issuer-other-key": Localized(
        en="certificate {number}, {subject}: an authority of that name is there, with another key",
        fr="certificat {number}, {subject} : une autorité de ce nom est là, avec une autre clé",
    ),
    "doctor.root-untrusted": Localized(
        en="certificate {number}, {subject}: sent by the server, but not trusted here",
        fr="certificat {number}, {subject} : envoyé par le serveur, mais pas admis ici",
    ),
    "doctor.chain-found": Localized(
        en="{count} certificates, up to {subject}", fr="{count} certificats, jusqu'à {subject}"
    ),
    "doctor.no-certificate": Localized(
        en="no certificate of the server that can be read", fr="aucun certificat du serveur qui soit lisible"
    ),
    "doctor.a-certificate": Localized(en="a certificate of the server", fr="un certificat du serveur"),
    "doctor.names": Localized(en="a certificate that names {host}", fr="un certificat qui nomme {host}"),
    "doctor.named": Localized(en="it names {names}", fr="il nomme {names}"),
    "doctor.nameless": Localized(en="it names no host", fr="il ne nomme aucun hôte"),
    "doctor.valid-now": Localized(
        en="valid now, and for {days} days more", fr="valide maintenant, et encore {days} jours"
    ),
    "doctor.days-left": Localized(
        en="{subject} is valid until {day}, {days} days left",
        fr="{subject} est valide jusqu'au {day}, reste {days} jours",
    ),
    "doctor.expired": Localized(
        en="{subject} expired on {day}, {days} days ago", fr="{subject} a expiré le {day}, il y a {days} jours"
    ),
    "doctor.not-yet": Localized(
        en="{subject} is not valid before {instant}", fr="{subject} n'est pas valide avant {instant}"
    ),
    "doctor.country-wanted": Localized(en="C={country} in the subject", fr="C={country} dans le sujet"),
    "doctor.country-found": Localized(en="C={country} in {subject}", fr="C={country} dans {subject}"),
    "doctor.no-country": Localized(en="no C in {subject}", fr="pas de C dans {subject}"),
    "doctor.accepts": Localized(
        en="no refusal within {seconds} s after the handshake",
        fr="aucun refus dans les {seconds} s après la négociation",
    ),
    "doctor.refuses": Localized(en="the server refuses it: {reason}", fr="le serveur le refuse : {reason}"),
    "doctor.any-answer": Localized(
        en="an HTTP answer to GET {path} within {seconds} s", fr="une réponse HTTP à GET {path} en {seconds} s"
    ),
    "doctor.status": Localized(en="HTTP status {status}", fr="statut HTTP {status}"),
    "doctor.not-http": Localized(
        en="an answer that does not begin with an HTTP status line",
        fr="une réponse qui ne commence pas par une ligne de statut HTTP",
    ),
    "doctor.closed": Localized(
        en="the connection was closed without an answer", fr="la connexion a été fermée sans réponse"
    ),
    "doctor.skew-wanted": Localized(en="{seconds} s apart at most", fr="{seconds} s d'écart au plus"),
    "doctor.ahead": Localized(
        en="{seconds} s: the system's clock is ahead of ours",
        fr="{seconds} s : l'horloge du système avance sur la nôtre",
    ),
    "doctor.behind": Localized(
        en="{seconds} s: the system's clock is behind ours",
        fr="{seconds} s : l'horloge du système retarde sur la nôtre",
    ),
    "doctor.together": Localized(en="less than {seconds} s", fr="moins de {seconds} s"),
    "doctor.no-date": Localized(
        en="no Date field that can be read in the answer", fr="pas de champ Date lisible dans la réponse"
    ),
    "doctor.authority": Localized(en="the certificate of an authority", fr="le certificat d'une autorité"),
    "doctor.not-authority": Localized(
        en="{subject} is not the certificate of an authority", fr="{subject} n'est pas le certificat d'une autorité"
    ),
    "doctor.no-trust": Localized(en="no certificate that can be read", fr="aucun certificat lisible"),
    "doctor.own-files": Localized(
        en="a certificate in PEM form with its unencrypted RSA key",
        fr="un certificat au format PEM avec sa clé RSA non chiffrée",
    ),
    "doctor.own-absent": Localized(en="not there: {files}", fr="absents : {files}"),
    "doctor.own-good": Localized(en="{subject}, with its key", fr="{subject}, avec sa clé"),
    "doctor.own-certificate": Localized(en="the certificate cannot be read", fr="le certificat ne peut pas être lu"),
    "doctor.own-made": Localized(en="made now, for the first time", fr="créés maintenant, pour la première fois"),
    "doctor.own-temporary": Localized(
        en="ours.pki is not given: each run makes an authority of its own",
        fr="ours.pki n'est pas donné : chaque exécution crée sa propre autorité",
    ),
    "doctor.own-kept": Localized(
        en="a folder that is kept between runs", fr="un dossier conservé d'une exécution à l'autre"
    ),
    "doctor.port-free": Localized(en="a port we can listen on", fr="un port où nous pouvons écouter"),
    "doctor.port-good": Localized(en="free", fr="libre"),
    "doctor.port-any": Localized(en="any free port", fr="n'importe quel port libre"),
    "doctor.port-taken": Localized(en="taken by another program", fr="pris par un autre programme"),
    # words of other rooms that are shown as found
    "doctor.key-unreadable": Localized(
        en="private key: not readable; expected an unencrypted PEM key",
        fr="clé privée : illisible ; attendu une clé PEM non chiffrée",
    ),
    "doctor.key-kind": Localized(
        en="private key: not usable here; expected an RSA key", fr="clé privée : inutilisable ici ; attendu une clé RSA"
    ),
    "doctor.key-other": Localized(
        en="private key: it does not belong to the certificate", fr="clé privée : elle n'appartient pas au certificat"
    ),
    "doctor.own-country": Localized(
        en="pki: tls.pem: the subject names no country; expected a C attribute",
        fr="pki : tls.pem : le sujet ne nomme aucun pays ; attendu un attribut C",
    ),
    "doctor.chain-not-authority": Localized(
        en="certificate {subject} is not an authority", fr="le certificat {subject} n'est pas une autorité"
    ),
    "doctor.chain-path": Localized(
        en="authority {subject} allows at most {count} authorities below it",
        fr="l'autorité {subject} admet au plus {count} autorités sous elle",
    ),
    "doctor.chain-usage": Localized(
        en="authority {subject} may not sign certificates", fr="l'autorité {subject} ne peut pas signer de certificats"
    ),
    "doctor.unaccepted": Localized(
        en="TLS: we do not accept the server's certificate ({reason})",
        fr="TLS : nous n'acceptons pas le certificat du serveur ({reason})",
    ),
    # what to do next
    "doctor.next.url": Localized(
        en="correct this address in the SUT file", fr="corriger cette adresse dans le fichier du système"
    ),
    "doctor.next.tcp": Localized(
        en="start the system, or correct host and port; when others reach it, ask whether your source address is let through",
        fr="démarrer le système, ou corriger hôte et port ; si d'autres l'atteignent, demander si votre adresse source est "
        "autorisée",
    ),
    "doctor.next.tls": Localized(
        en="check that the port of the SUT file is the one of HTTPS, and what the server's TLS settings allow",
        fr="vérifier que le port du fichier du système est celui de HTTPS, et ce qu'admettent les réglages TLS du serveur",
    ),
    "doctor.next.issuer": Localized(
        en="append the intermediate certificates to the server's chain file, or the missing authority to trust.authorities",
        fr="ajouter les certificats intermédiaires au fichier de chaîne du serveur, ou l'autorité manquante à "
        "trust.authorities",
    ),
    "doctor.next.other-key": Localized(
        en="the authority was made anew: put its present certificate into trust.authorities",
        fr="l'autorité a été refaite : mettre son certificat actuel dans trust.authorities",
    ),
    "doctor.next.root": Localized(
        en="when you know this authority, put its certificate into trust.authorities",
        fr="si vous connaissez cette autorité, mettre son certificat dans trust.authorities",
    ),
    "doctor.next.chain": Localized(
        en="have the server's certificate issued anew by an authority that may do so",
        fr="faire émettre à nouveau le certificat du serveur par une autorité qui en a le droit",
    ),
    "doctor.next.names": Localized(
        en="use a name of the certificate in the URL, or have the host name put into its subjectAltName",
        fr="employer dans l'URL un nom du certificat, ou faire mettre le nom d'hôte dans son subjectAltName",
    ),
    "doctor.next.expired": Localized(
        en="renew the certificate; check the clock of this machine, too",
        fr="renouveler le certificat ; vérifier aussi l'horloge de cette machine",
    ),
    "doctor.next.renew": Localized(en="renew it in time, on both sides", fr="le renouveler à temps, des deux côtés"),
    "doctor.next.country": Localized(
        en="correct the country in the SUT file, or have the certificate issued for this country",
        fr="corriger le pays dans le fichier du système, ou faire émettre le certificat pour ce pays",
    ),
    "doctor.next.refuses": Localized(
        en="import ca.pem of ours.pki into the system as an authority for TLS clients",
        fr="importer ca.pem de ours.pki dans le système comme autorité pour les clients TLS",
    ),
    "doctor.next.silent": Localized(
        en="look in the system's log whether the request came; check the path of the URL",
        fr="chercher dans le journal du système si la requête est venue ; vérifier le chemin de l'URL",
    ),
    "doctor.next.front": Localized(
        en="something in front of the service answers: ask its operator what it lets through",
        fr="quelque chose en amont du service répond : demander à son exploitant ce qu'il laisse passer",
    ),
    "doctor.next.path": Localized(
        en="check the path of the URL; some products answer so to a GET only",
        fr="vérifier le chemin de l'URL ; certains produits ne répondent ainsi qu'à un GET",
    ),
    "doctor.next.clock": Localized(
        en="set both clocks by a time server: assertions are refused when clocks differ",
        fr="régler les deux horloges sur un serveur de temps : des horloges décalées font refuser les assertions",
    ),
    "doctor.next.zone": Localized(
        en="whole hours apart: local time is written as UTC; correct the time zone",
        fr="un nombre entier d'heures d'écart : l'heure locale est écrite comme UTC ; corriger le fuseau horaire",
    ),
    "doctor.next.no-date": Localized(en="compare the two clocks by hand", fr="comparer les deux horloges à la main"),
    "doctor.next.trust": Localized(
        en="put the authorities that issued the system's certificates into the file of trust.authorities",
        fr="mettre les autorités qui ont émis les certificats du système dans le fichier de trust.authorities",
    ),
    "doctor.next.own": Localized(
        en="put ca.pem, tls.pem and seal.pem with a .key.pem each into ours.pki, or empty the folder to have them made anew",
        fr="mettre ca.pem, tls.pem et seal.pem, chacun avec son .key.pem, dans ours.pki, ou vider le dossier pour les refaire",
    ),
    "doctor.next.own-import": Localized(
        en="import ca.pem of ours.pki into the system before the first run",
        fr="importer ca.pem de ours.pki dans le système avant la première exécution",
    ),
    "doctor.next.own-keep": Localized(
        en="name a folder in ours.pki, so that the system can be given our authority once",
        fr="nommer un dossier dans ours.pki, pour que notre autorité soit donnée une seule fois au système",
    ),
    "doctor.next.port": Localized(
        en="stop the program that listens there (another harness?), or choose another port in ours.listen",
        fr="arrêter le programme qui y écoute (un autre harness ?), ou choisir un autre port dans ours.listen",
    ),
    "doctor.next.listen": Localized(
        en="give ours.listen a host of this machine and a port that you may use",
        fr="donner à ours.listen un hôte de cette machine et un port que vous pouvez employer",
    ),
}
