// /proc/sysvipc.
#include "fs/dentry.hpp"
#include "fs/file_system.hpp"
#include "fs/procfs.hpp"
#include "fs/text_buffer.hpp"
#include "fs/text_inode.hpp"
#include "ipc/message_queue.hpp"
#include "ipc/semaphore_set.hpp"
#include "ipc/shared_segment.hpp"
#include "mm/page.hpp"

namespace kernel {

namespace {

// Numbers in columns, as printf's %Nd.
class Row {
  public:
    explicit Row(TextBuffer& out) : out_(out) {}
    Row& number(std::uint64_t value, std::size_t width) {
        out_.decimal(value, width);
        return *this;
    }
    Row& key(const IpcObject& object) {
        String text;
        (void)text.append_signed(object.key);
        for (std::size_t i = text.size(); i < 10; ++i) {
            out_.character(' ');
        }
        out_.text(text.view()).character(' ');
        out_.decimal(static_cast<unsigned>(object.id), 10).text("  ");
        octal(object.mode);
        return *this;
    }
    Row& owners(const IpcObject& object) {
        for (const std::uint32_t id :
             {object.user, object.group, object.creator_user, object.creator_group}) {
            out_.character(' ').decimal(id, 5);
        }
        return *this;
    }
    Row& gap(std::string_view spaces = " ") {
        out_.text(spaces);
        return *this;
    }

  private:
    void octal(unsigned value) {
        String digits;
        for (unsigned shift = 12; shift > 0; shift -= 3) {
            const unsigned digit = value >> (shift - 3) & 7;
            if (digit != 0 || !digits.is_empty() || shift == 3) {
                (void)digits.append_decimal(digit);
            }
        }
        for (std::size_t i = digits.size(); i < 4; ++i) {
            out_.character(' ');
        }
        out_.text(digits.view());
    }

    TextBuffer& out_;
};

std::uint64_t seconds(std::int64_t time) {
    return static_cast<std::uint64_t>(time);
}

template <typename T, typename Describe>
Result<void> append_table(const IpcTable<T>& table, std::string_view head, String& text, Describe describe) {
    TextBuffer out;
    out.text(head);
    for (std::size_t i = 0; i < table.end(); ++i) {
        auto* object = static_cast<T*>(table.at(i));
        if (object != nullptr) {
            Row row(out);
            row.key(*object);
            describe(*object, row);
            out.character('\n');
        }
    }
    return out.append_to(text);
}

Result<void> append_segments(String& text) {
    constexpr std::string_view kHead =
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      "
        "atime      "
        "dtime      ctime                   rss                  swap\n";
    return append_table(shared_segments(), kHead, text, [](SharedSegment& segment, Row& row) {
        row.gap().number(segment.size(), 21).gap().number(static_cast<unsigned>(segment.creator), 5);
        row.gap()
            .number(static_cast<unsigned>(segment.last_process), 5)
            .gap("  ")
            .number(segment.attachments(), 5);
        row.owners(segment)
            .gap()
            .number(seconds(segment.attached), 10)
            .gap()
            .number(seconds(segment.detached), 10);
        row.gap().number(seconds(segment.changed), 10);
        row.gap().number(segment.file()->attributes().blocks * 512, 21).gap().number(0, 21);
    });
}

Result<void> append_semaphores(String& text) {
    constexpr std::string_view kHead =
        "       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime\n";
    return append_table(semaphore_sets(), kHead, text, [](SemaphoreSet& set, Row& row) {
        row.gap().number(set.semaphores.size(), 10).owners(set);
        row.gap().number(seconds(set.operated), 10).gap().number(seconds(set.changed), 10);
    });
}

Result<void> append_queues(String& text) {
    constexpr std::string_view kHead =
        "       key      msqid perms      cbytes       qnum lspid lrpid   uid   gid  cuid  cgid      stime   "
        "   rtime"
        "      ctime\n";
    return append_table(message_queues(), kHead, text, [](MessageQueue& queue, Row& row) {
        row.gap("  ").number(queue.bytes(), 10).gap().number(queue.count(), 10);
        row.gap().number(static_cast<unsigned>(queue.last_sender), 5);
        row.gap().number(static_cast<unsigned>(queue.last_receiver), 5).owners(queue);
        row.gap().number(seconds(queue.sent), 10).gap().number(seconds(queue.received), 10);
        row.gap().number(seconds(queue.changed), 10);
    });
}

constexpr TextEntry kFiles[] = {
    {"sysvipc/msg", 0444, append_queues},
    {"sysvipc/sem", 0444, append_semaphores},
    {"sysvipc/shm", 0444, append_segments},
};

}  // namespace

Result<void> initialize_ipc() {
    const Ref<Dentry> root = TRY(procfs_root(""));
    return add_text_files(*root, kFiles, ENOENT);
}

}  // namespace kernel
