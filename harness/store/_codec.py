"""Records to plain JSON data and back; bytes go to the blob store and leave a reference behind."""

from collections.abc import Callable, Mapping
from typing import cast

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

type Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None

BLOB_KEY = "blob"


_adapters: dict[type[object], TypeAdapter[object]] = {}


def _adapter[T](type_: type[T]) -> TypeAdapter[T]:
    if type_ not in _adapters:
        _adapters[type_] = TypeAdapter(type_)
    return cast(TypeAdapter[T], _adapters[type_])


def to_json[T](type_: type[T], value: T, keep: Callable[[bytes], str]) -> Json:
    """`value` as JSON data; every bytes field becomes `{"blob": sha256, "size": n}` after `keep` took the bytes."""
    return _encode(_adapter(type_).dump_python(value, mode="python"), keep)


def from_json[T](type_: type[T], data: Json, fetch: Callable[[str], bytes]) -> T:
    """The record that `to_json` wrote; `fetch` gives the bytes behind a sha-256.

    Raises:
        pydantic.ValidationError: the data does not have the shape of `type_`.
    """
    return _adapter(type_).validate_python(_decode(data, fetch))


def _encode(value: object, keep: Callable[[bytes], str]) -> Json:
    if isinstance(value, bytes):
        return {BLOB_KEY: keep(value), "size": len(value)}
    if isinstance(value, Mapping):
        return {str(k): _encode(v, keep) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_encode(v, keep) for v in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    isoformat = getattr(value, "isoformat", None)
    if isoformat is not None:
        return cast(str, isoformat()).replace("+00:00", "Z")
    return str(value)


def _decode(value: Json, fetch: Callable[[str], bytes]) -> object:
    if isinstance(value, dict):
        if value.keys() == {BLOB_KEY, "size"}:
            return fetch(str(value[BLOB_KEY]))
        return {k: _decode(v, fetch) for k, v in value.items()}
    if isinstance(value, list):
        return [_decode(v, fetch) for v in value]
    return value


class _Schema(GenerateJsonSchema):
    """pydantic's generator, with bytes described as the reference that is written in their place."""

    def bytes_schema(self, schema: core_schema.BytesSchema) -> JsonSchemaValue:
        return {
            "type": "object",
            "description": "bytes kept in blobs/ under their sha-256",
            "properties": {BLOB_KEY: {"type": "string", "pattern": "^[0-9a-f]{64}$"}, "size": {"type": "integer"}},
            "required": [BLOB_KEY, "size"],
            "additionalProperties": False,
        }


def json_schema(type_: type[object]) -> dict[str, Json]:
    """JSON Schema (2020-12) of what `to_json` writes for `type_`: every field of every record, and nothing else."""
    schema = cast(
        dict[str, Json],
        _adapter(type_).json_schema(mode="serialization", schema_generator=_Schema, by_alias=False),
    )
    definitions = cast(dict[str, Json], schema.get("$defs", {}))
    for part in (schema, *definitions.values()):
        if isinstance(part, dict) and isinstance(properties := part.get("properties"), dict):
            part["required"] = list[Json](properties)
            part["additionalProperties"] = False
    return schema
