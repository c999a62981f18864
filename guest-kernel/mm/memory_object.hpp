// What can be mapped: pages by index, from a file's page cache or from shared anonymous memory.
#pragma once

#include <cstdint>

#include "lib/list.hpp"
#include "lib/ref.hpp"
#include "lib/result.hpp"
#include "mm/page.hpp"

namespace kernel {

class Mapping;

// One mapped region in an object's list.
struct MappingOfObject {};

class MemoryObject : public RefCounted {
  public:
    // The page that holds bytes [index * 4096, …) of the object, made if it does not exist yet (a hole reads
    // as zeroes). All mappings and read/write share it. Must not block. ENOMEM; EFAULT past the end: the
    // program gets SIGBUS then.
    virtual Result<PageRef> page(std::uint64_t index) = 0;

    // The same, if it exists; null: it does not.
    virtual Page* present_page(std::uint64_t index) = 0;
    // The inode number that maps shows for memory that no file holds; 0: there is a file, or nothing to show.
    virtual std::uint64_t anonymous_inode() const { return 0; }

    // A mapping of the object was written to: mmap'ed writes change a file's times. Called once for each page
    // and fault.
    virtual void note_mapped_write() {}

    // Takes the pages with index >= first out of every address space that maps them (truncate calls this
    // after it dropped its own references). Private copies of those pages go too, as Linux's
    // unmap_mapping_range does with even_cows.
    void unmap_from(std::uint64_t first_index);

    void add_mapping(Mapping& mapping);
    bool is_mapped() { return !mappings_.is_empty(); }
    // Is there a shared mapping that is writable, or may become so by mprotect (Linux's i_mmap_writable)?
    bool has_shared_writable_mapping();

  private:
    List<Mapping, MappingOfObject> mappings_;
};

}  // namespace kernel
