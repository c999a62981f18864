// Directories below /proc/<pid> whose contents do not depend on the task, or hardly do.
#pragma once

#include "fs/file_system.hpp"
#include "fs/text_inode.hpp"
#include "task/task.hpp"

namespace kernel {

// A directory of texts, each of which a look-up makes.
class TextDirectoryInode : public Inode {
  public:
    // Inode numbers begin at `first_number`.
    using Make = Result<Ref<Inode>> (*)(Ref<FileSystem> file_system, const Ref<Task>& task,
                                        const TextEntry& entry);
    TextDirectoryInode(Ref<FileSystem> file_system, Ref<Task> task, std::span<const TextEntry> entries,
                       std::uint64_t first_number, Make make)
        : Inode(std::move(file_system), S_IFDIR | 0555U),
          task_(std::move(task)),
          entries_(entries),
          first_number_(first_number),
          make_(make) {}
    Result<Ref<Dentry>> lookup(Dentry& directory, std::string_view name) override;
    Result<void> list(Dentry& directory, std::uint64_t& cursor, DirectoryEmitter& emitter) override;
    Result<Ref<Inode>> create(std::uint32_t, DeviceNumber) override { return Errno(ENOENT); }

  protected:
    const Task& task() const { return *task_; }

  private:
    Ref<Task> task_;
    std::span<const TextEntry> entries_;
    std::uint64_t first_number_;
    Make make_;
};

// /proc/<pid>/attr: what security modules say of a task. There is one, which confines nothing.
Result<Ref<Inode>> make_security_directory(Ref<FileSystem> file_system, Ref<Task> task,
                                           std::uint64_t first_number);
// /proc/<pid>/net: the network that all tasks share, but for one that has ended.
Result<Ref<Inode>> make_network_directory(Ref<FileSystem> file_system, Ref<Task> task,
                                          std::uint64_t first_number);
std::span<const TextEntry> network_texts();

// /proc/<pid>/ns: links to the namespaces, of which there is one of each kind.
Result<Ref<Inode>> make_namespace_directory(Ref<FileSystem> file_system, Ref<Task> task,
                                            std::uint64_t first_number);
// Is it a link there, opened? The CLONE_NEW* of its kind, or 0.
unsigned namespace_kind(const File& file);

}  // namespace kernel
