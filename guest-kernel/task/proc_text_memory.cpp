// The texts of /proc that tell of a task's memory page by page (Linux fs/proc/task_mmu.c).
#include <linux/mman.h>

#include "fs/file.hpp"
#include "fs/text_buffer.hpp"
#include "mm/address_space.hpp"
#include "task/proc_text.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

constexpr std::uint64_t kKibibytesPerPage = kPageSize / 1024;

// What a region's pages come to, in bytes.
struct PageTotals {
    std::uint64_t resident = 0;
    std::uint64_t proportional = 0;
    std::uint64_t proportional_anonymous = 0;
    std::uint64_t shared = 0;
    std::uint64_t unshared = 0;
    std::uint64_t anonymous = 0;
    std::uint64_t locked = 0;

    void add(const PageTotals& other) {
        resident += other.resident;
        proportional += other.proportional;
        proportional_anonymous += other.proportional_anonymous;
        shared += other.shared;
        unshared += other.unshared;
        anonymous += other.anonymous;
        locked += other.locked;
    }
};

// A page that its region shows of an object, and not a private copy.
bool is_of_object(const Mapping& mapping, std::uint64_t address, const Page& frame) {
    if (!mapping.attributes.object) {
        return false;
    }
    const Page* own = mapping.attributes.object->present_page(mapping.page_index(address));
    return own == &frame;
}

PageTotals totals_of(Mapping& mapping) {
    PageTotals totals;
    const PageTable& table = mapping.space.page_table();
    for (std::uint64_t page = table.next_present(mapping.start, mapping.end); page < mapping.end;
         page = table.next_present(page + kPageSize, mapping.end)) {
        const Page& frame = *table.get(page).frame;
        const bool is_objects = is_of_object(mapping, page, frame);
        // The object holds one reference, each page table that shows the page one more.
        const std::uint32_t users = is_objects ? frame.references - 1 : frame.references;
        totals.resident += kPageSize;
        totals.proportional += kPageSize / users;
        totals.proportional_anonymous += is_objects ? 0 : kPageSize / users;
        totals.anonymous += is_objects ? 0 : kPageSize;
        (users > 1 ? totals.shared : totals.unshared) += kPageSize;
    }
    if (mapping.attributes.locking != Locking::None) {
        totals.locked = totals.proportional;
    }
    return totals;
}

void append_line(TextBuffer& out, std::string_view name, std::uint64_t bytes) {
    out.text(name);
    out.decimal(bytes / 1024, 24 - name.size()).text(" kB\n");
}

enum class Detail { OneRegion, AllRegions };

// Linux __show_smap. Every page here is as if written: there is no disk that it could be clean against.
void append_totals(const PageTotals& totals, Detail detail, TextBuffer& out) {
    append_line(out, "Rss:", totals.resident);
    append_line(out, "Pss:", totals.proportional);
    append_line(out, "Pss_Dirty:", totals.proportional);
    if (detail == Detail::AllRegions) {
        append_line(out, "Pss_Anon:", totals.proportional_anonymous);
        append_line(out, "Pss_File:", 0);
        append_line(out, "Pss_Shmem:", totals.proportional - totals.proportional_anonymous);
    }
    append_line(out, "Shared_Clean:", 0);
    append_line(out, "Shared_Dirty:", totals.shared);
    append_line(out, "Private_Clean:", 0);
    append_line(out, "Private_Dirty:", totals.unshared);
    append_line(out, "Referenced:", totals.resident);
    append_line(out, "Anonymous:", totals.anonymous);
    for (const std::string_view none : {"LazyFree:", "AnonHugePages:", "ShmemPmdMapped:", "FilePmdMapped:",
                                        "Shared_Hugetlb:", "Private_Hugetlb:", "Swap:", "SwapPss:"}) {
        append_line(out, none, 0);
    }
    append_line(out, "Locked:", totals.locked);
}

// In the order of Linux's bits (show_smap_vma_flags).
void append_flags(const MappingAttributes& how, TextBuffer& out) {
    const bool is_shared = how.sharing == Sharing::Shared;
    const struct {
        bool is_set;
        std::string_view name;
    } flags[] = {
        {(how.protection & PROT_READ) != 0, "rd "},
        {(how.protection & PROT_WRITE) != 0, "wr "},
        {(how.protection & PROT_EXEC) != 0, "ex "},
        {is_shared && how.may_write, "sh "},
        {true, "mr "},
        {how.may_write && how.name != RegionName::Vvar, "mw "},
        {how.may_execute && how.name != RegionName::Vvar, "me "},
        {is_shared, "ms "},
        {how.grows_down, "gd "},
        {how.name == RegionName::Vvar, "pf "},
        {how.locking != Locking::None, "lo "},
        {how.on_fork == OnFork::LeaveOut, "dc "},
        {how.fixed_pages, "de "},
        {how.locking == Locking::OnFault, "?? "},  // VM_LOCKONFAULT has no name
        {how.is_accounted, "ac "},
        {how.no_reserve, "nr "},
        {how.on_fork == OnFork::Empty, "wf "},
        {how.is_left_out_of_core, "dd "},
    };
    out.text("VmFlags: ");
    for (const auto& flag : flags) {
        out.text(flag.is_set ? flag.name : "");
    }
    out.character('\n');
}

// One word of /proc/pid/pagemap.
std::uint64_t page_word(AddressSpace& space, std::uint64_t address, bool shows_frames) {
    constexpr std::uint64_t kPresent = std::uint64_t{1} << 63;
    constexpr std::uint64_t kShared = std::uint64_t{1} << 61;     // a file's, or shared memory's
    constexpr std::uint64_t kExclusive = std::uint64_t{1} << 56;  // nobody else maps it
    const Mapping* mapping = space.find(address);
    const Page* frame = mapping == nullptr ? nullptr : space.page_table().get(address).frame;
    if (frame == nullptr) {
        return 0;
    }
    const bool is_objects = is_of_object(*mapping, address, *frame);
    const std::uint32_t users = is_objects ? frame->references - 1 : frame->references;
    const std::uint64_t number = shows_frames ? frame->physical_address().value() >> kPageShift : 0;
    return kPresent | (is_objects ? kShared : 0) | (users == 1 ? kExclusive : 0) | number;
}

}  // namespace

Result<void> append_smaps(Task& task, String& out) {
    if (!task.address_space) {
        return {};
    }
    for (const Own<Mapping>& mapping : task.address_space->mappings()) {
        TRY(append_map_line(*mapping, out));
        TextBuffer text;
        append_line(text, "Size:", mapping->size());
        append_line(text, "KernelPageSize:", kPageSize);
        append_line(text, "MMUPageSize:", kPageSize);
        append_totals(totals_of(*mapping), Detail::OneRegion, text);
        text.text("THPeligible:    0\n");
        append_flags(mapping->attributes, text);
        TRY(text.append_to(out));
    }
    return {};
}

Result<void> append_smaps_rollup(Task& task, String& out) {
    if (!task.address_space) {
        return Errno(ESRCH);
    }
    PageTotals totals;
    std::uint64_t start = 0;
    std::uint64_t end = 0;
    for (const Own<Mapping>& mapping : task.address_space->mappings()) {
        start = end == 0 ? mapping->start : start;
        end = mapping->end;
        totals.add(totals_of(*mapping));
    }
    TextBuffer text;
    text.hex(start, 8).character('-').hex(end, 8).text(" ---p 00000000 00:00 0 ");
    while (text.size() < kMapsPathColumn) {
        text.character(' ');
    }
    text.text("[rollup]\n");
    append_totals(totals, Detail::AllRegions, text);
    return text.append_to(out);
}

ResidentKinds resident_kinds(AddressSpace& space) {
    PageTotals totals;
    for (const Own<Mapping>& mapping : space.mappings()) {
        totals.add(totals_of(*mapping));
    }
    return {.anonymous_pages = totals.anonymous >> kPageShift,
            .shared_pages = (totals.resident - totals.anonymous) >> kPageShift};
}

void describe_pages(AddressSpace& space, std::uint64_t first_page, bool shows_frames,
                    std::span<std::uint64_t> words) {
    for (std::size_t i = 0; i < words.size(); ++i) {
        words[i] = page_word(space, (first_page + i) << kPageShift, shows_frames);
    }
}

// Linux fs/proc/base.c, proc_oom_score, and mm/oom_kill.c, oom_badness.
Result<void> append_oom_score(Task& task, String& out) {
    constexpr int kNever = -1000;  // OOM_SCORE_ADJ_MIN
    std::int64_t score = 0;
    if (task.address_space && task.process->oom_adjustment != kNever) {
        const auto total = static_cast<std::int64_t>(memory_counts().total_pages);
        const auto used = static_cast<std::int64_t>(task.address_space->page_table().present_pages());
        const std::int64_t badness = used + task.process->oom_adjustment * (total / 1000);
        score = (1000 + badness * 1000 / total) * 2 / 3;
    }
    TRY(out.append_signed(score));
    return out.append("\n");
}

}  // namespace kernel
