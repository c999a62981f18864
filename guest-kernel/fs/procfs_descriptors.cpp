#include "fs/procfs_descriptors.hpp"

#include "fs/file_system.hpp"
#include "fs/file_table.hpp"
#include "fs/mount.hpp"
#include "fs/text_buffer.hpp"
#include "fs/text_inode.hpp"
#include "task/inspection.hpp"

namespace kernel {

namespace {

Result<Ref<File>> file_of(Task& task, int fd) {
    if (!task.files) {
        return Errno(ENOENT);
    }
    Result<Ref<File>> file = task.files->get(Fd{fd});
    if (file.is_error()) {
        return Errno(ENOENT);
    }
    return file;
}

// Following it goes to the file's inode, even if its name is gone; opening that makes a new open file.
class DescriptorLinkInode final : public Inode {
  public:
    DescriptorLinkInode(Ref<FileSystem> file_system, const File& file, Ref<Task> task, int fd)
        : Inode(std::move(file_system), S_IFLNK | permissions(file)), task_(std::move(task)), fd_(fd) {
        attributes.size = kLinkSize;
    }
    Result<LinkTarget> follow_link() override {
        LinkTarget target;
        target.jump = TRY(file_of(*task_, fd_))->path();
        return target;
    }
    Result<String> read_link() override {
        String name;
        TRY(TRY(file_of(*task_, fd_))->append_path(name));
        TRY(check_link_length(name.size()));
        return name;
    }

  private:
    static constexpr std::uint64_t kLinkSize = 64;  // Linux fs/proc/fd.c
    static std::uint32_t permissions(const File& file) {
        return (file.is_readable() ? 0500U : 0U) | (file.is_writable() ? 0300U : 0U);
    }
    Ref<Task> task_;
    int fd_;
};

class DescriptorInformationInode final : public TextInode {
  public:
    DescriptorInformationInode(Ref<FileSystem> file_system, Ref<Task> task, int fd)
        : TextInode(std::move(file_system), S_IFREG | 0444), task_(std::move(task)), fd_(fd) {}

    bool is_pollable() const override { return false; }
    // Linux fs/proc/fd.c, seq_show.
    Result<void> generate(String& out) override {
        const Ref<File> file = TRY(file_of(*task_, fd_));
        constexpr unsigned kCloseOnExecFlag = O_CLOEXEC;
        unsigned flags = file->flags();
        if (TRY(task_->files->close_on_exec_of(Fd{fd_})) == CloseOnExec::Yes) {
            flags |= kCloseOnExecFlag;
        }
        TextBuffer text;
        text.text("pos:\t").signed_decimal(file->position);
        text.text("\nflags:\t0").octal(flags);
        text.text("\nmnt_id:\t").signed_decimal(file->path().mount ? file->path().mount->id : 0);
        text.text("\nino:\t").decimal(file->attributes().number).character('\n');
        file->describe(text);
        return text.append_to(out);
    }

  private:
    Ref<Task> task_;
    int fd_;
};

class DescriptorDirectoryInode final : public Inode {
  public:
    DescriptorDirectoryInode(Ref<FileSystem> file_system, Ref<Task> task, TaskDirectory kind,
                             DescriptorView view)
        : Inode(std::move(file_system), S_IFDIR | (view == DescriptorView::Link ? 0500U : 0555U)),
          task_(std::move(task)),
          numbers_(*task_, kind),
          view_(view) {}

    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override {
        const int fd = TRY(parse_decimal_name(name));
        const Ref<File> file = TRY(file_of(*task_, fd));
        const Ref<FileSystem> owner(&file_system());
        Ref<Inode> inode;
        if (view_ == DescriptorView::Link) {
            inode = TRY(make_ref<DescriptorLinkInode>(owner, *file, task_, fd));
        } else {
            inode = TRY(make_ref<DescriptorInformationInode>(owner, task_, fd));
        }
        inode->attributes.number = number_of(static_cast<std::uint64_t>(fd));
        own_by_task(*task_, *inode);
        return Dentry::make(directory, name, std::move(inode));
    }

    Result<void> list(Dentry&, std::uint64_t& cursor, DirectoryEmitter& emitter) override {
        if (!task_->is_known()) {
            return Errno(ENOENT);
        }
        while (task_->files && cursor < task_->files->size()) {
            if (task_->files->is_open(cursor)) {
                String name;
                TRY(name.append_decimal(cursor));
                const FileType type = view_ == DescriptorView::Link ? FileType::Symlink : FileType::Regular;
                if (!emitter.emit(name.view(), number_of(cursor), type)) {
                    return {};
                }
            }
            cursor++;
        }
        return {};
    }
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }
    // A process's own descriptors, also when it has become another user (Linux proc_fd_permission).
    bool is_open_to_current() const override { return task_->process == Task::current().process; }
    // What tells more than the names is for those alone who may look into the task (proc_fdinfo_permission).
    bool is_closed_to_current() const override {
        return view_ == DescriptorView::Information && !may_inspect(Task::current(), *task_);
    }

  private:
    std::uint64_t number_of(std::uint64_t fd) const {
        return view_ == DescriptorView::Link ? numbers_.descriptor(fd) : numbers_.descriptor_information(fd);
    }

    Ref<Task> task_;
    TaskInodeNumbers numbers_;
    DescriptorView view_;
};

}  // namespace

Result<Ref<Inode>> make_descriptor_directory(Ref<FileSystem> file_system, Ref<Task> task, TaskDirectory kind,
                                             DescriptorView view) {
    return TRY(make_ref<DescriptorDirectoryInode>(std::move(file_system), std::move(task), kind, view));
}

}  // namespace kernel
