#include "mm/user_memory.hpp"

#include <linux/limits.h>

#include "arch/include/user_copy.hpp"
#include "mm/address_space.hpp"
#include "mm/limits.hpp"

namespace kernel {

namespace {

std::uint64_t checked_value(UserAddress address) {
    return current_takes_tagged_addresses() ? address.without_tag().value() : address.value();
}

}  // namespace

bool is_user_range(UserAddress address, std::size_t size) {
    return size <= AddressSpace::kUserEnd && checked_value(address) <= AddressSpace::kUserEnd - size;
}

std::size_t copy_from_user_partial(void* destination, UserAddress source, std::size_t size) {
    return is_user_range(source, size) ? size - arch_copy_from_user(destination, source.value(), size) : 0;
}

std::size_t copy_to_user_partial(UserAddress destination, const void* source, std::size_t size) {
    return is_user_range(destination, size) ? size - arch_copy_to_user(destination.value(), source, size) : 0;
}

std::size_t clear_user_partial(UserAddress destination, std::size_t size) {
    return is_user_range(destination, size) ? size - arch_clear_user(destination.value(), size) : 0;
}

Result<void> copy_from_user(void* destination, UserAddress source, std::size_t size) {
    return copy_from_user_partial(destination, source, size) == size ? Result<void>()
                                                                     : Result<void>(Errno(EFAULT));
}

Result<void> copy_to_user(UserAddress destination, const void* source, std::size_t size) {
    return copy_to_user_partial(destination, source, size) == size ? Result<void>()
                                                                   : Result<void>(Errno(EFAULT));
}

Result<String> UserString::read(std::size_t limit, Errno too_long) const {
    String text;
    char chunk[256];
    std::size_t done = 0;
    while (done < limit) {
        const std::uint64_t place = address_.value() + done;
        if (!is_user_range(UserAddress(place), 1)) {
            return Errno(EFAULT);
        }
        std::size_t want = limit - done < sizeof(chunk) ? limit - done : sizeof(chunk);
        const std::uint64_t reach = AddressSpace::kUserEnd - checked_value(UserAddress(place));
        want = reach < want ? reach : want;
        bool faulted = false;
        const std::size_t count = arch_user_string(chunk, place, want, &faulted);
        if (count > 0 && chunk[count - 1] == '\0') {
            TRY(text.append({chunk, count - 1}));
            return text;
        }
        if (faulted) {
            return Errno(EFAULT);
        }
        TRY(text.append({chunk, count}));
        done += count;
    }
    return too_long;
}

Result<String> UserString::read_path() const {
    return read(PATH_MAX);
}

std::size_t reported_copy(std::size_t size, std::size_t reached, CopyStart start) {
    constexpr std::size_t kPair = 16;
    if (reached >= size) {
        return size;
    }
    std::size_t done = 0;
    bool has_faulted = false;
    const auto copy = [&](std::size_t piece) {
        has_faulted = has_faulted || done + piece > reached;
        done += has_faulted ? 0 : piece;
        size -= piece;
    };
    if (size >= kPair && start == CopyStart::InTheMiddle) {
        copy(kPair / 2);
    }
    while (size >= kPair) {
        copy(kPair);
    }
    for (std::size_t piece = kPair / 2; piece > 0; piece /= 2) {
        if ((size & piece) != 0) {
            copy(piece);
        }
    }
    return done == 0 && reached > 0 ? 1 : done;
}

}  // namespace kernel
