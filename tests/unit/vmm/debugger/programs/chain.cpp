// A program without libraries whose calls end in a loop, for backtraces of a stack that a CPU has made. It
// begins with the address of the library's function (deep.cpp) in X0.
//
// noipa keeps a function a function; each does something with what it was given back, so that its call is no
// jump. Comments that begin with "at:" mark the lines that a test looks for.
namespace chain {

using Deep = long (*)(long, long (*)(long));

// A jump to itself, which leaves PC where the test wants it.
[[gnu::always_inline]] inline long spin(long value) {
    asm volatile("b ." : "+r"(value));  // at: spin
    return value + 1;
}

[[gnu::noipa]] long innermost(long value) {
    return spin(value) * 3;  // at: innermost
}

// The two manglings of Rust: legacy, with a hash at its end, and v0.
[[gnu::noipa]] long legacy(long value) asm("_ZN5chain6legacy17h0123456789abcdefE");
[[gnu::noipa]] long legacy(long value) {
    return innermost(value) + 1;  // at: legacy
}
[[gnu::noipa]] long version_0(long value) asm("_RNvC5chain9version_0");
[[gnu::noipa]] long version_0(long value) {
    return legacy(value) + 1;  // at: version_0
}

[[gnu::noipa]] long recurse(long depth) {
    return depth == 0 ? version_0(depth) * 3 : recurse(depth - 1) + 1;
}

struct Walker {
    long steps;
    [[gnu::noipa]] long walk(Deep deep) {
        return deep(steps, recurse) + steps;  // at: walk
    }
};

// The call is this function's last instruction: it returns to the one after it.
[[noreturn, gnu::noipa]] void stay(Deep deep) {
    Walker walker{2};
    for (;;) {
        walker.steps += walker.walk(deep);
    }
}
extern "C" [[noreturn, gnu::noipa]] void chain_begin(Deep deep) {
    stay(deep);  // at: begin
}
extern "C" [[gnu::noipa, gnu::used]] long chain_after_begin(long value) {
    return value;
}

}  // namespace chain

// Nothing has called a program's first function: X30 is undefined there.
asm(R"(
        .globl  _start
        .type   _start, %function
_start:
        .cfi_startproc
        .cfi_undefined x30
        bl      chain_begin
        .cfi_endproc
        .size   _start, . - _start
)");
