"""Which mutants no program's trace can notice: what tests/mutation/kernel_mutants.txt says."""

from places import Mutant


class Excuses:
    """The lines of the list. Each has its reason in the last column."""

    def __init__(self, text: str) -> None:
        self.mutants: set[str] = set()
        self.places: set[tuple[str, str]] = set()  # files and functions; without a function all of the file
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            *what, reason = line.split(" | ")
            if not reason.strip() or len(what) in (0, 3):
                raise ValueError(f"kernel_mutants.txt: not a mutant, a file or a function with a reason: {line}")
            if len(what) > 3:  # the source's line may have bars, too
                self.mutants.add(" | ".join(what))
            else:
                self.places.add((what[0], what[1] if len(what) == 2 else ""))

    def holds(self, mutant: Mutant) -> bool:
        places = {(mutant.path, ""), (mutant.path, mutant.function)}
        return mutant.key() in self.mutants or bool(places & self.places)
