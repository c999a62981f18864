// Runs on Linux as root: loads the modules that it is given, and says what of the virtio devices it finds
// there.
//   use_devices MODULE...
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/fs.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace {

void require(bool holds, const char* what) {
    if (!holds) {
        std::printf("%s: %s\n", what, std::strerror(errno));
        std::exit(1);
    }
}

void load_module(const char* path) {
    const int file = ::open(path, O_RDONLY | O_CLOEXEC);
    require(file >= 0, path);
    require(::syscall(SYS_finit_module, file, "", 0) == 0, path);
    ::close(file);
}

std::uint64_t hash_of(std::span<const unsigned char> bytes) {
    std::uint64_t hash = 0xcbf2'9ce4'8422'2325;  // FNV-1a
    for (const unsigned char byte : bytes) {
        hash = (hash ^ byte) * 0x100'0000'01b3;
    }
    return hash;
}

std::vector<unsigned char> contents_of(int device, std::uint64_t size) {
    std::vector<unsigned char> bytes(size);
    for (std::uint64_t done = 0; done < size;) {
        const ssize_t count = ::pread(device, bytes.data() + done, size - done, static_cast<off_t>(done));
        require(count > 0, "read of a disk");
        done += static_cast<std::uint64_t>(count);
    }
    return bytes;
}

// Reads all of the disk, writes over its second page, and reads that again past the page cache.
void use_disk(const char* path) {
    const int device = ::open(path, O_RDWR | O_CLOEXEC);
    if (device < 0) {
        return;
    }
    std::uint64_t size = 0;
    require(::ioctl(device, BLKGETSIZE64, &size) == 0, "BLKGETSIZE64");
    std::vector<unsigned char> bytes = contents_of(device, size);
    std::printf("%s: %llu bytes, hash %016llx\n", path, static_cast<unsigned long long>(size),
                static_cast<unsigned long long>(hash_of(bytes)));
    const std::string text(4096, 'w');
    require(::pwrite(device, text.data(), text.size(), 4096) == 4096, "write to a disk");
    require(::fsync(device) == 0, "fsync");
    require(::ioctl(device, BLKFLSBUF, 0) == 0, "BLKFLSBUF");
    std::memcpy(bytes.data() + 4096, text.data(), text.size());
    std::printf("%s: %s\n", path, contents_of(device, size) == bytes ? "keeps what is written" : "differs");
    ::close(device);
}

void use_random_numbers() {
    const int device = ::open("/dev/hwrng", O_RDONLY | O_CLOEXEC);
    std::array<unsigned char, 16> bytes{};
    if (device >= 0 && ::read(device, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) {
        std::printf("hwrng: %016llx\n", static_cast<unsigned long long>(hash_of(bytes)));
    }
}

void use_console() {
    const int device = ::open("/dev/hvc0", O_WRONLY | O_NOCTTY | O_CLOEXEC);
    if (device >= 0) {
        constexpr char kText[] = "this is the virtio console\n";
        require(::write(device, kText, sizeof kText - 1) == sizeof kText - 1, "write to hvc0");
    }
}

}  // namespace

int main(int argc, char** argv) {
    for (const char* const module : std::span(argv, static_cast<std::size_t>(argc)).subspan(1)) {
        load_module(module);
    }
    require(::mount("devtmpfs", "/dev", "devtmpfs", 0, nullptr) == 0 || errno == EBUSY, "devtmpfs");
    use_disk("/dev/vda");
    use_disk("/dev/vdb");
    use_random_numbers();
    use_console();
    std::fflush(stdout);
    return 0;
}
