// The texts of /proc that count what the machine does.
#include "arch/include/interrupts.hpp"
#include "fs/page_cache.hpp"
#include "fs/text_buffer.hpp"
#include "mm/address_space.hpp"
#include "mm/page.hpp"
#include "task/proc_text.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// Of all tasks, those that have ended and were waited for included.
struct Counts {
    std::uint64_t switches = 0;
    std::uint64_t faults = 0;
    std::uint64_t anonymous_pages = 0;
    std::uint64_t mapped_pages = 0;
};

void add_usage(const ResourceUsage& usage, Counts& counts) {
    counts.switches += usage.voluntary_switches + usage.involuntary_switches;
    counts.faults += usage.minor_faults;
}

Counts count_all() {
    Counts counts;
    for (Process& process : all_processes()) {
        add_usage(process.usage(), counts);
        add_usage(process.reaped_children, counts);
        const Task* leader = process.leader();
        if (leader != nullptr && leader->address_space) {
            const ResidentKinds kinds = resident_kinds(*leader->address_space);
            counts.anonymous_pages += kinds.anonymous_pages;
            counts.mapped_pages += kinds.shared_pages;
        }
    }
    return counts;
}

void append_counter(TextBuffer& out, std::string_view name, std::uint64_t value) {
    out.text(name).character(' ').decimal(value).character('\n');
}

}  // namespace

// Linux fs/proc/interrupts.c and arch/arm64/kernel/smp.c: one CPU sends itself none.
Result<void> append_interrupts(String& out) {
    TextBuffer text;
    text.text("           CPU0       \n");
    for (const arch::InterruptUse& use : arch::interrupt_uses()) {
        text.decimal(use.number, 3).text(": ").decimal(use.count, 10).text("     GIC-0 ");
        text.decimal(use.number, 3).text(" Level     ").text(use.name).character('\n');
    }
    text.text("Err:          0\n");
    return text.append_to(out);
}

Result<void> append_event_counts(String& out) {
    TextBuffer text;
    std::uint64_t interrupts = 0;
    for (const arch::InterruptUse& use : arch::interrupt_uses()) {
        interrupts += use.count;
    }
    append_counter(text, "intr", interrupts);
    append_counter(text, "ctxt", count_all().switches);
    return text.append_to(out);
}

// Linux mm/vmstat.c: what there is of it. Nothing is swapped, reclaimed or written back.
Result<void> append_vmstat(String& out) {
    const MemoryCounts memory = memory_counts();
    const Counts counts = count_all();
    TextBuffer text;
    append_counter(text, "nr_free_pages", memory.free_pages);
    append_counter(text, "nr_anon_pages", counts.anonymous_pages);
    append_counter(text, "nr_mapped", counts.mapped_pages);
    append_counter(text, "nr_file_pages", PageCache::resident_pages());
    append_counter(text, "nr_dirty", 0);
    append_counter(text, "nr_writeback", 0);
    append_counter(text, "nr_shmem", PageCache::resident_pages());
    for (const std::string_view none : {"pgpgin", "pgpgout", "pswpin", "pswpout"}) {
        append_counter(text, none, 0);
    }
    append_counter(text, "pgfault", counts.faults);
    append_counter(text, "pgmajfault", 0);
    return text.append_to(out);
}

Result<void> append_meminfo(String& out) {
    const MemoryCounts memory = memory_counts();
    const Counts counts = count_all();
    const std::uint64_t files = PageCache::resident_pages();
    const struct {
        std::string_view name;
        std::uint64_t pages;
    } lines[] = {
        {"MemTotal:", memory.total_pages},
        {"MemFree:", memory.free_pages},
        {"MemAvailable:", memory.free_pages},
        {"Buffers:", 0},
        {"Cached:", files},
        {"SwapCached:", 0},
        {"SwapTotal:", 0},
        {"SwapFree:", 0},
        {"Dirty:", 0},
        {"Writeback:", 0},
        {"AnonPages:", counts.anonymous_pages},
        {"Mapped:", counts.mapped_pages},
        {"Shmem:", files},
        {"CommitLimit:", memory.total_pages / 2},
    };
    TextBuffer text;
    for (const auto& line : lines) {
        text.text(line.name).decimal(line.pages * kPageSize / 1024, 24 - line.name.size()).text(" kB\n");
    }
    text.text("HugePages_Total:       0\nHugePages_Free:        0\nHugePages_Rsvd:        0\n");
    text.text("HugePages_Surp:        0\nHugepagesize:       2048 kB\nHugetlb:               0 kB\n");
    return text.append_to(out);
}

}  // namespace kernel
