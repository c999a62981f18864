// Disassemblers as judges of what exists.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace levitate::isa {

// VIXL's list of the architecture's features, in its order.
inline constexpr std::size_t kMostFeatures = 128;
using Features = std::bitset<kMostFeatures>;

// What a disassembler takes a word for.
struct Reading {
    std::string_view mnemonic;  // lower case, of the disassembler's preferred form; empty: not allocated
    Features features;          // that the word needs, where the disassembler says it
};

class Disassembler {
  public:
    virtual ~Disassembler() = default;
    virtual std::string_view name() const = 0;
    // The mnemonic is valid until the next call.
    virtual Reading read(std::uint32_t word) = 0;
};

std::unique_ptr<Disassembler> make_vixl_disassembler();
std::unique_ptr<Disassembler> make_capstone_disassembler();

// The name of a feature, as VIXL prints it ("PAuth").
std::string_view feature_name(std::size_t feature);
// The features of the CPU that emu is.
const Features& model_features();
// The features that Capstone 4 does not know though the CPU has them.
const Features& unknown_to_capstone();

}  // namespace levitate::isa
