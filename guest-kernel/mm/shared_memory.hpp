// Anonymous memory that processes share: MAP_SHARED | MAP_ANONYMOUS.
#pragma once

#include <cstdint>

#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "mm/memory_object.hpp"
#include "mm/page_tree.hpp"

namespace kernel {

// Every page reads as zeroes first. /proc/<pid>/maps shows it as "/dev/zero (deleted)".
class SharedMemory final : public MemoryObject {
  public:
    explicit SharedMemory(std::uint64_t pages);
    Result<PageRef> page(std::uint64_t index) override;
    Page* present_page(std::uint64_t index) override { return pages_.find(index); }
    // Drops the pages [first, last]: they read as zeroes from now on.
    void remove(std::uint64_t first, std::uint64_t last);
    std::uint64_t anonymous_inode() const override { return inode_; }

  private:
    PageTree pages_;
    std::uint64_t page_count_;
    std::uint64_t inode_;
};

}  // namespace kernel
