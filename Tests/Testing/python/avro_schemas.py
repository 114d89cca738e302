"""Random Avro schemas."""

UNITS = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}


class Schemas:
    """Makes schemas; the named types that a schema has so far can be referred to."""

    def __init__(self, source):
        self.random = source
        self.names = {}
        self.count = 0

    def name(self, prefix):
        self.count += 1
        return f"{prefix}{self.count}"

    def define(self, schema):
        self.names[schema["name"]] = schema
        return schema

    def plain(self):
        return self.random.choice(["boolean", "int", "long", "float", "double", "bytes", "string"])

    def logical(self):
        kind = self.random.choice(["date", "time", "stamp", "decimal", "packed", "uuid", "ids", "duration", "odd"])
        unit = self.random.choice(["millis", "micros"])
        precision = self.random.choice([1, 5, 18, 19, 38, 39, 76, 90])
        scale = self.random.choice([0, precision // 2, precision])
        match kind:
            case "date":
                return {"type": "int", "logicalType": "date"}
            case "time":
                return {"type": "int" if unit == "millis" else "long", "logicalType": f"time-{unit}"}
            case "stamp":
                unit = self.random.choice(["millis", "micros", "nanos"])
                return {"type": "long", "logicalType": f"{self.random.choice(['', 'local-'])}timestamp-{unit}"}
            case "decimal":
                return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
            case "packed":
                size = next(
                    n for n in range(1, 99) if (2 ** (8 * n - 1) - 1) >= 10**precision
                ) + self.random.choice([0, 3])
                more = {"size": size, "logicalType": "decimal", "precision": precision, "scale": scale}
                return self.define({"type": "fixed", "name": self.name("Packed")} | more)
            case "uuid":
                return {"type": "string", "logicalType": "uuid"}
            case "ids":
                return self.define({"type": "fixed", "name": self.name("Id"), "size": 16, "logicalType": "uuid"})
            case "duration":
                return self.define(
                    {"type": "fixed", "name": self.name("Span"), "size": 12, "logicalType": "duration"}
                )
        return self.random.choice(
            [
                {"type": "string", "logicalType": "no-such-type"},
                {"type": "long", "logicalType": "date"},
                {"type": "string", "logicalType": "timestamp-millis", "doc": "not one"},
            ]
        )

    def any(self, depth):
        roll = self.random.random()
        if self.names and roll < 0.1:
            return self.random.choice(list(self.names))
        if depth <= 0 or roll < 0.4:
            return self.plain()
        if roll < 0.6:
            return self.logical()
        kind = self.random.choice(["enum", "fixed", "array", "map", "record", "union", "optional"])
        match kind:
            case "enum":
                symbols = [f"S{n}" for n in range(self.random.randint(1, 70))]
                return self.define({"type": "enum", "name": self.name("Enum"), "symbols": symbols})
            case "fixed":
                return self.define(
                    {"type": "fixed", "name": self.name("Fixed"), "size": self.random.choice([0, 1, 5, 40])}
                )
            case "array":
                return {"type": "array", "items": self.any(depth - 1)}
            case "map":
                return {"type": "map", "values": self.any(depth - 1)}
            case "record":
                return self.record(depth - 1)
            case "optional":
                inner = self.any(depth - 1)
                if isinstance(inner, list):
                    return inner
                return ["null", inner] if self.random.random() < 0.7 else [inner, "null"]
        return self.union(depth - 1)

    def union(self, depth):
        """Branches whose values Python can tell apart, so that what fastavro reads says which one it was."""
        number = self.random.choice([["int"], ["long"], ["int", "long"], ["float"], ["double"], ["int", "double"]])
        more = ["null", "boolean", "string", "bytes", {"type": "array", "items": self.plain()}, "record"]
        branches = number + self.random.sample(more, self.random.randint(1, len(more)))
        branches = [self.record(depth) if branch == "record" else branch for branch in branches]
        self.random.shuffle(branches)
        return branches

    def record(self, depth, least=0):
        name = self.name("Record")
        fields = []
        for _ in range(self.random.randint(least, 4)):
            fields.append({"name": self.name("f"), "type": self.any(depth)})
        if self.random.random() < 0.3:
            fields.append(
                {
                    "name": self.name("f"),
                    "type": self.random.choice([["null", name], {"type": "array", "items": name}]),
                }
            )
        # Known from here on: what stands inside may only refer to it where that ends.
        return self.define({"type": "record", "name": name, "fields": fields})


# What does not go with its type is left out, as the specification says.
LOGICAL = {
    "int": {"date", "time-millis"},
    "long": {"time-micros"} | {f"{local}timestamp-{unit}" for local in ("", "local-") for unit in UNITS},
    "string": {"uuid"},
    "bytes": {"decimal"},
    "fixed": {"decimal", "uuid", "duration"},
}


def logical_type(schema):
    if not isinstance(schema, dict) or schema.get("logicalType") not in LOGICAL.get(schema["type"], ()):
        return None
    if schema["logicalType"] == "decimal" and schema.get("scale", 0) > schema["precision"]:
        return None
    return schema["logicalType"]


def resolve(schema, names):
    if isinstance(schema, str):
        return names.get(schema, schema)
    return schema


def names_of(schema, found=None):
    """The named types of a schema by their full names; no namespaces are used here."""
    found = {} if found is None else found
    if isinstance(schema, list):
        for part in schema:
            names_of(part, found)
    elif isinstance(schema, dict):
        if "name" in schema:
            found[schema["name"]] = schema
        for inner in [schema.get("items"), schema.get("values")] + [f["type"] for f in schema.get("fields", [])]:
            if inner is not None:
                names_of(inner, found)
    return found


def is_ambiguous(schema, names, done=()):
    """Whether a union has branches that are the same in JSON, where bytes, times and NaN are strings."""
    if isinstance(schema, str):
        if schema not in names or schema in done:
            return False
        return is_ambiguous(names[schema], names, done + (schema,))
    if isinstance(schema, list):
        kinds = [resolve(part, names) for part in schema if part != "null"]
        kinds = [kind if isinstance(kind, str) else kind["type"] for kind in kinds]
        texts = [kind for kind in kinds if kind not in ("boolean", "int", "long", "array", "map", "record")]
        if len(kinds) > 1 and len(texts) > 1:
            return True
        return any(is_ambiguous(part, names, done) for part in schema)
    if "name" in schema:
        done += (schema["name"],)
    inner = [schema.get("items"), schema.get("values")] + [f["type"] for f in schema.get("fields", [])]
    return any(is_ambiguous(part, names, done) for part in inner if part is not None)
