"""The error codes of the network: what each is called, what is put on the wire, and in which transactions it can be.

Sources: eHDSI NCPeH Components Specification, error codes; OpenNCP 7.1 and 9.0 (OpenNCPErrorCode, TMError, TSAMError); IHE ITI
TF-3, table 4.2.4.1-2, TF-2, 3.55.4.2.3; HL7 V3 AcknowledgementDetailCode. Which transaction a code belongs to is often told
by its name only.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from harness.model.text import Localized


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorCode:
    """One code: `code` is what OpenNCP or IHE put on the wire, where others may send the `name` in its place.

    `transactions` are those whose answer can carry it, in acknowledgementDetail (ITI-55) or in a RegistryError (the
    others); without any, `why_not` says why no peer can send it. `warning` is its usual severity.
    """

    name: str
    code: str
    family: str
    transactions: tuple[str, ...]
    warning: bool = False
    why_not: Localized | None = None


_NETWORK = {
    "55 38 39 41": """
        ERROR_GENERIC WARNING_GENERIC ERROR_HPI_GENERIC WARNING_HPI_GENERIC ERROR_HPI_NO_INFORMATION
        ERROR_HPI_INSUFFICIENT_INFORMATION ERROR_HPI_HAI_NO_INFORMATION ERROR_HPI_POC_NO_INFORMATION
        ERROR_HPI_AUTHENTICATION_NOT_RECEIVED WARNING_SEC_GENERIC ERROR_SEC_DATA_INTEGRITY_NOT_ENSURED
        ERROR_NOT_VALID_ASSERTION=1001 ERROR_WEAK_AUTHENTICATION=4702 ERROR_INSUFFICIENT_RIGHTS=4703
        ERROR_POLICY_VIOLATION=4705
    """,
    "38 39": """
        ERROR_GENERIC_DOCUMENT_MISSING ERROR_PS_GENERIC WARNING_PS_GENERIC ERROR_PS_PDF_FORMAT_NOT_PROVIDED
        ERROR_EP_GENERIC WARNING_EP_GENERIC ERROR_EP_PDF_FORMAT_NOT_PROVIDED ERROR_ORCD_GENERIC WARNING_ORCD_GENERIC
        ERROR_RENDERING_INCOMPLETE=4101 ERROR_EP_NOT_AVAILABLE=4104 ERROR_UNSUPPORTED_FEATURE=4201
        ERROR_UNKNOWN_OPTION=4205 ERROR_4207=4207 ERROR_PS_INCORRECT_FORMATTING ERROR_PS_MISSING_REQUIRED_FIELDS
        ERROR_PS_INTERNAL_ERROR ERROR_PS_NO_CONSENT ERROR_EP_INCORRECT_FORMATTING ERROR_EP_MISSING_REQUIRED_FIELDS
        ERROR_EP_INTERNAL_ERROR ERROR_EP_NO_CONSENT
    """,
    "38": """
        ERROR_GENERIC_SERVICE_SIGNIFIER_UNKNOWN WARNING_ORCD_MISSING_MANDATORY_METADATA
        ERROR_DOCUMENT_NOT_FOUND=1100 ERROR_EP_NOT_FOUND=1101 ERROR_PS_NOT_FOUND=1102 ERROR_MRO_NO_DATA=1103
        ERROR_ORCD_NOT_FOUND=1104 ERROR_COLLECTION_INCOMPLETE=4102 ERROR_EP_REGISTRY_NOT_ACCESSIBLE=4103
        ERROR_UNKNOWN_FILTER=4204 ERROR_UNKNOWN_PATIENT_IDENTIFIER=4206 ERROR_PS_REGISTRY_NOT_AVAILABLE
        ERROR_EP_REGISTRY_NOT_AVAILABLE
    """,
    "55": """
        ERROR_PI_GENERIC WARNING_PI_GENERIC ERROR_PI_NO_MATCH ERROR_PI_MULTIPLE_MATCHES
        ERROR_PI_INCORRECT_FORMATTING ERROR_PI_MISSING_REQUIRED_FIELDS ERROR_PI_REGISTRY_NOT_AVAILABLE
        ERROR_PI_INTERNAL_ERROR WARNING_PI_NO_CONSENT
    """,
    "39": """
        ERROR_PS_MISSING_BASIC_SECTIONS WARNING_PS_MISSING_BASIC_DATA ERROR_PS_MISSING_EXPECTED_MAPPING
        WARNING_PS_MISSING_EXPECTED_MAPPING
        WARNING_PS_MISSING_EXPECTED_TRANSLATION=EHDSI_WARNING_PS_MISSING_EXPECTED_TRANSLATION
        WARNING_EP_MISSING_BASIC_DATA ERROR_EP_MISSING_EXPECTED_MAPPING WARNING_EP_MISSING_EXPECTED_MAPPING
        WARNING_EP_MISSING_EXPECTED_TRANSLATION WARNING_ORCD_MISSING_MANDATORY_DATA ERROR_ORCD_INCORRECT_FORMAT
        WARNING_HQI_A_INFORMATION_NOT_PROPERLY_STRUCTURED ERROR_TRANSCODING_ERROR=4203 ERROR_PS_MISSING_BASIC_DATA
        ERROR_EP_MISSING_BASIC_DATA
    """,
    "41": """
        ERROR_ED_GENERIC WARNING_ED_GENERIC ERROR_ED_NOT_DISPENSABLE_EPRESCRIPTION
        ERROR_ED_SUBSTITUTION_INFORMATION_NOT_ALLOWED ERROR_ED_EPRESCRIPTION_NOT_IDENTIFIABLE
        WARNING_ED_MISSING_BASIC_DATA ERROR_ED_MISSING_EXPECTED_MAPPING WARNING_ED_MISSING_EXPECTED_MAPPING
        ERROR_ED_EPRESCRIPTION_NOT_UPDATED ERROR_ED_EDISPENSATION_NOT_STORED ERROR_ED_DISCARD_FAILED
        WARNING_ED_DISCARD_MISSING_MANDATORY_DATA WARNING_HQI_B_INFORMATION_NOT_PROPERLY_STRUCTURED
        ERROR_DOCUMENT_NOT_PROCESSED=2201 ERROR_EP_NOT_MATCHING=4105 ERROR_EP_ALREADY_DISPENSED=4106
        ERROR_ORIGINAL_DATA_MISSING=4107 ERROR_PIVOT_MISSING=4108 ERROR_NO_SIGNATURE=4704 ERROR_UNKNOWN_POLICY=4706
        ERROR_ED_INCORRECT_FORMATTING ERROR_ED_MISSING_REQUIRED_FIELDS ERROR_ED_INTERNAL_ERROR
        ERROR_ED_MISSING_BASIC_DATA ERROR_ED_REGISTRY_NOT_AVAILABLE ERROR_ED_NO_CONSENT
    """,
    "39 41": """
        ERROR_HQI_GENERIC WARNING_HQI_GENERIC
    """,
    "38 39 41": """
        ERROR_SEC_GENERIC ERROR_NOT_VALID_TRC_ASSERTION=1002 ERROR_NO_CONSENT=4701
    """,
    "38 41": """
        ERROR_UNKNOWN_SIGNIFIER=4202
    """,
}
_TRANSFORMATION = """
        ERROR_PROCESSING_ERROR=4500 ERROR_NULL_INPUT_DOCUMENT=4501 ERROR_NOT_CONFORMANT_CDA_HEADER=4502
        ERROR_NOT_CONFORMANT_INPUT_OBJECT=4503 ERROR_REQUIRED_CODED_ELEMENT_NOT_TRANSCODED=4505
        ERROR_HEADER_CODED_ELEMENT_PROCESSING_FAILURE=4506 ERROR_NOT_CONFORMANT_INPUT_CDA=4507
        ERROR_NULL_INPUT_PDF_FILE=4508 ERROR_DOCUMENT_CODE_NOT_EXIST=4509 ERROR_DOCUMENT_CODE_UNKNOWN=4510
        ERROR_REQUIRED_CODED_ELEMENT_MISSING=4511 ERROR_REQUIRED_CODED_ELEMENT_NOT_TRANSLATED=4512
        WARNING_INPUT_XSD_VALIDATION_FAILED=2401 WARNING_INPUT_SCHEMATRON_VALIDATION_FAILED=2402
        WARNING_INPUT_MDA_VALIDATION_FAILED=2403 WARNING_OUTPUT_XSD_VALIDATION_FAILED=2404
        WARNING_OUTPUT_SCHEMATRON_VALIDATION_FAILED=2405 WARNING_OUTPUT_MDA_VALIDATION_FAILED=2406
        WARNING_HEADER_CODED_ELEMENT_NOT_TRANSCODED=2500 WARNING_PARENT_DOCUMENT_NOT_CORRECTLY_REFERENCED=2501
        WARNING_CODED_ELEMENT_TRANSCODING_FAILURE=2502 WARNING_CODED_ELEMENT_PROCESSING_FAILURE=2503
        WARNING_CODED_ELEMENT_TRANSLATION_FAILURE=2504 WARNING_UNKNOWN_TARGET_LANGUAGE=2505
        WARNING_CODED_ELEMENT_LIST_EMPTY=2506 WARNING_CODED_ELEMENT_NOT_PROPER_TYPE=2507
        WARNING_MANDATORY_ATTRIBUTES_MISSING=2508 ERROR_CODE_SYSTEM_NOTFOUND=4501
        ERROR_CODE_SYSTEM_VERSION_NOTFOUND=4502 ERROR_CODE_SYSTEM_CONCEPT_NOTFOUND=4503
        ERROR_TARGET_CONCEPT_NOTFOUND=4504 ERROR_DESIGNATION_NOTFOUND=4505 ERROR_EPSOS_VERSION_NOTFOUND=4506
        ERROR_EPSOS_CODE_SYSTEM_NOTFOUND=4507 ERROR_EPSOS_CS_OID_NOTFOUND=4508 ERROR_TRANSCODING_INVALID=4509
        ERROR_NO_CURRENT_DESIGNATIONS=4510 WARNING_MANY_DESIGNATIONS=2506 WARNING_VS_DOESNT_MATCH=2507
        WARNING_CODE_SYSTEM_NAME_DOESNT_MATCH=2508 WARNING_CONCEPT_STATUS_NOT_CURRENT=2509
"""
"""Of country A's transformation and terminology, which speak in the answer to ITI-39; some numbers have two meanings."""
_IHE = {
    "41": """
        DocumentQueued InvalidDocumentContent LocalPolicyRestrictionError PartialAppendContentNotProcessed
        PartialFolderContentNotProcessed PartialRelationshipContentNotProcessed PartialReplaceContentNotProcessed
        PartialTransformNotProcessed PartialTransformReplaceNotProcessed UnavailableRecipient UnknownRecipient
        UnresolvedReferenceException XDSDuplicateUniqueIdInRegistry XDSExtraMetadataNotSaved
        XDSMissingDocumentMetadata XDSNonIdenticalHash XDSNonIdenticalSize XDSPatientIdDoesNotMatch
        XDSRegistryDeprecatedDocumentError XDSRegistryDuplicateUniqueIdInMessage XDSRegistryMetadataError
        XDSReplaceFailed XDSRepositoryDuplicateUniqueIdInMessage XDSRepositoryMetadataError
    """,
    "39": """
        XDSDocumentUniqueIdError XDSUnknownRepositoryId
    """,
    "39 41": """
        XDSMissingDocument XDSRepositoryBusy XDSRepositoryOutOfResources
    """,
    "38 39": """
        XDSMissingHomeCommunityId XDSUnavailableCommunity XDSUnknownCommunity
    """,
    "38 41": """
        XDSRegistryBusy XDSRegistryError XDSRegistryNotAvailable XDSRegistryOutOfResources XDSUnknownPatientId
    """,
    "38 39 41": """
        XDSRepositoryError
    """,
    "38": """
        XDSResultNotSinglePatient XDSStoredQueryMissingParam XDSStoredQueryParamNumber XDSTooManyResults
        XDSUnknownStoredQuery
    """,
}
_IHE_WARNINGS = """
        DocumentQueued PartialAppendContentNotProcessed PartialFolderContentNotProcessed
        PartialRelationshipContentNotProcessed PartialReplaceContentNotProcessed PartialTransformNotProcessed
        PartialTransformReplaceNotProcessed XDSExtraMetadataNotSaved
"""
_NOT_SENT = (
    (
        "network",
        """
        ERROR_GENERIC_CONNECTION_NOT_POSSIBLE ERROR_ED_DISCARD_SERVICE_NOT_AVAILABLE
        ERROR_ORCD_SERVICE_NOT_AVAILABLE ERROR_ED_INFORMATION_NOT_STORE ERROR_ED_EDISPENSATION_ACK_NOT_RECEIVED
        """,
        Localized(
            en="country B makes it for its own user when country A or its service cannot be used; it crosses no border",
            fr="le pays B le crée pour son propre utilisateur quand le pays A fait défaut ; il ne passe pas la frontière",
        ),
    ),
    (
        "network",
        """
        WARNING_SEC_UNEXPECTED_NUMBER_OF_REQUESTS_FOR_UNIQUE_PATIENT
        WARNING_SEC_UNEXPECTED_NUMBER_OF_REQUESTS_FOR_UNIQUE_POINT_OF_CARE WARNING_SEC_UNEXPECTED_NUMBER_OF_REQUESTS
        """,
        Localized(
            en="a gateway tells it to its own monitoring, not to the other country",
            fr="un point de contact le dit à sa propre supervision, pas à l'autre pays",
        ),
    ),
    (
        "network",
        "ERROR_UI_TRANSFORMATION",
        Localized(
            en="the portal of country B makes it when it cannot draw a document",
            fr="le portail du pays B le crée quand il ne peut pas afficher un document",
        ),
    ),
    (
        "ihe",
        """
        FHIRDocumentNotSupported ReferencesExistException UnmodifiableMetadataError XDSInvalidRequestException
        XDSMetadataAnnotationError XDSMetadataIdentifierError XDSMetadataUpdateError XDSMetadataUpdateOperationError
        XDSMetadataVersionError XDSObjectTypeError XDSPatientIDReconciliationError XDSRemoveDocumentsError
        XDSUnreferencedObjectException
        """,
        Localized(
            en="belongs to IHE transactions that MyHealth@EU does not use (update, removal, other interfaces)",
            fr="relève de transactions IHE que MyHealth@EU n'emploie pas (mise à jour, suppression, autres interfaces)",
        ),
    ),
)


def _read(family: str, words: str, transactions: str, why_not: Localized | None = None) -> list[ErrorCode]:
    found = []
    for word in words.split():
        name, _, number = word.partition("=")
        found.append(
            ErrorCode(
                name=name,
                code=number or name,
                family=family,
                transactions=tuple(f"ITI-{t}" for t in transactions.split()),
                warning=name.startswith("WARNING_") or name in _IHE_WARNINGS.split(),
                why_not=why_not,
            )
        )
    return found


ERROR_CODES: tuple[ErrorCode, ...] = (
    *(one for where, words in _NETWORK.items() for one in _read("network", words, where)),
    *_read("transformation", _TRANSFORMATION, "39"),
    *(one for where, words in _IHE.items() for one in _read("ihe", words, where)),
    ErrorCode(name="NS250", code="NS250", family="hl7", transactions=("ITI-55",)),
    *(one for family, words, why in _NOT_SENT for one in _read(family, words, "", why)),
)
"""Every code of the tables above; (family, name) is unique, the number of a transformation code is not."""


def error_code(word: str) -> ErrorCode | None:
    """The code that `word`, a name or what is on the wire, stands for, None when it is none of them."""
    return next((e for e in ERROR_CODES if e.name == word), None) or next(
        (e for e in ERROR_CODES if e.code == word), None
    )


FAULT_SITUATIONS: Mapping[str, tuple[str, str]] = {
    "name-id-differs": ("sender", "HP Missing Attributes"),
    "name-id-format-differs": ("sender", "HP Missing Attributes"),
    "hcp-country-differs": ("security", "Invalid Security Token"),
    "trc-country-differs": ("security", "Invalid Security Token"),
    "class-code-unknown": ("receiver", "Illegal argument"),
    "sts-request-invalid": ("sender", "Invalid request"),
}
"""Situations that the network answers with a SOAP fault: its family (see the outcome word soap_fault) and its words."""
