// One line of the JSON Lines form at a time; FORMAT.md is its description. For the reader and the writer.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "traces/format/event.hpp"

namespace levitate::traces {

struct Footer {
    std::uint64_t events = 0;
    std::string incomplete;
};

// Without a line feed. The same value gives the same bytes.
std::string header_line(const Header& header);
std::string event_line(const Event& event);
std::string footer_line(const Footer& footer);

// What is wrong with the line is said without its place, which the caller knows.
std::expected<Header, std::string> parse_header_line(std::string_view line);
std::expected<Event, std::string> parse_event_line(std::string_view line);
std::expected<Footer, std::string> parse_footer_line(std::string_view line);

// Told apart from an event by its first key, without parsing.
bool is_footer_line(std::string_view line);

}  // namespace levitate::traces
