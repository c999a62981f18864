#include "vmm/diagnosis/code_listing.hpp"

#include <capstone/capstone.h>
#include <fmt/format.h>

#include <algorithm>

namespace levitate::vmm {
namespace {

class Disassembler {
  public:
    Disassembler() : is_open_(cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &handle_) == CS_ERR_OK) {}
    Disassembler(const Disassembler&) = delete;
    Disassembler& operator=(const Disassembler&) = delete;
    ~Disassembler() {
        if (is_open_) {
            cs_close(&handle_);
        }
    }

    std::string text(std::uint64_t address, std::uint32_t word) const {
        cs_insn* instruction = nullptr;
        const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&word);
        if (!is_open_ || cs_disasm(handle_, bytes, sizeof word, address, 1, &instruction) == 0) {
            return fmt::format(".word {:#010x}", word);
        }
        std::string text = fmt::format("{} {}", static_cast<const char*>(instruction->mnemonic),
                                       static_cast<const char*>(instruction->op_str));
        cs_free(instruction, 1);
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    }

  private:
    csh handle_ = 0;
    bool is_open_;
};

}  // namespace

CodeLine code_at(const Engine& engine, GuestVirt address) {
    std::uint32_t word = 0;
    const auto bytes = std::as_writable_bytes(std::span{&word, 1});
    const bool is_whole = engine.read_memory(address, bytes, View::Kernel) == sizeof word;
    return {.address = address, .word = is_whole ? std::optional{word} : std::nullopt};
}

std::string list_code(std::span<const CodeLine> lines, const KernelSymbols& symbols) {
    const Disassembler disassembler;
    std::size_t width = 0;
    for (const CodeLine& line : lines) {
        width = std::max(width, symbols.place(line.address).size());
    }
    std::string text;
    for (const CodeLine& line : lines) {
        text += fmt::format(
            "    {:<{}}  {}\n", symbols.place(line.address), width,
            line.word ? disassembler.text(value(line.address), *line.word) : "(nothing can be fetched here)");
    }
    return text;
}

}  // namespace levitate::vmm
