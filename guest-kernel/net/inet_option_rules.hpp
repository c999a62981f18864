// Options of the levels IP, IPV6, TCP and UDP whose value is one number: what may be set and what is read
// (Linux net/ipv4/ip_sockglue.c, net/ipv6/ipv6_sockglue.c, net/ipv4/tcp.c, net/ipv4/udp.c).
#pragma once

#include <array>
#include <span>

#include "lib/result.hpp"
#include "mm/user_memory.hpp"

namespace kernel {

// Options of UDP-Lite, which Linux's headers for programs lack (net/udplite.h).
inline constexpr int UDPLITE_SEND_CSCOV = 10;  // NOLINT(readability-identifier-naming): Linux's names
inline constexpr int UDPLITE_RECV_CSCOV = 11;  // NOLINT(readability-identifier-naming)

struct OptionRule {
    enum class Kind : unsigned char {
        Flag,           // 0 or 1: any other number is 1
        Range,          // EINVAL outside of minimum and maximum
        Unset,          // the same, and -1 for what was there at first
        DatagramFlag,   // Flag, and EINVAL for a stream's socket
        DatagramUnset,  // Unset, and EINVAL for a stream's socket
        ReadOnly,       // ENOPROTOOPT to set
    };
    int name;
    Kind kind;
    int initial;
    int minimum = 0;
    int maximum = 0;
};

std::span<const OptionRule> ip_option_rules();
std::span<const OptionRule> ipv6_option_rules();
std::span<const OptionRule> tcp_option_rules();
std::span<const OptionRule> udp_option_rules();

// The values of one level's options.
class OptionValues {
  public:
    static constexpr std::size_t kMaximum = 48;
    explicit OptionValues(std::span<const OptionRule> rules);

    // Is there an option of this name?
    bool has(int name) const { return find(name) < rules_.size(); }
    // Precondition: has(name).
    int get(int name) const { return values_[find(name)]; }
    void put(int name, int value) { values_[find(name)] = value; }
    // What a program sets. EINVAL, ENOPROTOOPT.
    Result<void> set(int name, int value, bool is_stream);

  private:
    std::size_t find(int name) const;

    std::span<const OptionRule> rules_;
    std::array<int, kMaximum> values_{};
};

// An int that a program gives, or for the level IP a byte. EINVAL: too short; EFAULT.
Result<int> read_option(UserBuffer value, int length);
Result<int> read_short_option(UserBuffer value, int length);

}  // namespace kernel
