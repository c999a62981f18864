#include "fs/extended_attributes.hpp"

#include <linux/capability.h>
#include <linux/inotify.h>
#include <linux/xattr.h>

#include "fs/file_system.hpp"
#include "fs/namespace.hpp"
#include "fs/notify.hpp"
#include "fs/path_walk.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::string_view kAccessName = "system.posix_acl_access";
constexpr std::string_view kDefaultName = "system.posix_acl_default";
constexpr std::string_view kCapabilityName = "security.capability";
constexpr std::string_view kSignatureName = "security.evm";

bool is_access_name(std::string_view name) {
    return name == kAccessName || name == kDefaultName;
}

enum class Change { No, Yes };

// Linux fs/xattr.c, xattr_permission.
Result<void> check_attribute_access(const Task& task, const Inode& inode, std::string_view name,
                                    Change change) {
    if (name.starts_with(XATTR_SECURITY_PREFIX) || name.starts_with(XATTR_SYSTEM_PREFIX)) {
        return {};
    }
    const Errno refusal(change == Change::Yes ? EPERM : ENODATA);
    if (name.starts_with(XATTR_TRUSTED_PREFIX)) {
        return task.credentials.has(CAP_SYS_ADMIN) ? Result<void>() : Result<void>(refusal);
    }
    if (name.starts_with(XATTR_USER_PREFIX)) {
        if (!inode.is_regular() && !inode.is_directory()) {
            return refusal;
        }
        const bool is_sticky = inode.is_directory() && (inode.attributes.mode & S_ISVTX) != 0;
        if (is_sticky && change == Change::Yes &&
            task.credentials.file_system_user != inode.attributes.user && !task.credentials.has(CAP_FOWNER)) {
            return Errno(EPERM);
        }
    }
    return check_permission(inode, change == Change::Yes ? kMayWrite : kMayRead, task.credentials);
}

// Does the file system take the name (Linux xattr_resolve_name)? EOPNOTSUPP, or EINVAL for a prefix alone.
Result<void> check_known(Inode& inode, std::string_view name, Change change) {
    const AttributeSupport support = inode.file_system().attribute_support();
    if (support == AttributeSupport::None) {
        return Errno(EOPNOTSUPP);
    }
    if (support == AttributeSupport::NamesAndAccess && is_access_name(name)) {
        return {};
    }
    for (const std::string_view prefix : {XATTR_TRUSTED_PREFIX, XATTR_SECURITY_PREFIX}) {
        if (name == prefix) {
            return Errno(EINVAL);
        }
        if (name.starts_with(prefix)) {
            return {};
        }
    }
    // sysfs looks for user.*, which it lets nobody set (Linux fs/kernfs/inode.c).
    const bool is_missing =
        support == AttributeSupport::Names && change == Change::No && name.starts_with(XATTR_USER_PREFIX);
    return Errno(is_missing ? ENODATA : EOPNOTSUPP);
}

Result<ExtendedAttributes*> attributes_of(Inode& inode) {
    if (inode.extended == nullptr) {
        inode.extended = new (std::nothrow) ExtendedAttributes;
        if (inode.extended == nullptr) {
            return Errno(ENOMEM);
        }
    }
    return inode.extended;
}

// The capabilities of a program have a form and need a right (Linux security/commoncap.c,
// cap_convert_nscap). For all other names of security.* Debian's kernel asks no right: its BPF module answers
// before commoncap does.
Result<void> check_capability_value(const Task& task, std::string_view value) {
    std::uint32_t magic = 0;
    if (value.size() >= sizeof(magic)) {
        __builtin_memcpy(&magic, value.data(), sizeof(magic));
    }
    const std::uint32_t revision = magic & VFS_CAP_REVISION_MASK;
    const bool is_valid = (revision == VFS_CAP_REVISION_2 && value.size() == XATTR_CAPS_SZ_2) ||
                          (revision == VFS_CAP_REVISION_3 && value.size() == XATTR_CAPS_SZ_3);
    if (!is_valid) {
        return Errno(EINVAL);
    }
    return task.credentials.has(CAP_SETFCAP) ? Result<void>() : Result<void>(Errno(EPERM));
}

// The signature of a file's attributes comes from the kernel or with a key (Linux
// security/integrity/evm/evm_main.c, evm_inode_setxattr).
Result<void> check_signature_value(std::string_view value) {
    constexpr char kSigned = 3;          // EVM_IMA_XATTR_DIGSIG
    constexpr char kSignedPortably = 5;  // EVM_XATTR_PORTABLE_DIGSIG
    if (value.empty()) {
        return Errno(EINVAL);
    }
    const bool is_signed = value.front() == kSigned || value.front() == kSignedPortably;
    return is_signed ? Result<void>() : Result<void>(Errno(EPERM));
}

Result<void> check_value(const Task& task, std::string_view name, std::string_view value) {
    if (name == kCapabilityName && !value.empty()) {
        return check_capability_value(task, value);
    }
    return name == kSignatureName ? check_signature_value(value) : Result<void>();
}

void set_permissions(const Task& task, Inode& inode, std::uint32_t permissions) {
    std::uint32_t mode = (inode.attributes.mode & ~0777U) | permissions;
    if (!task.credentials.is_in_group(inode.attributes.group) && !task.credentials.has(CAP_FSETID)) {
        mode &= ~static_cast<std::uint32_t>(S_ISGID);
    }
    inode.attributes.mode = mode;
}

// Linux fs/posix_acl.c, set_posix_acl and simple_set_acl. A null list removes.
Result<void> set_access_list(const Task& task, Inode& inode, std::string_view name, RefPtr<AccessList> list) {
    if (inode.is_symlink()) {
        return Errno(EOPNOTSUPP);
    }
    const bool is_default = name == kDefaultName;
    if (is_default && !inode.is_directory()) {
        return list ? Result<void>(Errno(EACCES)) : Result<void>();
    }
    if (task.credentials.file_system_user != inode.attributes.user && !task.credentials.has(CAP_FOWNER)) {
        return Errno(EPERM);
    }
    ExtendedAttributes* kept = TRY(attributes_of(inode));
    if (list) {
        TRY(list->check());
    }
    if (is_default) {
        kept->default_access = std::move(list);
    } else {
        set_permissions(task, inode, list ? list->permissions() : inode.attributes.mode & 0777);
        kept->access = list && list->is_plain() ? RefPtr<AccessList>() : std::move(list);
    }
    inode.touch_changed();
    return {};
}

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace

ExtendedAttributes::Attribute* ExtendedAttributes::find(std::string_view name) {
    for (Attribute& attribute : attributes_) {
        if (attribute.name == name) {
            return &attribute;
        }
    }
    return nullptr;
}

Result<void> ExtendedAttributes::set(std::string_view name, std::string_view value, unsigned flags) {
    Attribute* present = find(name);
    if (present != nullptr && (flags & XATTR_CREATE) != 0) {
        return Errno(EEXIST);
    }
    if (present == nullptr && (flags & XATTR_REPLACE) != 0) {
        return Errno(ENODATA);
    }
    String copy = TRY(String::copy_of(value));
    if (present != nullptr) {
        present->value = std::move(copy);
        return {};
    }
    return attributes_.push_back({.name = TRY(String::copy_of(name)), .value = std::move(copy)});
}

Result<std::string_view> ExtendedAttributes::get(std::string_view name) const {
    for (const Attribute& attribute : attributes_) {
        if (attribute.name == name) {
            return attribute.value.view();
        }
    }
    return Errno(ENODATA);
}

Result<void> ExtendedAttributes::remove(std::string_view name) {
    Attribute* present = find(name);
    if (present == nullptr) {
        return Errno(ENODATA);
    }
    attributes_.erase(static_cast<std::size_t>(present - attributes_.begin()));
    return {};
}

Result<void> ExtendedAttributes::list(bool with_trusted, String& out) const {
    constexpr std::string_view kEnd("\0", 1);
    for (const auto& [list, name] :
         {std::pair(access.get(), kAccessName), std::pair(default_access.get(), kDefaultName)}) {
        if (list != nullptr) {
            TRY(out.append(name));
            TRY(out.append(kEnd));
        }
    }
    for (std::size_t i = attributes_.size(); i-- > 0;) {
        const std::string_view name = attributes_[i].name.view();
        if (with_trusted || !name.starts_with(XATTR_TRUSTED_PREFIX)) {
            TRY(out.append(name));
            TRY(out.append(kEnd));
        }
    }
    return {};
}

Result<void> set_attribute(Task& task, const Path& path, std::string_view name, std::string_view value,
                           unsigned flags) {
    Inode& inode = path.inode();
    TRY(check_value(task, name, value));
    TRY(check_attribute_access(task, inode, name, Change::Yes));
    TRY(check_known(inode, name, Change::Yes));
    if (is_access_name(name)) {
        TRY(set_access_list(task, inode, name, TRY(AccessList::parse(bytes_of(value)))));
    } else {
        TRY(TRY(attributes_of(inode))->set(name, value, flags));
        inode.touch_changed();
    }
    notify_path(path, IN_ATTRIB);
    return {};
}

Result<void> get_attribute(Task& task, Inode& inode, std::string_view name, String& out) {
    TRY(check_attribute_access(task, inode, name, Change::No));
    TRY(check_known(inode, name, Change::No));
    if (is_access_name(name) && inode.is_symlink()) {
        return Errno(EOPNOTSUPP);
    }
    if (inode.extended == nullptr) {
        return Errno(ENODATA);
    }
    if (is_access_name(name)) {
        const RefPtr<AccessList>& list =
            name == kAccessName ? inode.extended->access : inode.extended->default_access;
        return list ? list->describe(out) : Result<void>(Errno(ENODATA));
    }
    return out.append(TRY(inode.extended->get(name)));
}

Result<void> list_attributes(Task& task, Inode& inode, String& out) {
    if (inode.extended == nullptr) {
        return {};
    }
    return inode.extended->list(task.credentials.has(CAP_SYS_ADMIN), out);
}

Result<void> remove_attribute(Task& task, const Path& path, std::string_view name) {
    Inode& inode = path.inode();
    TRY(check_attribute_access(task, inode, name, Change::Yes));
    TRY(check_known(inode, name, Change::Yes));
    if (is_access_name(name)) {
        TRY(set_access_list(task, inode, name, {}));
    } else {
        TRY(TRY(attributes_of(inode))->remove(name));
        inode.touch_changed();
    }
    notify_path(path, IN_ATTRIB);
    return {};
}

// Linux fs/posix_acl.c, posix_acl_create.
Result<void> inherit_permissions(const Inode& directory, Inode& made, unsigned umask) {
    const RefPtr<AccessList> given =
        directory.extended != nullptr ? directory.extended->default_access : RefPtr<AccessList>();
    if (!given || made.is_symlink()) {
        made.attributes.mode &= ~static_cast<std::uint32_t>(umask & 0777);
        return {};
    }
    ExtendedAttributes* kept = TRY(attributes_of(made));
    RefPtr<AccessList> list = TRY(given->for_new_inode(made.attributes.mode));
    made.attributes.mode = (made.attributes.mode & ~0777U) | list->permissions();
    kept->access = list->is_plain() ? RefPtr<AccessList>() : std::move(list);
    kept->default_access = made.is_directory() ? given : RefPtr<AccessList>();
    return {};
}

Result<void> change_access_list(Inode& inode, std::uint32_t permissions) {
    if (inode.extended != nullptr && inode.extended->access) {
        inode.extended->access = TRY(inode.extended->access->with_permissions(permissions));
    }
    return {};
}

void drop_capability_attribute(Inode& inode) {
    if (inode.extended != nullptr) {
        static_cast<void>(inode.extended->remove(kCapabilityName));
    }
}

void drop_privileges(Inode& inode) {
    if (!Task::current().credentials.has(CAP_FSETID)) {
        const bool group_executes = (inode.attributes.mode & S_IXGRP) != 0;
        inode.attributes.mode &= ~static_cast<std::uint32_t>(S_ISUID | (group_executes ? S_ISGID : 0));
    }
    drop_capability_attribute(inode);
}

}  // namespace kernel
