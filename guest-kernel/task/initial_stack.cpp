// Linux fs/exec.c (setup of bprm->p, copy_strings) and fs/binfmt_elf.c (create_elf_tables).
#include "task/initial_stack.hpp"

#include <linux/auxvec.h>

#include <array>

#include "arch/include/machine.hpp"
#include "lib/faults.hpp"
#include "lib/random.hpp"
#include "task/table.hpp"
#include "task/task.hpp"
#include "time/ticks.hpp"

namespace kernel {

namespace {

// Writes downwards from the top.
class Writer {
  public:
    Writer(AddressSpace& space, std::uint64_t top) : space_(space), position_(top) {}

    std::uint64_t position() const { return position_; }
    void align_down(std::uint64_t alignment) { position_ &= ~(alignment - 1); }
    void skip(std::uint64_t size) { position_ -= size; }
    Result<std::uint64_t> push(std::span<const std::byte> bytes) {
        position_ -= bytes.size();
        if (space_.write_remote(position_, bytes) != bytes.size()) {
            return Errno(E2BIG);
        }
        return position_;
    }
    Result<std::uint64_t> push_text(std::string_view text) {
        static constexpr std::array<std::byte, 1> kNul{};
        TRY(push(kNul));
        return push(std::as_bytes(std::span(text)));
    }

  private:
    AddressSpace& space_;
    std::uint64_t position_;
};

Result<void> append_pointers(Vector<std::uint64_t>& table, const StringList& strings, std::uint64_t start) {
    const char* base = strings.bytes.data();
    const char* text = base;
    for (std::size_t i = 0; i < strings.count; ++i) {
        TRY(table.push_back(start + static_cast<std::uint64_t>(text - base)));
        text += std::string_view(text).size() + 1;
    }
    return table.push_back(0);
}

Result<void> fill_auxiliary_vector(Vector<std::uint64_t>& vector, const InitialStack& what,
                                   std::uint64_t vdso, std::uint64_t platform, std::uint64_t random,
                                   std::uint64_t name) {
    const Credentials& who = what.task.credentials;
    const bool is_secure = who.user != who.effective_user || who.group != who.effective_group;
    // In Linux's order: ARCH_DLINFO first, then create_elf_tables'.
    // Not for init: its C library would end it before there is a program.
    const bool is_random_unmapped = FAULT(auxv_random_unmapped) && what.task.process.get() != &init_process();
    const std::array<std::array<std::uint64_t, 2>, 21> entries = {{
        {AT_SYSINFO_EHDR, vdso},
        {AT_MINSIGSTKSZ, arch::minimum_signal_stack()},
        {AT_HWCAP, arch::hardware_capabilities()},
        {AT_PAGESZ, kPageSize},
        {AT_CLKTCK, kClockTicksPerSecond},
        {AT_PHDR, what.program.program_headers},
        {AT_PHENT, sizeof(Elf64_Phdr)},
        {AT_PHNUM, what.elf.header.e_phnum},
        {AT_BASE, what.interpreter_base},
        {AT_FLAGS, 0},
        {AT_ENTRY, what.program.entry},
        {AT_UID, who.user},
        {AT_EUID, who.effective_user},
        {AT_GID, who.group},
        {AT_EGID, who.effective_group},
        {AT_SECURE, is_secure ? 1U : 0U},
        {AT_RANDOM, is_random_unmapped ? 0 : random},
        {AT_HWCAP2, arch::hardware_capabilities2()},
        {AT_EXECFN, name},
        {AT_PLATFORM, platform},
        {AT_NULL, 0},
    }};
    vector.clear();
    for (const auto& [type, value] : entries) {
        if ((FAULT(auxv_without_hwcap) && type == AT_HWCAP) ||
            (FAULT(auxv_without_vdso) && type == AT_SYSINFO_EHDR)) {
            continue;
        }
        TRY(vector.push_back(type));
        TRY(vector.push_back(value));
    }
    return {};
}

}  // namespace

Result<std::uint64_t> build_initial_stack(AddressSpace& space, const InitialStack& what) {
    ProgramPositions& positions = space.layout.positions;
    Writer writer(space, what.strings_top);
    writer.skip(sizeof(std::uint64_t));  // a null pointer ends the stack
    const std::uint64_t name = TRY(writer.push_text(what.request.path.view()));
    positions.environment_end = name;
    const std::uint64_t environment = TRY(writer.push(std::as_bytes(what.request.environment.bytes.span())));
    const std::uint64_t arguments = TRY(writer.push(std::as_bytes(what.request.arguments.bytes.span())));
    positions.environment_start = positions.arguments_end = environment;
    positions.arguments_start = arguments;

    if (what.is_random) {
        writer.skip(random_number() % kPageSize);
    }
    writer.align_down(16);
    const std::uint64_t platform = TRY(writer.push_text("aarch64"));
    std::array<std::byte, 16> random_bytes{};
    fill_random(random_bytes);
    const std::uint64_t random = TRY(writer.push(random_bytes));
    Vector<std::uint64_t>& auxiliary = space.layout.auxiliary_vector;
    TRY(fill_auxiliary_vector(auxiliary, what, positions.vdso, platform, random, name));

    Vector<std::uint64_t> table;
    TRY(table.push_back(what.request.arguments.count));
    TRY(append_pointers(table, what.request.arguments, arguments));
    TRY(append_pointers(table, what.request.environment, environment));
    for (const std::uint64_t word : auxiliary) {
        TRY(table.push_back(word));
    }
    writer.skip(table.size() * sizeof(std::uint64_t));
    writer.align_down(16);
    const std::uint64_t stack_pointer = writer.position();
    const std::span<const std::byte> bytes = std::as_bytes(table.span());
    if (space.write_remote(stack_pointer, bytes) != bytes.size()) {
        return Errno(E2BIG);
    }
    positions.stack_start = stack_pointer;
    return stack_pointer;
}

}  // namespace kernel
