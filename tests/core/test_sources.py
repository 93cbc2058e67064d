"""Paths and literal text told apart, and files of text opened whatever their encoding."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acml_core import sources
from acml_core.errors import BadInput

SUFFIXES = (".csv", ".txt", ".0")
EXAMPLE = "two numbers a line"
REMEDY = "Give text."
TEXT = "Größe\t1,5 °C\nµ 2\n"


def locate(source: Path | str) -> Path | None:
    return sources.locate(source, SUFFIXES, example=EXAMPLE)


def write(folder: Path, data: bytes, name: str = "a.txt") -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


# ---- path or text -------------------------------------------------------------------------------


def test_what_exists_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path, b"1 2", "no suffix, with blanks")
    assert locate(path) == path
    assert locate(f"  {path}\n") == path
    assert locate(tmp_path) == tmp_path
    assert locate(str(tmp_path)) == tmp_path
    monkeypatch.chdir(tmp_path)
    assert locate(path.name) == Path(path.name)


@pytest.mark.parametrize(
    "text",
    [
        "1720",
        "3310.0",
        "3310,1720.0",
        "1 2\n3 4",
        "./one\n./two",
        "see data.csv",
        "nothing",
        "plot.png",
        "a/b",
        "and/or 5.1",
        "~ 1720",
        "/ 5",
        "C: 128.4",
        "12\0.csv",
        "1," * 300,
        "/" + "x" * 300,
        "/" + "x" * sources.MAX_PATH + ".csv",
    ],
)
def test_what_neither_exists_nor_looks_like_a_path_is_text(text: str) -> None:
    assert locate(text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("gone.csv", "gone.csv: no such file. Check the path."),
        ("GONE.CSV", "GONE.CSV: no such file. Check the path."),
        ("data/gone.0", "data/gone.0: no such file. Check the path."),
        ("  gone.txt ", "gone.txt: no such file. Check the path."),
        ("./gone", "./gone: no such file or folder. Check the path."),
        ("../gone/", "../gone/: no such file or folder. Check the path."),
        ("/gone", "/gone: no such file or folder. Check the path."),
        ("~/gone", "~/gone: no such file or folder. Check the path."),
        ("C:\\gone", "C:\\gone: no such file or folder. Check the path."),
    ],
)
def test_a_path_with_a_mistake_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=f"^{re.escape(said)}$"):
        locate(text)


def test_a_path_object_is_never_text(tmp_path: Path) -> None:
    for path in (Path("1720"), tmp_path / "gone.csv", Path("a\0b"), tmp_path / "file" / "inside"):
        with pytest.raises(BadInput, match="no such file"):
            locate(path)
    with pytest.raises(BadInput, match="cannot be opened"):
        locate(Path("x" * 300))


@pytest.mark.parametrize("text", ["", " ", "\n\t \r\n"])
def test_nothing_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(
        BadInput, match=r"the input is empty\. Give a file, or two numbers a line\."
    ):
        locate(text)


@given(st.text(max_size=80))
@settings(deadline=None)  # they touch the disk
def test_any_text_is_a_path_or_text_or_refused(text: str) -> None:
    word = text.strip()
    refused = ""
    path = None
    try:
        path = locate(text)
    except BadInput as error:
        refused = error.what
    assert path is None or path.exists()
    assert (refused == "the input is empty") == (not word)
    assert not (refused and re.search(r"\s", word))


@given(
    st.lists(st.floats(0, 4000).map("{:.1f}".format), min_size=1, max_size=20),
    st.sampled_from(", ;\t\n"),
)
@settings(deadline=None)  # they touch the disk
def test_numbers_are_never_taken_for_a_path(numbers: list[str], between: str) -> None:
    assert locate(between.join(numbers)) is None


# ---- text or binary -----------------------------------------------------------------------------


def test_missing_empty_and_unreadable_are_refused(tmp_path: Path) -> None:
    for reader in (
        lambda path: sources.probe(path),
        lambda path: sources.text_encoding(path, remedy=REMEDY),
        lambda path: sources.read_text(path, remedy=REMEDY),
        lambda path: list(sources.lines(path, remedy=REMEDY)),
    ):
        with pytest.raises(BadInput, match=r"gone: no such file\. Check"):
            reader(tmp_path / "gone")
        with pytest.raises(BadInput, match="cannot be opened"):
            reader(tmp_path)
        for data in (b"", b" \r\n\t\n", b"\0\0\0", b"\x1a", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"):
            with pytest.raises(BadInput, match=r"a\.txt: the file is empty"):
                reader(write(tmp_path, data))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads every file")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, b"1 2")
    path.chmod(0)
    with pytest.raises(BadInput, match="cannot be opened"):
        sources.probe(path)


def test_probe_gives_the_beginning_and_keeps_the_limit(tmp_path: Path) -> None:
    data = bytes(range(256)) * 40
    path = write(tmp_path, data)
    assert sources.probe(path) == data[: sources.PROBE]
    assert sources.probe(path, max_bytes=len(data)) == data[: sources.PROBE]
    with pytest.raises(BadInput, match=r"a\.txt: the file is too large\. Split it\."):
        sources.probe(path, max_bytes=len(data) - 1)


@pytest.mark.parametrize(
    ("head", "binary"),
    [
        (b"1 2\r\n3 4\f\x1a", False),
        (TEXT.encode(), False),
        (TEXT.encode("cp1252"), False),
        (TEXT.encode("utf-16"), False),
        (TEXT.encode("utf-16-le"), True),  # no mark, so its zeros are what is seen
        (b"PK\x03\x04\x14\0\0\0", True),
        (b"text with one zero \0", True),
        (b"\x01" * 3 + b"x" * 97, True),
        (b"\x01" * 2 + b"x" * 98, False),
    ],
)
def test_text_is_told_from_binary(head: bytes, binary: bool, tmp_path: Path) -> None:
    assert sources.is_binary(head) is binary
    path = write(tmp_path, head)
    if not binary:
        sources.refuse_binary(head, path, remedy=REMEDY)
        assert sources.read_text(path, remedy=REMEDY)
        return
    said = r"a\.txt: the file is binary, not text\. Give text\."
    with pytest.raises(BadInput, match=said):
        sources.refuse_binary(head, path, remedy=REMEDY)
    with pytest.raises(BadInput, match=said):
        sources.text_encoding(path, remedy=REMEDY)
    with pytest.raises(BadInput, match=said):
        sources.read_text(path, remedy=REMEDY)
    with pytest.raises(BadInput, match=said):
        next(sources.lines(path, remedy=REMEDY))


# ---- encodings ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("cp1252", "cp1252"),
    ],
)
def test_every_encoding_gives_the_same_text(written: str, found: str, tmp_path: Path) -> None:
    path = write(tmp_path, TEXT.encode(written))
    assert sources.text_encoding(path, remedy=REMEDY) == found
    assert sources.read_text(path, remedy=REMEDY) == TEXT
    assert list(sources.lines(path, remedy=REMEDY)) == list(enumerate(TEXT.splitlines(), 1))


def test_utf16_of_either_byte_order(tmp_path: Path) -> None:
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        path = write(tmp_path, mark + TEXT.encode(encoding))
        assert sources.read_text(path, remedy=REMEDY) == TEXT


@pytest.mark.parametrize("before", range(sources.PROBE - 4, sources.PROBE + 2))
def test_a_character_cut_by_the_probe_is_no_mistake(before: int, tmp_path: Path) -> None:
    text = "x" * before + "€ and on"
    path = write(tmp_path, text.encode())
    assert sources.text_encoding(path, remedy=REMEDY) == "utf-8-sig"
    assert sources.read_text(path, remedy=REMEDY) == text


def test_a_character_cut_by_the_end_of_the_file_is_one(tmp_path: Path) -> None:
    path = write(tmp_path, "1 °".encode("cp1252"))
    assert sources.text_encoding(path, remedy=REMEDY) == "cp1252"
    assert sources.read_text(path, remedy=REMEDY) == "1 °"


def test_a_late_mistake_changes_whole_texts_and_spoils_no_lines(tmp_path: Path) -> None:
    ascii_part = "x" * sources.PROBE + "\n"
    path = write(tmp_path, (ascii_part + "5 °C\n").encode("cp1252"))
    assert sources.read_text(path, remedy=REMEDY) == ascii_part + "5 °C\n"
    assert list(sources.lines(path, remedy=REMEDY))[1] == (2, "5 \ufffdC")


def test_lines_have_no_ends_whatever_the_system_they_are_from(tmp_path: Path) -> None:
    path = write(tmp_path, b"one\r\ntwo\rthree\n\n five ")
    expected = [(1, "one"), (2, "two"), (3, "three"), (4, ""), (5, " five ")]
    assert list(sources.lines(path, remedy=REMEDY)) == expected


def test_a_text_over_the_limit_is_refused_whole_but_not_by_line(tmp_path: Path) -> None:
    path = write(tmp_path, b"1 2\n3 4\n")
    with pytest.raises(BadInput, match="too large"):
        sources.read_text(path, remedy=REMEDY, max_bytes=7)
    assert sources.read_text(path, remedy=REMEDY, max_bytes=8) == "1 2\n3 4\n"
    assert len(list(sources.lines(path, remedy=REMEDY))) == 2


@given(st.binary(max_size=300))
@settings(deadline=None)  # they touch the disk
def test_any_bytes_are_text_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp(), data, "any.txt")
    if sources.is_binary(data) or not data.removeprefix(b"\xef\xbb\xbf").strip(b" \t\r\n\x1a"):
        with pytest.raises(BadInput, match=r"any\.txt"):
            sources.read_text(path, remedy=REMEDY)
        return
    text = sources.read_text(path, remedy=REMEDY)
    by_line = "".join(line for _, line in sources.lines(path, remedy=REMEDY))
    assert by_line == re.sub(r"[\r\n]", "", text)


def test_parsed_reports_bad_records_and_passes_over_empty_ones() -> None:
    def number(text: str) -> int | None:
        if not text:
            return None
        if not text.isdigit():
            raise BadInput(f"{text!r} is no number")
        return int(text)

    bad: list[BadInput] = []
    assert list(sources.parsed(["1", "", "x", "0"], number, bad.append)) == [1, 0]
    assert [error.what for error in bad] == ["'x' is no number"]
    with pytest.raises(BadInput, match="'x' is no number"):
        list(sources.parsed(["1", "x"], number, None))
