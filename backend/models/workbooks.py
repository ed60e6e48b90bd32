"""A table that a page shows, to be made a workbook of."""

from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from backend.models.base import NOTE, Line, Model

MOST_COLUMNS, MOST_ROWS = 60, 5000

Title = Annotated[Line, StringConstraints(max_length=80)]
Text = Annotated[str, StringConstraints(max_length=2000, pattern=NOTE)]
Number = Annotated[Decimal, WithJsonSchema({"type": "number"})]
Cell = Text | int | Number | None

_EXAMPLE: JsonDict = {"title": "等级分布", "columns": ["等级", "学校数"], "rows": [["示范型", 6], ["优秀型", 21]]}


class WorkbookBody(Model):
    """What the workbook is called, the titles of its columns, and its rows, each with a cell for every column."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    title: Title
    columns: Annotated[list[Title], Field(min_length=1, max_length=MOST_COLUMNS)]
    rows: Annotated[list[Annotated[list[Cell], Field(max_length=MOST_COLUMNS)]], Field(max_length=MOST_ROWS)]

    @model_validator(mode="after")
    def _check(self) -> "WorkbookBody":
        for number, row in enumerate(self.rows):
            if len(row) != len(self.columns):
                message = f"第 {number + 1} 行有 {len(row)} 格，应为 {len(self.columns)} 格"
                raise PydanticCustomError("uneven_rows", "{why}", {"why": message})
        return self
