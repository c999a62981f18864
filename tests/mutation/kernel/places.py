"""Where the kernel's source can be broken: mutants, found in clang's syntax tree."""

from pathlib import Path
from typing import Any, Iterator, NamedTuple

NEGATED = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}
MOVED = {"<": "<=", ">": ">=", "<=": "<", ">=": ">"}
SWAPPED = {"&&": "||", "||": "&&", "+": "-", "-": "+", "&": "|", "|": "&"}
ERRNOS = ("EINVAL", "EPERM", "EBADF", "EAGAIN", "EFAULT", "ENOENT")
# Calls that only tell people something.
TELLING = ("print", "panic", "log", "warn")


class Mutant(NamedTuple):
    path: str  # below guest-kernel
    line: int
    begin: int  # byte offsets of what is replaced
    end: int
    original: str
    replacement: str
    source_line: str
    # What has to be there in two forms if the mutant is chosen at boot: the whole expression or statement. None where
    # the compiler needs a constant.
    whole: tuple[int, int] | None
    is_statement: bool
    function: str = ""  # the function that it is in, with its class: "Type::name"

    def __str__(self) -> str:
        change = f"`{self.original}` -> `{self.replacement}`" if self.replacement else f"without `{self.original}`"
        return f"guest-kernel/{self.path}:{self.line}: {change}   | {self.source_line}"

    def key(self) -> str:
        return f"{self.path} | {self.source_line} | {self.original} | {self.replacement}"


class Finder:
    """Finds all mutants of one source file in its syntax tree."""

    def __init__(self, path: Path, name: str, arguments: list[str]) -> None:
        import clang.cindex

        self.kinds = clang.cindex.CursorKind
        self.static = clang.cindex.StorageClass.STATIC
        self.path = path
        self.name = name
        self.source = path.read_bytes()
        self.lines = self.source.decode().splitlines()
        self.unit = clang.cindex.Index.create().parse(str(path), args=arguments)
        # Tokens by where they begin. What a macro hides has no token of its own, and no mutants.
        tokens = list(self.unit.get_tokens(extent=self.unit.cursor.extent))
        self.tokens = {token.extent.start.offset: token for token in tokens}
        self.ordered = tokens
        # Stretches in which only constants may stand.
        self.constant: list[tuple[int, int]] = []
        # The functions that are defined in this file: where each begins and ends, and its name.
        self.functions: list[tuple[int, int, str]] = []

    def all(self) -> Iterator[Mutant]:
        yield from self.below(self.unit.cursor, False)
        for before, token in zip(self.ordered, self.ordered[1:]):
            text = token.spelling
            if text[0] == "E" and len(text) > 3 and text.isupper() and before.spelling == "(":
                other = next(errno for errno in ERRNOS if errno != text)
                begin, end = token.extent.start.offset, token.extent.end.offset
                is_constant = any(first <= begin < last for first, last in self.constant)
                yield self.mutant(begin, end, other, None if is_constant else (begin, end))

    def below(self, cursor: Any, is_constant: bool) -> Iterator[Mutant]:
        for number, child in enumerate(cursor.get_children()):
            if child.location.file is not None and child.location.file.name != str(self.path):
                continue
            if child.is_definition() and child.kind in (
                self.kinds.FUNCTION_DECL,
                self.kinds.FUNCTION_TEMPLATE,
                self.kinds.CXX_METHOD,
                self.kinds.CONSTRUCTOR,
                self.kinds.DESTRUCTOR,
            ):
                self.functions.append((child.extent.start.offset, child.extent.end.offset, self.name_of(child)))
            is_label = cursor.kind == self.kinds.CASE_STMT and number == 0
            constant_here = is_constant or is_label or self.needs_constants(cursor, child)
            if constant_here and not is_constant:
                self.constant.append((child.extent.start.offset, child.extent.end.offset))
            yield from self.at(cursor, child, constant_here)
            yield from self.below(child, constant_here)

    def name_of(self, function: Any) -> str:
        owner = function.semantic_parent
        is_member = owner.kind in (self.kinds.CLASS_DECL, self.kinds.STRUCT_DECL)
        return f"{owner.spelling}::{function.spelling}" if is_member else function.spelling

    def function_at(self, offset: int) -> str:
        return next((name for begin, end, name in self.functions if begin <= offset < end), "")

    def needs_constants(self, parent: Any, cursor: Any) -> bool:
        kinds = self.kinds
        if cursor.kind in (kinds.STATIC_ASSERT, kinds.ENUM_DECL):
            return True
        if cursor.kind == kinds.VAR_DECL:
            # What is initialised before the kernel runs, and what is so at its first use.
            outside = parent.kind in (kinds.TRANSLATION_UNIT, kinds.NAMESPACE, kinds.CLASS_DECL, kinds.STRUCT_DECL)
            return outside or cursor.storage_class == self.static or "constexpr" in self.words_before_name(cursor)
        return False

    def words_before_name(self, cursor: Any) -> list[str]:
        return self.source[cursor.extent.start.offset : cursor.location.offset].decode().split()

    def at(self, parent: Any, cursor: Any, is_constant: bool) -> Iterator[Mutant]:
        kinds = self.kinds
        whole = None if is_constant else (cursor.extent.start.offset, cursor.extent.end.offset)
        if cursor.kind == kinds.BINARY_OPERATOR:
            yield from self.operator(cursor, whole)
        elif cursor.kind == kinds.UNARY_OPERATOR and self.text(cursor).startswith("!"):
            begin = cursor.extent.start.offset
            yield self.mutant(begin, begin + 1, "", whole)
        elif cursor.kind in (kinds.INTEGER_LITERAL, kinds.CXX_BOOL_LITERAL_EXPR):
            yield from self.literal(cursor, whole)
        if parent.kind == kinds.COMPOUND_STMT:
            yield from self.statement(cursor, whole)

    def operator(self, cursor: Any, whole: tuple[int, int] | None) -> Iterator[Mutant]:
        operands = list(cursor.get_children())
        if len(operands) != 2:
            return
        between = range(operands[0].extent.end.offset, operands[1].extent.start.offset)
        for begin in between:
            token = self.tokens.get(begin)
            for table in (NEGATED, MOVED, SWAPPED):
                if token is not None and token.spelling in table:
                    yield self.mutant(begin, token.extent.end.offset, table[token.spelling], whole)

    def literal(self, cursor: Any, whole: tuple[int, int] | None) -> Iterator[Mutant]:
        token = self.tokens.get(cursor.extent.start.offset)
        if token is None or token.extent.end.offset != cursor.extent.end.offset:
            return
        text = token.spelling
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        if text in ("true", "false"):
            yield self.mutant(begin, end, "false" if text == "true" else "true", whole)
        elif text[0].isdigit():
            yield self.mutant(begin, end, f"({text} + 1)", whole)

    def statement(self, cursor: Any, whole: tuple[int, int] | None) -> Iterator[Mutant]:
        """A call or an assignment that stands for itself."""
        kinds = self.kinds
        text = self.text(cursor)
        is_assignment = cursor.kind == kinds.COMPOUND_ASSIGNMENT_OPERATOR or (
            cursor.kind == kinds.BINARY_OPERATOR and cursor.binary_operator.name == "Assign"
        )
        is_call = cursor.kind == kinds.CALL_EXPR and text.endswith(")")
        if not (is_assignment or is_call) or any(cursor.spelling.startswith(word) for word in TELLING):
            return
        begin, end = cursor.extent.start.offset, cursor.extent.end.offset
        if self.source[end : end + 1] == b";":
            yield self.mutant(begin, end, "", whole, is_statement=True)

    def text(self, cursor: Any) -> str:
        return self.source[cursor.extent.start.offset : cursor.extent.end.offset].decode()

    def mutant(
        self, begin: int, end: int, replacement: str, whole: tuple[int, int] | None, is_statement: bool = False
    ) -> Mutant:
        line = self.source.count(b"\n", 0, begin) + 1
        original = " ".join(self.source[begin:end].decode().split())
        source_line = self.lines[line - 1].strip()
        return Mutant(
            self.name, line, begin, end, original, replacement, source_line, whole, is_statement, self.function_at(begin)
        )
