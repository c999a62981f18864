// Semihosting: what a guest writes by it, and the status with which it ends the machine.
#include "tests/system/guest/print.hpp"
#include "tests/system/guest/run.hpp"
#include "tests/system/guest/runtime.hpp"

namespace guest {

namespace {

enum Operation : std::uint64_t {
    kOpen = 0x01,
    kClose = 0x02,
    kWriteCharacter = 0x03,
    kWriteString = 0x04,
    kWrite = 0x05,
    kIsTerminal = 0x09,
    kExit = 0x18,
};

FRAGMENT(call_host, "hlt #0xf000");
FRAGMENT(call_nobody, "hlt #0xf001");

std::uint64_t call(Operation operation, const void* parameter) {
    register std::uint64_t result __asm__("x0") = operation;
    register const void* block __asm__("x1") = parameter;
    __asm__ volatile("hlt #0xf000" : "+r"(result) : "r"(block) : "memory");
    return result;
}

std::uint64_t open_console(std::uint64_t mode) {
    const char* const name = ":tt";
    const std::uint64_t block[] = {reinterpret_cast<std::uint64_t>(name), mode, 3};
    return call(kOpen, block);
}

}  // namespace

void guest_main() {
    call(kWriteCharacter, "c");
    call(kWriteString, "haracters and a string\n");
    const std::uint64_t output = open_console(4);
    const std::uint64_t errors = open_console(8);
    line("opened: ",
         output != ~std::uint64_t{0} && errors != ~std::uint64_t{0} && output != errors ? "two" : "no");
    const char text[] = "written to a handle\n";
    const std::uint64_t block[] = {output, reinterpret_cast<std::uint64_t>(text), sizeof text - 1};
    line("not written: ", call(kWrite, block));
    const std::uint64_t closed[] = {output};
    line("closed: ", call(kClose, closed));
    const std::uint64_t none[] = {1234};
    line("closed what is not open: ", Hex{call(kClose, none)});
    line("a terminal, what is not open: ", Hex{call(kIsTerminal, none)});
    show("at EL0", call_host, {.level = Level::El0}, {kWriteString});
    show("another HLT", call_nobody, {});
    line("end");
    const std::uint64_t application_exit[] = {0x2'0026, 7};
    call(kExit, application_exit);
}

}  // namespace guest
