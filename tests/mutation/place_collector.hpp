// Collects the places of one event.
#pragma once

#include <utility>

#include "tests/mutation/places.hpp"

namespace levitate::traces::mutation {

class PlaceCollector {
  public:
    PlaceCollector(Places& places, std::size_t event, std::string owner)
        : places_(places), event_(event), owner_(std::move(owner)) {}

    // `member` gives the number inside an event of this kind.
    template <typename Body, typename Member>
    void number(std::string field, const Body& body, Member member, NumberKind kind = NumberKind::Plain) {
        using Number = std::remove_cvref_t<decltype(member(std::declval<Body&>()))>;
        Body copy = body;
        number(std::move(field), sizeof(Number), static_cast<std::uint64_t>(member(copy)), kind,
               [member](Event& event, std::uint64_t value) {
                   member(std::get<Body>(event.body)) = static_cast<Number>(value);
               });
    }

    void number(std::string field, std::size_t size, std::uint64_t value, NumberKind kind,
                std::function<void(Event&, std::uint64_t)> set) {
        places_.numbers.push_back({event_, owner_, std::move(field), kind, size, value, std::move(set)});
    }

    void bytes(std::string field, std::size_t size, std::function<std::span<std::byte>(Event&)> bytes) {
        if (size > 0) {
            places_.bytes.push_back({event_, owner_, std::move(field), size, std::move(bytes)});
        }
    }

    template <typename Body, typename Member>
    void string(std::string field, const std::string& text, Member member) {
        bytes(std::move(field), text.size(), [member](Event& event) {
            return std::as_writable_bytes(std::span(member(std::get<Body>(event.body))));
        });
    }

  private:
    Places& places_;
    std::size_t event_;
    std::string owner_;
};

// The memory that a place inside of an event's bytes lies in.
using Memory = std::function<std::vector<std::byte>&(Event&)>;

// The fields of the structs (or the numbers) of this type name that the bytes hold; the bytes themselves
// where the type is unknown.
void collect_objects(PlaceCollector& collector, const std::string& name, std::string_view type,
                     const std::vector<std::byte>& bytes, const Memory& memory);

void collect_call(PlaceCollector& collector, const SyscallEvent& call);
void collect_vdso_call(PlaceCollector& collector, const VdsoCallEvent& call);

}  // namespace levitate::traces::mutation
