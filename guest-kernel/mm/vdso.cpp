#include "mm/vdso.hpp"

#include <linux/elf.h>
#include <linux/mman.h>

#include <array>

#include "lib/memory.hpp"
#include "mm/address_space.hpp"
#include "time/clock_setup.hpp"
#include "time/vdso_data.h"

extern "C" {
extern const std::byte vdso_image_start[];
extern const std::byte vdso_image_end[];
}

namespace kernel {

namespace {

// As Linux 6.1: data, and a page for time namespaces that holds nothing; then one page of code.
constexpr std::uint64_t kDataPages = 2;
constexpr std::uint64_t kCodePages = 1;

// Pages that exist once for all programs.
class FixedPages final : public MemoryObject {
  public:
    explicit FixedPages(PageRef page) : page_(std::move(page)) {}
    Result<PageRef> page(std::uint64_t index) override {
        return index == 0 ? Result<PageRef>(page_) : Result<PageRef>(Errno(EFAULT));
    }
    Page* present_page(std::uint64_t index) override { return index == 0 ? page_.get() : nullptr; }
    std::byte* data() { return page_->data(); }

  private:
    PageRef page_;
};

Ref<FixedPages>& data_pages() {
    static Ref<FixedPages> pages;
    return pages;
}

Ref<FixedPages>& code_pages() {
    static Ref<FixedPages> pages;
    return pages;
}

Result<void> map_part(AddressSpace& space, std::uint64_t address, std::uint64_t pages, RegionName name,
                      int protection, const Ref<FixedPages>& object) {
    MappingAttributes attributes;
    attributes.protection = protection;
    attributes.fixed_pages = true;
    attributes.name = name;
    attributes.object = object;
    TRY(space.map(address, pages * kPageSize, Placement::Fixed, attributes));
    return {};
}

}  // namespace

Result<void> set_up_vdso() {
    data_pages() = TRY(make_ref<FixedPages>(TRY(allocate_page(PageContents::Zero))));
    new (data_pages()->data()) VdsoData{};
    PageRef code = TRY(allocate_page(PageContents::Zero));
    copy_bytes(code->data(), vdso_image_start, kPageSize);
    code_pages() = TRY(make_ref<FixedPages>(std::move(code)));
    return {};
}

VdsoData& vdso_data() {
    return *reinterpret_cast<VdsoData*>(data_pages()->data());
}

Result<void> map_vdso(AddressSpace& space) {
    const MappingAttributes probe;
    const std::uint64_t size = (kDataPages + kCodePages) * kPageSize;
    const std::uint64_t start = TRY(space.map(0, size, Placement::Hint, probe));
    const std::uint64_t code = start + kDataPages * kPageSize;
    TRY(map_part(space, start, kDataPages, RegionName::Vvar, PROT_READ, data_pages()));
    TRY(map_part(space, code, kCodePages, RegionName::Vdso, PROT_READ | PROT_EXEC, code_pages()));
    space.layout.positions.vdso = code;
    return {};
}

// The image's entry point is the trampoline (vdso/vdso.lds).
std::uint64_t vdso_signal_trampoline(const AddressSpace& space) {
    return space.layout.positions.vdso + reinterpret_cast<const Elf64_Ehdr*>(vdso_image_start)->e_entry;
}

}  // namespace kernel
