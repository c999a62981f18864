// Which value of one trace stands for which value of the other: process numbers, inodes, addresses. Bindings
// are made where a pair of values is first used; if a pair of events turns out not to match, its bindings are
// taken back.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "traces/compare/compare.hpp"
#include "traces/compare/trace_index.hpp"

namespace levitate::traces::detail {

// What stays the same in an address even if it is random or belongs to another object: the alignment that the
// AArch64 ABI gives stacks and that allocators give their blocks.
inline constexpr std::uint64_t kAlignmentMask = 15;

enum class Token { Pid, Inode, Device, Port, SocketName };

// The files of a device, by its number in the golden trace. A directory's entries do not say which it is.
using FilesOf = std::optional<std::uint64_t>;

// How far two addresses may lie apart.
enum class AddressMode {
    Exact,   // equal, or inside mappings that were found in another place
    Random,  // anywhere: addresses were randomised in one of the traces, or its kernel places things itself
};

// What a program reserves a mapping for, to hand out parts of it later.
enum class Reserve { Heap, Stack };

// The stack pointers that two threads began with; 0: not known.
struct StackTops {
    std::uint64_t golden = 0;
    std::uint64_t actual = 0;
};

// A program's first stack as the kernel has prepared it: strings and vectors lie from `sp` to `end`.
struct StackPlace {
    std::uint64_t sp = 0;
    std::uint64_t end = 0;
};

// A one-to-one relation between the pages of two address spaces.
class AddressMap {
  public:
    // `mode` Exact also takes addresses whose mappings differ (note_mapping); the first use of a page binds
    // it.
    bool equal(std::uint64_t golden, std::uint64_t actual, AddressMode mode, StackTops stacks);

    // Whether both lie at the same place of the stacks that the two threads own; nullopt: neither lies there,
    // or one of the stacks is not known.
    std::optional<bool> in_own_stack(std::uint64_t golden, std::uint64_t actual, StackTops stacks) const;

    // Where a new program's first stack lies in the two. With AddressMode::Random an address below SP is then
    // compared by its distance from SP; how strings and vectors lie above it is up to the kernel.
    void note_first_stack(StackPlace golden, StackPlace actual) {
        golden_stack_ = golden;
        actual_stack_ = actual;
        program_delta_.reset();
    }

    // Whether two addresses of the program's file mean the same place of it: all lie equally far apart.
    bool equal_in_program(std::uint64_t golden, std::uint64_t actual);

    // Both kernels have put the same mapping at these addresses.
    void note_mapping(std::uint64_t golden, std::uint64_t actual, std::uint64_t length);

    // Threads take such mappings (arenas and stacks) from a list of free ones, so any of them may stand for
    // any other of the same length.
    void note_shared_golden(std::uint64_t address, std::uint64_t length, Reserve use) {
        shared_golden_.push_back({address, length, use});
    }
    void note_shared_actual(std::uint64_t address, std::uint64_t length, Reserve use) {
        shared_actual_.push_back({address, length, use});
    }

    // Lets blocks of the program's heaps stand for one another, as a pool of threads needs: which block of
    // memory a piece of work gets depends on what was done before and by whom.
    void let_blocks_move(HeapRange golden, HeapRange actual) {
        golden_blocks_ = golden;
        actual_blocks_ = actual;
        blocks_move_ = true;
    }

    // Only one side has made this mapping. The other side makes a like one elsewhere or at another time, or
    // keeps what would lie there in a mapping that more of its tasks share, so that nothing stands for it.
    void note_golden_only(std::uint64_t address, std::uint64_t length) {
        golden_only_.push_back({address, length});
    }
    void note_actual_only(std::uint64_t address, std::uint64_t length) {
        actual_only_.push_back({address, length});
    }

    // Both have unmapped this range of the golden space.
    void note_unmapping(std::uint64_t golden, std::uint64_t length);

    // The address belongs to a mapping that lies elsewhere in the actual trace.
    bool moved(std::uint64_t golden) const;
    bool moved_from_actual(std::uint64_t actual) const;

    void commit() { fresh_.clear(); }
    void roll_back();

  private:
    struct Moved {
        std::uint64_t golden = 0;
        std::uint64_t actual = 0;
        std::uint64_t length = 0;
    };

    struct Range {
        std::uint64_t address = 0;
        std::uint64_t length = 0;
        Reserve use = Reserve::Heap;
    };

    static bool in_heap(const std::vector<Range>& reserves, HeapRange blocks, std::uint64_t address);
    bool in_shared(std::uint64_t golden, std::uint64_t actual) const;
    // nullopt: neither lies on the first stack.
    std::optional<bool> on_first_stack(std::uint64_t golden, std::uint64_t actual) const;
    static const Range* stack_of(const std::vector<Range>& reserves, std::uint64_t top);
    static bool contains(const std::vector<Range>& ranges, std::uint64_t address);
    bool bind(std::uint64_t golden, std::uint64_t actual);
    void cut(std::uint64_t Moved::* start, std::uint64_t address, std::uint64_t length);

    std::map<std::uint64_t, std::uint64_t> delta_;    // golden page -> actual minus golden, modulo 2^64
    std::map<std::uint64_t, std::uint64_t> reverse_;  // actual page -> the same
    std::vector<Moved> moved_;
    std::vector<Range> golden_only_;
    std::vector<Range> actual_only_;
    std::vector<Range> shared_golden_;
    std::vector<Range> shared_actual_;
    StackPlace golden_stack_;
    StackPlace actual_stack_;
    std::optional<std::uint64_t> program_delta_;
    HeapRange golden_blocks_;
    HeapRange actual_blocks_;
    bool blocks_move_ = false;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> fresh_;  // pages bound since the last commit
};

class Equivalence {
  public:
    explicit Equivalence(AddressMode mode) : mode_(mode) {}

    bool tokens_equal(Token kind, std::uint64_t golden, std::uint64_t actual);
    // Equal already, without a new binding.
    bool tokens_known_equal(Token kind, std::uint64_t golden, std::uint64_t actual) const;
    // Inode numbers are unique on their device only.
    bool inodes_equal(FilesOf device, std::uint64_t golden, std::uint64_t actual);
    bool addresses_equal(std::uint32_t space, std::uint64_t golden, std::uint64_t actual, StackTops stacks);
    AddressMap& space(std::uint32_t number) { return spaces_[number]; }
    AddressMode mode() const { return mode_; }

    // Who uses a descriptor: its number may have been given away and taken again by another thread of the
    // same process while a call of this one was on its way.
    struct DescriptorUser {
        std::uint32_t space = 0;
        TaskNumber task{};
    };
    // From here on the actual trace has the one descriptor where the golden trace has the other, because
    // calls that both sides make have returned them.
    void bind_descriptor(DescriptorUser user, std::uint64_t golden, std::uint64_t actual) {
        fresh_descriptors_.push_back({user, golden, actual, false});
    }
    // Both have closed it.
    void unbind_descriptor(DescriptorUser user, std::uint64_t golden, std::uint64_t actual) {
        fresh_descriptors_.push_back({user, golden, actual, true});
    }
    // The same, whatever becomes of the events that are being compared.
    void note_descriptor(DescriptorUser user, std::uint64_t golden, std::uint64_t actual);
    // nullopt: no call that returned the golden one is known.
    std::optional<bool> descriptors_equal(DescriptorUser user, std::uint64_t golden,
                                          std::uint64_t actual) const;

    // A fork begins with its parent's map.
    void fork_space(std::uint32_t parent, std::uint32_t child);

    // Says that something differed and was let pass.
    void normalised(const std::string& what) { pending_counts_.push_back(what); }

    void commit();
    void roll_back();
    std::vector<Normalisation> normalisations() const;

  private:
    struct Bijection {
        std::map<std::uint64_t, std::uint64_t> forward;
        std::map<std::uint64_t, std::uint64_t> backward;

        bool has(std::uint64_t golden, std::uint64_t actual) const;
        bool contradicts(std::uint64_t golden, std::uint64_t actual) const;
    };
    struct Scope {
        Token kind = Token::Pid;
        FilesOf device;  // of an Inode

        auto operator<=>(const Scope&) const = default;
    };
    struct Fresh {
        Scope scope;
        std::uint64_t golden = 0;
        std::uint64_t actual = 0;
    };

    using Descriptors = std::map<std::uint64_t, std::uint64_t>;  // golden -> actual
    struct FreshDescriptor {
        DescriptorUser user;
        std::uint64_t golden = 0;
        std::uint64_t actual = 0;
        bool closed = false;
    };

    bool bind(const Scope& scope, std::uint64_t golden, std::uint64_t actual);
    void forget_descriptor(DescriptorUser user, std::uint64_t golden, std::uint64_t actual);

    AddressMode mode_;
    std::map<TaskNumber, Descriptors> task_descriptors_;
    std::map<std::uint32_t, Descriptors> space_descriptors_;
    std::vector<FreshDescriptor> fresh_descriptors_;
    std::map<Scope, Bijection> tokens_;
    std::vector<Fresh> fresh_;
    std::map<std::uint32_t, AddressMap> spaces_;
    std::set<std::uint32_t> touched_;
    std::vector<std::string> pending_counts_;
    std::map<std::string, std::size_t> counts_;
};

}  // namespace levitate::traces::detail
