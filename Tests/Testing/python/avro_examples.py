"""Prints the schemas of Apache Avro's own Python tests as JSON lists: the text, and whether it is a valid schema."""

import json

from avro.test import test_schema

for valid, examples in ((True, test_schema.VALID_EXAMPLES), (False, test_schema.INVALID_EXAMPLES)):
    for example in examples:
        print(json.dumps([str(example), valid]))
