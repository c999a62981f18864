#include "syscalls/ptrace_registers.hpp"

#include <array>

#include "task/register_sets.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

Result<const RegisterSet*> find_set(unsigned type, std::size_t length) {
    for (const RegisterSet& candidate : register_sets()) {
        if (candidate.type == type && length % candidate.register_size == 0) {
            return &candidate;
        }
    }
    return Errno(EINVAL);
}

UserAddress start_of(const iovec& vector) {
    return UserAddress(reinterpret_cast<std::uint64_t>(vector.iov_base));
}

}  // namespace

Result<void> get_register_set(Task& tracee, unsigned type, UserInOut<iovec> vector) {
    iovec room = TRY(vector.read());
    const RegisterSet* found = TRY(find_set(type, room.iov_len));
    std::array<std::byte, kLargestRegisterSet> bytes{};
    found->get(tracee, bytes.data());
    room.iov_len = room.iov_len < found->size ? room.iov_len : found->size;
    TRY(copy_to_user(start_of(room), bytes.data(), room.iov_len));
    return vector.write(room);
}

Result<void> set_register_set(Task& tracee, unsigned type, UserInOut<iovec> vector) {
    iovec given = TRY(vector.read());
    const RegisterSet* found = TRY(find_set(type, given.iov_len));
    // What is not given stays.
    std::array<std::byte, kLargestRegisterSet> bytes{};
    found->get(tracee, bytes.data());
    given.iov_len = given.iov_len < found->size ? given.iov_len : found->size;
    TRY(copy_from_user(bytes.data(), start_of(given), given.iov_len));
    if (found->set == nullptr || !found->set(tracee, bytes.data())) {
        return Errno(EINVAL);
    }
    return vector.write(given);
}

}  // namespace kernel
