"""Column maps: how a public data set's columns become ours, as TOML.

::

    modality = "example"                   # needed in a file of one's own
    dataset = "OWNER/NAME"                 # that the map was written for
    source = "measured"                    # or simulated
    smiles = "structure"                   # its column of structures; "smiles" where left out

    [[files]]                              # which files to read; all tables where left out
    path = "*train*.parquet"               # "*" also stands for "/"
    fold = "train"                         # the side of the data set's own split, where files tell it

    [columns]
    peak = "peaks"                         # our column = theirs
    [columns.height]
    from = "peaks"
    parse = "numbers"                      # a parser's name: fetch_parse
    item = ["height", 1]                   # of each item of the list

    [constants]
    state = "solid"                        # the same in every row

    [[filters]]                            # rows to take
    column = "quality"
    in = ["good"]

    [fold]                                 # the data set's own split, where a column tells it
    from = "split"
    values = {val = "validation"}

    [keep]
    identifier = "id"                      # further columns to keep, as text
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from pydantic import Field, field_validator

from acml_core.config import Settings
from acml_core.data.fetch_parse import Item
from acml_core.data.table import SMILES

FOLD = "fold"
"""Our column with the side of the data set's own split."""


class Column(Settings):
    """Where one of our columns comes from."""

    source: str = Field(alias="from", description="the data set's column")
    parse: str = Field("", description="name of the parser of a cell; by default as our column")
    within: tuple[str, ...] = Field(
        (), description="where a cell is an object: the first of these keys holds the list"
    )
    item: tuple[Item, ...] = Field(
        (), description="where an item of a list is an object or list itself: the first of these"
    )
    values: dict[str, str] = Field({}, description="texts to replace; others stay as they are")
    suffix: str = Field("", description="appended to a text, such as a unit")
    scale: float = Field(1.0, description="numbers are multiplied by it, to convert a unit")
    optional: bool = Field(
        False, description="the data set may lack the column, or an item the key"
    )


class Files(Settings):
    """Which files of the data set are read."""

    path: str = Field(description="name in the repository; '*' stands for anything, '/' too")
    fold: str = Field("", description="side of the data set's own split that these files are")


class Filter(Settings):
    """Rows to take: those that obey every rule given."""

    column: str = Field(description="the data set's column")
    among: tuple[str | float | bool, ...] = Field((), alias="in", description="its values")
    not_in: tuple[str | float | bool, ...] = Field((), description="values that it must not have")
    least: float | None = Field(None, alias="min", description="smallest number")
    most: float | None = Field(None, alias="max", description="largest number")

    def takes(self, value: Any) -> bool:
        """Whether a row with this value is taken."""
        if self.among and not any(_same(value, one) for one in self.among):
            return False
        if any(_same(value, one) for one in self.not_in):
            return False
        if self.least is None and self.most is None:
            return True
        try:
            number = float(value)
        except (TypeError, ValueError):
            return False
        low = self.least is None or number >= self.least
        return low and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        rules = self.model_dump(by_alias=True, exclude_defaults=True, exclude={"column"})
        return f"{self.column}: " + ", ".join(f"{key} {_shown(v)}" for key, v in rules.items())


class Fold(Settings):
    """The column with the data set's own split."""

    source: str = Field(alias="from", description="the data set's column")
    values: dict[str, str] = Field({}, description="names to replace, such as val by validation")


class ColumnMap(Settings):
    """A whole map; the module's docstring shows one."""

    modality: str = Field("", description="the plugin whose columns these are")
    dataset: str = Field("", description="OWNER/NAME that the map was written for")
    source: str = Field("", description="measured or simulated, which the table then states")
    note: str = Field("", description="what a user should know, in a sentence or two")
    smiles: str = Field(SMILES, description="the data set's column of structures")
    files: tuple[Files, ...] = Field((), description="which files to read")
    columns: dict[str, Column] = Field(min_length=1, description="our column = theirs")
    constants: dict[str, Any] = Field({}, description="our column = a value for every row")
    filters: tuple[Filter, ...] = Field((), description="which rows to take")
    fold: Fold | None = Field(None, description="the data set's own split")
    keep: dict[str, str] = Field({}, description="further column = theirs, kept as text")

    @field_validator("columns", mode="before")
    @classmethod
    def _short(cls, columns: Any) -> Any:
        """``peak = "peaks"`` is short for ``peak = {from = "peaks"}``."""
        if not isinstance(columns, dict):
            return columns
        return {k: {"from": v} if isinstance(v, str) else v for k, v in columns.items()}

    @property
    def has_fold(self) -> bool:
        """Whether it tells the data set's own split, by a column or by the files."""
        return self.fold is not None or any(one.fold for one in self.files)

    def needed(self) -> dict[str, str]:
        """The data set's columns that must be there, and what each is for."""
        found = {self.smiles: "smiles"}
        for name, column in self.columns.items():
            if not column.optional:
                found.setdefault(column.source, f"columns.{name}")
        for one in self.filters:
            found.setdefault(one.column, "filters")
        if self.fold is not None:
            found.setdefault(self.fold.source, FOLD)
        for name, source in self.keep.items():
            found.setdefault(source, f"keep.{name}")
        return found

    def used(self) -> list[str]:
        """Every column of the data set that is looked at, those that it may lack too."""
        return list(dict.fromkeys([*self.needed(), *(c.source for c in self.columns.values())]))

    def reads(self, name: str) -> Files | None:
        """The rule under which a file is read, or None where it is not."""
        return next((one for one in self.files if fnmatchcase(name, one.path)), None)


def _same(value: Any, wanted: str | float | bool) -> bool:
    return value == wanted or str(value).casefold() == str(wanted).casefold()


def _shown(value: Any) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else str(value)
