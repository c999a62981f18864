// Reads and writes one line of the JSON Lines form, which FORMAT.md describes. The reader and the writer of
// whole files use this.
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

// An error says what is wrong with the line, but not where the line is: the caller knows that.
std::expected<Header, std::string> parse_header_line(std::string_view line);
std::expected<Event, std::string> parse_event_line(std::string_view line);
std::expected<Footer, std::string> parse_footer_line(std::string_view line);

// Tells a footer from an event by its first key, without parsing.
bool is_footer_line(std::string_view line);

}  // namespace levitate::traces
