#include "tests/isa/proof/case_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <sstream>

#include "tests/isa/proof/compare.hpp"

namespace levitate::isa {

namespace {

constexpr std::uint64_t word_address(std::size_t step) {
    return JUDGE_CODE + step * JUDGE_STRIDE + JUDGE_WORD_OFFSET;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t";
    const std::size_t begin = text.find_first_not_of(kSpace);
    return begin == std::string_view::npos ? std::string_view{}
                                           : text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

template <class T>
std::optional<T> number(std::string_view digits, int base) {
    T value{};
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), value, base);
    return error == std::errc{} && end == digits.end() && !digits.empty() ? std::optional{value}
                                                                          : std::nullopt;
}

// At most 128 bits, the lower half first.
std::optional<std::array<std::uint64_t, 2>> hexadecimal(std::string_view text) {
    std::string digits{text};
    std::erase(digits, '_');
    constexpr std::size_t kDigitsInHalf = 16;
    const std::size_t low_count = std::min(digits.size(), kDigitsInHalf);
    const std::size_t high_count = digits.size() - low_count;
    const auto low = number<std::uint64_t>(std::string_view{digits}.substr(high_count), 16);
    const auto high = high_count == 0 ? std::optional<std::uint64_t>{0}
                                      : number<std::uint64_t>(digits.substr(0, high_count), 16);
    if (!low.has_value() || !high.has_value()) {
        return std::nullopt;
    }
    return std::array{*low, *high};
}

// Where the register lies, and in how many doublewords; empty: there is none of that name.
std::span<std::uint64_t> register_of(JudgeState& state, std::string_view name) {
    if (name == "sp") {
        return {&state.sp, 1};
    }
    if (name == "pstate") {
        return {&state.pstate, 1};
    }
    if (name == "fpcr") {
        return {&state.fpcr, 1};
    }
    if (name == "fpsr") {
        return {&state.fpsr, 1};
    }
    const auto index = number<std::size_t>(name.substr(std::min<std::size_t>(name.size(), 1)), 10);
    if (name.starts_with('x') && index.has_value() && *index < std::size(state.x)) {
        return {&state.x[*index], 1};
    }
    if (name.starts_with('v') && index.has_value() && *index < std::size(state.v)) {
        return state.v[*index];
    }
    return {};
}

std::optional<std::uint32_t> outcome_of(std::string_view name) {
    for (std::uint32_t outcome = JUDGE_RETIRED; outcome <= JUDGE_TRAPPED; ++outcome) {
        if (outcome_name(outcome) == name) {
            return outcome;
        }
    }
    return std::nullopt;
}

class Parser {
  public:
    std::expected<Case, std::string> parse(std::string_view text) {
        result_.before.sp = JUDGE_MEMORY + JUDGE_MEMORY_SIZE / 2;
        std::istringstream lines{std::string{text}};
        std::string line;
        for (std::size_t line_number = 1; std::getline(lines, line); ++line_number) {
            const std::string_view content = trimmed(line);
            if (content.empty() || content.starts_with('#')) {
                continue;
            }
            if (!take(content)) {
                return std::unexpected{fmt::format("line {}: cannot be read: {}", line_number, content)};
            }
        }
        if (result_.code.empty() || result_.code.size() > JUDGE_STEPS) {
            return std::unexpected{fmt::format("needs 1 to {} instructions under `code`", JUDGE_STEPS)};
        }
        return finish();
    }

  private:
    enum class Section { None, Code, Before, After };

    bool take(std::string_view line) {
        if (line == "code" || line == "before" || line == "after") {
            section_ = line == "code" ? Section::Code : line == "before" ? Section::Before : Section::After;
            if (section_ == Section::After) {
                result_.after.state = result_.before;
            }
            return true;
        }
        switch (section_) {
            case Section::Code:
                return take_code(line);
            case Section::Before:
                return take_assignment(line, result_.before);
            case Section::After:
                return take_assignment(line, result_.after.state);
            case Section::None:
                break;
        }
        return false;
    }

    bool take_code(std::string_view line) {
        constexpr std::size_t kDigits = 8;
        const auto word = number<std::uint32_t>(line.substr(0, kDigits), 16);
        if (!word.has_value() || line.size() < kDigits) {
            return false;
        }
        result_.code.push_back({*word, std::string{trimmed(line.substr(kDigits))}});
        return true;
    }

    bool take_assignment(std::string_view line, JudgeState& state) {
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            return false;
        }
        const std::string_view name = trimmed(line.substr(0, equals));
        const std::string_view text = trimmed(line.substr(equals + 1));
        if (section_ == Section::After && name == "outcome") {
            outcome_ = outcome_of(text);
            return outcome_.has_value();
        }
        const auto value = hexadecimal(text);
        if (!value.has_value()) {
            return false;
        }
        if (section_ == Section::After && name == "fault") {
            result_.after.fault_address = (*value)[0];
            return true;
        }
        if (section_ == Section::After && name == "pc") {
            pc_ = (*value)[0];
            return true;
        }
        const std::span<std::uint64_t> place = register_of(state, name);
        std::copy_n(value->begin(), place.size(), place.begin());
        return !place.empty();
    }

    Case finish() {
        constexpr std::uint64_t kInstructionSize = 4;
        result_.after.outcome = outcome_.value_or(JUDGE_RETIRED);
        if (section_ != Section::After) {
            result_.after.state = result_.before;
        }
        const bool has_retired = result_.after.outcome == JUDGE_RETIRED;
        const std::uint64_t last = word_address(result_.code.size() - 1);
        result_.after.pc = pc_.value_or(has_retired ? last + kInstructionSize : last);
        return std::move(result_);
    }

    Case result_{};
    Section section_ = Section::None;
    std::optional<std::uint32_t> outcome_;
    std::optional<std::uint64_t> pc_;
};

}  // namespace

std::expected<Case, std::string> parse_case(std::string_view text) {
    return Parser{}.parse(text);
}

std::string run_case(Emulator& emulator, const Case& named) {
    Batch batch;
    batch.numbers.push_back(0);
    batch.sequences.push_back({.memory_seed = 1,
                               .first_slot = 0,
                               .step_count = static_cast<std::uint32_t>(named.code.size()),
                               .state = named.before});
    for (std::size_t i = 0; i < named.code.size(); ++i) {
        batch.steps[i].word = named.code[i].word;
    }
    std::vector<EmulatedStep> emulated;
    emulator.run(batch, emulated);
    JudgeReply& last = emulated[named.code.size() - 1].reply;
    last.memory_hash = named.after.memory_hash;
    return difference(batch.steps[named.code.size() - 1], last, named.after);
}

}  // namespace levitate::isa
