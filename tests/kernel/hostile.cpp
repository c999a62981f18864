// What no program should do, and Linux has an answer to: ranges that wrap, limits, files that are no
// programs.
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "tests/kernel/case.h"

namespace {

constexpr std::uint64_t kBeyond = std::uint64_t{1} << 48;  // the first address that is no program's

int open_file() {
    const int fd = open("/hostile", O_RDWR | O_CREAT | O_TRUNC, 0700);
    CHECK(fd >= 0);
    return fd;
}

std::string own_program() {
    const int fd = open("/proc/self/exe", O_RDONLY);
    struct stat status{};
    CHECK(fstat(fd, &status) == 0);
    std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
    CHECK(read(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    close(fd);
    return bytes;
}

// The wait status of a child that executes these bytes; an execve that comes back is its error number as exit
// status.
int status_of_executing(const std::string& bytes) {
    const int fd = open_file();
    CHECK(write(fd, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
    close(fd);
    const pid_t child = fork();
    if (child == 0) {
        execl("/hostile", "/hostile", "exit-with", "0", nullptr);
        _exit(errno);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

int status_of_executing(std::string program, std::size_t offset, std::uint64_t value) {
    std::memcpy(program.data() + offset, &value, sizeof(value));
    return status_of_executing(program);
}

constexpr int refused(int error) {
    return error << 8;
}

// Offsets in an ELF file: e_entry, e_phoff, and in its first program header, which follows at 64.
constexpr std::size_t kEntry = 24;
constexpr std::size_t kTable = 32;
constexpr std::size_t kSegmentAddress = 64 + 16;
constexpr std::size_t kSegmentFileSize = 64 + 32;
constexpr std::size_t kSegmentMemorySize = 64 + 40;

}  // namespace

CASE(vectors_are_judged_as_a_whole) {
    const int fd = open_file();
    char byte = 'x';
    std::vector<iovec> parts(1025, iovec{&byte, 1});
    CHECK(writev(fd, parts.data(), 1024) == 1024);
    CHECK_ERRNO(writev(fd, parts.data(), 1025), EINVAL);
    parts[1] = {reinterpret_cast<void*>(kBeyond), 1};
    CHECK_ERRNO(writev(fd, parts.data(), 2), EFAULT);
    parts[1] = {&byte, SSIZE_MAX};
    CHECK_ERRNO(writev(fd, parts.data(), 2), EFAULT);
    parts[1].iov_len = SIZE_MAX;
    CHECK_ERRNO(writev(fd, parts.data(), 2), EINVAL);
    parts[1] = {reinterpret_cast<void*>(8), 1};  // could be mapped, and is not
    CHECK(writev(fd, parts.data(), 2) == 1);
}

CASE(buffers_beyond_the_program_are_efault) {
    const int fd = open_file();
    char byte = 'x';
    CHECK_ERRNO(syscall(SYS_read, fd, UINT64_MAX, 0), EFAULT);
    CHECK_ERRNO(syscall(SYS_write, fd, kBeyond - 1, 2), EFAULT);
    CHECK_ERRNO(syscall(SYS_write, fd, &byte, SIZE_MAX), EFAULT);
}

CASE(transfers_past_the_last_position_are_refused) {
    const int fd = open_file();
    char byte = 'x';
    CHECK_ERRNO(pwrite(fd, &byte, 1, LONG_MAX), EINVAL);
    CHECK_ERRNO(pread(fd, &byte, 1, LONG_MAX), EINVAL);
    CHECK_ERRNO(sendfile(fd, fd, nullptr, SIZE_MAX), EINVAL);
    CHECK(lseek(fd, 1, SEEK_SET) == 1);
    CHECK_ERRNO(syscall(SYS_copy_file_range, fd, nullptr, fd, nullptr, SIZE_MAX, 0), EOVERFLOW);
}

CASE(space_that_cannot_be_had_takes_none) {
    const int fd = open_file();
    CHECK_ERRNO(fallocate(fd, 0, 0, LONG_MAX), ENOSPC);
    struct stat status{};
    CHECK(fstat(fd, &status) == 0 && status.st_size == 0 && status.st_blocks == 0);
}

CASE(messages_have_bounds) {
    int ends[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
    iovec part = {nullptr, 0};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1025;
    CHECK_ERRNO(sendmsg(ends[0], &message, 0), EMSGSIZE);
    message.msg_iovlen = 0;
    message.msg_control = &part;
    message.msg_controllen = SIZE_MAX;
    CHECK_ERRNO(sendmsg(ends[0], &message, 0), ENOBUFS);
}

CASE(futex_words_are_aligned_and_readable) {
    alignas(8) char words[8] = {};
    const timespec at_once{};
    CHECK_ERRNO(syscall(SYS_futex, words + 1, FUTEX_WAIT_PRIVATE, 0, &at_once), EINVAL);
    CHECK_ERRNO(syscall(SYS_futex, words + 1, FUTEX_WAKE_PRIVATE, 1), EINVAL);
    CHECK_ERRNO(syscall(SYS_futex, UINT64_MAX - 3, FUTEX_WAIT_PRIVATE, 0, &at_once), EFAULT);
    CHECK_ERRNO(syscall(SYS_futex, kBeyond, FUTEX_WAKE, 1), EFAULT);
}

CASE(robust_lists_of_garbage_end_with_their_thread) {
    struct {
        void* next;
        long offset;
        void* pending;
    } head{};
    void* loop = static_cast<void*>(&loop);
    const std::pair<void*, void*> lists[] = {
        {&loop, reinterpret_cast<void*>(8)},
        {reinterpret_cast<void*>(0xffff000000000010), reinterpret_cast<void*>(-1L)},
    };
    for (const auto& [next, pending] : lists) {
        const pid_t child = fork();
        if (child == 0) {
            head = {next, -100000, pending};
            syscall(SYS_set_robust_list, &head, sizeof(head));
            syscall(SYS_set_tid_address, -4L);
            _exit(7);
        }
        int status = -1;
        CHECK(waitpid(child, &status, 0) == child && status == 7 << 8);
    }
}

CASE(what_is_no_program_is_enoexec) {
    const std::string program = own_program();
    for (const std::size_t size : {0, 10, 63, 64, 100}) {
        CHECK(status_of_executing(program.substr(0, size)) == refused(ENOEXEC));
    }
    CHECK(status_of_executing(program, kTable, UINT64_MAX) == refused(ENOEXEC));
    CHECK(status_of_executing("#!/nowhere\n") == refused(ENOENT));
    CHECK(status_of_executing("#!/hostile\n") == refused(ELOOP));
}

CASE(program_that_cannot_be_mapped_ends_its_process) {
    const std::string program = own_program();
    CHECK(status_of_executing(program) == 0);
    CHECK(status_of_executing(program, kEntry, UINT64_MAX) == SIGSEGV);
    CHECK(status_of_executing(program, kSegmentAddress, 0xffff000000000000) == SIGSEGV);
    CHECK(status_of_executing(program, kSegmentFileSize, UINT64_MAX) == SIGSEGV);
    CHECK(status_of_executing(program, kSegmentMemorySize, 10) == SIGSEGV);
    CHECK(status_of_executing(program, kSegmentMemorySize, std::uint64_t{1} << 46) == SIGSEGV);
}

CASE(arguments_are_read_before_the_program) {
    char* bad[] = {reinterpret_cast<char*>(8), nullptr};
    CHECK_ERRNO(execve("/nowhere", bad, nullptr), EFAULT);
    std::string long_text(200000, 'a');
    char* too_long[] = {long_text.data(), nullptr};
    CHECK_ERRNO(execve("/nowhere", too_long, nullptr), E2BIG);
}

CASE(working_directory_can_be_too_deep_to_name) {
    for (int depth = 0; depth < 3000; ++depth) {
        CHECK(mkdir("deeper", 0700) == 0 && chdir("deeper") == 0);
    }
    char name[8192];
    CHECK_ERRNO(syscall(SYS_getcwd, name, sizeof(name)), ENAMETOOLONG);
    CHECK(open("file", O_CREAT | O_RDWR, 0600) >= 0);
}
