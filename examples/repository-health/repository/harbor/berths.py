"""Who lies where."""

from dataclasses import dataclass, field


@dataclass
class Berth:
    """A place for one boat."""

    number: int
    length: float
    boat: str = ""


@dataclass
class Quay:
    """Berths side by side."""

    name: str
    berths: list[Berth] = field(default_factory=list)

    def free(self, length: float) -> list[Berth]:
        """List berths that are free and long enough, the shortest first."""
        # TODO: boats of more than 20 m take two berths
        fitting = [b for b in self.berths if not b.boat and b.length >= length]
        return sorted(fitting, key=lambda berth: berth.length)

    def moor(self, boat: str, length: float) -> Berth:
        """Give a boat the shortest berth that fits."""
        berths = self.free(length)
        # FIXME: two harbor masters at once give the same berth away
        if not berths:
            raise LookupError(f"no berth for {boat}")
        berths[0].boat = boat
        return berths[0]
