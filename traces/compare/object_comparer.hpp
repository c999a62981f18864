// Compares pieces of memory by what the ABI says is in them.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "traces/abi/layouts.hpp"
#include "traces/compare/fields.hpp"

namespace levitate::traces::detail {

class ObjectComparer {
  public:
    ObjectComparer(const EventPair& pair, Equivalence& equivalence, std::vector<FieldDifference>& differences)
        : pair_(pair), equivalence_(equivalence), differences_(differences) {}

    using Bytes = std::span<const std::byte>;

    // An object of a struct's or a builtin's type; `name` is what it is called in differences.
    void object(std::string_view type, const std::string& name, Bytes golden, Bytes actual,
                DivergenceKind kind);
    void structure(const abi::Struct& layout, const std::string& name, Bytes golden, Bytes actual,
                   DivergenceKind kind);
    void array(std::string_view type, const std::string& name, Bytes golden, Bytes actual,
               DivergenceKind kind);
    // Bytes without a structure.
    void bytes(const std::string& name, Bytes golden, Bytes actual, DivergenceKind kind);
    // Whether the texts differ only in process numbers that stand for each other in the two traces.
    bool differ_in_pids_only(Bytes golden, Bytes actual) const;
    void directory(const std::string& name, Bytes golden, Bytes actual);

    void address(const std::string& name, std::uint64_t golden, std::uint64_t actual, DivergenceKind kind);
    // From here on inode numbers are not identities. There only has to be one where the golden side has one.
    void let_inodes_vary() { inodes_vary_ = true; }
    void inode(const std::string& name, FilesOf device, std::uint64_t golden, std::uint64_t actual,
               DivergenceKind kind);
    void token(Token token, const std::string& name, std::uint64_t golden, std::uint64_t actual,
               DivergenceKind kind);
    // Compares process numbers as Linux takes them: 0 and -1 name no process, and lower numbers name a group.
    void pid(const std::string& name, std::int64_t golden, std::int64_t actual, DivergenceKind kind);
    // Compares a clock's reading or what is left of an interval. Times differ, but may be 0 only where Linux
    // gives 0. The interval of a timer comes from the program and has to agree.
    void reading(std::string_view type, const std::string& name, Bytes golden, Bytes actual);
    void time(const std::string& name, const std::string& golden, const std::string& actual);
    void fixed(const std::string& name, std::string golden, std::string actual, DivergenceKind kind);

  private:
    // Reports numbers that stand for different objects.
    void number(const std::string& name, std::uint64_t golden, std::uint64_t actual, DivergenceKind kind);
    void field(const abi::Field& field, const std::string& name, Bytes golden, Bytes actual,
               DivergenceKind kind);
    void moment(const abi::Field& field, const std::string& name, std::uint64_t golden, std::uint64_t actual);
    void zeroness(const std::string& name, const abi::Field& field, Bytes golden, Bytes actual,
                  const char* what);
    bool varying_field(const abi::Field& field, const std::string& name, std::uint64_t golden,
                       std::uint64_t actual, DivergenceKind kind);

    const EventPair& pair_;
    Equivalence& equivalence_;
    std::vector<FieldDifference>& differences_;
    bool inodes_vary_ = false;
    FilesOf device_;  // of the structure that is being compared
};

}  // namespace levitate::traces::detail
