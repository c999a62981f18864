#include "fs/access_list.hpp"

#include "fs/inode.hpp"
#include "task/credentials.hpp"

namespace kernel {

namespace {

// Linux include/uapi/linux/posix_acl.h and posix_acl_xattr.h, which include what a kernel's own build has
// not.
constexpr std::uint32_t kVersion = 2;
enum Tag : std::uint16_t {
    kOwner = 0x01,
    kUser = 0x02,
    kOwningGroup = 0x04,
    kGroup = 0x08,
    kMask = 0x10,
    kOthers = 0x20,
};
constexpr std::uint32_t kNobody = 0xffff'ffff;
constexpr std::uint16_t kAllPermissions = 7;

std::uint16_t masked(std::uint16_t permissions, std::uint32_t by) {
    return static_cast<std::uint16_t>(permissions & by);
}

}  // namespace

Result<RefPtr<AccessList>> AccessList::parse(std::span<const std::byte> value) {
    std::uint32_t version = 0;
    if (value.size() < sizeof(version)) {
        return Errno(EINVAL);
    }
    __builtin_memcpy(&version, value.data(), sizeof(version));
    if (version != kVersion) {
        return Errno(EOPNOTSUPP);
    }
    value = value.subspan(sizeof(version));
    if (value.size() % sizeof(Entry) != 0) {
        return Errno(EINVAL);
    }
    if (value.empty()) {
        return RefPtr<AccessList>();
    }
    Ref<AccessList> list = TRY(make_ref<AccessList>());
    for (; !value.empty(); value = value.subspan(sizeof(Entry))) {
        Entry entry;
        __builtin_memcpy(&entry, value.data(), sizeof(entry));
        const bool is_named = entry.tag == kUser || entry.tag == kGroup;
        if (is_named && entry.id == kNobody) {
            return Errno(EINVAL);
        }
        entry.id = is_named ? entry.id : kNobody;
        TRY(list->entries_.push_back(entry));
    }
    return RefPtr<AccessList>(list);
}

Result<void> AccessList::check() const {
    // The tag that has to come next, where that is one of the three that must be there.
    unsigned awaited = kOwner;
    bool needs_mask = false;
    for (const Entry& entry : entries_) {
        const bool in_users = awaited == kOwningGroup;
        const bool in_groups = awaited == kOthers;
        bool fits = false;
        switch (entry.tag) {
            case kOwner:
                fits = awaited == kOwner;
                awaited = kOwningGroup;
                break;
            case kUser:
                fits = in_users;
                needs_mask = true;
                break;
            case kOwningGroup:
                fits = in_users;
                awaited = kOthers;
                break;
            case kGroup:
                fits = in_groups;
                needs_mask = true;
                break;
            case kMask:
                fits = in_groups;
                awaited = kMask;  // only others may follow
                needs_mask = false;
                break;
            case kOthers:
                fits = (in_groups && !needs_mask) || awaited == kMask;
                awaited = 0;
                break;
            default:
                break;
        }
        if (!fits || entry.permissions > kAllPermissions) {
            return Errno(EINVAL);
        }
    }
    return awaited == 0 ? Result<void>() : Result<void>(Errno(EINVAL));
}

Result<void> AccessList::describe(String& out) const {
    TRY(out.append({reinterpret_cast<const char*>(&kVersion), sizeof(kVersion)}));
    return out.append({reinterpret_cast<const char*>(entries_.data()), entries_.size() * sizeof(Entry)});
}

const AccessList::Entry* AccessList::find(unsigned tag) const {
    for (const Entry& entry : entries_) {
        if (entry.tag == tag) {
            return &entry;
        }
    }
    return nullptr;
}

bool AccessList::is_plain() const {
    return find(kUser) == nullptr && find(kGroup) == nullptr && find(kMask) == nullptr;
}

std::uint32_t AccessList::permissions() const {
    const Entry* mask = find(kMask);
    const Entry* group = mask != nullptr ? mask : find(kOwningGroup);
    return static_cast<std::uint32_t>(find(kOwner)->permissions << 6 | group->permissions << 3 |
                                      find(kOthers)->permissions);
}

Result<RefPtr<AccessList>> AccessList::copy() const {
    Ref<AccessList> list = TRY(make_ref<AccessList>());
    for (const Entry& entry : entries_) {
        TRY(list->entries_.push_back(entry));
    }
    return RefPtr<AccessList>(list);
}

void AccessList::change_group_class(std::uint32_t kept, std::uint32_t added) {
    const std::uint16_t tag = find(kMask) != nullptr ? kMask : kOwningGroup;
    for (Entry& entry : entries_) {
        if (entry.tag == tag) {
            entry.permissions = static_cast<std::uint16_t>((entry.permissions & kept) | added);
        }
    }
}

Result<RefPtr<AccessList>> AccessList::with_permissions(std::uint32_t permissions) const {
    RefPtr<AccessList> list = TRY(copy());
    for (Entry& entry : list->entries_) {
        if (entry.tag == kOwner) {
            entry.permissions = masked(kAllPermissions, permissions >> 6);
        } else if (entry.tag == kOthers) {
            entry.permissions = masked(kAllPermissions, permissions);
        }
    }
    list->change_group_class(0, permissions >> 3 & kAllPermissions);
    return list;
}

Result<RefPtr<AccessList>> AccessList::for_new_inode(std::uint32_t permissions) const {
    RefPtr<AccessList> list = TRY(copy());
    for (Entry& entry : list->entries_) {
        if (entry.tag == kOwner) {
            entry.permissions = masked(entry.permissions, permissions >> 6);
        } else if (entry.tag == kOthers) {
            entry.permissions = masked(entry.permissions, permissions);
        }
    }
    list->change_group_class(permissions >> 3, 0);
    return list;
}

bool AccessList::applies(const Entry& entry, const Inode& inode, const Credentials& credentials) {
    switch (entry.tag) {
        case kOwner:
            return inode.attributes.user == credentials.file_system_user;
        case kUser:
            return entry.id == credentials.file_system_user;
        case kOwningGroup:
            return credentials.is_in_group(inode.attributes.group);
        case kGroup:
            return credentials.is_in_group(entry.id);
        default:
            return entry.tag == kOthers;
    }
}

// Linux fs/posix_acl.c, posix_acl_permission: the first entry for the user decides, or else any of the
// groups' that allows it.
Result<void> AccessList::check_permission(const Inode& inode, unsigned wanted,
                                          const Credentials& credentials) const {
    const Entry* mask = find(kMask);
    bool is_in_group = false;
    for (const Entry& entry : entries_) {
        if (!applies(entry, inode, credentials)) {
            continue;
        }
        const bool allows = (wanted & ~unsigned{entry.permissions}) == 0;
        const bool is_group = entry.tag == kOwningGroup || entry.tag == kGroup;
        if (is_group && !allows) {
            is_in_group = true;
            continue;
        }
        if (entry.tag == kOthers && is_in_group) {
            break;
        }
        const bool is_masked = is_group || entry.tag == kUser;
        const unsigned most = is_masked && mask != nullptr ? mask->permissions : kAllPermissions;
        return allows && (wanted & ~most) == 0 ? Result<void>() : Result<void>(Errno(EACCES));
    }
    return Errno(EACCES);
}

}  // namespace kernel
