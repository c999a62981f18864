#include "fs/page_cache.hpp"

#include <array>

#include "fs/tmpfs.hpp"

namespace kernel {

namespace {
constinit std::uint64_t resident_of_all = 0;
}

std::uint64_t PageCache::resident_pages() {
    return resident_of_all;
}

PageCache::PageCache(Inode& inode, TmpfsFileSystem& file_system)
    : inode_(&inode), file_system_(&file_system) {}

PageCache::~PageCache() {
    file_system_->uncharge(charged_pages());
    resident_of_all -= tree_pages_;
}

void PageCache::set_backing(std::span<const std::byte> bytes) {
    backing_ = bytes;
    size_ = bytes.size();
    file_system_->charge_unchecked(backing_pages());
}

Result<Page*> PageCache::page_for_write(std::uint64_t index) {
    if (Page* present = tree_.find(index)) {
        return present;
    }
    const bool shadows = index < backing_pages();
    if (!shadows && !file_system_->charge(1)) {
        return Errno(ENOSPC);
    }
    Result<PageRef> made = allocate_page(PageContents::Zero);
    const Result<void> inserted =
        made.is_error() ? Result<void>(made.error()) : tree_.insert(index, made.value());
    if (inserted.is_error()) {
        if (!shadows) {
            file_system_->uncharge(1);
        }
        return inserted.error();
    }
    Page* page = made.value().get();
    if (shadows) {
        const std::size_t offset = index << kPageShift;
        __builtin_memcpy(page->data(), backing_.data() + offset,
                         std::min(kPageSize, backing_.size() - offset));
        shadowed_pages_++;
    }
    tree_pages_++;
    resident_of_all++;
    return page;
}

Result<PageRef> PageCache::page(std::uint64_t index) {
    if (index >= page_ceiling(size_) >> kPageShift) {
        return Errno(EFAULT);
    }
    Page* page = TRY(page_for_write(index));
    page->is_unwritten = false;
    return PageRef(page);
}

void PageCache::note_mapped_write() {
    if (inode_ != nullptr) {
        inode_->touch_modified();
    }
}

std::size_t PageCache::read(IoBuffer& buffer, std::uint64_t position) {
    std::size_t done = 0;
    while (position < size_ && !buffer.is_empty() && !buffer.has_faulted()) {
        const std::size_t in_page = position & kPageMask;
        const std::size_t piece = std::min<std::uint64_t>(kPageSize - in_page, size_ - position);
        std::size_t copied = 0;
        if (Page* page = tree_.find(position >> kPageShift)) {
            copied = buffer.put(page->data() + in_page, piece);
        } else if (position < backing_.size()) {
            copied = buffer.put(backing_.data() + position, std::min(piece, backing_.size() - position));
        } else {
            copied = buffer.put_zeros(piece);
        }
        done += copied;
        position += copied;
    }
    return done;
}

Result<std::size_t> PageCache::write(IoBuffer& buffer, std::uint64_t position) {
    std::size_t done = 0;
    while (!buffer.is_empty() && !buffer.has_faulted()) {
        const std::size_t in_page = position & kPageMask;
        Result<Page*> page = page_for_write(position >> kPageShift);
        if (!page.is_error()) {
            page.value()->is_unwritten = false;
        }
        if (page.is_error()) {
            if (done == 0) {
                return page.error();
            }
            break;
        }
        // The copy may fault on a mapping of this very file: hold the page.
        const PageRef hold(page.value());
        const std::size_t copied = buffer.take(hold->data() + in_page, kPageSize - in_page);
        hold->instruction_coherent = false;
        done += copied;
        position += copied;
        grow_to(copied > 0 ? position : 0);
    }
    return buffer.result(done);
}

void PageCache::grow_to(std::uint64_t size) {
    size_ = std::max(size_, size);
}

void PageCache::erase_pages(std::uint64_t first, std::uint64_t last) {
    const std::uint64_t before = charged_pages();
    tree_.erase(first, last, [this](std::uint64_t index) {
        tree_pages_--;
        resident_of_all--;
        if (index < backing_pages()) {
            shadowed_pages_--;
        }
    });
    file_system_->uncharge(before - charged_pages());
}

void PageCache::clear_in_page(std::uint64_t offset, std::uint64_t length) {
    if (Page* page = tree_.find(offset >> kPageShift)) {
        __builtin_memset(page->data() + (offset & kPageMask), 0, length);
    }
}

void PageCache::truncate(std::uint64_t size) {
    if (size >= size_) {
        size_ = size;
        return;
    }
    const std::uint64_t first_gone = page_ceiling(size) >> kPageShift;
    erase_pages(first_gone, PageTree::kMaximumIndex);
    if (backing_.size() > size) {
        const std::uint64_t before = charged_pages();
        backing_ = backing_.first(size);
        file_system_->uncharge(before - charged_pages());
    }
    if ((size & kPageMask) != 0) {
        clear_in_page(size, kPageSize - (size & kPageMask));
    }
    size_ = size;
    unmap_from(first_gone);
}

Result<void> PageCache::allocate(std::uint64_t offset, std::uint64_t length) {
    const std::uint64_t first = offset >> kPageShift;
    const std::uint64_t last = page_ceiling(offset + length) >> kPageShift;
    // All or nothing, as far as the file system's size goes (Linux mm/shmem.c, shmem_fallocate).
    if (last - first > memory_counts().total_pages) {
        return Errno(file_system_->has_room_for_pages(last - first) ? ENOMEM : ENOSPC);
    }
    std::uint64_t missing = 0;
    for (std::uint64_t index = first; index < last; index++) {
        missing += is_allocated(index) ? 0U : 1U;
    }
    if (!file_system_->has_room_for_pages(missing)) {
        return Errno(ENOSPC);
    }
    for (std::uint64_t index = first; index < last; index++) {
        const bool is_new = !is_allocated(index);
        Page* page = TRY(page_for_write(index));
        page->is_unwritten = page->is_unwritten || is_new;
    }
    return {};
}

Result<void> PageCache::punch_hole(std::uint64_t offset, std::uint64_t length) {
    const std::uint64_t end = offset + length;
    if (offset < backing_.size()) {
        // The backing can only be cut at its end: from the hole on it moves into the tree first.
        const std::uint64_t kept_pages = offset >> kPageShift;
        TRY(allocate(offset, backing_.size() - offset));
        shadowed_pages_ -= backing_pages() - kept_pages;
        backing_ = backing_.first(kept_pages << kPageShift);
    }
    const std::uint64_t first_whole = page_ceiling(offset) >> kPageShift;
    const std::uint64_t end_whole = page_floor(end) >> kPageShift;
    if (is_mapped()) {
        // A mapping may show these pages, and private copies of them must stay, so they are cleared in place.
        for (std::optional<std::uint64_t> index = tree_.next(first_whole); index && *index < end_whole;
             index = tree_.next(*index + 1)) {
            clear_in_page(*index << kPageShift, kPageSize);
        }
    } else if (first_whole < end_whole) {
        erase_pages(first_whole, end_whole - 1);
    }
    if (page_floor(offset) == page_floor(end)) {
        clear_in_page(offset, length);
        return {};
    }
    if ((offset & kPageMask) != 0) {
        clear_in_page(offset, kPageSize - (offset & kPageMask));
    }
    if ((end & kPageMask) != 0) {
        clear_in_page(page_floor(end), end & kPageMask);
    }
    return {};
}

Result<std::uint64_t> PageCache::next_data(std::uint64_t offset) const {
    if (offset >= size_) {
        return Errno(ENXIO);
    }
    const std::uint64_t index = offset >> kPageShift;
    if (index < backing_pages()) {
        return offset;
    }
    std::optional<std::uint64_t> found = tree_.next(index);
    while (found && tree_.find(*found)->is_unwritten) {
        found = tree_.next(*found + 1);
    }
    if (!found || *found << kPageShift >= size_) {
        return Errno(ENXIO);
    }
    return std::max(offset, *found << kPageShift);
}

Result<std::uint64_t> PageCache::next_hole(std::uint64_t offset) const {
    if (offset >= size_) {
        return Errno(ENXIO);
    }
    std::uint64_t index = offset >> kPageShift;
    while (index << kPageShift < size_ && holds_data(index)) {
        index++;
    }
    return std::min(size_, std::max(offset, index << kPageShift));
}

}  // namespace kernel
