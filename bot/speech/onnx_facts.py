"""What an ONNX file says of itself, read without loading it: its inputs, its outputs, its metadata.

The file is one protobuf message (ModelProto, onnx.proto); weights are stepped over, so a file of a gigabyte costs a few
pages. Nothing of it is run."""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bot.speech.model_errors import ModelMissing

#: fields of the messages in onnx.proto that are read
_GRAPH, _METADATA = 7, 14
_INITIALIZER, _INPUT, _OUTPUT = 5, 11, 12
_NAME = 1
_INITIALIZER_NAME = 8
_KEY, _VALUE = 1, 2
#: wire types of protobuf
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5


@dataclass(frozen=True)
class OnnxFacts:
    """Names of inputs (constants are none) and outputs, and what the metadata says."""

    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The metadata's model_type, "" when it has none."""
        return self.metadata.get("model_type", "")


def facts_of(file: Path) -> OnnxFacts:
    """Read a file. Raises ModelMissing when it is no ONNX model."""
    try:
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _model(data)
    except (OSError, ValueError, IndexError) as problem:
        raise ModelMissing(f"{file}: no ONNX model, or not the whole of it ({problem})") from problem


def _model(data: mmap.mmap) -> OnnxFacts:
    inputs: list[str] = []
    outputs: list[str] = []
    constants: set[str] = set()
    metadata: dict[str, str] = {}
    graphs = 0
    for number, start, end in _fields(data, 0, len(data)):
        if number == _METADATA:
            entry = {part: _text(data, begin, stop) for part, begin, stop in _fields(data, start, end)}
            metadata[entry.get(_KEY, "")] = entry.get(_VALUE, "")
        elif number == _GRAPH:
            graphs += 1
            for part, begin, stop in _fields(data, start, end):
                if part in (_INPUT, _OUTPUT):
                    (inputs if part == _INPUT else outputs).append(_named(data, begin, stop, _NAME))
                elif part == _INITIALIZER:
                    constants.add(_named(data, begin, stop, _INITIALIZER_NAME))
    if graphs != 1:
        raise ValueError(f"{graphs} graphs in it")
    return OnnxFacts(tuple(name for name in inputs if name not in constants), tuple(outputs), metadata)


def _named(data: mmap.mmap, start: int, end: int, field_number: int) -> str:
    found = (_text(data, begin, stop) for number, begin, stop in _fields(data, start, end) if number == field_number)
    return next(found, "")


def _text(data: mmap.mmap, start: int, end: int) -> str:
    return data[start:end].decode("utf-8", "replace")


def _fields(data: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(field, start, end) of each field that has a length; numbers are stepped over."""
    while at < end:
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _LENGTH:
            length, at = _varint(data, at)
            if at + length > end:
                raise ValueError("it ends in the middle of a field")
            yield number, at, at + length
            at += length
        elif wire == _VARINT:
            _, at = _varint(data, at)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            at += 8 if wire == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"a field of type {wire}")


def _varint(data: mmap.mmap, at: int) -> tuple[int, int]:
    found = shift = 0
    while True:
        byte = data[at]
        found |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return found, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without an end")
