"""Another schema to read a random file with, made from its own by the changes that schema resolution allows."""

from avro_schemas import logical_type

WIDER = {
    "int": ["int", "long", "float", "double"],
    # Not to float: Python would round twice.
    "long": ["long", "double"],
    "float": ["float", "double"],
    "string": ["string", "bytes"],
}
DEFAULTS = {"boolean": True, "int": -7, "long": 2**40, "float": 0.5, "double": -1.25, "string": "häuser"}


class Evolution:
    def __init__(self, source, names):
        self.random = source
        self.old = names
        self.names = {}
        self.renamed = {}

    def evolve(self, schema, in_union=False, keeps_kind=False):
        """The reader's form of a type; named types are given by name and are in `names`."""
        if isinstance(schema, str) and schema in self.old:
            return self.named(self.old[schema])
        if isinstance(schema, list):
            # Two branches that become of one kind are no union any more.
            keeps_kind = "null" not in schema or len(schema) > 2
            parts = [self.evolve(part, in_union=True, keeps_kind=keeps_kind) for part in schema]
            self.random.shuffle(parts)
            return parts
        if isinstance(schema, str):
            changed = schema if keeps_kind else self.random.choice(WIDER.get(schema, [schema]))
            return self.wrapped(changed, in_union)
        if "name" in schema:
            return self.wrapped(self.named(schema), in_union)
        if schema["type"] in ("array", "map"):
            inner = "items" if schema["type"] == "array" else "values"
            return self.wrapped({"type": schema["type"], inner: self.evolve(schema[inner])}, in_union)
        return self.wrapped(schema, in_union)

    def wrapped(self, schema, in_union):
        if in_union or schema == "null" or self.random.random() < 0.8:
            return schema
        return self.random.choice([["null", schema], [schema, "null"]])

    def named(self, schema):
        old = schema["name"]
        if old in self.renamed:
            return self.renamed[old]
        new = old
        changed = dict(schema)
        # fastavro goes by the names of enums and fixed alone where they stand in unions.
        if schema["type"] == "record" and self.random.random() < 0.15:
            new = f"New{old}"
            changed |= {"name": new, "aliases": ["Other", old]}
        self.renamed[old] = new
        self.names[new] = changed
        if schema["type"] == "enum" and not logical_type(schema):
            changed |= self.symbols(schema["symbols"])
        if schema["type"] == "record":
            changed["fields"] = self.fields(schema["fields"])
        return new

    def symbols(self, symbols):
        kept = [symbol for symbol in symbols if self.random.random() < 0.8] + ["Fallback"]
        self.random.shuffle(kept)
        return {"symbols": kept, "default": "Fallback"}

    def fields(self, fields):
        kept = []
        for field in fields:
            if self.random.random() < 0.15:
                continue
            changed = {"name": field["name"], "type": self.evolve(field["type"])}
            if self.random.random() < 0.15:
                changed |= {"name": f"new_{field['name']}", "aliases": ["nothing", field["name"]]}
            kept.append(changed)
        for _ in range(self.random.choice([0, 0, 1, 2])):
            kept.append(self.added(f"added{len(self.names)}_{len(kept)}"))
        self.random.shuffle(kept)
        return kept

    def added(self, name):
        kind = self.random.choice(list(DEFAULTS))
        value = DEFAULTS[kind]
        match self.random.randrange(6):
            case 0:
                return {"name": name, "type": ["null", kind], "default": None}
            case 1:
                return {"name": name, "type": [kind, "null"], "default": value}
            case 2:
                return {"name": name, "type": {"type": "array", "items": kind}, "default": [value, value]}
            case 3:
                return {"name": name, "type": {"type": "map", "values": kind}, "default": {"k": value}}
        return {"name": name, "type": kind, "default": value}

    def emit(self, schema, done):
        """The same with each named type written out where it comes first."""
        if isinstance(schema, list):
            return [self.emit(part, done) for part in schema]
        if isinstance(schema, str):
            if schema not in self.names or schema in done:
                return schema
            done.add(schema)
            return self.emit(self.names[schema], done)
        out = dict(schema)
        for inner in ("items", "values"):
            if inner in out:
                out[inner] = self.emit(out[inner], done)
        if "fields" in out:
            out["fields"] = [field | {"type": self.emit(field["type"], done)} for field in out["fields"]]
        return out


def evolved(source, schema, names):
    evolution = Evolution(source, names)
    return evolution.emit(evolution.evolve(schema), set())
