// zstd streams: the compressed form of a trace file.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <string_view>

namespace levitate::traces {

// A text of more bytes than this is refused: a small damaged or malicious file can claim any size.
constexpr std::size_t kMostDecompressedBytes = std::size_t{2} << 30;

// A stream that ends early gives what could be decompressed. The error is for people, without the file's
// name.
std::expected<std::string, std::string> decompress(std::string_view compressed);

class Compressor {
  public:
    Compressor();
    ~Compressor();
    Compressor(const Compressor&) = delete;
    Compressor& operator=(const Compressor&) = delete;

    // The compressed bytes that are ready after this piece. `last` ends the stream.
    enum class Piece { More, Last };
    std::expected<std::string, std::string> compress(std::string_view text, Piece piece);

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace levitate::traces
