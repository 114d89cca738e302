"""Checks schemas that Ferry made from a record file's columns, by what others know of their kind. Prints what is wrong.

usage: schema_mappings.py json SCHEMA ROWS       a JSON Schema and rows that it describes, one a line
       schema_mappings.py avro SCHEMAS           Avro schemas, one a line
       schema_mappings.py bigquery SCHEMAS DISCOVERY
                                                 tables of BigQuery, one a line, and Google's description of its API
"""

import decimal
import json
import re
import sys

import fastavro
import jsonschema

DRAFTS = [
    jsonschema.Draft4Validator, jsonschema.Draft6Validator, jsonschema.Draft7Validator,
    jsonschema.Draft201909Validator, jsonschema.Draft202012Validator,
]
FORMATS = jsonschema.FormatChecker(["date", "uuid"])


def lines(path):
    with open(path, encoding="utf-8") as file:
        return file.read().splitlines()


def check_json(path, rows):
    """Numbers are decimals, so that 'multipleOf' is exact."""
    decimal.getcontext().prec = 200
    schema = json.loads(lines(path)[0], parse_float=decimal.Decimal)
    for draft in DRAFTS:
        draft.check_schema(json.loads(lines(path)[0]))
        validator = draft(schema, format_checker=FORMATS)
        for number, row in enumerate(lines(rows)):
            for error in validator.iter_errors(json.loads(row, parse_float=decimal.Decimal)):
                print(f"{draft.__name__}, row {number}: {list(error.path)}: {error.message}"[:300])


def check_avro(path):
    for text in lines(path):
        try:
            fastavro.parse_schema(json.loads(text))
        except Exception as error:
            print(f"{text}: {error}")


def check_bigquery(path, discovery):
    with open(discovery, encoding="utf-8") as file:
        schemas = json.load(file)["schemas"]
    described = schemas["TableFieldSchema"]["properties"]["type"]["description"]
    # The description leaves INTERVAL out, which the reference of GoogleSQL has.
    kinds = set(re.findall(r"[* (]([A-Z][A-Z0-9]+)\b", described)) | {"INTERVAL"}
    for text in lines(path):
        for problem in problems(json.loads(text), "TableSchema", schemas, kinds):
            print(f"{text[:200]}: {problem}")


def problems(value, name, schemas, kinds):
    known = schemas[name]["properties"]
    for key, part in value.items():
        if key not in known:
            yield f"{name} has no '{key}'"
        elif known[key].get("type") == "array":
            for element in part:
                yield from problems(element, known[key]["items"]["$ref"], schemas, kinds)
        elif known[key].get("type") == "object":
            if set(part) - set(known[key]["properties"]):
                yield f"'{key}' is {part}"
        elif not isinstance(part, str):
            yield f"'{key}' is {part!r}, no text"
    if name == "TableFieldSchema":
        yield from limits(value, kinds)


def limits(field, kinds):
    """The rules that stand in the descriptions."""
    kind = field["type"]
    precision, scale = field.get("precision"), int(field.get("scale", 0))
    if kind not in kinds:
        yield f"there is no type {kind}"
    if field.get("mode") not in ("NULLABLE", "REQUIRED", "REPEATED"):
        yield f"there is no mode {field.get('mode')}"
    if (kind == "RECORD") != ("fields" in field):
        yield "fields without a record, or a record without fields"
    if (kind == "RANGE") != ("rangeElementType" in field):
        yield "a range without a type, or a type without a range"
    if "maxLength" in field and kind not in ("STRING", "BYTES"):
        yield f"{kind} has no maxLength"
    if precision is None and "scale" in field or precision and kind not in ("NUMERIC", "BIGNUMERIC"):
        yield f"{kind} with the scale {scale}"
    whole, fraction = {"NUMERIC": (29, 9), "BIGNUMERIC": (38, 38)}.get(kind, (0, 0))
    if precision and not (1 <= int(precision) - scale <= whole and 0 <= scale <= fraction):
        yield f"{kind}({precision}, {scale})"


{"json": check_json, "avro": check_avro, "bigquery": check_bigquery}[sys.argv[1]](*sys.argv[2:])
