"""What a file holds, judged once by its first bytes and never by its name: compression, encoding, lines or values.

A file that cannot be a request log is refused here as a whole, with what to do. What a single line says is judged in
`records/`; causes that the first lines have in common are found in `first_lines.py`.
"""

import json
import os
import re
from collections.abc import Callable
from typing import NamedTuple

from orchestration.extract.inbox.files import Cursor
from orchestration.extract.inbox.first_lines import FEWEST, FIRST_LINES, Cause, common_cause, document_cause
from orchestration.extract.inbox.scanning import ValueScanner, whole_values
from orchestration.extract.inbox.streams import DamagedStream, open_stream
from orchestration.extract.records.parse import is_complete_object

HEAD_BYTES = 64 << 10
_UNPACK = "Unpack it and deliver the files that it holds"
_EXPORT = "Export it as JSON lines, one request a line, and deliver that"
_PICTURE = "Only request logs belong into the inbox: take it out, or name it in inbox/.ignore"
# (where the bytes stand, the bytes, what the file is then, what to do)
_SIGNATURES = (
    (0, b"BZh", "is compressed with bzip2", "Unpack it, or compress it with gzip or zstd"),
    (0, b"\xfd7zXZ\0", "is compressed with xz", "Unpack it, or compress it with gzip or zstd"),
    (0, b"\x04\x22\x4d\x18", "is compressed with lz4", "Unpack it, or compress it with gzip or zstd"),
    (0, b"LZIP", "is compressed with lzip", "Unpack it, or compress it with gzip or zstd"),
    (0, b"\x1f\x9d", "is compressed with compress", "Unpack it, or compress it with gzip or zstd"),
    (0, b"PK\3\4", "is a zip archive or an office document", _UNPACK),
    (0, b"PK\5\6", "is an empty zip archive", _UNPACK),
    (0, b"7z\xbc\xaf\x27\x1c", "is a 7z archive", _UNPACK),
    (0, b"Rar!", "is a rar archive", _UNPACK),
    (257, b"ustar", "is a tar archive", _UNPACK),
    (0, b"PAR1", "is a Parquet file", _EXPORT),
    (0, b"Obj\1", "is an Avro file", _EXPORT),
    (0, b"ORC", "is an ORC file", _EXPORT),
    (0, b"ARROW1", "is an Arrow file", _EXPORT),
    (0, b"SQLite format 3\0", "is a SQLite database", _EXPORT),
    (8, b"DUCK", "is a DuckDB database", _EXPORT),
    (0, b"%PDF-", "is a PDF document", _PICTURE),
    (0, b"\x89PNG", "is a picture", _PICTURE),
    (0, b"\xff\xd8\xff", "is a picture", _PICTURE),
)
_MARK = b"\xef\xbb\xbf"
_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_FOREIGN_LETTER = re.compile(rb"[A-Za-z\x80-\xff][\x80-\xff]|[\x80-\xff][A-Za-z]")
_ZSTD = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", re.DOTALL)


class UnreadFile(Exception):
    """A file that is not read; the text tells people why, and what to do."""


class RefusedFile(UnreadFile):
    """A file that holds no request log. It is judged again when it changes.

    With `what`, it holds JSON whose lines are at fault, and these can be read one by one.
    """

    def __init__(self, source_file: str, cause: str, advice: str, what: "Format | None" = None) -> None:
        super().__init__(f"The file inbox/{source_file} {cause}, so it was not read. {advice}.")
        self.what = what


class Format(NamedTuple):
    """What a file holds. `values` are JSON values however they stand: elements of a list, or spread over lines."""

    compression: str = "plain"  # plain, gzip or zstd
    encoding: str = "utf-8"  # or utf-16 and utf-32 with their byte order
    structure: str = "lines"  # or values

    def __str__(self) -> str:
        return " ".join(self)

    @property
    def width(self) -> int:
        """Bytes of the smallest unit of the encoding."""
        return int(self.encoding[4:6]) // 8 if self.encoding != "utf-8" else 1


def format_of(source_file: str, descriptor: int, size: int, cursor: Cursor, line_limit: int) -> Format:
    """What an open file holds: what its cursor remembers, else by its first bytes. Raises `RefusedFile`."""
    if cursor.format:
        return Format(*cursor.format.split(" "))
    compression = compression_of(os.pread(descriptor, 4, 0))
    head = content_head(compression, descriptor, size)
    if compression != "plain" and compression_of(head[:4]) != "plain":
        raise RefusedFile(source_file, "is compressed twice", "Unpack it once")
    encoding = _encoding(head)
    if encoding == "utf-8" and (cause := no_text(head)):
        raise RefusedFile(source_file, *cause)
    text = head if encoding == "utf-8" else _decoded(head, encoding)
    text = text.removeprefix(_MARK)
    if cursor.position:
        return Format(compression, encoding)

    def more() -> bytes:
        longer = content_head(compression, descriptor, size, line_limit)
        return (longer if encoding == "utf-8" else _decoded(longer, encoding)).removeprefix(_MARK)

    if cause := _document(text, more):
        raise RefusedFile(source_file, *cause)
    is_values = _is_values(text, more)
    first = _first_values(text, more) if is_values else text.split(b"\n")[:-1]
    if encoding == "utf-8" and (cause := _wrong_encoding(first)):
        raise RefusedFile(source_file, *cause)
    what = Format(compression, encoding, "values" if is_values else "lines")
    if cause := common_cause(first, in_list=text.lstrip().startswith(b"[")):
        raise RefusedFile(source_file, *cause, what)
    return what


def _document(text: bytes, more: Callable[[], bytes]) -> Cause | None:
    """Why a file that is one JSON value and nothing else holds no requests; none where it is not one."""
    first, _, behind = text.lstrip().partition(b"\n")
    if first[:1] not in (b"{", b"[") or (is_complete_object(first) and behind.strip()):
        return None
    return document_cause(more())


def _is_values(text: bytes, more: Callable[[], bytes]) -> bool:
    """Whether JSON values do not stand one in a line: a list, or objects spread over lines or several in one."""
    begin = text.lstrip()
    if begin.startswith(b"["):
        inner = begin[1:].lstrip()
        return inner[:1] in (b"", b"{", b"]") and (inner[:1] != b"]" or not inner[1:].strip())
    first, newline, _ = begin.partition(b"\n")
    if not begin.startswith(b"{") or is_complete_object(first):
        return False
    end = _end_of_value(begin)
    if end is None and newline:
        begin = more().lstrip()
        end = _end_of_value(begin)
    if end is None:
        return bool(newline) and _is_cut_off(begin.rpartition(b"\n")[0])
    if not is_complete_object(begin[:end]):
        return False
    behind = begin[end:].partition(b"\n")[0].strip()
    return b"\n" in begin[:end] or behind == b"," or behind.lstrip(b", \t").startswith(b"{")


def _first_values(text: bytes, more: Callable[[], bytes]) -> list[bytes]:
    values = whole_values(text)
    return values if len(values) >= FEWEST else whole_values(more())


def _is_cut_off(lines: bytes) -> bool:
    """Whether lines are the beginning of a JSON value that is spread over lines, and nothing in them is wrong."""
    if b"\n" not in lines and not lines.rstrip().endswith((b"{", b"[", b",")):
        return False
    try:
        json.loads(lines)
    except json.JSONDecodeError as error:
        return not error.doc[error.pos :].strip()
    except (ValueError, RecursionError):
        pass
    return False


def _end_of_value(text: bytes) -> int | None:
    return next((at for begins, at in ValueScanner("utf-8").scan(text) if not begins), None)


def compression_of(head: bytes) -> str:
    """How a file that begins like this is compressed."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    return "zstd" if _ZSTD.match(head) else "plain"


def content_head(compression: str, descriptor: int, size: int, length: int = HEAD_BYTES) -> bytes:
    """The first bytes of the content, as far as they can be decoded."""
    head = b""
    try:
        for block in open_stream(compression, descriptor, size, Cursor()).blocks():
            head += block
            if len(head) >= length:
                break
    except DamagedStream:
        pass
    return head[:length]


def no_text(head: bytes) -> tuple[str, str] | None:
    """What is no text at all."""
    for at, signature, cause, advice in _SIGNATURES:
        if head[at : at + len(signature)] == signature:
            return cause, advice
    if not head.strip(b"\0") and len(head) >= HEAD_BYTES:
        return None  # a hole at the beginning of a log, perhaps
    lines = head.split(b"\n")
    if b"\0" not in lines[0] or any(map(is_complete_object, lines[:FIRST_LINES])):
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if max(even, odd) > len(head) // 4 and min(even, odd) < len(head) // 16:
        return "looks like UTF-16 without a byte order mark", "Save it as UTF-8, or with the mark"
    return "is binary, not text", _PICTURE


def _encoding(head: bytes) -> str:
    """By the byte order mark, and the zeros that the brackets and quotes of JSON then have beside them."""
    marked = (encoding for mark, encoding in _MARKS if head.startswith(mark) and b"\0" in head[2:10])
    return next(marked, "utf-8")


def _decoded(head: bytes, encoding: str) -> bytes:
    return head.decode(encoding, "ignore").encode("utf-8", "ignore")


def _wrong_encoding(lines: list[bytes]) -> tuple[str, str] | None:
    """Text of another encoding: of the first lines that can tell, and there are some, none is UTF-8.

    A damaged byte stands alone; those of another alphabet stand beside letters and each other.
    """
    telling = [line for line in lines if not line.isascii()]
    if len(telling) < FEWEST or (len(telling) < 3 and len(telling) * 2 < len(lines)):
        return None
    if not all(_FOREIGN_LETTER.search(line) and not _is_utf8(line) for line in telling):
        return None
    return "is not UTF-8 text (Latin-1 or Windows-1252, perhaps)", "Save it as UTF-8"


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
