// The files of /proc/sys (Linux kernel/sysctl.c): settings, each of them numbers or a text.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "fs/file.hpp"
#include "fs/file_system.hpp"
#include "lib/string.hpp"

namespace kernel {

class SysctlInode : public Inode {
  public:
    using Inode::Inode;

    Result<Ref<File>> open_regular(const Path& path, std::uint32_t flags) override;
    Result<void> truncate(std::uint64_t) override { return {}; }
    // Modes bind root too (Linux fs/proc/proc_sysctl.c, proc_sys_permission).
    bool ignores_capabilities() const override { return true; }
    Result<void> may_set_attributes() override { return Errno(EPERM); }

    // Appends the value, with a newline.
    virtual Result<void> show(String& out) = 0;
    // Does a read that does not begin at 0 go on in the value? It finds the end of one that is a number.
    virtual bool continues() const { return false; }
    // Takes the value from a text, written to position `place`.
    struct Stored {
        std::size_t written;  // the write's result
        std::size_t moved;    // how far the position goes
    };
    virtual Result<Stored> store(std::string_view text, std::uint64_t place);
};

// How Linux parses it: what counts as written, and where the position is then.
enum class NumberForm {
    Signed,    // proc_dointvec: as many bytes as were used
    Unsigned,  // proc_douintvec: all, and the position stays
};

// One to four numbers with the same bounds.
struct NumberSetting {
    std::string_view path;
    std::uint32_t permissions;
    std::span<std::int64_t> values;
    std::int64_t least = INT32_MIN;
    std::int64_t most = INT32_MAX;
    // Asked to apply a number that is within the bounds; null: it is just kept. EPERM, EINVAL.
    Result<void> (*apply)(std::int64_t& value, std::int64_t wanted) = nullptr;
    // Are all numbers together acceptable? False: they stay as they were. Null: yes.
    bool (*fits)(std::span<const std::int64_t> wanted) = nullptr;
    NumberForm form = NumberForm::Signed;
};

// A text of fewer bytes than the array has.
struct TextSetting {
    std::string_view path;
    std::uint32_t permissions;
    std::span<char> text;
};

// What nobody can change.
struct ShownSetting {
    std::string_view path;
    Result<void> (*show)(String& out);
};

Result<Ref<Inode>> make_number_setting(Ref<FileSystem> file_system, const NumberSetting& setting);
Result<Ref<Inode>> make_text_setting(Ref<FileSystem> file_system, const TextSetting& setting);
Result<Ref<Inode>> make_shown_setting(Ref<FileSystem> file_system, const ShownSetting& setting);

// A number as Linux's strtoul_lenient reads it, taken off the front: decimal, octal or hexadecimal, perhaps
// negative. EINVAL.
Result<std::int64_t> take_number(std::string_view& text);

}  // namespace kernel
