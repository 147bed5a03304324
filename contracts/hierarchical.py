"""What a hierarchy carries."""

from pydantic import BaseModel, Field


class HierarchicalState(BaseModel):
    """Which children have ended, and which of them the whole cannot do without. Mutable."""

    ended: list[str] = Field(default_factory=list)
    missed: list[str] = Field(default_factory=list)
