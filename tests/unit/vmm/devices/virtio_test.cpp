// Virtio as a driver sees it, and as a hostile one tries it.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "tests/unit/vmm/test_files.hpp"
#include "vmm/devices/virtio_devices.hpp"
#include "vmm/devices/virtio_mmio.hpp"

namespace levitate::vmm {
namespace {

constexpr std::uint64_t kBase = 0x4000'0000;
constexpr std::uint64_t kRamBytes = 0x1'0000;
constexpr std::uint32_t kEntries = 8;
constexpr std::uint64_t kDescriptors = kBase + 0x1000;
constexpr std::uint64_t kAvailable = kDescriptors + 16 * kEntries;
constexpr std::uint64_t kUsed = kBase + 0x2000;
constexpr std::uint64_t kData = kBase + 0x4000;

constexpr std::uint16_t kNext = 1;
constexpr std::uint16_t kWrite = 2;

constexpr std::uint32_t kNeedsReset = 64;

struct Piece {
    std::uint64_t address;
    std::uint32_t length;
    std::uint16_t flags;
    std::uint16_t next;
};

class VirtioTest : public testing::TestWithParam<VirtioForm> {
  protected:
    template <class T>
    void poke(std::uint64_t address, T value) {
        ASSERT_LE(address - kBase + sizeof value, ram.size());
        std::memcpy(ram.data() + (address - kBase), &value, sizeof value);
    }
    template <class T>
    T peek(std::uint64_t address) const {
        T value{};
        std::memcpy(&value, ram.data() + (address - kBase), sizeof value);
        return value;
    }
    std::uint64_t get(std::uint64_t offset) { return slot.read(offset, 4).value(); }
    void set(std::uint64_t offset, std::uint64_t value) { slot.write(offset, 4, value); }

    // As the specification's 3.1 has it, up to DRIVER_OK, with one queue.
    void start(std::uint32_t queue = 0) {
        const bool modern = GetParam() == VirtioForm::Modern;
        set(0x28, 0x1000);
        set(0x70, 0);
        set(0x70, 3);
        if (modern) {
            set(0x24, 1);
            set(0x20, 1);  // VIRTIO_F_VERSION_1
            set(0x70, 11);
            ASSERT_EQ(get(0x70), 11U);
        }
        set(0x30, queue);
        ASSERT_GE(get(0x34), kEntries);
        set(0x38, kEntries);
        if (modern) {
            set(0x80, kDescriptors);
            set(0x90, kAvailable);
            set(0xA0, kUsed);
            set(0x44, 1);
            ASSERT_EQ(get(0x44), 1U);
        } else {
            set(0x3C, 0x1000);
            set(0x40, kDescriptors / 0x1000);
            ASSERT_EQ(get(0x40), kDescriptors / 0x1000);
        }
        set(0x70, get(0x70) | 4);
    }
    // Makes the chain available and notifies the device.
    void send(const std::vector<Piece>& chain, std::uint32_t queue = 0, std::uint16_t head = 0) {
        for (std::size_t index = 0; index < chain.size(); ++index) {
            poke(kDescriptors + 16 * index, chain[index]);
        }
        const auto index = peek<std::uint16_t>(kAvailable + 2);
        poke(kAvailable + 4 + 2 * std::uint64_t{index % kEntries}, head);
        poke(kAvailable + 2, static_cast<std::uint16_t>(index + 1));
        set(0x50, queue);
    }
    std::uint16_t used() const { return peek<std::uint16_t>(kUsed + 2); }
    std::uint32_t written(std::uint32_t index = 0) const {
        return peek<std::uint32_t>(kUsed + 8 + 8 * std::uint64_t{index});
    }

    std::vector<std::byte> ram = std::vector<std::byte>(kRamBytes);
    GuestMemory memory{kBase, ram};
    Level line = Level::Low;
    VirtioMmio slot{GetParam(), memory, [this](Level level) { line = level; }};
};

class VirtioBlockTest : public VirtioTest {
  protected:
    static constexpr std::uint64_t kStatus = kData + 0xF00;

    void SetUp() override {
        std::string contents(3 * 512 + 100, 'a');
        contents[512] = 'b';
        file = files.write("disk", contents);
        auto disk = Disk::open(file);
        ASSERT_TRUE(disk);
        slot.insert(std::make_unique<VirtioBlock>(std::move(*disk)));
        start();
    }
    // A request of one piece of data at kData + 0x100.
    std::uint8_t request(std::uint32_t type, std::uint64_t sector, std::uint32_t length) {
        poke(kData, type);
        poke(kData + 8, sector);
        poke(kStatus, std::uint8_t{0xFF});
        const auto flags = static_cast<std::uint16_t>(type == 1 ? kNext : kNext | kWrite);
        send({{kData, 16, kNext, 1}, {kData + 0x100, length, flags, 2}, {kStatus, 1, kWrite, 0}});
        return peek<std::uint8_t>(kStatus);
    }
    char data(std::uint64_t offset) const { return peek<char>(kData + 0x100 + offset); }

    TestFiles files;
    std::filesystem::path file;
};

TEST_P(VirtioBlockTest, says_what_it_is) {
    EXPECT_EQ(get(0x08), 2U);
    EXPECT_EQ(slot.read(0x100, 8), 4U);  // sectors
    EXPECT_EQ(get(0x114), 512U);
    EXPECT_EQ(slot.read(0x1FC, 4), 0U);
    set(0x14, 1);
    EXPECT_EQ(get(0x10), GetParam() == VirtioForm::Modern ? 1U : 0U);
}

TEST_P(VirtioBlockTest, reads_and_tells_by_interrupt) {
    EXPECT_EQ(request(0, 1, 1024), 0U);
    EXPECT_EQ(data(0), 'b');
    EXPECT_EQ(data(1), 'a');
    EXPECT_EQ(used(), 1U);
    EXPECT_EQ(written(), 1025U);
    EXPECT_EQ(line, Level::High);
    EXPECT_EQ(get(0x60), 1U);
    set(0x64, 1);
    EXPECT_EQ(line, Level::Low);
}

TEST_P(VirtioBlockTest, interrupts_only_if_it_is_wanted) {
    poke(kAvailable, std::uint16_t{1});
    request(0, 0, 512);
    EXPECT_EQ(used(), 1U);
    EXPECT_EQ(line, Level::Low);
}

TEST_P(VirtioBlockTest, what_is_written_is_read_again_and_not_in_the_file) {
    std::fill_n(ram.begin() + (kData + 0x100 - kBase), 512, std::byte{'w'});
    EXPECT_EQ(request(1, 3, 512), 0U);
    std::fill_n(ram.begin() + (kData + 0x100 - kBase), 1024, std::byte{0});
    EXPECT_EQ(request(0, 2, 1024), 0U);
    EXPECT_EQ(data(511), 'a');
    EXPECT_EQ(data(512), 'w');
    EXPECT_EQ(data(1023), 'w');
    EXPECT_EQ(std::filesystem::file_size(file), 3U * 512 + 100);
    auto again = Disk::open(file);
    std::array<std::byte, 2> bytes{};
    ASSERT_TRUE((*again)->read(3 * 512 + 99, bytes));
    EXPECT_EQ(bytes, (std::array{std::byte{'a'}, std::byte{0}}));
}

TEST_P(VirtioBlockTest, requests_outside_the_disk_fail) {
    EXPECT_EQ(request(0, 4, 512), 1U);
    EXPECT_EQ(request(0, 3, 1024), 1U);
    EXPECT_EQ(request(1, ~0ULL, 512), 1U);
    EXPECT_EQ(request(0, 1ULL << 55U, 512), 1U);
    EXPECT_EQ(request(4, 0, 0), 0U);   // flush
    EXPECT_EQ(request(11, 0, 4), 2U);  // discard: not offered
    EXPECT_EQ(used(), 6U);
}

TEST_P(VirtioBlockTest, a_request_without_header_or_status_is_given_back) {
    send({{kData, 4, kNext, 1}, {kStatus, 1, kWrite, 0}});
    EXPECT_EQ(peek<std::uint8_t>(kStatus), 1U);
    send({{kData, 16, 0, 0}});
    EXPECT_EQ(written(1), 0U);
    EXPECT_EQ(used(), 2U);
}

TEST_P(VirtioBlockTest, hostile_chains_break_the_queue_until_it_is_reset) {
    const std::vector<std::vector<Piece>> chains{
        {{kData, 16, kNext, 0}},                              // a loop
        {{kData, 16, kNext, kEntries}},                       // no descriptor
        {{kBase + kRamBytes - 8, 16, 0, 0}},                  // half outside RAM
        {{~0ULL - 4, 16, 0, 0}},                              // around the end of the addresses
        {{0x0900'0000, 4, kWrite, 0}},                        // a device
        {{kData, 16, kWrite | kNext, 1}, {kData, 16, 0, 0}},  // in the wrong order
        {{kData, 0xFFFF'FFFF, 0, 0}},
    };
    for (const std::vector<Piece>& chain : chains) {
        std::fill(ram.begin(), ram.end(), std::byte{0});
        start();
        send(chain);
        EXPECT_EQ(used(), 0U);
        EXPECT_EQ(get(0x70) & kNeedsReset, kNeedsReset);
        EXPECT_EQ(line, Level::High);
        EXPECT_EQ(request(0, 0, 512), 0xFFU);
    }
    std::fill(ram.begin(), ram.end(), std::byte{0});
    start();
    EXPECT_EQ(get(0x70) & kNeedsReset, 0U);
    EXPECT_EQ(request(0, 0, 512), 0U);
}

TEST_P(VirtioBlockTest, more_available_than_there_can_be_breaks_the_queue) {
    poke(kAvailable + 2, std::uint16_t{kEntries + 1});
    set(0x50, 0);
    EXPECT_EQ(get(0x70) & kNeedsReset, kNeedsReset);
}

TEST_P(VirtioBlockTest, queues_that_are_not_there_are_ignored) {
    for (const std::uint64_t queue : {1ULL, 2ULL, 0xFFFF'FFFFULL}) {
        set(0x50, queue);
        set(0x30, queue);
        EXPECT_EQ(get(0x34), 0U);
        set(0x38, 3);
        set(0x40, 1);
        set(0x44, 1);
        EXPECT_EQ(get(0x44), 0U);
    }
}

TEST_P(VirtioBlockTest, rings_outside_ram_are_no_queue) {
    start();
    if (GetParam() == VirtioForm::Modern) {
        set(0x44, 0);
        set(0xA4, 1);
        set(0x44, 1);
        EXPECT_EQ(get(0x44), 0U);
    } else {
        set(0x40, 0xFFFF'FFFF);
    }
    EXPECT_EQ(request(0, 0, 512), 0xFFU);
    for (const std::uint64_t size : {0ULL, 3ULL, 0x200ULL, 0x8000'0000ULL}) {
        set(0x38, size);
        set(0x44, 1);
        set(0x40, kDescriptors / 0x1000);
        EXPECT_EQ(request(0, 0, 512), 0xFFU);
    }
}

TEST_P(VirtioTest, a_modern_driver_has_to_accept_version_1_and_nothing_unknown) {
    if (GetParam() == VirtioForm::Legacy) {
        GTEST_SKIP();
    }
    slot.insert(std::make_unique<VirtioEntropy>(1));
    set(0x70, 11);
    EXPECT_EQ(get(0x70), 3U);
    set(0x24, 1);
    set(0x20, 1);
    set(0x24, 0);
    set(0x20, 1U << 28U);  // indirect descriptors
    set(0x70, 11);
    EXPECT_EQ(get(0x70), 3U);
}

TEST_P(VirtioTest, random_numbers_are_a_function_of_the_seed) {
    const auto numbers = [this](std::uint64_t seed) {
        std::fill(ram.begin(), ram.end(), std::byte{0});
        slot.insert(std::make_unique<VirtioEntropy>(seed));
        start();
        send({{kData, 8, kWrite, 0}});
        EXPECT_EQ(written(), 8U);
        return peek<std::uint64_t>(kData);
    };
    const std::uint64_t first = numbers(1);
    EXPECT_EQ(numbers(1), first);
    EXPECT_NE(numbers(2), first);
}

TEST_P(VirtioTest, the_console_sends_what_is_transmitted_and_keeps_buffers_for_input) {
    std::string output;
    slot.insert(std::make_unique<VirtioConsole>(
        [&output](std::byte byte) { output.push_back(static_cast<char>(byte)); }));
    start(1);
    std::memcpy(ram.data() + (kData - kBase), "hello", 5);
    send({{kData, 2, kNext, 1}, {kData + 2, 3, 0, 0}}, 1);
    EXPECT_EQ(output, "hello");
    EXPECT_EQ(used(), 1U);
    std::fill(ram.begin(), ram.end(), std::byte{0});
    start(0);
    send({{kData, 16, kWrite, 0}}, 0);
    EXPECT_EQ(used(), 0U);
}

TEST(Disk, what_is_no_file_is_refused) {
    const auto disk = Disk::open("/dev/null");
    ASSERT_FALSE(disk);
    EXPECT_NE(disk.error().message.find("/dev/null"), std::string::npos);
    EXPECT_FALSE(Disk::open("/no/such/file"));
}

std::string name_of_form(const testing::TestParamInfo<VirtioForm>& info) {
    return info.param == VirtioForm::Legacy ? "legacy" : "modern";
}
INSTANTIATE_TEST_SUITE_P(Forms, VirtioTest, testing::Values(VirtioForm::Legacy, VirtioForm::Modern),
                         name_of_form);
INSTANTIATE_TEST_SUITE_P(Forms, VirtioBlockTest, testing::Values(VirtioForm::Legacy, VirtioForm::Modern),
                         name_of_form);

}  // namespace
}  // namespace levitate::vmm
