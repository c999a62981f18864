#include "fs/dentry.hpp"

#include <new>

#include "fs/notify.hpp"
#include "log/print.hpp"

namespace kernel {

namespace {

constexpr std::size_t kBucketCount = 1024;
using Bucket = List<Dentry, HashBucket>;
Bucket* buckets = nullptr;
std::uint64_t next_serial = 1;

Bucket& bucket_of(const Dentry* parent, std::string_view name) {
    std::uint64_t hash = reinterpret_cast<std::uintptr_t>(parent) >> 4;
    for (const char byte : name) {
        hash = hash * 31 + static_cast<unsigned char>(byte);
    }
    return buckets[hash % kBucketCount];
}

}  // namespace

Result<void> initialize_dentries() {
    buckets = new (std::nothrow) Bucket[kBucketCount];
    if (buckets == nullptr) {
        return Errno(ENOMEM);
    }
    return {};
}

Dentry::Dentry(Ref<Dentry> parent, String name, Ref<Inode> inode)
    : parent_(std::move(parent)), name_(std::move(name)), inode_(std::move(inode)) {}

// A chain of deleted directories can be long: it is taken down step by step, not by nested destructors.
Dentry::~Dentry() {
    if (deleted_ && inode_->attributes.link_count == 0) {
        notify_inode_removed(*inode_);
    }
    Ref<Dentry> next = std::move(parent_);
    while (next && next->reference_count() == 1) {
        Ref<Dentry> above = std::move(next->parent_);
        next = std::move(above);
    }
}

void Dentry::drop_tree() {
    Dentry* place = this;
    for (;;) {
        while (Dentry* child = place->children_.first()) {
            place = child;
        }
        if (place == this) {
            return;
        }
        Dentry* above = place->parent();
        place->remove();
        place = above;
    }
}

Result<Ref<Dentry>> Dentry::make_root(Ref<Inode> inode) {
    return make_ref<Dentry>(Ref<Dentry>(), String(), std::move(inode));
}

Result<Ref<Dentry>> Dentry::make(Dentry& parent, std::string_view name, Ref<Inode> inode) {
    String copy = TRY(String::copy_of(name));
    return make_ref<Dentry>(Ref<Dentry>(&parent), std::move(copy), std::move(inode));
}

Result<Ref<Dentry>> Dentry::make_deleted(Dentry& parent, std::string_view name, Ref<Inode> inode) {
    Ref<Dentry> entry = TRY(make(parent, name, std::move(inode)));
    entry->deleted_ = true;
    return entry;
}

bool Dentry::is_within(const Dentry& ancestor) const {
    const Dentry* place = this;
    while (place != nullptr && place != &ancestor) {
        place = place->parent();
    }
    return place != nullptr;
}

void Dentry::insert() {
    serial_ = next_serial++;
    parent_->children_.push_front(*this);
    bucket_of(parent_.get(), name()).push_front(*this);
    linked_ = true;
}

void Dentry::remove() {
    ListNode<Siblings>::unlink();
    ListNode<HashBucket>::unlink();
    linked_ = false;
    drop_reference();
}

void Dentry::link() {
    add_reference();
    insert();
}

void Dentry::unlink() {
    KERNEL_ASSERT(linked_);
    deleted_ = true;
    remove();
}

void Dentry::move_to(Dentry& new_parent, String new_name) {
    KERNEL_ASSERT(linked_);
    ListNode<Siblings>::unlink();
    ListNode<HashBucket>::unlink();
    parent_ = Ref<Dentry>(&new_parent);
    name_ = std::move(new_name);
    insert();
}

void Dentry::exchange(Dentry& first, Dentry& second) {
    for (Dentry* entry : {&first, &second}) {
        KERNEL_ASSERT(entry->linked_);
        entry->ListNode<Siblings>::unlink();
        entry->ListNode<HashBucket>::unlink();
    }
    std::swap(first.parent_, second.parent_);
    std::swap(first.name_, second.name_);
    first.insert();
    second.insert();
}

Dentry* Dentry::find_child(std::string_view name) const {
    for (Dentry& entry : bucket_of(this, name)) {
        if (entry.parent_.get() == this && entry.name() == name) {
            return &entry;
        }
    }
    return nullptr;
}

}  // namespace kernel
