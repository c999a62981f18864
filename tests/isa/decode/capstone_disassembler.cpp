#include <capstone/capstone.h>

#include <stdexcept>

#include "tests/isa/decode/disassembler.hpp"

namespace levitate::isa {

namespace {

class CapstoneDisassembler final : public Disassembler {
  public:
    CapstoneDisassembler() {
        if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, &handle_) != CS_ERR_OK) {
            throw std::runtime_error("Capstone was built without AArch64");
        }
        instruction_ = cs_malloc(handle_);
    }
    CapstoneDisassembler(const CapstoneDisassembler&) = delete;
    CapstoneDisassembler& operator=(const CapstoneDisassembler&) = delete;
    ~CapstoneDisassembler() override {
        cs_free(instruction_, 1);
        cs_close(&handle_);
    }

    std::string_view name() const override { return "Capstone"; }

    Reading read(std::uint32_t word) override {
        const auto* bytes = reinterpret_cast<const std::uint8_t*>(&word);
        std::size_t size = sizeof word;
        std::uint64_t address = 0;
        return cs_disasm_iter(handle_, &bytes, &size, &address, instruction_)
                   ? Reading{.mnemonic = instruction_->mnemonic, .features = {}}
                   : Reading{};
    }

  private:
    csh handle_ = 0;
    cs_insn* instruction_ = nullptr;
};

}  // namespace

std::unique_ptr<Disassembler> make_capstone_disassembler() {
    return std::make_unique<CapstoneDisassembler>();
}

}  // namespace levitate::isa
