#include "vmm/debugger/backtrace.hpp"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <ranges>

#include "vmm/debugger/demangle.hpp"

namespace levitate::vmm {
namespace {

// The one thread that libdwfl is told of; any positive number does.
constexpr pid_t kThread = 1;

struct DwflEnd {
    void operator()(Dwfl* dwfl) const { dwfl_end(dwfl); }
};
using DwflPointer = std::unique_ptr<Dwfl, DwflEnd>;

// What the callbacks of libdwfl reach through their void*.
struct Unwinding {
    const GeneralRegisters* registers;
    const UserMemory* memory;
    std::size_t limit;
    std::vector<Frame> frames;
};

int no_debug_file(Dwfl_Module* /*module*/, void** /*user_data*/, const char* /*name*/, Dwarf_Addr /*base*/,
                  const char* /*file_name*/, const char* /*debug_link*/, GElf_Word /*crc*/,
                  char** /*debug_file*/) {
    return -1;
}

pid_t next_thread(Dwfl* /*dwfl*/, void* argument, void** thread_argument) {
    if (*thread_argument != nullptr) {
        return 0;
    }
    *thread_argument = argument;
    return kThread;
}

bool get_thread(Dwfl* /*dwfl*/, pid_t thread, void* argument, void** thread_argument) {
    *thread_argument = argument;
    return thread == kThread;
}

bool read_word(Dwfl* /*dwfl*/, Dwarf_Addr address, Dwarf_Word* result, void* argument) {
    const auto* unwinding = static_cast<const Unwinding*>(argument);
    return unwinding->memory->read(GuestVirt{address}, std::as_writable_bytes(std::span{result, 1})) ==
           sizeof *result;
}

bool set_initial_registers(Dwfl_Thread* thread, void* argument) {
    const GeneralRegisters& registers = *static_cast<const Unwinding*>(argument)->registers;
    // DWARF for the Arm 64-bit Architecture, 4.1: x0 to x30 are 0 to 30, SP is 31.
    std::array<Dwarf_Word, 32> words{};
    std::copy(registers.x.begin(), registers.x.end(), words.begin());
    words[31] = registers.sp;
    dwfl_thread_state_register_pc(thread, registers.pc);
    return dwfl_thread_state_registers(thread, 0, words.size(), words.data());
}

const Dwfl_Thread_Callbacks kThreadCallbacks = {
    .next_thread = next_thread,
    .get_thread = get_thread,
    .memory_read = read_word,
    .set_initial_registers = set_initial_registers,
    .detach = nullptr,
    .thread_detach = nullptr,
};

const Dwfl_Callbacks kModuleCallbacks = {
    .find_elf = nullptr,
    .find_debuginfo = no_debug_file,
    .section_address = dwfl_offline_section_address,
    .debuginfo_path = nullptr,
};

std::string name_of(Dwarf_Die* die) {
    Dwarf_Attribute attribute;
    if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) != nullptr) {
        if (const char* symbol = dwarf_formstring(&attribute)) {
            return demangle(symbol);
        }
    }
    const char* name = dwarf_diename(die);
    return name != nullptr ? name : "";
}

// Says where an inlined function was called from, which its DIE gives as a number in its unit's file table.
void set_call_site(Frame& caller, Dwarf_Die* inlined, Dwarf_Die* unit) {
    Dwarf_Attribute attribute;
    Dwarf_Word value = 0;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_line, &attribute), &value) == 0) {
        caller.line = static_cast<int>(value);
    }
    Dwarf_Files* files = nullptr;
    std::size_t count = 0;
    if (dwarf_formudata(dwarf_attr(inlined, DW_AT_call_file, &attribute), &value) == 0 &&
        dwarf_getsrcfiles(unit, &files, &count) == 0 && value < count) {
        if (const char* file = dwarf_filesrc(files, value, nullptr, nullptr)) {
            caller.file = file;
        }
    }
}

bool holds_functions(int tag) {
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_structure_type ||
           tag == DW_TAG_class_type || tag == DW_TAG_union_type || tag == DW_TAG_enumeration_type;
}

bool holds_code(int tag) {
    return tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block;
}

// Appends the DIEs below `parent` that the code at `address` (without the module's bias) stands in, the
// outermost first, and says whether there are any. dwarf_getscopes, which is meant for this, finds nothing
// where an inlined Rust function's abstract origin lies in a namespace (elfutils 0.188).
bool add_scopes(Dwarf_Die& parent, Dwarf_Addr address, std::vector<Dwarf_Die>& scopes) {
    Dwarf_Die child;
    for (int end = dwarf_child(&parent, &child); end == 0; end = dwarf_siblingof(&child, &child)) {
        const int tag = dwarf_tag(&child);
        if (holds_code(tag) && dwarf_haspc(&child, address) > 0) {
            scopes.push_back(child);
            add_scopes(child, address, scopes);
            return true;
        }
        if (holds_functions(tag) && add_scopes(child, address, scopes)) {
            return true;
        }
    }
    return false;
}

// The functions whose code stands at `pc`, the innermost first. `lookup` is pc, or one less in a caller, so
// that a call at a function's very end is not taken for the function after it.
void add_frames(Dwfl_Module* module, std::uint64_t pc, std::uint64_t lookup, std::vector<Frame>& frames) {
    Frame innermost{.pc = pc, .function = {}, .file = {}, .line = 0, .inlined = false, .module = {}};
    if (module == nullptr) {
        frames.push_back(std::move(innermost));
        return;
    }
    innermost.module =
        dwfl_module_info(module, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr);
    if (Dwfl_Line* line = dwfl_module_getsrc(module, lookup)) {
        if (const char* file = dwfl_lineinfo(line, nullptr, &innermost.line, nullptr, nullptr, nullptr)) {
            innermost.file = file;
        }
    }
    Dwarf_Addr bias = 0;
    Dwarf_Die* unit = dwfl_module_addrdie(module, lookup, &bias);
    Frame frame = innermost;
    std::vector<Dwarf_Die> scopes;
    if (unit != nullptr) {
        add_scopes(*unit, lookup - bias, scopes);
    }
    for (Dwarf_Die& scope : std::views::reverse(scopes)) {
        const int tag = dwarf_tag(&scope);
        if (tag == DW_TAG_inlined_subroutine) {
            frame.function = name_of(&scope);
            frame.inlined = true;
            frames.push_back(frame);
            set_call_site(frame, &scope, unit);
        } else if (tag == DW_TAG_subprogram) {
            frame.function = name_of(&scope);
            frame.inlined = false;
            frames.push_back(std::move(frame));
            return;
        }
    }
    // No DWARF for this place: the symbol table is the next best.
    if (const char* symbol = dwfl_module_addrname(module, lookup)) {
        innermost.function = demangle(symbol);
    }
    frames.push_back(std::move(innermost));
}

int take_frame(Dwfl_Frame* state, void* argument) {
    auto* unwinding = static_cast<Unwinding*>(argument);
    Dwarf_Addr pc = 0;
    bool is_activation = false;
    if (unwinding->frames.size() >= unwinding->limit || !dwfl_frame_pc(state, &pc, &is_activation)) {
        return DWARF_CB_ABORT;
    }
    const std::uint64_t lookup = is_activation || pc == 0 ? pc : pc - 1;
    Dwfl* dwfl = dwfl_thread_dwfl(dwfl_frame_thread(state));
    add_frames(dwfl_addrmodule(dwfl, lookup), pc, lookup, unwinding->frames);
    return DWARF_CB_OK;
}

}  // namespace

std::vector<Frame> backtrace(std::span<const LoadedModule> modules, const GeneralRegisters& registers,
                             const UserMemory& memory, std::size_t limit) {
    Unwinding unwinding{.registers = &registers, .memory = &memory, .limit = limit, .frames = {}};
    const DwflPointer dwfl{dwfl_begin(&kModuleCallbacks)};
    if (dwfl) {
        dwfl_report_begin(dwfl.get());
        for (const LoadedModule& module : modules) {
            constexpr int kOpenByName = -1;
            constexpr bool kAddSegmentAddress = true;
            dwfl_report_elf(dwfl.get(), module.name.c_str(), module.host_file.c_str(), kOpenByName,
                            module.bias, kAddSegmentAddress);
        }
        dwfl_report_end(dwfl.get(), nullptr, nullptr);
        constexpr Elf* kMachineOfModules = nullptr;
        if (dwfl_attach_state(dwfl.get(), kMachineOfModules, kThread, &kThreadCallbacks, &unwinding)) {
            dwfl_getthread_frames(dwfl.get(), kThread, take_frame, &unwinding);
        }
    }
    if (unwinding.frames.empty()) {
        add_frames(nullptr, registers.pc, registers.pc, unwinding.frames);
    }
    // The last one unwound may have brought the functions that are inlined in it.
    unwinding.frames.resize(std::min(unwinding.frames.size(), limit));
    return std::move(unwinding.frames);
}

std::string format(std::span<const Frame> frames) {
    std::string text;
    std::size_t number = 0;
    for (const Frame& frame : frames) {
        text += fmt::format("  #{:<2} {:#018x} in {}", number++, frame.pc,
                            frame.function.empty() ? "??" : frame.function);
        if (!frame.file.empty()) {
            text += fmt::format(" at {}:{}", frame.file, frame.line);
        } else if (!frame.module.empty()) {
            text += fmt::format(" from {}", frame.module);
        }
        text += frame.inlined ? " (inlined)\n" : "\n";
    }
    return text;
}

}  // namespace levitate::vmm
