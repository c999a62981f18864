#include "vmm/debugger/modules.hpp"

#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>

#include "traces/abi/constants.hpp"
#include "traces/abi/syscalls.hpp"
#include "vmm/descriptor.hpp"
#include "vmm/elf_handle.hpp"

namespace levitate::vmm {
namespace {

using traces::abi::constant;
using traces::abi::syscall_number;

// The entry point as the file's header gives it.
std::optional<std::uint64_t> file_entry_point(const std::filesystem::path& file) {
    elf_version(EV_CURRENT);
    const Descriptor descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC)};
    const ElfHandle elf{elf_begin(descriptor.get(), ELF_C_READ, nullptr)};
    GElf_Ehdr header{};
    const bool valid = elf && gelf_getehdr(elf.get(), &header) != nullptr;
    return valid ? std::optional{header.e_entry} : std::nullopt;
}

std::optional<std::uint64_t> auxv_value(std::span<const traces::AuxvEntry> auxv, std::int64_t type) {
    const auto found = std::ranges::find(auxv, static_cast<std::uint64_t>(type), &traces::AuxvEntry::type);
    return found != auxv.end() ? std::optional{found->value} : std::nullopt;
}

// The path that a call got as argument `index`, empty if it was not recorded.
std::string path_argument(const traces::SyscallEvent& call, unsigned index) {
    for (const traces::Payload& payload : call.payloads) {
        if (payload.argument == index && payload.direction == traces::Direction::In) {
            const std::string_view text{reinterpret_cast<const char*>(payload.bytes.data()),
                                        payload.bytes.size()};
            return std::string{text.substr(0, text.find('\0'))};
        }
    }
    return {};
}

// Follows openat, mmap and close, as a dynamic linker uses them to map a library.
class Mappings {
  public:
    void take(const traces::SyscallEvent& call) {
        if (!call.result || traces::abi::is_error(*call.result)) {
            return;
        }
        if (call.number == syscall_number("openat")) {
            open_files_[*call.result] = path_argument(call, 1);
        } else if (call.number == syscall_number("close")) {
            open_files_.erase(static_cast<std::int64_t>(call.arguments[0]));
        } else if (call.number == syscall_number("mmap") && call.arguments[5] == 0) {
            // The segment at file offset 0 stands at the bias: its address in a library's file is 0.
            const auto file = open_files_.find(static_cast<std::int32_t>(call.arguments[4]));
            if (file != open_files_.end() && !file->second.empty()) {
                bias_.try_emplace(file->second, static_cast<std::uint64_t>(*call.result));
            }
        }
    }
    const std::map<std::string, std::uint64_t>& bias() const { return bias_; }

  private:
    std::map<std::int64_t, std::string> open_files_;
    std::map<std::string, std::uint64_t> bias_;
};

}  // namespace

std::vector<LoadedModule> loaded_modules(std::span<const traces::Event> events,
                                         std::span<const HostFile> files) {
    const traces::ExecEvent* exec = nullptr;
    Mappings mappings;
    for (const traces::Event& event : events) {
        if (const auto* found = std::get_if<traces::ExecEvent>(&event.body)) {
            exec = found;
            mappings = {};
        } else if (const auto* call = std::get_if<traces::SyscallEvent>(&event.body)) {
            mappings.take(*call);
        }
    }
    std::vector<LoadedModule> modules;
    if (exec == nullptr || files.empty()) {
        return modules;
    }
    const HostFile& program = files.front();
    const auto entry = auxv_value(exec->auxv, constant("AT_ENTRY"));
    if (const auto file_entry = file_entry_point(program.host); entry && file_entry) {
        modules.push_back({.host_file = program.host, .name = program.guest, .bias = *entry - *file_entry});
    }
    const auto interpreter = auxv_value(exec->auxv, constant("AT_BASE"));
    for (const HostFile& file : files.subspan(1)) {
        const auto mapped = mappings.bias().find(file.guest);
        if (mapped != mappings.bias().end()) {
            modules.push_back({.host_file = file.host, .name = file.guest, .bias = mapped->second});
        } else if (interpreter && std::filesystem::path{file.guest}.filename().string().starts_with("ld-")) {
            modules.push_back({.host_file = file.host, .name = file.guest, .bias = *interpreter});
        }
    }
    return modules;
}

}  // namespace levitate::vmm
