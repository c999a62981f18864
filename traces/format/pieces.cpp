#include "traces/format/pieces.hpp"

#include <algorithm>
#include <iterator>

namespace levitate::traces {
namespace {

struct PieceName {
    Piece piece;
    std::string_view name;
};

constexpr PieceName kPieceNames[] = {
    {Piece::Object, "object"},        {Piece::String, "string"},
    {Piece::Buffer, "buffer"},        {Piece::Name, "name"},
    {Piece::Control, "control"},      {Piece::Vector, "vector"},
    {Piece::SignalSet, "signal_set"}, {Piece::Pidfd, "pidfd"},
    {Piece::ParentTid, "parent_tid"},
};

}  // namespace

std::string_view piece_name(Piece piece) {
    return std::ranges::find(kPieceNames, piece, &PieceName::piece)->name;
}

std::optional<Piece> find_piece(std::string_view name) {
    const auto* const found = std::ranges::find(kPieceNames, name, &PieceName::name);
    return found != std::end(kPieceNames) ? std::optional(found->piece) : std::nullopt;
}

}  // namespace levitate::traces
