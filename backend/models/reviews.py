"""The district's review (初评): remarks and points item by item, and the opinion for the form."""

from typing import Annotated

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from backend.models.applications import ItemCode
from backend.models.base import Id, Model, Note, PointsIn, PointsOut
from backend.models.submissions import ONLY_ITEMS, Remark, StepView

_EXAMPLE: JsonDict = {
    "version": 0,
    "items": {"1.1.1": {"remark": "无线网络未覆盖操场", "points": 1.5}},
    "opinion": "同意推荐",
}


class ReviewItem(Model):
    """What the reviewer says of an item; either may be left out."""

    remark: Remark | None = None
    points: PointsIn | None = None


class ReviewBody(Model):
    """The whole review, as it shall be; `version` is that of the review as last seen, 0 if there was none."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    version: Annotated[int, Field(ge=0)]
    items: Annotated[dict[ItemCode, ReviewItem], Field(max_length=200, json_schema_extra=ONLY_ITEMS)]
    opinion: Note | None = None


class ReviewItemView(Model):
    """What the reviewer said of an item: advice to the city, never merged with scores."""

    remark: str | None
    points: PointsOut | None


class ReviewView(Model):
    """The review as it stands, who took part in it, and what happened in the rounds so far."""

    version: int
    items: dict[str, ReviewItemView]
    opinion: str | None
    reviewers: list[Id]
    history: list[StepView]
