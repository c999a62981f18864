#include "tests/system/guest/gic.hpp"

namespace guest::gic {

namespace {

constexpr std::uint32_t kInterrupts = 288;

}  // namespace

void initialise() {
    constexpr std::uint64_t kWaker = kGicRedistributor + 0x14;
    constexpr std::uint32_t kProcessorSleep = 1 << 1;
    constexpr std::uint32_t kChildrenAsleep = 1 << 2;
    device_word(kWaker) = device_word(kWaker) & ~kProcessorSleep;
    while ((device_word(kWaker) & kChildrenAsleep) != 0) {
    }
    constexpr std::uint32_t kEnableGroup1 = 1 << 1;
    constexpr std::uint32_t kAffinityRouting = 1 << 4;
    device_word(kGicDistributor) = kAffinityRouting | kEnableGroup1;
    for (std::uint32_t intid = 0; intid < kInterrupts; ++intid) {
        if (intid % 32 == 0) {
            word_of(group, intid) = ~0U;
            word_of(clear_enable, intid) = ~0U;
        }
        priority_of(intid) = 0xa0;
    }
    WRITE_REGISTER(S3_0_C12_C12_5, 7U);  // ICC_SRE_EL1
    set_priority_mask(0xff);
    WRITE_REGISTER(S3_0_C12_C12_7, 1U);  // ICC_IGRPEN1_EL1
}

void set_edge(std::uint32_t intid, bool edge) {
    volatile std::uint32_t& word =
        device_word(frame_of(intid) + configuration + std::uint64_t{intid / 16} * 4);
    const std::uint32_t bit = 2U << intid % 16 * 2;
    word = edge ? word | bit : word & ~bit;
}

}  // namespace guest::gic
