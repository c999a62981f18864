// Threaded code: decoding into slots, entering and leaving them.
#include "emu/thread.hpp"

#include <cstring>
#include <utility>

#include "emu/core.hpp"
#include "emu/decode/table.hpp"

namespace levitate::emu {

Flow decode_slot(Core& core, const Instruction* at, std::int64_t credit) {
    core.decode(*at);
    return core.go_on(at, credit);
}

Flow end_of_page(Core& core, const Instruction* /*at*/, std::int64_t credit) {
    return core.leave_page(credit);
}

Flow detail::unusual(Core& core, const Instruction* at, std::int64_t credit, Flow flow,
                     Flow (*complete_form)(Core&, const Instruction&, std::int64_t)) {
    if (flow == Flow::Exception && core.take_redo()) {
        core.form = Form::Complete;
        flow = complete_form(core, *at, credit);
        core.form = Form::Usual;
        if (flow == Flow::Next) {
            return core.go_on(at + 1, credit);
        }
    }
    return core.stop(*at, credit, flow);
}

namespace {

// After an instruction that is executed alone.
Flow stop_here(Core& core, const Instruction* at, std::int64_t credit) {
    return core.stop_before(*at, credit, Flow::Leave);
}

}  // namespace

void Core::decode(const Instruction& slot) {
    if (!code_page_->decoded) {
        code_page_->decoded = true;
        code_page_->stores = 0;
        tlbs_.stop_fast_stores(code_page_->host);
    }
    Instruction& decoded = code_page_->slots[slot.page_offset / kInstructionBytes];
    std::memcpy(&decoded.word, code_page_->host + decoded.page_offset, sizeof decoded.word);
    const decode::Row* row = decode::find(decoded.word);
    decoded.operation = row != nullptr ? row->decode(decoded.word) : undefined();
}

// Executes at least one and at most `limit` instructions from `pc` on, until something asks for the run
// loop's attention.
Flow Core::run_slice(CodePage* page, std::uint64_t limit) {
    code_page_ = page;
    code_base_ = page_of(pc);
    slice_end_ = retired + limit;
    const std::size_t place = (pc & kPageOffsetMask) / kInstructionBytes;
    const Instruction& slot = page->slots[place];
    const std::uint64_t to_page_end = kSlotsPerPage - place;
    return limit >= to_page_end ? run_thread(&slot, static_cast<std::int64_t>(limit - to_page_end))
                                : run_one(slot);
}

// A copy of the instruction with an end after it, so that nothing else need be able to stop there. Should it
// branch, the credit is too small to go on.
Flow Core::run_one(const Instruction& slot) {
    if (slot.operation.code == &decode_slot) {
        decode(slot);
    }
    slice_end_ = retired + 1;
    single_[0] = slot;
    single_[1].operation.code = &stop_here;
    single_[1].page_offset = static_cast<std::uint16_t>(slot.page_offset + kInstructionBytes);
    const std::size_t to_page_end = (kPageSize - slot.page_offset) / kInstructionBytes;
    return run_thread(single_.data(), 1 - static_cast<std::int64_t>(to_page_end));
}

Flow Core::run_thread(const Instruction* at, std::int64_t credit) {
    next_ = nullptr;
    Flow flow = at->operation.code(*this, at, credit);
    if constexpr (!kCallsInTails) {
        while (next_ != nullptr) {
            at = std::exchange(next_, nullptr);
            flow = at->operation.code(*this, at, next_credit_);
        }
    }
    return flow;
}

Flow Core::branch_elsewhere(const Instruction& at, std::int64_t credit) {
    return enter_page(branch_target, left_from(at, credit) - 1);
}

Flow Core::leave_page(std::int64_t credit) {
    return enter_page(code_base_ + kPageSize, static_cast<std::uint64_t>(credit));
}

// Goes on at `address` if `left` instructions, which may retire from there on, are enough for the rest of its
// page.
Flow Core::enter_page(std::uint64_t address, std::uint64_t left) {
    const FetchTlbEntry& entry = tlbs_.fetch_entry(pstate.el, address);
    const std::size_t place = (address & kPageOffsetMask) / kInstructionBytes;
    const std::uint64_t to_page_end = kSlotsPerPage - place;
    if (entry.tag == page_of(address) && address % kInstructionBytes == 0 && left >= to_page_end) [[likely]] {
        code_page_ = entry.page;
        code_base_ = entry.tag;
        return go_on(&code_page_->slots[place], static_cast<std::int64_t>(left - to_page_end));
    }
    retired = slice_end_ - left;
    pc = without_tag(translation_control(), address);
    return Flow::Leave;
}

Flow Core::stop(const Instruction& at, std::int64_t credit, Flow flow) {
    if (flow == Flow::Exception) {
        return stop_before(at, credit, flow);
    }
    retired = slice_end_ - left_from(at, credit) + 1;
    const bool branches = flow == Flow::Branch || flow == Flow::Jump;
    pc = branches ? without_tag(translation_control(), branch_target) : address_of(at) + kInstructionBytes;
    return flow;
}

Flow Core::stop_before(const Instruction& at, std::int64_t credit, Flow flow) {
    retired = slice_end_ - left_from(at, credit);
    pc = address_of(at);
    return flow;
}

}  // namespace levitate::emu
