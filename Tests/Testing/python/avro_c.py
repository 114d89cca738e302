"""Reads Avro files with avro-c."""

import ctypes
import ctypes.util


def lines(path):
    """The rows of a file as avro-c's JSON."""
    avro = ctypes.CDLL(ctypes.util.find_library("avro"))

    class Value(ctypes.Structure):
        _fields_ = [("iface", ctypes.c_void_p), ("self", ctypes.c_void_p)]

    pointer = ctypes.c_void_p
    for name in ("avro_file_reader_get_writer_schema", "avro_generic_class_from_schema"):
        getattr(avro, name).restype = pointer
        getattr(avro, name).argtypes = [pointer]
    avro.avro_strerror.restype = ctypes.c_char_p
    avro.avro_generic_value_new.argtypes = [pointer, ctypes.POINTER(Value)]
    avro.avro_file_reader_read_value.argtypes = [pointer, ctypes.POINTER(Value)]
    avro.avro_value_to_json.argtypes = [ctypes.POINTER(Value), ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)]
    reader = pointer()
    if avro.avro_file_reader(path.encode(), ctypes.byref(reader)):
        raise ValueError(avro.avro_strerror().decode())
    schema = avro.avro_file_reader_get_writer_schema(reader)
    value = Value()
    avro.avro_generic_value_new(avro.avro_generic_class_from_schema(schema), ctypes.byref(value))
    while avro.avro_file_reader_read_value(reader, ctypes.byref(value)) == 0:
        line = ctypes.c_char_p()
        if avro.avro_value_to_json(ctypes.byref(value), 1, ctypes.byref(line)):
            raise ValueError(avro.avro_strerror().decode())
        yield line.value.decode()
    # This is how avro-c says that the file has ended.
    if "Cannot read 1 bytes" not in avro.avro_strerror().decode():
        raise ValueError(avro.avro_strerror().decode())
