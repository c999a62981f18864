"""A source file in which each of many mutants can be chosen at boot, as planted faults are."""

from typing import Iterable

from places import Mutant

CHOSEN = "::kernel::mutation::is_chosen({})"


class Stretch:
    """An expression or a statement with the mutants that need the whole of it in two forms, and the stretches in it."""

    def __init__(self, begin: int, end: int) -> None:
        self.begin = begin
        self.end = end
        self.mutants: list[tuple[int, Mutant]] = []
        self.inner: list[Stretch] = []

    def render(self, source: bytes) -> str:
        plain = self.text(source, None)
        rendered = plain
        for number, mutant in reversed(self.mutants):
            chosen = CHOSEN.format(number)
            if mutant.is_statement:
                rendered = f"if (!{chosen}) {rendered}"
                continue
            broken = self.text(source, mutant)
            if mutant.original == "!" and not mutant.replacement:
                broken = f"static_cast<bool>({broken})"
            rendered = f"({chosen} ? {broken} : {rendered})"
        return rendered

    def text(self, source: bytes, mutant: Mutant | None) -> str:
        """The stretch as it is, or with one mutant for good; what is in it can be chosen either way."""
        edits = [(inner.begin, inner.end, inner.render(source)) for inner in self.inner]
        if mutant is not None:
            edits.append((mutant.begin, mutant.end, mutant.replacement))
        parts, at = [], self.begin
        for begin, end, text in sorted(edits):
            parts += [source[at:begin].decode(), text]
            at = end
        return "".join(parts) + source[at : self.end].decode()


def overlaps(begin: int, end: int, other: Stretch) -> bool:
    """Neither within the other nor beside it, as happens where macros hide the syntax."""
    return begin < other.begin < end < other.end or other.begin < begin < other.end < end


def render(source: bytes, numbered: Iterable[tuple[int, Mutant]]) -> tuple[str, list[int]]:
    """The file's text, and the numbers of the mutants that are in it."""
    stretches: dict[tuple[int, int], Stretch] = {}
    present = []
    for number, mutant in numbered:
        if mutant.whole is None or any(overlaps(*mutant.whole, other) for other in stretches.values()):
            continue
        stretches.setdefault(mutant.whole, Stretch(*mutant.whole)).mutants.append((number, mutant))
        present.append(number)
    top = Stretch(0, len(source))
    above = [top]
    for stretch in sorted(stretches.values(), key=lambda stretch: (stretch.begin, -stretch.end)):
        while stretch.begin >= above[-1].end:
            above.pop()
        above[-1].inner.append(stretch)
        above.append(stretch)
    return top.text(source, None), present
