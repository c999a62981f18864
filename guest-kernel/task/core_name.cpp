// The name of a core file: what core_pattern says (Linux fs/coredump.c, format_corename).
#include "fs/file.hpp"
#include "lib/settings.hpp"
#include "lib/system_name.hpp"
#include "mm/address_space.hpp"
#include "task/core_dump.hpp"
#include "task/task.hpp"

namespace kernel {

namespace {

// A text from outside must not lead to another directory (cn_esc_printf).
void append_escaped(std::string_view value, TextBuffer& out) {
    if (value.empty()) {
        out.character('!');
        return;
    }
    const bool is_dots = value == "." || value == "..";
    for (std::size_t i = 0; i < value.size(); i++) {
        out.character(value[i] == '/' || (is_dots && i == 0) ? '!' : value[i]);
    }
}

enum class PathPart { Whole, Last };

void append_executable(const Task& task, PathPart part, TextBuffer& out) {
    TextBuffer name;
    file_of(task.address_space->layout.executable)->describe_name(name);
    std::string_view text = name.view();
    if (part == PathPart::Last) {
        text = text.substr(text.rfind('/') + 1);
    }
    append_escaped(text, out);
}

std::string_view text_in(std::span<const char> array) {
    const std::string_view whole(array.data(), array.size());
    return whole.substr(0, whole.find('\0'));
}

void append_field(Task& task, const siginfo_t& reason, char field, TextBuffer& out) {
    switch (field) {
        case '%':
            out.character('%');
            break;
        case 'p':
        case 'P':
            out.signed_decimal(task.process_id());
            break;
        case 'i':
        case 'I':
            out.signed_decimal(task.id);
            break;
        case 'u':
            out.decimal(task.credentials.user);
            break;
        case 'g':
            out.decimal(task.credentials.group);
            break;
        case 'd':
            out.signed_decimal(task.address_space->layout.dumpable);
            break;
        case 's':
            out.signed_decimal(reason.si_signo);
            break;
        case 't':
            out.signed_decimal(realtime_now() / kNanosecondsPerSecond);
            break;
        case 'h':
            append_escaped(text_in(system_name().nodename), out);
            break;
        case 'e':
            append_escaped(task.name(), out);
            break;
        case 'f':
            append_executable(task, PathPart::Last, out);
            break;
        case 'E':
            append_executable(task, PathPart::Whole, out);
            break;
        case 'c':
            out.decimal(task.process->limit(RLIMIT_CORE).rlim_cur);
            break;
        default:
            break;
    }
}

}  // namespace

Result<void> append_core_name(Task& task, const siginfo_t& reason, TextBuffer& out) {
    const std::string_view pattern = text_in(settings().core_pattern);
    bool has_number = false;
    for (std::size_t i = 0; i < pattern.size(); i++) {
        if (pattern[i] != '%') {
            out.character(pattern[i]);
            continue;
        }
        if (++i == pattern.size()) {
            break;
        }
        has_number = has_number || pattern[i] == 'p';
        append_field(task, reason, pattern[i], out);
    }
    if (!has_number && settings().core_uses_pid != 0) {
        out.character('.').signed_decimal(task.process_id());
    }
    return out.finish();
}

}  // namespace kernel
