#include "net/unix_message.hpp"

#include <linux/capability.h>

#include <bit>

#include "log/print.hpp"
#include "mm/page.hpp"
#include "net/unix_socket.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Open files on their way, by the user who sent them.
struct UserInFlight {
    std::uint32_t user = 0;
    std::size_t count = 0;
};

Vector<UserInFlight>& users_in_flight() {
    static Vector<UserInFlight>* users = nullptr;  // made once, never destroyed
    if (users == nullptr) {
        users = new (std::nothrow) Vector<UserInFlight>;
        KERNEL_ASSERT(users != nullptr);
    }
    return *users;
}

// Where a user's count stands: the end, if there is none yet.
std::size_t place_of(std::uint32_t user) {
    const Vector<UserInFlight>& users = users_in_flight();
    std::size_t place = 0;
    while (place < users.size() && users[place].user != user) {
        place++;
    }
    return place;
}

}  // namespace

UnixRights::UnixRights(UnixRights&& other) noexcept
    : files_(std::move(other.files_)), user_(std::exchange(other.user_, 0)) {}

UnixRights& UnixRights::operator=(UnixRights&& other) noexcept {
    std::swap(files_, other.files_);
    std::swap(user_, other.user_);
    return *this;
}

// Linux net/unix/scm.c, unix_attach_fds and too_many_unix_fds.
Result<void> UnixRights::depart(const Vector<Ref<File>>& files) {
    const Task& task = Task::current();
    Vector<UserInFlight>& users = users_in_flight();
    const std::size_t place = place_of(task.credentials.user);
    if (place == users.size()) {
        TRY(users.push_back({.user = task.credentials.user, .count = 0}));
    }
    std::size_t& count = users[place].count;
    if (count > task.process->limit(RLIMIT_NOFILE).rlim_cur && !task.credentials.has(CAP_SYS_RESOURCE) &&
        !task.credentials.has(CAP_SYS_ADMIN)) {
        return Errno(ETOOMANYREFS);
    }
    TRY(files_.reserve(files.size()));
    user_ = task.credentials.user;
    for (const Ref<File>& file : files) {
        TRY(files_.push_back(file));
        count++;
        if (UnixSocket* socket = unix_socket_of(*file)) {
            socket->take_off(*file);
        }
    }
    return {};
}

Vector<Ref<File>> UnixRights::land() {
    if (!files_.is_empty()) {
        users_in_flight()[place_of(user_)].count -= files_.size();
    }
    for (const Ref<File>& file : files_) {
        if (UnixSocket* socket = unix_socket_of(*file)) {
            socket->touch_down();
        }
    }
    return std::move(files_);
}

UnixCredentials UnixCredentials::of_current() {
    const Task& task = Task::current();
    return {.identity = {.process = task.process_id(),
                         .user = task.credentials.user,
                         .group = task.credentials.group},
            .is_known = true};
}

UnixMessage::UnixMessage(UnixSocket& sender) : origin(&sender) {}

UnixMessage::~UnixMessage() {
    origin->give_back(cost);
}

// Linux net/core/skbuff.c: the linear part and struct skb_shared_info behind it come from kmalloc, whose
// sizes are powers of two from 128 bytes on; struct sk_buff is another 256 bytes, and the rest is whole
// pages.
std::size_t message_cost(std::size_t linear, std::size_t paged) {
    constexpr std::size_t kCacheLine = 64;
    constexpr std::size_t kSharedInfo = 320;
    constexpr std::size_t kBuffer = 256;
    constexpr std::size_t kSmallest = 128;
    const std::size_t asked = ((linear + kCacheLine - 1) & ~(kCacheLine - 1)) + kSharedInfo;
    return std::bit_ceil(std::max(asked, kSmallest)) + kBuffer + page_ceiling(paged);
}

}  // namespace kernel
