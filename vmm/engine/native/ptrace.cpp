#include "vmm/engine/native/ptrace.hpp"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "vmm/arch/aarch64.hpp"

namespace levitate::vmm::native {
namespace {

constexpr std::uint64_t kWordSize = sizeof(std::uint64_t);

// The C library's ptrace takes numbers as pointers.
void* as_pointer(std::uint64_t number) {
    return reinterpret_cast<void*>(number);
}

std::optional<std::uint64_t> peek_word(pid_t tid, std::uint64_t address) {
    errno = 0;
    const long word = ptrace(PTRACE_PEEKDATA, tid, as_pointer(address), nullptr);
    return errno == 0 ? std::optional(static_cast<std::uint64_t>(word)) : std::nullopt;
}

}  // namespace

std::optional<GeneralRegisters> get_registers(pid_t tid) {
    GeneralRegisters registers;
    iovec buffer{.iov_base = &registers, .iov_len = sizeof(registers)};
    if (ptrace(PTRACE_GETREGSET, tid, as_pointer(NT_PRSTATUS), &buffer) != 0) {
        return std::nullopt;
    }
    return registers;
}

bool set_registers(pid_t tid, const GeneralRegisters& registers) {
    GeneralRegisters copy = registers;
    iovec buffer{.iov_base = &copy, .iov_len = sizeof(copy)};
    return ptrace(PTRACE_SETREGSET, tid, as_pointer(NT_PRSTATUS), &buffer) == 0;
}

bool poke(pid_t tid, GuestVirt address, std::span<const std::uint64_t> words) {
    std::uint64_t at = value(address);
    for (const std::uint64_t word : words) {
        if (ptrace(PTRACE_POKEDATA, tid, as_pointer(at), as_pointer(word)) != 0) {
            return false;
        }
        at += kWordSize;
    }
    return true;
}

std::optional<std::uint32_t> replace_instruction(pid_t tid, GuestVirt address, std::uint32_t instruction) {
    const std::uint64_t word_address = value(address) & ~(kWordSize - 1);
    const auto word = peek_word(tid, word_address);
    if (!word) {
        return std::nullopt;
    }
    const std::uint64_t shift = (value(address) - word_address) * 8;
    const std::uint64_t mask = std::uint64_t{0xffffffff} << shift;
    const std::uint64_t changed = (*word & ~mask) | (std::uint64_t{instruction} << shift);
    if (!poke(tid, GuestVirt{word_address}, std::span(&changed, 1))) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>((*word & mask) >> shift);
}

bool resume(pid_t tid, Resume how, int signal) {
    void* const data = as_pointer(static_cast<std::uint64_t>(signal));
    switch (how) {
        case Resume::ToSyscall:
            return ptrace(PTRACE_SYSCALL, tid, nullptr, data) == 0;
        case Resume::Step:
            return ptrace(PTRACE_SINGLESTEP, tid, nullptr, data) == 0;
        case Resume::Listen:
            return ptrace(PTRACE_LISTEN, tid, nullptr, nullptr) == 0;
    }
    return false;
}

std::uint64_t event_message(pid_t tid) {
    unsigned long message = 0;
    ptrace(PTRACE_GETEVENTMSG, tid, nullptr, &message);
    return message;
}

std::size_t TraceeMemory::read(GuestVirt address, std::span<std::byte> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
        const GuestVirt at = address + done;
        const std::size_t wanted =
            std::min<std::size_t>(kPageSize - value(at) % kPageSize, into.size() - done);
        const std::size_t got = read_page_part(at, into.subspan(done, wanted));
        done += got;
        if (got < wanted) {
            break;
        }
    }
    return done;
}

std::size_t TraceeMemory::read_page_part(GuestVirt address, std::span<std::byte> into) const {
    if (address >= hidden_begin_ && address < hidden_end_) {
        return peek(address, into);
    }
    const iovec local{.iov_base = into.data(), .iov_len = into.size()};
    const iovec remote{.iov_base = as_pointer(value(address)), .iov_len = into.size()};
    const ssize_t got = process_vm_readv(tid_, &local, 1, &remote, 1, 0);
    return got < 0 ? 0 : static_cast<std::size_t>(got);
}

std::size_t TraceeMemory::peek(GuestVirt address, std::span<std::byte> into) const {
    std::size_t done = 0;
    while (done < into.size()) {
        const std::uint64_t at = value(address) + done;
        const std::uint64_t offset = at % kWordSize;
        const auto word = peek_word(tid_, at - offset);
        if (!word) {
            break;
        }
        const std::size_t part = std::min<std::size_t>(kWordSize - offset, into.size() - done);
        std::memcpy(into.data() + done, reinterpret_cast<const char*>(&*word) + offset, part);
        done += part;
    }
    return done;
}

}  // namespace levitate::vmm::native
