#include <gtest/gtest.h>

#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <map>
#include <string>

#include "traces/abi/auxv.hpp"
#include "traces/abi/constants.hpp"
#include "traces/abi/layouts.hpp"
#include "traces/abi/syscalls.hpp"

namespace levitate::traces::abi {
namespace {

TEST(Abi, generated_files_are_what_the_headers_give) {
    const int status = std::system("'" LEVITATE_SOURCE_DIR "/scripts/generate-abi' --check");
    constexpr int kNoCompiler = 77;
    if (WIFEXITED(status) && WEXITSTATUS(status) == kNoCompiler) {
        GTEST_SKIP() << "the cross compiler aarch64-linux-gnu-gcc is not installed";
    }
    EXPECT_EQ(status, 0);
}

TEST(Abi, every_call_is_found_by_number_and_by_name) {
    EXPECT_EQ(all_syscalls().size(), std::size(kSyscallNumbers));
    for (const SyscallRow& row : all_syscalls()) {
        EXPECT_EQ(find_syscall(row.number), &row);
        EXPECT_EQ(find_syscall(row.name), &row);
    }
    EXPECT_EQ(find_syscall(std::uint64_t{244}), nullptr);
    EXPECT_EQ(find_syscall("open"), nullptr);
}

TEST(Abi, numbers_are_those_of_arm64) {
    EXPECT_EQ(syscall_number("read"), 63U);
    EXPECT_EQ(syscall_number("clone"), 220U);
    EXPECT_EQ(syscall_number("set_mempolicy_home_node"), 450U);
    EXPECT_EQ(constant("O_DIRECTORY"), 0x4000);  // 0x10000 on x86-64
    EXPECT_EQ(error_number("ENOSYS"), 38);
    EXPECT_EQ(type_size("stat"), 128U);        // 144 on x86-64
    EXPECT_EQ(type_size("epoll_event"), 16U);  // 12 on x86-64
}

// Every type, set and count that a row names has to exist.
TEST(Abi, rows_name_only_what_is_defined) {
    for (const SyscallRow& row : all_syscalls()) {
        for (const Argument& argument : row.arguments()) {
            const std::string place = std::string(row.name) + "." + std::string(argument.name);
            switch (argument.kind) {
                case ArgumentKind::Flags:
                case ArgumentKind::Flags64:
                case ArgumentKind::Enum:
                case ArgumentKind::Clock:
                    EXPECT_TRUE(set_exists(argument.type)) << place;
                    break;
                default:
                    EXPECT_TRUE(argument.type.empty() || type_size(argument.type) != 0) << place;
                    break;
            }
            if (!argument.count.empty() &&
                argument.count.find_first_not_of("0123456789") == std::string::npos) {
                continue;
            }
            if (!argument.count.empty()) {
                EXPECT_LT(argument_index(row, argument.count), row.argument_count) << place;
            }
        }
    }
}

TEST(Abi, fields_lie_inside_their_structs_and_do_not_overlap) {
    for (const char* name : {"stat", "statx", "sigaction", "user_msghdr", "clone_args", "rseq", "termios"}) {
        const Struct* layout = find_struct(name);
        ASSERT_NE(layout, nullptr) << name;
        std::map<std::size_t, std::size_t> ends;
        for (const Field& field : layout->fields) {
            EXPECT_LE(field.offset + field.size, layout->size) << name << "." << field.name;
            ends[field.offset] = field.offset + field.size;
        }
        std::size_t end = 0;
        for (const auto& [start, next] : ends) {
            EXPECT_GE(start, end) << name;
            end = next;
        }
    }
}

TEST(Abi, a_command_has_its_own_row) {
    const std::array<std::uint64_t, 6> get_flags{3, static_cast<std::uint64_t>(constant("F_GETFL"))};
    EXPECT_EQ(find_syscall(syscall_number("fcntl"), get_flags)->argument_count, 2U);
    const std::array<std::uint64_t, 6> wake{0x1000,
                                            static_cast<std::uint64_t>(constant("FUTEX_WAKE_PRIVATE")), 1};
    EXPECT_EQ(find_syscall(syscall_number("futex"), wake)->kind, CallKind::Wake);
    const std::array<std::uint64_t, 6> wait{
        0x1000, static_cast<std::uint64_t>(constant("FUTEX_WAIT_BITSET") | constant("FUTEX_CLOCK_REALTIME"))};
    EXPECT_EQ(find_syscall(syscall_number("futex"), wait)->kind, CallKind::Wait);
    const std::array<std::uint64_t, 6> unknown{3, 0xabcd};
    EXPECT_EQ(find_syscall(syscall_number("ioctl"), unknown), find_syscall("ioctl"));
}

std::uint64_t bits(std::int64_t value) {
    return static_cast<std::uint64_t>(value);
}

TEST(Abi, flags_are_written_as_strace_does) {
    EXPECT_EQ(decode("open_flags", bits(constant("O_RDONLY") | constant("O_CLOEXEC"))), "O_RDONLY|O_CLOEXEC");
    EXPECT_EQ(decode("open_flags", bits(constant("O_WRONLY") | constant("O_CREAT") | constant("O_TRUNC"))),
              "O_WRONLY|O_CREAT|O_TRUNC");
    EXPECT_EQ(decode("mmap_flags", bits(constant("MAP_PRIVATE") | constant("MAP_ANONYMOUS"))),
              "MAP_PRIVATE|MAP_ANONYMOUS");
    EXPECT_EQ(decode("mmap_prot", 0), "PROT_NONE");
    EXPECT_EQ(decode("mmap_prot", 3), "PROT_READ|PROT_WRITE");
    EXPECT_EQ(
        decode("clone_flags", bits(constant("CLONE_VM") | constant("CLONE_VFORK") | constant("SIGCHLD"))),
        "CLONE_VM|CLONE_VFORK|SIGCHLD");
    EXPECT_EQ(decode("futex_op", bits(constant("FUTEX_WAIT_BITSET_PRIVATE"))), "FUTEX_WAIT_BITSET_PRIVATE");
    EXPECT_EQ(decode("at_flags", 0x8000000), "0x8000000");
    EXPECT_EQ(decode("at_flags", 0), "0");
    EXPECT_EQ(decode("fcntl_command", 1), "F_GETFD");
    EXPECT_EQ(decode("ioctl_request", 0x5413), "TIOCGWINSZ");
    EXPECT_EQ(decode("access_mode", 0), "F_OK");
}

TEST(Abi, a_command_is_of_the_area_of_its_call) {
    EXPECT_EQ(find_syscall("openat")->area, Area::Fs);
    EXPECT_EQ(find_syscall("futex")->area, Area::Sync);
    constexpr std::array<std::uint64_t, kMostArguments> kWake{0, 1, 1, 0, 0, 0};
    const SyscallRow* const wake = find_syscall(syscall_number("futex"), kWake);
    ASSERT_NE(wake, find_syscall("futex"));
    EXPECT_EQ(wake->area, Area::Sync);
    EXPECT_EQ(to_string(wake->area), "sync");
}

TEST(Abi, auxv_entries_are_addresses_bits_or_numbers) {
    EXPECT_EQ(auxv_kind(static_cast<std::uint64_t>(constant("AT_RANDOM"))), AuxvKind::Stack);
    EXPECT_EQ(auxv_kind(static_cast<std::uint64_t>(constant("AT_HWCAP2"))), AuxvKind::Bits);
    EXPECT_EQ(auxv_kind(static_cast<std::uint64_t>(constant("AT_PAGESZ"))), AuxvKind::Number);
    EXPECT_EQ(auxv_kind(UINT64_MAX), AuxvKind::Number);
}

TEST(Abi, signals_are_named) {
    EXPECT_EQ(signal_name(2), "SIGINT");
    EXPECT_EQ(signal_name(32), "SIGRTMIN");
    EXPECT_EQ(signal_name(33), "SIGRT_1");
    EXPECT_EQ(signal_name(65), "65");
    EXPECT_EQ(signal_mask(0), "[]");
    EXPECT_EQ(signal_mask(1U << 1U | 1U << 16U), "[INT CHLD]");
    EXPECT_EQ(signal_mask(~std::uint64_t{0}), "~[]");
    EXPECT_EQ(signal_mask(~(std::uint64_t{1} << 8U)), "~[KILL]");
}

TEST(Abi, siginfo_is_viewed_by_its_signal_and_code) {
    std::vector<std::byte> info(128);
    info[0] = std::byte{11};
    info[8] = std::byte{1};
    EXPECT_EQ(siginfo_view(info).name, "siginfo_fault");
    info[8] = std::byte{0};
    EXPECT_EQ(siginfo_view(info).name, "siginfo_kill");
    info[0] = std::byte{17};
    info[8] = std::byte{1};
    EXPECT_EQ(siginfo_view(info).name, "siginfo_child");
    EXPECT_EQ(siginfo_view({}).name, "siginfo_t");
}

}  // namespace
}  // namespace levitate::traces::abi
