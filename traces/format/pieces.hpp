// The names of a call's pieces of memory.
#pragma once

#include <optional>
#include <string_view>

#include "traces/format/event.hpp"

namespace levitate::traces {

// "buffer", "parent_tid", as trace files have them.
std::string_view piece_name(Piece piece);
std::optional<Piece> find_piece(std::string_view name);

}  // namespace levitate::traces
