// Names: the tree of directory entries.
#pragma once

#include <cstdint>
#include <string_view>

#include "fs/inode.hpp"
#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "lib/string.hpp"

namespace kernel {

// Tags of the lists a Dentry is in.
struct Siblings {};
struct HashBucket {};

// One name of an inode. For file systems that live in memory the dentries are the directory: link() makes the
// parent hold a reference. Each lookup makes a new entry of a dynamic directory (procfs), which lives as long
// as it is used. A dentry keeps its parent alive, so ".." always works.
class Dentry : public RefCounted, public ListNode<Siblings>, public ListNode<HashBucket> {
  public:
    using ChildList = List<Dentry, Siblings>;

    Dentry(Ref<Dentry> parent, String name, Ref<Inode> inode);
    ~Dentry() override;

    // A root: no parent, no name.
    static Result<Ref<Dentry>> make_root(Ref<Inode> inode);
    // An entry that is not linked (yet).
    static Result<Ref<Dentry>> make(Dentry& parent, std::string_view name, Ref<Inode> inode);
    // An entry that counts as removed from the start (O_TMPFILE, memfd_create).
    static Result<Ref<Dentry>> make_deleted(Dentry& parent, std::string_view name, Ref<Inode> inode);

    Inode& inode() const { return *inode_; }
    const Ref<Inode>& inode_ref() const { return inode_; }
    Dentry* parent() const { return parent_.get(); }
    std::string_view name() const { return name_.view(); }
    bool is_root() const { return !parent_; }
    // The entry has been removed; the object may live on.
    bool is_deleted() const { return deleted_; }
    // Is this `ancestor` itself, or somewhere below it?
    bool is_within(const Dentry& ancestor) const;

    // Puts this into its parent's directory. Precondition: no entry of the name is there.
    void link();
    // Takes this out of its parent's directory. Precondition: linked.
    void unlink();
    // Moves a linked entry. Precondition: no entry of the new name is in the new parent.
    void move_to(Dentry& new_parent, String new_name);
    // Exchanges the places of two linked entries.
    static void exchange(Dentry& first, Dentry& second);

    // Unlinks everything below: the end of a file system.
    void drop_tree();

    // The linked entry of a name, or null.
    Dentry* find_child(std::string_view name) const;
    bool has_children() { return !children_.is_empty(); }
    // Newest first, which is the order in which Linux's dcache_readdir lists a tmpfs.
    ChildList& children() { return children_; }
    // Grows from entry to entry of all directories: what a reader of a directory remembers to go on from.
    std::uint64_t serial() const { return serial_; }

    // How many mounts stand on this dentry.
    std::uint32_t mount_count = 0;

  private:
    void insert();
    void remove();

    Ref<Dentry> parent_;
    String name_;
    Ref<Inode> inode_;
    ChildList children_;
    std::uint64_t serial_ = 0;
    bool linked_ = false;
    bool deleted_ = false;
};

// Sets up the hash table of names. Once, before the first mount.
Result<void> initialize_dentries();

}  // namespace kernel
