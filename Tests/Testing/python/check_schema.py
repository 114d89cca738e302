"""check_schema.py SCHEMA [+FLOW | -FLOW]…: the schema is one of draft 7, takes each +FLOW and refuses each -FLOW."""

import json
import re
import sys

import jsonschema
import yaml

schema = json.load(open(sys.argv[1]))
jsonschema.Draft7Validator.check_schema(schema)
validator = jsonschema.Draft7Validator(schema)
problems = 0


class Loader(yaml.SafeLoader):
    """YAML 1.2, as Ferry reads it: a date is a text, and so is `off`."""


changed = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:bool")
Loader.yaml_implicit_resolvers = {
    first: [entry for entry in resolvers if entry[0] not in changed]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)

for argument in sys.argv[2:]:
    wanted, path = argument[0], argument[1:]
    errors = list(validator.iter_errors(yaml.load(open(path), Loader)))
    if wanted == "+" and errors:
        problems += 1
        for error in errors:
            print(path, "/".join(map(str, error.absolute_path)), error.message[:300])
    elif wanted == "-" and not errors:
        problems += 1
        print(path, "is taken")
sys.exit(1 if problems else 0)
