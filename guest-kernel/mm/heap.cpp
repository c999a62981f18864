// The kernel's heap, behind operator new: small objects from pages of one size class each, large ones in
// whole blocks of pages. Only the nothrow forms exist: without memory they are null.
#include <array>
#include <bit>
#include <new>

#include "log/print.hpp"
#include "mm/page.hpp"

namespace kernel {

namespace {

constexpr std::array<std::uint16_t, 13> kSizes = {16,  32,  48,  64,  96,   128, 192,
                                                  256, 384, 512, 768, 1024, 2048};

// Pages of each class that have a free object, the most recent first.
constinit std::array<Page*, kSizes.size()> partial{};

struct FreeObject {
    FreeObject* next;
};

std::uint8_t class_of(std::size_t size) {
    std::uint8_t index = 0;
    while (kSizes[index] < size) {
        ++index;
    }
    return index;
}

void link(Page* page) {
    page->previous = nullptr;
    page->next = partial[page->size_class];
    if (page->next != nullptr) {
        page->next->previous = page;
    }
    partial[page->size_class] = page;
}

void unlink(Page* page) {
    if (page->previous != nullptr) {
        page->previous->next = page->next;
    } else {
        partial[page->size_class] = page->next;
    }
    if (page->next != nullptr) {
        page->next->previous = page->previous;
    }
}

Page* new_slab(std::uint8_t size_class) {
    Page* page = allocate_pages(0);
    if (page == nullptr) {
        return nullptr;
    }
    page->use = Page::Use::Slab;
    page->size_class = size_class;
    page->objects_in_use = 0;
    page->free_objects = nullptr;
    const std::size_t size = kSizes[size_class];
    for (std::size_t offset = 0; offset + size <= kPageSize; offset += size) {
        page->free_objects =
            new (page->data() + offset) FreeObject{static_cast<FreeObject*>(page->free_objects)};
    }
    link(page);
    return page;
}

void* allocate_small(std::size_t size) {
    const std::uint8_t size_class = class_of(size);
    Page* page = partial[size_class] != nullptr ? partial[size_class] : new_slab(size_class);
    if (page == nullptr) {
        return nullptr;
    }
    auto* object = static_cast<FreeObject*>(page->free_objects);
    KERNEL_ASSERT(object != nullptr);
    page->free_objects = object->next;
    ++page->objects_in_use;
    if (page->free_objects == nullptr) {
        unlink(page);
    }
    return object;
}

void free_small(Page* page, void* pointer) {
    const bool was_full = page->free_objects == nullptr;
    page->free_objects = new (pointer) FreeObject{static_cast<FreeObject*>(page->free_objects)};
    if (was_full) {
        link(page);
    }
    if (--page->objects_in_use == 0) {
        unlink(page);
        page->use = Page::Use::Allocated;
        free_pages(page);
    }
}

void* allocate(std::size_t size) {
    if (size <= kSizes.back()) {
        return allocate_small(size);
    }
    const std::size_t page_count = (size + kPageMask) >> kPageShift;
    Page* page = allocate_pages(static_cast<unsigned>(std::bit_width(page_count - 1)));
    return page == nullptr ? nullptr : page->data();
}

void release(void* pointer) {
    if (pointer == nullptr) {
        return;
    }
    Page* page = page_of(pointer);
    if (page->use == Page::Use::Slab) {
        free_small(page, pointer);
    } else {
        KERNEL_ASSERT(page->use == Page::Use::Allocated);
        free_pages(page);
    }
}

}  // namespace

}  // namespace kernel

void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
    return kernel::allocate(size);
}
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept {
    return kernel::allocate(size);
}
// Classes need at most 16-byte alignment (FloatingPointState), which objects whose size is a multiple of 16
// have.
void* operator new(std::size_t size, std::align_val_t, const std::nothrow_t&) noexcept {
    return kernel::allocate(size);
}
void operator delete(void* pointer) noexcept {
    kernel::release(pointer);
}
void operator delete[](void* pointer) noexcept {
    kernel::release(pointer);
}
void operator delete(void* pointer, std::size_t) noexcept {
    kernel::release(pointer);
}
void operator delete[](void* pointer, std::size_t) noexcept {
    kernel::release(pointer);
}
void operator delete(void* pointer, const std::nothrow_t&) noexcept {
    kernel::release(pointer);
}
void operator delete(void* pointer, std::align_val_t) noexcept {
    kernel::release(pointer);
}
void operator delete(void* pointer, std::size_t, std::align_val_t) noexcept {
    kernel::release(pointer);
}

namespace std {
const nothrow_t nothrow{};
}  // namespace std
