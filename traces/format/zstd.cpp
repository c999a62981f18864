#include "traces/format/zstd.hpp"

#include <zstd.h>

#include <vector>

namespace levitate::traces {

std::expected<std::string, std::string> decompress(std::string_view compressed) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
    if (context == nullptr) {
        return std::unexpected("out of memory");
    }
    std::string text;
    std::vector<char> buffer(ZSTD_DStreamOutSize());
    ZSTD_inBuffer input{compressed.data(), compressed.size(), 0};
    for (;;) {
        ZSTD_outBuffer output{buffer.data(), buffer.size(), 0};
        const std::size_t status = ZSTD_decompressStream(context.get(), &output, &input);
        if (ZSTD_isError(status) != 0) {
            return std::unexpected(std::string("not a zstd stream: ") + ZSTD_getErrorName(status));
        }
        text.append(buffer.data(), output.pos);
        if (text.size() > kMostDecompressedBytes) {
            return std::unexpected("more than 2 GiB when decompressed");
        }
        // All input has been taken and the output is not full, so nothing is left inside either.
        if (input.pos == input.size && output.pos < output.size) {
            return text;
        }
    }
}

struct Compressor::State {
    std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context{ZSTD_createCCtx(), ZSTD_freeCCtx};
    std::vector<char> buffer = std::vector<char>(ZSTD_CStreamOutSize());
};

Compressor::Compressor() : state_(std::make_unique<State>()) {}
Compressor::~Compressor() = default;

std::expected<std::string, std::string> Compressor::compress(std::string_view text, Piece piece) {
    if (state_->context == nullptr) {
        return std::unexpected("out of memory");
    }
    const ZSTD_EndDirective mode = piece == Piece::Last ? ZSTD_e_end : ZSTD_e_continue;
    ZSTD_inBuffer input{text.data(), text.size(), 0};
    std::string result;
    for (;;) {
        ZSTD_outBuffer output{state_->buffer.data(), state_->buffer.size(), 0};
        const std::size_t left = ZSTD_compressStream2(state_->context.get(), &output, &input, mode);
        if (ZSTD_isError(left) != 0) {
            return std::unexpected(std::string("zstd: ") + ZSTD_getErrorName(left));
        }
        result.append(state_->buffer.data(), output.pos);
        if (piece == Piece::Last ? left == 0 : input.pos == input.size) {
            return result;
        }
    }
}

}  // namespace levitate::traces
