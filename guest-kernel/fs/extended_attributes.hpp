// Extended attributes (man 7 xattr), as file systems that live in memory keep them (Linux fs/xattr.c).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/access_list.hpp"
#include "fs/path.hpp"
#include "lib/string.hpp"
#include "lib/vector.hpp"

namespace kernel {

class Task;

// Which attributes the files of a file system can have.
enum class AttributeSupport {
    None,
    Names,           // trusted.* and security.*
    NamesAndAccess,  // also access lists: system.posix_acl_*
};

// Those of one inode.
class ExtendedAttributes {
  public:
    // XATTR_CREATE, XATTR_REPLACE.
    Result<void> set(std::string_view name, std::string_view value, unsigned flags);
    // ENODATA: there is none.
    Result<std::string_view> get(std::string_view name) const;
    Result<void> remove(std::string_view name);
    // The names, each with a NUL behind it, newest first as Linux lists them.
    Result<void> list(bool with_trusted, String& out) const;

    RefPtr<AccessList> access;          // null: permission bits say all
    RefPtr<AccessList> default_access;  // of a directory: what new entries get

  private:
    struct Attribute {
        String name;
        String value;
    };
    Attribute* find(std::string_view name);

    Vector<Attribute> attributes_;  // oldest first
};

// What the system calls do once they have the file, with Linux's order of errors.
Result<void> set_attribute(Task& task, const Path& path, std::string_view name, std::string_view value,
                           unsigned flags);
// Appends the value.
Result<void> get_attribute(Task& task, Inode& inode, std::string_view name, String& out);
Result<void> list_attributes(Task& task, Inode& inode, String& out);
Result<void> remove_attribute(Task& task, const Path& path, std::string_view name);

// The permission bits of a new inode, and its access lists: the umask's work, or that of the directory's
// default list. `made` has the bits that the program asked for.
Result<void> inherit_permissions(const Inode& directory, Inode& made, unsigned umask);
// chmod's effect on an access list. ENOMEM.
Result<void> change_access_list(Inode& inode, std::uint32_t permissions);
// What a write or a truncation takes from a program: its capabilities, and its set-id bits unless the current
// task has CAP_FSETID (Linux fs/inode.c, file_remove_privs).
void drop_privileges(Inode& inode);
// The capabilities alone.
void drop_capability_attribute(Inode& inode);

}  // namespace kernel
