// Frames by the buddy system: blocks of 2^order frames, split and joined again. Frames above a mark have
// never been used: their Page structures are made 4 MiB at a time as memory is first needed.
#include <array>

#include "arch/include/machine.hpp"
#include "log/print.hpp"
#include "mm/page.hpp"
#include "mm/page_allocator.hpp"

extern "C" void arch_clear_page(void* page);

namespace kernel {

namespace {

constexpr unsigned kOrders = kMaximumOrder + 1;
constexpr std::uint64_t kLargestBlock = std::uint64_t{1} << kMaximumOrder;  // frames

struct FrameRange {
    std::uint64_t first;
    std::uint64_t end;
};

// Frame numbers count from the first frame of RAM, rounded down to the largest block.
constinit std::uint64_t base_frame = 0;
constinit std::uint64_t frame_count = 0;
constinit std::uint64_t fed_frames = 0;  // those below have their Page structures
constinit Page* all_pages = nullptr;
constinit std::array<Page*, kOrders> free_blocks{};
constinit std::array<FrameRange, kMaximumReserved> reserved{};
constinit std::size_t reserved_count = 0;
constinit std::uint64_t usable_frames = 0;
constinit std::uint64_t used_frames = 0;

std::uint64_t index_of(const Page* page) {
    return static_cast<std::uint64_t>(page - all_pages);
}

void push(Page* page, unsigned order) {
    page->use = Page::Use::Free;
    page->order = static_cast<std::uint8_t>(order);
    page->previous = nullptr;
    page->next = free_blocks[order];
    if (page->next != nullptr) {
        page->next->previous = page;
    }
    free_blocks[order] = page;
}

void take(Page* page) {
    if (page->previous != nullptr) {
        page->previous->next = page->next;
    } else {
        free_blocks[page->order] = page->next;
    }
    if (page->next != nullptr) {
        page->next->previous = page->previous;
    }
    page->use = Page::Use::Allocated;
}

void give_back(Page* page, unsigned order) {
    std::uint64_t index = index_of(page);
    while (order < kMaximumOrder) {
        Page* buddy = &all_pages[index ^ (std::uint64_t{1} << order)];
        if (buddy->use != Page::Use::Free || buddy->order != order) {
            break;
        }
        take(buddy);
        buddy->use = Page::Use::Tail;
        all_pages[index].use = Page::Use::Tail;
        index &= ~(std::uint64_t{1} << order);
        ++order;
    }
    push(&all_pages[index], order);
}

bool is_reserved(std::uint64_t first, std::uint64_t end) {
    for (std::size_t i = 0; i < reserved_count; ++i) {
        if (first < reserved[i].end && end > reserved[i].first) {
            return true;
        }
    }
    return false;
}

// Frees a block as a whole, or what of it is neither reserved nor beyond the end.
void feed_block(std::uint64_t first, unsigned order) {
    const std::uint64_t end = first + (std::uint64_t{1} << order);
    if (end <= frame_count && !is_reserved(first, end)) {
        push(&all_pages[first], order);
    } else if (order > 0) {
        feed_block(first, order - 1);
        feed_block(first + (std::uint64_t{1} << (order - 1)), order - 1);
    } else {
        all_pages[first].use = Page::Use::Allocated;
    }
}

// Brings the next 4 MiB of RAM into use. False: there is none.
bool feed() {
    if (fed_frames >= frame_count) {
        return false;
    }
    const std::uint64_t first = fed_frames;
    fed_frames += kLargestBlock;
    for (std::uint64_t i = first; i < fed_frames; ++i) {
        new (&all_pages[i]) Page();
        all_pages[i].use = Page::Use::Tail;
    }
    feed_block(first, kMaximumOrder);
    return true;
}

std::uint64_t overlap(const FrameRange& range) {
    const std::uint64_t end = range.end < frame_count ? range.end : frame_count;
    return end > range.first ? end - range.first : 0;
}

}  // namespace

void set_up_page_allocator(const MemoryLayout& layout) {
    const std::uint64_t alignment = kLargestBlock * kPageSize;
    const std::uint64_t base = layout.ram_start.value() & ~(alignment - 1);
    base_frame = base >> kPageShift;
    frame_count = (page_floor(layout.ram_end.value()) - base) >> kPageShift;
    const auto add = [](std::uint64_t start, std::uint64_t end) {
        KERNEL_ASSERT(reserved_count < kMaximumReserved);
        reserved[reserved_count++] = {(start >> kPageShift) - base_frame,
                                      (page_ceiling(end) >> kPageShift) - base_frame};
    };
    if (layout.ram_start.value() > base) {
        add(base, layout.ram_start.value());
    }
    for (const auto& range : layout.reserved) {
        if (range.end > range.start) {
            add(range.start.value(), range.end.value());
        }
    }
    if (layout.initramfs.end > layout.initramfs.start) {
        add(layout.initramfs.start.value(), layout.initramfs.end.value());
        used_frames = overlap(reserved[reserved_count - 1]);
    }
    // The Page structures: as high as there is room.
    const std::uint64_t size = page_ceiling((frame_count + kLargestBlock) * sizeof(Page));
    std::uint64_t place = page_floor(layout.ram_end.value()) - size;
    for (bool moved = true; moved;) {
        moved = false;
        for (std::size_t i = 0; i < reserved_count; ++i) {
            const std::uint64_t start = (reserved[i].first + base_frame) << kPageShift;
            const std::uint64_t end = (reserved[i].end + base_frame) << kPageShift;
            if (place < end && place + size > start) {
                place = start - size;
                moved = true;
            }
        }
    }
    add(place, place + size);
    all_pages = reinterpret_cast<Page*>(arch::linear_address(PhysicalAddress(place)));
    usable_frames = frame_count;
    for (std::size_t i = 0; i < reserved_count; ++i) {
        usable_frames -= overlap(reserved[i]);
    }
    usable_frames += used_frames;
}

Page* allocate_pages(unsigned order) {
    if (order > kMaximumOrder) {
        return nullptr;
    }
    unsigned from = order;
    while (free_blocks[from] == nullptr) {
        if (++from == kOrders) {
            if (!feed()) {
                return nullptr;
            }
            from = order;
        }
    }
    Page* page = free_blocks[from];
    take(page);
    while (from > order) {
        --from;
        push(page + (std::uint64_t{1} << from), from);
    }
    page->order = static_cast<std::uint8_t>(order);
    page->references = 1;
    page->instruction_coherent = false;
    page->is_unwritten = false;
    used_frames += std::uint64_t{1} << order;
    return page;
}

void free_pages(Page* page) {
    used_frames -= std::uint64_t{1} << page->order;
    give_back(page, page->order);
}

Result<PageRef> allocate_page(PageContents contents) {
    Page* page = allocate_pages(0);
    if (page == nullptr) {
        return Errno(ENOMEM);
    }
    if (contents == PageContents::Zero) {
        arch_clear_page(page->data());
    }
    return PageRef::adopt(page);
}

void Page::release() {
    free_pages(this);
}

PhysicalAddress Page::physical_address() const {
    return PhysicalAddress((index_of(this) + base_frame) << kPageShift);
}

std::byte* Page::data() const {
    return arch::linear_address(physical_address());
}

Page* page_of(PhysicalAddress address) {
    return &all_pages[(address.value() >> kPageShift) - base_frame];
}

Page* page_of(const void* data) {
    return page_of(arch::physical_address(data));
}

MemoryCounts memory_counts() {
    return {.total_pages = usable_frames, .free_pages = usable_frames - used_frames};
}

}  // namespace kernel
