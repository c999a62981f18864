#include "net/socket_filter.hpp"

#include <bit>

#include "lib/random.hpp"

namespace kernel {

namespace {

constexpr std::size_t kMostInstructions = BPF_MAXINSNS;
constexpr std::uint32_t kAncillary = static_cast<std::uint32_t>(SKF_AD_OFF);

unsigned class_of(const sock_filter& instruction) {
    return BPF_CLASS(instruction.code);
}

bool is_known_arithmetic(unsigned code) {
    switch (BPF_OP(code)) {
        case BPF_ADD:
        case BPF_SUB:
        case BPF_MUL:
        case BPF_DIV:
        case BPF_MOD:
        case BPF_AND:
        case BPF_OR:
        case BPF_XOR:
        case BPF_LSH:
        case BPF_RSH:
            return true;
        case BPF_NEG:
            return BPF_SRC(code) == BPF_K;
        default:
            return false;
    }
}

bool is_known_jump(unsigned code) {
    switch (BPF_OP(code)) {
        case BPF_JA:
            return BPF_SRC(code) == BPF_K;
        case BPF_JEQ:
        case BPF_JGT:
        case BPF_JGE:
        case BPF_JSET:
            return true;
        default:
            return false;
    }
}

bool is_known_load(unsigned code) {
    const unsigned mode = BPF_MODE(code);
    if (mode == BPF_ABS || mode == BPF_IND) {
        return BPF_SIZE(code) != 0x18;
    }
    return BPF_SIZE(code) == BPF_W && (mode == BPF_IMM || mode == BPF_MEM || mode == BPF_LEN);
}

// Linux chk_code_allowed.
bool is_known(unsigned code) {
    if (code > UINT8_MAX) {
        return false;
    }
    switch (BPF_CLASS(code)) {
        case BPF_LD:
            return is_known_load(code);
        case BPF_LDX:
            return code == (BPF_LDX | BPF_B | BPF_MSH) || code == (BPF_LDX | BPF_W | BPF_IMM) ||
                   code == (BPF_LDX | BPF_W | BPF_MEM) || code == (BPF_LDX | BPF_W | BPF_LEN);
        case BPF_ST:
        case BPF_STX:
            return code == BPF_CLASS(code);
        case BPF_ALU:
            return is_known_arithmetic(code);
        case BPF_JMP:
            return is_known_jump(code);
        case BPF_RET:
            return code == (BPF_RET | BPF_K) || code == (BPF_RET | BPF_A);
        default:
            return code == (BPF_MISC | BPF_TAX) || code == (BPF_MISC | BPF_TXA);
    }
}

bool uses_memory(const sock_filter& instruction) {
    const unsigned kind = class_of(instruction);
    const bool loads = (kind == BPF_LD || kind == BPF_LDX) && BPF_MODE(instruction.code) == BPF_MEM;
    return loads || kind == BPF_ST || kind == BPF_STX;
}

bool is_known_ancillary(std::uint32_t place) {
    const std::uint32_t offset = place - kAncillary;
    return offset < SKF_AD_MAX && offset % 4 == 0;
}

// Linux bpf_check_classic, for one instruction: constants that make no sense, and jumps beyond the end.
bool is_sound(const sock_filter& instruction, std::size_t place, std::size_t count) {
    const std::size_t after = count - place - 1;
    const unsigned code = instruction.code;
    if (!is_known(code)) {
        return false;
    }
    if (uses_memory(instruction)) {
        return instruction.k < BPF_MEMWORDS;
    }
    switch (class_of(instruction)) {
        case BPF_ALU: {
            const bool is_constant = BPF_SRC(code) == BPF_K;
            const bool divides = BPF_OP(code) == BPF_DIV || BPF_OP(code) == BPF_MOD;
            const bool shifts = BPF_OP(code) == BPF_LSH || BPF_OP(code) == BPF_RSH;
            return !is_constant || !((divides && instruction.k == 0) || (shifts && instruction.k >= 32));
        }
        case BPF_JMP:
            return BPF_OP(code) == BPF_JA ? instruction.k < after
                                          : instruction.jt < after && instruction.jf < after;
        case BPF_LD:
            return BPF_MODE(code) != BPF_ABS || instruction.k < kAncillary ||
                   is_known_ancillary(instruction.k);
        default:
            return true;
    }
}

// Is every word of memory that is read written on every way there? (Linux check_load_and_stores)
Result<bool> writes_before_reads(std::span<const sock_filter> program) {
    constexpr std::uint16_t kAll = UINT16_MAX;
    Vector<std::uint16_t> written_at;
    TRY(written_at.resize(program.size()));
    for (std::uint16_t& words : written_at) {
        words = kAll;
    }
    std::uint16_t written = 0;
    const auto reach = [&](std::size_t place) {
        written_at[place] = static_cast<std::uint16_t>(written_at[place] & written);
    };
    for (std::size_t i = 0; i < program.size(); i++) {
        const sock_filter& instruction = program[i];
        written = static_cast<std::uint16_t>(written & written_at[i]);
        const auto word = static_cast<std::uint16_t>(1U << (instruction.k % BPF_MEMWORDS));
        const unsigned kind = class_of(instruction);
        if (kind == BPF_ST || kind == BPF_STX) {
            written = static_cast<std::uint16_t>(written | word);
        } else if (uses_memory(instruction) && (written & word) == 0) {
            return false;
        } else if (kind == BPF_JMP) {
            const bool is_always = BPF_OP(instruction.code) == BPF_JA;
            reach(i + 1 + (is_always ? instruction.k : instruction.jt));
            reach(i + 1 + (is_always ? instruction.k : instruction.jf));
            written = kAll;
        }
    }
    return true;
}

// How many instructions of the newer machine Linux makes of one (bpf_convert_filter).
std::size_t translated_size(const sock_filter& instruction) {
    const unsigned code = instruction.code;
    switch (class_of(instruction)) {
        case BPF_LD:
            if (BPF_MODE(code) == BPF_ABS && instruction.k >= kAncillary) {
                const std::uint32_t what = instruction.k - kAncillary;
                return what == SKF_AD_IFINDEX || what == SKF_AD_HATYPE ? 4 : 2;
            }
            if (BPF_MODE(code) == BPF_ABS) {
                return BPF_SIZE(code) == BPF_B ? 12 : 13;
            }
            return BPF_MODE(code) == BPF_IND ? 8 : 1;
        case BPF_LDX:
            return BPF_MODE(code) == BPF_MSH ? 18 : 1;
        case BPF_ALU:
            return BPF_SRC(code) == BPF_X && (BPF_OP(code) == BPF_DIV || BPF_OP(code) == BPF_MOD) ? 5 : 1;
        case BPF_JMP:
            return BPF_OP(code) != BPF_JA && BPF_SRC(code) == BPF_K && instruction.k > INT32_MAX ? 2 : 1;
        case BPF_RET:
            return code == (BPF_RET | BPF_K) ? 2 : 1;
        default:
            return 1;
    }
}

// A socket's filter has to fit into the memory for its options (sk_filter_charge; net.core.optmem_max).
Result<void> charge(std::span<const sock_filter> program) {
    constexpr std::size_t kMost = 2547;
    std::size_t total = 0;
    bool loads = false;
    for (const sock_filter& instruction : program) {
        total += translated_size(instruction);
        const bool has_mode = class_of(instruction) == BPF_LD || class_of(instruction) == BPF_LDX;
        const unsigned mode = has_mode ? BPF_MODE(instruction.code) : unsigned{BPF_IMM};
        loads = loads || (mode == BPF_ABS && instruction.k < kAncillary) || mode == BPF_IND;
    }
    constexpr std::size_t kPreparation = 2;  // of loads out of the packet
    return total + (loads ? kPreparation : 0) <= kMost ? Result<void>() : Result<void>(Errno(ENOMEM));
}

Result<void> check(std::span<const sock_filter> program) {
    for (std::size_t i = 0; i < program.size(); i++) {
        if (!is_sound(program[i], i, program.size())) {
            return Errno(EINVAL);
        }
    }
    const bool is_good = class_of(program.back()) == BPF_RET && TRY(writes_before_reads(program));
    return is_good ? Result<void>() : Result<void>(Errno(EINVAL));
}

// The machine that a program runs on. A load beyond the packet ends it, as if it returned 0.
class FilterRun {
  public:
    explicit FilterRun(const FilteredPacket& packet) : packet_(packet) {}

    std::uint32_t run(std::span<const sock_filter> program) {
        for (std::size_t i = 0; i < program.size(); i++) {
            const sock_filter& instruction = program[i];
            switch (class_of(instruction)) {
                case BPF_RET:
                    return instruction.code == (BPF_RET | BPF_K) ? instruction.k : a_;
                case BPF_LD:
                    load(instruction);
                    break;
                case BPF_LDX:
                    load_index(instruction);
                    break;
                case BPF_ST:
                    memory_[instruction.k] = a_;
                    break;
                case BPF_STX:
                    memory_[instruction.k] = x_;
                    break;
                case BPF_ALU:
                    compute(instruction);
                    break;
                case BPF_JMP:
                    i += distance_of(instruction);
                    break;
                default:
                    (instruction.code == (BPF_MISC | BPF_TAX) ? x_ : a_) =
                        instruction.code == (BPF_MISC | BPF_TAX) ? a_ : x_;
                    break;
            }
            if (has_failed_) {
                return 0;
            }
        }
        return 0;
    }

  private:
    // Where a place of a program is in the packet's bytes: the negative ones count from its headers.
    std::uint64_t place_of(std::uint32_t place) const {
        const auto offset = static_cast<std::int32_t>(place);
        if (offset >= 0) {
            return packet_.data + place;
        }
        if (offset >= SKF_NET_OFF) {
            return packet_.network + (place - static_cast<std::uint32_t>(SKF_NET_OFF));
        }
        return offset >= SKF_LL_OFF ? place - static_cast<std::uint32_t>(SKF_LL_OFF) : UINT64_MAX / 2;
    }

    std::uint32_t fetch(std::uint32_t place, std::size_t size) {
        const std::uint64_t start = place_of(place);
        if (start + size > packet_.bytes.size()) {
            has_failed_ = true;
            return 0;
        }
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < size; i++) {
            value = value << 8 | std::to_integer<std::uint32_t>(packet_.bytes[start + i]);
        }
        return value;
    }

    void load(const sock_filter& instruction) {
        const unsigned width = BPF_SIZE(instruction.code);
        const std::size_t size = width == BPF_W ? 4 : width == BPF_H ? 2 : 1;
        switch (BPF_MODE(instruction.code)) {
            case BPF_IMM:
                a_ = instruction.k;
                break;
            case BPF_MEM:
                a_ = memory_[instruction.k];
                break;
            case BPF_LEN:
                a_ = static_cast<std::uint32_t>(packet_.length());
                break;
            case BPF_IND:
                a_ = fetch(x_ + instruction.k, size);
                break;
            default:
                a_ = instruction.k >= kAncillary ? ancillary(instruction.k - kAncillary)
                                                 : fetch(instruction.k, size);
                break;
        }
    }

    // What is known of a packet beside its bytes.
    std::uint32_t ancillary(std::uint32_t what) {
        constexpr std::uint32_t kLoopbackType = 772;  // ARPHRD_LOOPBACK
        switch (what) {
            case SKF_AD_PROTOCOL:
                return packet_.protocol;
            case SKF_AD_IFINDEX:
                has_failed_ = !packet_.has_device;
                return 1;
            case SKF_AD_HATYPE:
                has_failed_ = !packet_.has_device;
                return kLoopbackType;
            case SKF_AD_MARK:
                return packet_.mark;
            case SKF_AD_ALU_XOR_X:
                return a_ ^ x_;
            case SKF_AD_PAY_OFFSET:
                return static_cast<std::uint32_t>(packet_.payload);
            case SKF_AD_RANDOM: {
                std::array<std::byte, sizeof(std::uint32_t)> bytes{};
                fill_random(bytes);
                return std::bit_cast<std::uint32_t>(bytes);
            }
            default:
                return 0;
        }
    }

    void load_index(const sock_filter& instruction) {
        switch (BPF_MODE(instruction.code)) {
            case BPF_IMM:
                x_ = instruction.k;
                break;
            case BPF_MEM:
                x_ = memory_[instruction.k];
                break;
            case BPF_LEN:
                x_ = static_cast<std::uint32_t>(packet_.length());
                break;
            default:  // the length of an IP header
                x_ = (fetch(instruction.k, 1) & 0xf) * 4;
                break;
        }
    }

    void compute(const sock_filter& instruction) {
        const std::uint32_t operand = BPF_SRC(instruction.code) == BPF_X ? x_ : instruction.k;
        switch (BPF_OP(instruction.code)) {
            case BPF_ADD:
                a_ += operand;
                break;
            case BPF_SUB:
                a_ -= operand;
                break;
            case BPF_MUL:
                a_ *= operand;
                break;
            case BPF_DIV:
            case BPF_MOD:
                divide(BPF_OP(instruction.code), operand);
                break;
            case BPF_AND:
                a_ &= operand;
                break;
            case BPF_OR:
                a_ |= operand;
                break;
            case BPF_XOR:
                a_ ^= operand;
                break;
            case BPF_LSH:
                a_ <<= operand % 32;
                break;
            case BPF_RSH:
                a_ >>= operand % 32;
                break;
            default:
                a_ = 0 - a_;
                break;
        }
    }

    void divide(unsigned operation, std::uint32_t operand) {
        if (operand == 0) {
            has_failed_ = true;
            return;
        }
        a_ = operation == BPF_DIV ? a_ / operand : a_ % operand;
    }

    std::size_t distance_of(const sock_filter& instruction) const {
        const std::uint32_t operand = BPF_SRC(instruction.code) == BPF_X ? x_ : instruction.k;
        bool is_taken = false;
        switch (BPF_OP(instruction.code)) {
            case BPF_JA:
                return instruction.k;
            case BPF_JEQ:
                is_taken = a_ == operand;
                break;
            case BPF_JGT:
                is_taken = a_ > operand;
                break;
            case BPF_JGE:
                is_taken = a_ >= operand;
                break;
            default:
                is_taken = (a_ & operand) != 0;
                break;
        }
        return is_taken ? instruction.jt : instruction.jf;
    }

    const FilteredPacket& packet_;
    std::uint32_t a_ = 0;
    std::uint32_t x_ = 0;
    std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
    bool has_failed_ = false;
};

}  // namespace

Result<Ref<SocketFilter>> SocketFilter::read(UserAddress program) {
    const sock_fprog given = TRY(UserIn<sock_fprog>(program).read());
    if (given.filter == nullptr || given.len == 0 || given.len > kMostInstructions) {
        return Errno(EINVAL);
    }
    Ref<SocketFilter> filter = TRY(make_ref<SocketFilter>());
    TRY(filter->program_.resize(given.len));
    TRY(copy_from_user(filter->program_.data(), UserAddress(reinterpret_cast<std::uint64_t>(given.filter)),
                       given.len * sizeof(sock_filter)));
    TRY(check(filter->program()));
    TRY(charge(filter->program()));
    return filter;
}

std::uint32_t SocketFilter::run(const FilteredPacket& packet) const {
    return FilterRun(packet).run(program());
}

std::optional<std::size_t> filtered_length(const RefPtr<SocketFilter>& filter, const FilteredPacket& packet,
                                           std::size_t least) {
    if (!filter) {
        return packet.length();
    }
    const std::size_t wanted = filter->run(packet);
    if (wanted == 0) {
        return std::nullopt;
    }
    return std::min(packet.length(), std::max(wanted, least));
}

}  // namespace kernel
