"""Which kind of file bytes are, by their first marks; and whether a PNG or JPEG holds together from first to last mark.

Sources: ISO 32000-1, 7.5.2; RFC 2083 (PNG), 3; ITU-T T.81 (JPEG), B.1; TIFF 6.0, 2; DICOM PS3.10, 7.1.
"""

import zlib

PDF, PNG, JPEG, TIFF, DICOM = "application/pdf", "image/png", "image/jpeg", "image/tiff", "application/dicom"
_PNG_MARK = b"\x89PNG\r\n\x1a\n"
_ALIASES = {
    "application/png": PNG,
    "application/jpeg": JPEG,
    "image/jpg": JPEG,
    "image/pjpeg": JPEG,
    "image/tif": TIFF,
    "image/dicom": DICOM,
}
"""Other spellings in use; the first two are those that the image template of MyHealth@EU asks for."""


def known_type(media_type: str) -> str | None:
    """The media type we can tell from bytes that `media_type` names, whatever its spelling; None for any other."""
    name = media_type.partition(";")[0].strip().lower()
    name = _ALIASES.get(name, name)
    return name if name in (PDF, PNG, JPEG, TIFF, DICOM) else None


def sniffed(data: bytes) -> str | None:
    """The media type that the first bytes tell, None when they are those of no kind we know."""
    if b"%PDF-" in data[:1024]:
        return PDF
    if data.startswith(_PNG_MARK):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith((b"II*\x00", b"MM\x00*")):
        return TIFF
    return DICOM if data[128:132] == b"DICM" else None


def defect_of_image(data: bytes, media_type: str) -> str:
    """What keeps the PNG or JPEG `data` from being read to its end; empty when nothing does, and for other kinds."""
    if media_type == PNG:
        return _png_defect(data)
    if media_type == JPEG:
        return "" if b"\xff\xd9" in data[-1024:] else "no end of image"
    return ""


def _png_defect(data: bytes) -> str:
    position, first = len(_PNG_MARK), True
    while position + 12 <= len(data):
        size, name = int.from_bytes(data[position : position + 4]), data[position + 4 : position + 8]
        end = position + 8 + size
        if first and (name, size) != (b"IHDR", 13):
            return "no IHDR first"
        if end + 4 > len(data):
            return f"chunk at byte {position} is cut"
        if zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4]):
            return f"check sum of the chunk at byte {position} does not match"
        if name == b"IEND":
            return ""
        position, first = end + 4, False
    return "no IEND"
