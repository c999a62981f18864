// POSIX access control lists (man 5 acl; Linux fs/posix_acl.c).
#pragma once

#include <cstdint>
#include <span>

#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Inode;
struct Credentials;

class AccessList final : public RefCounted {
  public:
    // From the value of the attribute system.posix_acl_*. Null: it has no entries, which removes the list.
    // EOPNOTSUPP for another version, EINVAL.
    static Result<RefPtr<AccessList>> parse(std::span<const std::byte> value);
    // EINVAL unless it has an entry for the owner, the group and others, in order, and a mask where it names
    // others.
    Result<void> check() const;
    // The value of the attribute.
    Result<void> describe(String& out) const;

    // A list that permission bits can say as well: then they are all there is.
    bool is_plain() const;
    // The permission bits that show it.
    std::uint32_t permissions() const;
    // A copy as chmod leaves it.
    Result<RefPtr<AccessList>> with_permissions(std::uint32_t permissions) const;
    // A copy as the list of a new inode, made with these permissions.
    Result<RefPtr<AccessList>> for_new_inode(std::uint32_t permissions) const;

    // EACCES unless the list allows it. `wanted` as in check_permission.
    Result<void> check_permission(const Inode& inode, unsigned wanted, const Credentials& credentials) const;

  private:
    struct Entry {
        std::uint16_t tag;
        std::uint16_t permissions;
        std::uint32_t id;
    };
    static bool applies(const Entry& entry, const Inode& inode, const Credentials& credentials);
    const Entry* find(unsigned tag) const;
    Result<RefPtr<AccessList>> copy() const;
    // Changes the entry that the group's permission bits show.
    void change_group_class(std::uint32_t kept, std::uint32_t added);

    Vector<Entry> entries_;
};

}  // namespace kernel
