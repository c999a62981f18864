#include "mm/shared_memory.hpp"

namespace kernel {

namespace {

constinit std::uint64_t last_inode = 0;

}  // namespace

SharedMemory::SharedMemory(std::uint64_t pages) : page_count_(pages), inode_(++last_inode) {}

Result<PageRef> SharedMemory::page(std::uint64_t index) {
    if (index >= page_count_) {
        return Errno(EFAULT);
    }
    if (Page* page = pages_.find(index)) {
        return PageRef(page);
    }
    PageRef page = TRY(allocate_page(PageContents::Zero));
    TRY(pages_.insert(index, page));
    return page;
}

void SharedMemory::remove(std::uint64_t first, std::uint64_t last) {
    pages_.erase(first, last, [](std::uint64_t) {});
    unmap_from(first);  // what is behind is found again at its next use
}

}  // namespace kernel
