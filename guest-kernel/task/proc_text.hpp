// The texts of /proc that come from tasks, memory and the machine (man 5 proc). Each appends a whole file.
#pragma once

#include "lib/result.hpp"
#include "lib/string.hpp"

namespace kernel {

class Task;

Result<void> append_maps(Task& task, String& out);
Result<void> append_auxv(Task& task, String& out);
Result<void> append_cmdline(Task& task, String& out);
Result<void> append_environ(Task& task, String& out);
Result<void> append_limits(Task& task, String& out);
Result<void> append_stat(Task& task, String& out);
Result<void> append_thread_stat(Task& task, String& out);
Result<void> append_statm(Task& task, String& out);
Result<void> append_status(Task& task, String& out);

Result<void> append_kernel_command_line(String& out);
Result<void> append_cpuinfo(String& out);
Result<void> append_loadavg(String& out);
Result<void> append_meminfo(String& out);
Result<void> append_proc_stat(String& out);
Result<void> append_uptime(String& out);
Result<void> append_version(String& out);
Result<void> append_hostname(String& out);
Result<void> append_osrelease(String& out);
Result<void> append_ostype(String& out);

}  // namespace kernel
