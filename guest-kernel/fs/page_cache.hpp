// The contents of a regular file in memory: the pages that read, write and all mappings share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "fs/inode.hpp"
#include "fs/io_buffer.hpp"
#include "mm/memory_object.hpp"
#include "mm/page_tree.hpp"

namespace kernel {

class TmpfsFileSystem;

class PageCache final : public MemoryObject {
  public:
    // The inode is told of writes through mappings until it calls forget_inode.
    PageCache(Inode& inode, TmpfsFileSystem& file_system);
    ~PageCache() override;
    void forget_inode() { inode_ = nullptr; }

    // The file begins as these bytes, which stay where they are and are copied page by page only when they
    // are mapped or written. They must outlive the kernel. Precondition: empty.
    void set_backing(std::span<const std::byte> bytes);

    std::uint64_t size() const { return size_; }
    // Pages that count as allocated, those that only stand in the backing included.
    std::uint64_t charged_pages() const { return tree_pages_ + backing_pages() - shadowed_pages_; }

    Result<PageRef> page(std::uint64_t index) override;
    Page* present_page(std::uint64_t index) override { return tree_.find(index); }
    void note_mapped_write() override;

    // Bytes from `position` on, up to the end; holes read as zeroes. Returns how many bytes it read.
    std::size_t read(IoBuffer& buffer, std::uint64_t position);
    // Grows the file as needed. How many bytes went, ENOSPC, ENOMEM.
    Result<std::size_t> write(IoBuffer& buffer, std::uint64_t position);
    void truncate(std::uint64_t size);
    // Allocates the pages of a range without changing contents or size (fallocate).
    Result<void> allocate(std::uint64_t offset, std::uint64_t length);
    // Makes a range zero, and gives its whole pages back unless the file is mapped. ENOMEM (nothing has
    // changed then).
    Result<void> punch_hole(std::uint64_t offset, std::uint64_t length);
    void grow_to(std::uint64_t size);

    // The first byte >= offset that is in an allocated page, or in a hole (the end counts as one): lseek.
    // ENXIO: offset is beyond the end, or no data follow.
    Result<std::uint64_t> next_data(std::uint64_t offset) const;
    Result<std::uint64_t> next_hole(std::uint64_t offset) const;

    // Pages of all files that take memory, and do not only stand in a backing.
    static std::uint64_t resident_pages();

  private:
    std::uint64_t backing_pages() const { return page_ceiling(backing_.size()) >> kPageShift; }
    bool is_allocated(std::uint64_t index) const {
        return index < backing_pages() || tree_.find(index) != nullptr;
    }
    // To lseek, pages that fallocate has set aside are holes (Linux mm/filemap.c, mapping_seek_hole_data).
    bool holds_data(std::uint64_t index) const {
        const Page* page = tree_.find(index);
        return page != nullptr ? !page->is_unwritten : index < backing_pages();
    }
    Result<Page*> page_for_write(std::uint64_t index);
    void erase_pages(std::uint64_t first, std::uint64_t last);
    // Zeroes bytes of one page if it is there. Precondition: the range lies within the page.
    void clear_in_page(std::uint64_t offset, std::uint64_t length);

    PageTree tree_;
    std::uint64_t size_ = 0;
    std::uint64_t tree_pages_ = 0;
    std::uint64_t shadowed_pages_ = 0;  // pages of the tree that stand before one of the backing
    std::span<const std::byte> backing_;
    Inode* inode_;
    Ref<TmpfsFileSystem> file_system_;
};

}  // namespace kernel
