// /proc/locks (Linux fs/locks.c, lock_get_status): every lock and every lease, the newest first, and below
// each lock who waits for it.
#include <linux/fcntl.h>

#include "fs/file.hpp"
#include "fs/file_lease.hpp"
#include "fs/file_lock.hpp"
#include "fs/file_system.hpp"
#include "fs/text_buffer.hpp"

namespace kernel {

namespace {

struct Line {
    std::uint64_t serial;
    const Inode* inode;
    const FileLocks* locks = nullptr;
    const WholeLock* whole = nullptr;
    const RecordLock* record = nullptr;
    const FileLease* lease = nullptr;
};

std::string_view name_of(LockKind kind) {
    return kind == LockKind::Exclusive ? "WRITE " : "READ ";
}

std::string_view name_of(const FileLease& lease) {
    switch (lease.target()) {
        case F_WRLCK:
            return "WRITE ";
        case F_RDLCK:
            return "READ ";
        default:
            return "UNLCK ";
    }
}

void append_place(int process, const Inode& inode, TextBuffer& out) {
    const DeviceNumber device = inode.file_system().device();
    out.signed_decimal(process).character(' ').hex(device.major, 2).character(':').hex(device.minor, 2);
    out.character(':').decimal(inode.attributes.number).character(' ');
}

void append_whole(const WholeLock& lock, const Inode& inode, TextBuffer& out) {
    out.text("FLOCK  ADVISORY  ").text(name_of(lock.kind));
    append_place(lock.process, inode, out);
    out.text("0 EOF\n");
}

void append_record(const RecordLock& lock, const Inode& inode, TextBuffer& out) {
    constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;
    out.text(lock.process < 0 ? "OFDLCK" : "POSIX ").text(" ADVISORY  ").text(name_of(lock.kind));
    append_place(lock.process, inode, out);
    out.decimal(lock.start).character(' ');
    if (lock.end == kEnd) {
        out.text("EOF\n");
    } else {
        out.decimal(lock.end - 1).character('\n');
    }
}

void append_lease(const FileLease& lease, TextBuffer& out) {
    out.text("LEASE  ").text(lease.is_breaking() ? "BREAKING  " : "ACTIVE    ").text(name_of(lease));
    append_place(lease.process, lease.file->inode(), out);
    out.text("0 EOF\n");
}

// Those who wait for a lock stand below it.
void append_waiting(const Line& line, std::size_t number, TextBuffer& out) {
    if (line.locks == nullptr) {
        return;
    }
    for (const WholeLock& waiting : line.locks->waiting_for_whole()) {
        if (line.whole != nullptr && line.locks->whole_conflict(*waiting.owner, waiting.kind) == line.whole) {
            out.decimal(number).text(": -> ");
            append_whole(waiting, *line.inode, out);
        }
    }
    for (const RecordLock& waiting : line.locks->waiting_for_records()) {
        if (line.record != nullptr && line.locks->conflict(waiting) == line.record) {
            out.decimal(number).text(": -> ");
            append_record(waiting, *line.inode, out);
        }
    }
}

Result<void> insert(Vector<Line>& lines, const Line& line) {
    std::size_t place = 0;
    while (place < lines.size() && lines[place].serial > line.serial) {
        place++;
    }
    return lines.insert(place, line);
}

Result<Vector<Line>> all_lines() {
    Vector<Line> lines;
    for (const FileLocks& locks : FileLocks::all()) {
        for (const WholeLock& lock : locks.whole()) {
            TRY(insert(lines,
                       {.serial = lock.serial, .inode = &locks.inode(), .locks = &locks, .whole = &lock}));
        }
        for (const RecordLock& lock : locks.records()) {
            TRY(insert(lines,
                       {.serial = lock.serial, .inode = &locks.inode(), .locks = &locks, .record = &lock}));
        }
    }
    for (const FileLeases& leases : FileLeases::all()) {
        for (const FileLease& lease : leases.all_of_inode()) {
            TRY(insert(lines, {.serial = lease.serial, .inode = &lease.file->inode(), .lease = &lease}));
        }
    }
    return lines;
}

}  // namespace

Result<void> append_locks(String& out) {
    const Vector<Line> lines = TRY(all_lines());
    TextBuffer text;
    for (std::size_t i = 0; i < lines.size(); i++) {
        const Line& line = lines[i];
        text.decimal(i + 1).text(": ");
        if (line.whole != nullptr) {
            append_whole(*line.whole, *line.inode, text);
        } else if (line.record != nullptr) {
            append_record(*line.record, *line.inode, text);
        } else {
            append_lease(*line.lease, text);
        }
        append_waiting(line, i + 1, text);
    }
    return text.append_to(out);
}

}  // namespace kernel
