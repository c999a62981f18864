#include "fs/device.hpp"

#include <linux/capability.h>
#include <linux/random.h>

#include <array>
#include <span>

#include "lib/random.hpp"
#include "log/print.hpp"
#include "mm/page.hpp"
#include "task/scheduler.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Reads and writes of endless devices give way to other tasks and to signals after each page (Linux
// drivers/char/mem.c, read_iter_zero; drivers/char/random.c, get_random_bytes_user).
bool is_interrupted_after(std::size_t done) {
    if (done % kPageSize != 0) {
        return false;
    }
    scheduler::reschedule_if_due();
    return Task::current().has_pending_signal();
}

// Devices without a position: pread and pwrite are allowed, and lseek stays at 0 (Linux drivers/char/mem.c).
class MemoryDeviceFile : public File {
  public:
    using File::File;
    bool is_pollable() const override { return false; }
    bool is_seekable() const override { return true; }
    Result<std::int64_t> seek(std::int64_t, int) override {
        position = 0;
        return std::int64_t{0};
    }
    Result<std::size_t> read(IoBuffer& buffer, std::int64_t&, TransferMode) override {
        std::size_t done = 0;
        while (!buffer.is_empty() && !buffer.has_faulted()) {
            const std::size_t zeroed = buffer.put_zeros(std::min(buffer.remaining(), kPageSize));
            // Whole words (arch/arm64/lib/clear_user.S).
            done += buffer.has_faulted() ? zeroed & ~(sizeof(std::uint64_t) - 1) : zeroed;
            if (is_interrupted_after(done)) {
                break;
            }
        }
        return buffer.result(done);
    }
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t&, TransferMode) override {
        return buffer.remaining();
    }
};

class NullFile final : public MemoryDeviceFile {
  public:
    using MemoryDeviceFile::MemoryDeviceFile;
    bool can_be_told_not_to_wait(bool) const override { return true; }
    bool can_splice_to() const override { return true; }
    Result<std::size_t> read(IoBuffer&, std::int64_t&, TransferMode) override { return std::size_t{0}; }
};

class ZeroFile final : public MemoryDeviceFile {
  public:
    using MemoryDeviceFile::MemoryDeviceFile;
    bool can_be_told_not_to_wait(bool) const override { return true; }
    Result<RefPtr<MemoryObject>> mmap_object(Sharing, int) override { return RefPtr<MemoryObject>(); }
};

class FullFile final : public MemoryDeviceFile {
  public:
    using MemoryDeviceFile::MemoryDeviceFile;
    Result<std::size_t> write(IoBuffer&, std::int64_t&, TransferMode) override { return Errno(ENOSPC); }
};

// random and urandom are the same once the pool is ready, which it always is here.
class RandomFile final : public MemoryDeviceFile {
  public:
    using MemoryDeviceFile::MemoryDeviceFile;
    bool can_be_told_not_to_wait(bool) const override { return true; }
    // /dev/random can be polled, /dev/urandom cannot (Linux drivers/char/random.c, random_fops).
    bool is_pollable() const override { return inode().attributes.device == devices::kRandom; }
    std::uint32_t poll(PollRegistrar* registrar) override {
        return is_pollable() ? kPollReadable : File::poll(registrar);
    }
    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t&, TransferMode) override {
        std::array<std::byte, kRandomBlock> chunk;
        std::size_t done = 0;
        while (!buffer.is_empty() && !buffer.has_faulted()) {
            const std::size_t size = std::min(chunk.size(), buffer.remaining());
            fill_random({chunk.data(), size});
            done += reported_copy(size, buffer.put(chunk.data(), size), CopyStart::InTheMiddle);
            if (is_interrupted_after(done)) {
                break;
            }
        }
        return buffer.result(done);
    }
    Result<std::size_t> write(IoBuffer& buffer, std::int64_t&, TransferMode) override {
        return mix_in(buffer);
    }
    // Linux drivers/char/random.c, random_ioctl. Credit changes nothing, since the pool is always full.
    Result<long> ioctl(Task& task, unsigned command, unsigned long argument) override {
        const UserAddress address(argument);
        switch (command) {
            case RNDGETENTCNT:
                TRY(UserOut<int>(address).write(kPoolBits));
                return 0;
            case RNDADDTOENTCNT:
                TRY(check_administrator(task));
                return TRY(UserIn<int>(address).read()) < 0 ? Result<long>(Errno(EINVAL)) : Result<long>(0);
            case RNDADDENTROPY:
                TRY(check_administrator(task));
                TRY(add_entropy(address));
                return 0;
            case RNDZAPENTCNT:
            case RNDCLEARPOOL:
                TRY(check_administrator(task));
                return 0;
            case RNDRESEEDCRNG:
                TRY(check_administrator(task));
                reseed_random();
                return 0;
            default:
                return Errno(EINVAL);
        }
    }

  private:
    static constexpr int kPoolBits = 256;  // Linux drivers/char/random.c, POOL_BITS

    static Result<void> check_administrator(const Task& task) {
        return task.credentials.has(CAP_SYS_ADMIN) ? Result<void>() : Errno(EPERM);
    }
    // struct rand_pool_info: the credit, the number of bytes, and the bytes.
    static Result<void> add_entropy(UserAddress address) {
        if (TRY(UserIn<int>(address).read()) < 0) {
            return Errno(EINVAL);
        }
        const auto size = static_cast<std::size_t>(TRY(UserIn<int>(address + sizeof(int)).read()));
        IoBuffer buffer = TRY(IoBuffer::user(UserBuffer(address + 2 * sizeof(int)), size));
        return TRY(mix_in(buffer)) == size ? Result<void>() : Errno(EFAULT);
    }
    // It counts when numbers are next asked for from a new seed.
    static Result<std::size_t> mix_in(IoBuffer& buffer) {
        std::array<std::byte, 256> chunk;
        std::size_t done = 0;
        while (!buffer.is_empty() && !buffer.has_faulted()) {
            const std::size_t taken = buffer.take(chunk.data(), chunk.size());
            mix_random({chunk.data(), taken});
            done += taken;
            if (is_interrupted_after(done)) {
                break;
            }
        }
        return buffer.result(done);
    }
};

struct AnnouncedDevice {
    DeviceNumber number;
    bool all_minors = false;
    DeviceOpener open = nullptr;
};

constinit std::array<AnnouncedDevice, 8> announced_devices{};
constinit std::size_t announced_count = 0;

void announce(const AnnouncedDevice& device) {
    KERNEL_ASSERT(announced_count < announced_devices.size());
    announced_devices[announced_count++] = device;
}

bool covers(const AnnouncedDevice& announced, DeviceNumber number) {
    return announced.number == number || (announced.all_minors && announced.number.major == number.major);
}

}  // namespace

void add_character_device(DeviceNumber number, DeviceOpener open) {
    announce({.number = number, .all_minors = false, .open = open});
}

void add_character_devices(std::uint32_t major, DeviceOpener open) {
    announce({.number = {.major = major, .minor = 0}, .all_minors = true, .open = open});
}

Result<Ref<File>> open_character_device(const Path& path, unsigned flags) {
    const DeviceNumber device = path.inode().attributes.device;
    if (device == devices::kNull) {
        return TRY(make_ref<NullFile>(path, flags));
    }
    if (device == devices::kZero) {
        return TRY(make_ref<ZeroFile>(path, flags));
    }
    if (device == devices::kFull) {
        return TRY(make_ref<FullFile>(path, flags));
    }
    if (device == devices::kRandom || device == devices::kUrandom) {
        return TRY(make_ref<RandomFile>(path, flags));
    }
    for (const AnnouncedDevice& announced : std::span(announced_devices).first(announced_count)) {
        if (covers(announced, device)) {
            return announced.open(path, flags);
        }
    }
    return Errno(ENXIO);
}

}  // namespace kernel
