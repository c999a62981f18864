#include <array>
#include <initializer_list>

#include "tests/isa/decode/disassembler.hpp"
#include "tests/isa/vixl.hpp"

namespace levitate::isa {

namespace {

namespace vixl64 = vixl::aarch64;
using VixlFeatures = vixl::CPUFeatures;

Features to_features(const VixlFeatures& features) {
    Features result;
    for (const VixlFeatures::Feature feature : features) {
        result.set(static_cast<std::size_t>(feature));
    }
    return result;
}

class VixlDisassembler final : public Disassembler {
  public:
    VixlDisassembler() { decoder_.AppendVisitor(&disassembler_); }

    std::string_view name() const override { return "VIXL"; }

    Reading read(std::uint32_t word) override {
        decoder_.Decode(reinterpret_cast<const vixl64::Instruction*>(&word));
        const std::string_view text{disassembler_.GetOutput()};
        const std::string_view mnemonic = text.substr(0, text.find(' '));
        if (mnemonic == "unallocated" || mnemonic == "unimplemented" || mnemonic == "udf") {
            return {};
        }
        return {mnemonic, to_features(auditor_.GetInstructionFeatures())};
    }

  private:
    vixl64::Decoder decoder_;
    vixl64::CPUFeaturesAuditor auditor_{&decoder_, VixlFeatures::All()};
    vixl64::Disassembler disassembler_;
};

}  // namespace

std::unique_ptr<Disassembler> make_vixl_disassembler() {
    return std::make_unique<VixlDisassembler>();
}

std::string_view feature_name(std::size_t feature) {
    static constexpr auto kNames = std::to_array<std::string_view>({
#define FEATURE_NAME(symbol, description, linux_name) description,
        VIXL_CPU_FEATURE_LIST(FEATURE_NAME)
#undef FEATURE_NAME
    });
    return kNames.at(feature);
}

const Features& model_features() {
    // Neoverse N1 TRM, r4p1, 2.2.
    static const Features features = to_features(VixlFeatures{VixlFeatures::kIDRegisterEmulation,
                                                              VixlFeatures::kFP,
                                                              VixlFeatures::kNEON,
                                                              VixlFeatures::kCRC32,
                                                              VixlFeatures::kCSV2,
                                                              VixlFeatures::kCSV3,
                                                              VixlFeatures::kSSBS,
                                                              VixlFeatures::kSSBSControl,
                                                              VixlFeatures::kAES,
                                                              VixlFeatures::kSHA1,
                                                              VixlFeatures::kSHA2,
                                                              VixlFeatures::kPmull1Q,
                                                              VixlFeatures::kAtomics,
                                                              VixlFeatures::kLORegions,
                                                              VixlFeatures::kRDM,
                                                              VixlFeatures::kDotProduct,
                                                              VixlFeatures::kFPHalf,
                                                              VixlFeatures::kNEONHalf,
                                                              VixlFeatures::kRAS,
                                                              VixlFeatures::kDCPoP,
                                                              VixlFeatures::kRCpc});
    return features;
}

const Features& unknown_to_capstone() {
    static const Features features = to_features(VixlFeatures{
        VixlFeatures::kAtomics, VixlFeatures::kLORegions, VixlFeatures::kRDM, VixlFeatures::kDotProduct,
        VixlFeatures::kFPHalf, VixlFeatures::kNEONHalf, VixlFeatures::kRCpc});
    return features;
}

}  // namespace levitate::isa
