#include "task/pidfd.hpp"

#include <linux/fcntl.h>
#include <linux/poll.h>

#include "fs/anonymous.hpp"
#include "fs/file_table.hpp"
#include "fs/text_buffer.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

class PidFile final : public AnonymousFile {
  public:
    PidFile(Path path, unsigned flags, Ref<Process> process)
        : AnonymousFile(std::move(path), O_RDWR | flags), process_(std::move(process)) {}

    std::uint32_t poll(PollRegistrar* registrar) override {
        if (registrar != nullptr) {
            registrar->watch(process_->exited);
        }
        return process_->is_zombie ? kPollReadable : 0;
    }
    bool has_transfers() const override { return false; }
    Process* as_process() override { return process_.get(); }
    // Linux kernel/fork.c, pidfd_show_fdinfo.
    void describe(TextBuffer& out) override {
        const int number = process_->leader() != nullptr ? process_->id : -1;
        out.text("Pid:\t").signed_decimal(number).text("\nNSpid:\t").signed_decimal(number).character('\n');
    }

  private:
    Ref<Process> process_;
};

}  // namespace

Result<int> open_pidfd(Task& task, Process& process, unsigned flags) {
    Ref<File> file = TRY(make_ref<PidFile>(TRY(anonymous_path("[pidfd]")), flags, Ref<Process>(&process)));
    return task.files->install(std::move(file), CloseOnExec::Yes);
}

Result<Ref<Process>> process_of_pidfd(Task& task, Fd fd) {
    const Ref<File> file = TRY(task.files->get_for_io(fd));
    Process* process = file->as_process();
    return process == nullptr ? Result<Ref<Process>>(Errno(EBADF))
                              : Result<Ref<Process>>(Ref<Process>(process));
}

}  // namespace kernel
