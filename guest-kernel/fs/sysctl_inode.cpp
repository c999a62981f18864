#include "fs/sysctl_inode.hpp"

#include <array>
#include <span>

namespace kernel {

namespace {

constexpr std::size_t kMostNumbers = 4;
constexpr std::size_t kLongestWrite = 4095;  // PAGE_SIZE - 1

class SysctlFile final : public File {
  public:
    SysctlFile(Path path, unsigned flags, SysctlInode& inode) : File(std::move(path), flags), inode_(inode) {}

    Result<std::size_t> read(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        if (place != 0 && !inode_.continues()) {
            return std::size_t{0};
        }
        String made;
        TRY(inode_.show(made));
        std::string_view text = made.view();
        if (static_cast<std::uint64_t>(place) >= text.size()) {
            return std::size_t{0};
        }
        text.remove_prefix(static_cast<std::size_t>(place));
        const std::size_t done = buffer.put(text.data(), text.size());
        place += static_cast<std::int64_t>(done);
        return buffer.has_faulted() ? Result<std::size_t>(Errno(EFAULT)) : Result<std::size_t>(done);
    }

    Result<std::size_t> write(IoBuffer& buffer, std::int64_t& place, TransferMode) override {
        std::array<char, kLongestWrite> text;
        const std::size_t size = buffer.take(text.data(), text.size());
        if (buffer.has_faulted()) {
            return Errno(EFAULT);
        }
        const SysctlInode::Stored stored =
            TRY(inode_.store({text.data(), size}, static_cast<std::uint64_t>(place)));
        place += static_cast<std::int64_t>(stored.moved);
        return stored.written;
    }

    std::uint32_t poll(PollRegistrar*) override { return kPollReadable | kPollWritable; }
    bool is_seekable() const override { return true; }
    bool can_splice_from() const override { return true; }
    bool can_splice_to() const override { return true; }
    Result<void> truncate(std::uint64_t) override { return {}; }
    Result<void> allocate(unsigned, std::int64_t, std::int64_t) override { return Errno(EOPNOTSUPP); }
    Result<std::int64_t> seek(std::int64_t offset, int whence) override {
        return seek_within(offset, whence, 0);
    }

  private:
    SysctlInode& inode_;
};

bool is_space(char character) {
    return character == ' ' || (character >= '\t' && character <= '\r');
}

void skip_spaces(std::string_view& text) {
    while (!text.empty() && is_space(text.front())) {
        text.remove_prefix(1);
    }
}

// The digit's value, or 16.
unsigned digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return static_cast<unsigned>(digit - '0');
    }
    const char lower = static_cast<char>(digit | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10 : 16;
}

// Takes "0x" or "0" off the front.
unsigned take_base(std::string_view& text) {
    if (text.front() != '0') {
        return 10;
    }
    const bool is_hexadecimal = text.size() > 2 && (text[1] | 0x20) == 'x' && digit_value(text[2]) < 16;
    text.remove_prefix(is_hexadecimal ? 2 : 0);
    return is_hexadecimal ? 16 : 8;
}

class NumberInode final : public SysctlInode {
  public:
    NumberInode(Ref<FileSystem> file_system, const NumberSetting& setting)
        : SysctlInode(std::move(file_system), S_IFREG | setting.permissions), setting_(setting) {}

    Result<void> show(String& out) override {
        for (const std::int64_t& value : setting_.values) {
            TRY(out.append(&value == setting_.values.data() ? "" : "\t"));
            TRY(out.append_signed(value));
        }
        return out.append("\n");
    }

    // Linux kernel/sysctl.c, __do_proc_dointvec: numbers before a bad one have been taken then.
    Result<Stored> store(std::string_view text, std::uint64_t place) override {
        const bool is_unsigned = setting_.form == NumberForm::Unsigned;
        if (place != 0 && is_unsigned) {
            return Stored{.written = text.size(), .moved = text.size()};
        }
        if (place != 0 || text.empty()) {
            return Stored{};
        }
        std::array<std::int64_t, kMostNumbers> before{};
        std::copy(setting_.values.begin(), setting_.values.end(), before.begin());
        std::string_view rest = text;
        skip_spaces(rest);
        if (rest.empty()) {
            return Errno(EINVAL);
        }
        const Result<void> taken = take_values(rest);
        const bool is_refused =
            setting_.fits != nullptr && (taken.is_error() || !setting_.fits(setting_.values));
        if (is_refused) {
            const auto kept = std::span(before).first(setting_.values.size());
            std::copy(kept.begin(), kept.end(), setting_.values.begin());
            return Errno(EINVAL);
        }
        if (taken.is_error()) {
            return taken.error();
        }
        return is_unsigned ? Stored{.written = text.size(), .moved = 0} : used(text.size() - rest.size());
    }

  private:
    static Stored used(std::size_t size) { return {.written = size, .moved = size}; }
    Result<void> take_values(std::string_view& text) const {
        for (std::int64_t& value : setting_.values) {
            if (!text.empty()) {
                TRY(take_value(text, value));
                skip_spaces(text);
            }
        }
        return {};
    }
    Result<void> take_value(std::string_view& text, std::int64_t& value) const {
        std::string_view rest = text;
        const std::int64_t wanted = TRY(take_number(rest));
        if (!rest.empty() && rest.front() != ' ' && rest.front() != '\t' && rest.front() != '\n') {
            return Errno(EINVAL);
        }
        if (wanted < setting_.least || wanted > setting_.most) {
            return Errno(EINVAL);
        }
        text = rest;
        if (setting_.apply != nullptr) {
            return setting_.apply(value, wanted);
        }
        value = wanted;
        return {};
    }

    NumberSetting setting_;
};

// Linux kernel/sysctl.c, _proc_do_string: a newline or a NUL ends it, what is too long is cut.
class SettingTextInode final : public SysctlInode {
  public:
    SettingTextInode(Ref<FileSystem> file_system, const TextSetting& setting)
        : SysctlInode(std::move(file_system), S_IFREG | setting.permissions), text_(setting.text) {}

    bool continues() const override { return true; }
    Result<void> show(String& out) override {
        TRY(out.append({text_.data(), length()}));
        return out.append("\n");
    }
    Result<Stored> store(std::string_view text, std::uint64_t place) override {
        if (text.empty() || place > length()) {
            return Stored{.written = text.size(), .moved = 0};
        }
        std::size_t end = static_cast<std::size_t>(place);
        for (const char character : text) {
            if (character == '\0' || character == '\n' || end + 1 >= text_.size()) {
                break;
            }
            text_[end++] = character;
        }
        text_[end] = '\0';
        return Stored{.written = text.size(), .moved = text.size()};
    }

  private:
    std::size_t length() const { return __builtin_strlen(text_.data()); }
    std::span<char> text_;
};

class ShownInode final : public SysctlInode {
  public:
    ShownInode(Ref<FileSystem> file_system, const ShownSetting& setting)
        : SysctlInode(std::move(file_system), S_IFREG | 0444U), show_(setting.show) {}

    bool continues() const override { return true; }
    Result<void> show(String& out) override { return show_(out); }

  private:
    Result<void> (*show_)(String& out);
};

}  // namespace

Result<SysctlInode::Stored> SysctlInode::store(std::string_view, std::uint64_t) {
    return Errno(EINVAL);
}

Result<Ref<File>> SysctlInode::open_regular(const Path& path, std::uint32_t flags) {
    return TRY(make_ref<SysctlFile>(path, flags, *this));
}

Result<std::int64_t> take_number(std::string_view& text) {
    const bool is_negative = text.size() > 1 && text.front() == '-';
    text.remove_prefix(is_negative ? 1 : 0);
    if (text.empty() || text.front() < '0' || text.front() > '9') {
        return Errno(EINVAL);
    }
    const unsigned base = take_base(text);
    std::int64_t value = 0;
    while (!text.empty() && digit_value(text.front()) < base) {
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit_value(text.front()), &value)) {
            return Errno(EINVAL);
        }
        text.remove_prefix(1);
    }
    return is_negative ? -value : value;
}

Result<Ref<Inode>> make_number_setting(Ref<FileSystem> file_system, const NumberSetting& setting) {
    return TRY(make_ref<NumberInode>(std::move(file_system), setting));
}

Result<Ref<Inode>> make_text_setting(Ref<FileSystem> file_system, const TextSetting& setting) {
    return TRY(make_ref<SettingTextInode>(std::move(file_system), setting));
}

Result<Ref<Inode>> make_shown_setting(Ref<FileSystem> file_system, const ShownSetting& setting) {
    return TRY(make_ref<ShownInode>(std::move(file_system), setting));
}

}  // namespace kernel
