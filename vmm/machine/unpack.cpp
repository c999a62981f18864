#include "vmm/machine/unpack.hpp"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "vmm/machine/magic.hpp"

namespace levitate::vmm {
namespace {

constexpr std::string_view kCutShort = "damaged or cut short; copy or build it again";

struct ZbootHeader {
    std::array<char, 4> mz;  // "MZ", and two bytes of padding
    std::array<char, 4> zimg;
    std::uint32_t payload_offset;
    std::uint32_t payload_size;
    std::array<std::uint32_t, 2> reserved;
    std::array<char, 32> compression;  // ends at a NUL
};
static_assert(sizeof(ZbootHeader) == 56);

// Why nothing greater than `most` is unpacked. `command` does it without this limit.
std::string too_much(std::uint64_t most, std::string_view command) {
    if (most < kMostUnpackedBytes) {
        return fmt::format(
            "too large for the guest's RAM: it unpacks to more than {} MiB; give more with --memory",
            most >> 20U);
    }
    return fmt::format(
        "too large: it unpacks to more than {} MiB, which QEMU would refuse too; unpack it first: {}",
        most >> 20U, command);
}

// Room for what is unpacked: grows as it is filled, and never beyond `most` bytes.
class Growing {
  public:
    explicit Growing(std::uint64_t most) : most_(most) {}

    // The free room behind what is filled. Empty: there may be no more.
    std::span<std::byte> room() {
        constexpr std::uint64_t kLeast = 65536;
        if (filled_ == bytes_.size()) {
            bytes_.resize(std::min(most_, std::max(kLeast, 2 * std::uint64_t{bytes_.size()})));
        }
        return std::span{bytes_}.subspan(filled_);
    }
    void fill(std::size_t count) { filled_ += count; }
    std::vector<std::byte> take() {
        bytes_.resize(filled_);
        return std::move(bytes_);
    }

  private:
    std::uint64_t most_;
    std::vector<std::byte> bytes_;
    std::size_t filled_ = 0;
};

struct InflateEnd {
    void operator()(z_stream* stream) const { inflateEnd(stream); }
};

struct Inflated {
    std::vector<std::byte> bytes;
    std::size_t taken = 0;  // of the packed bytes
};

std::expected<Inflated, std::string> inflate_member(std::span<const std::byte> packed, std::uint64_t most,
                                                    std::string_view command) {
    // 16 more than the greatest window: with a gzip header (zlib.h, inflateInit2).
    constexpr int kGzipWindow = 16 + MAX_WBITS;
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindow) != Z_OK) {
        return std::unexpected("cannot be unpacked: out of memory");
    }
    const std::unique_ptr<z_stream, InflateEnd> end{&stream};
    // SAFETY: zlib only reads its input; the type is not const in builds without ZLIB_CONST.
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    Growing unpacked{most};
    for (;;) {
        const std::span<std::byte> room = unpacked.room();
        std::byte beyond{};
        // Without room left, a byte more than may be tells whether this is the end.
        const std::span<std::byte> place = room.empty() ? std::span{&beyond, 1} : room;
        stream.next_out = reinterpret_cast<Bytef*>(place.data());
        stream.avail_out = static_cast<uInt>(place.size());
        const int status = inflate(&stream, Z_NO_FLUSH);
        const std::size_t made = place.size() - stream.avail_out;
        if (room.empty() && made != 0) {
            return std::unexpected(too_much(most, command));
        }
        unpacked.fill(made);
        if (status == Z_STREAM_END) {
            return Inflated{.bytes = unpacked.take(), .taken = packed.size() - stream.avail_in};
        }
        if (status != Z_OK) {
            return std::unexpected(std::string{kCutShort});
        }
    }
}

Unpacked inflate_one(std::span<const std::byte> packed, std::uint64_t most, std::string_view command) {
    auto inflated = inflate_member(packed, most, command);
    if (!inflated) {
        return std::unexpected(std::move(inflated.error()));
    }
    return std::move(inflated->bytes);
}

Unpacked unpack_zstd(std::span<const std::byte> packed, std::uint64_t most, std::string_view command) {
    const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
    if (context == nullptr) {
        return std::unexpected("cannot be unpacked: out of memory");
    }
    ZSTD_inBuffer input{packed.data(), packed.size(), 0};
    Growing unpacked{most};
    for (;;) {
        const std::span<std::byte> room = unpacked.room();
        std::byte beyond{};
        const std::span<std::byte> place = room.empty() ? std::span{&beyond, 1} : room;
        ZSTD_outBuffer output{place.data(), place.size(), 0};
        const std::size_t status = ZSTD_decompressStream(context.get(), &output, &input);
        if (ZSTD_isError(status) != 0) {
            return std::unexpected(std::string{kCutShort});
        }
        if (room.empty() && output.pos != 0) {
            return std::unexpected(too_much(most, command));
        }
        unpacked.fill(output.pos);
        if (status == 0) {
            return unpacked.take();
        }
        if (input.pos == input.size && output.pos < output.size) {
            return std::unexpected(std::string{kCutShort});
        }
    }
}

// The program that unpacks what Linux's build calls so (drivers/firmware/efi/libstub/Makefile.zboot). Empty:
// unknown.
std::string_view unpacker_of(std::string_view compression) {
    struct Unpacker {
        std::string_view compression;
        std::string_view command;
    };
    constexpr std::array kUnpackers{Unpacker{.compression = "gzip", .command = "gzip -dc"},
                                    Unpacker{.compression = "zstd", .command = "zstd -dc"},
                                    Unpacker{.compression = "zstd22", .command = "zstd -dc"},
                                    Unpacker{.compression = "lz4", .command = "lz4 -dc"},
                                    Unpacker{.compression = "lzma", .command = "lzma -dc"},
                                    Unpacker{.compression = "lzo", .command = "lzop -dc"},
                                    Unpacker{.compression = "xzkern", .command = "xz -dc"}};
    const auto* const found = std::ranges::find(kUnpackers, compression, &Unpacker::compression);
    return found == kUnpackers.end() ? std::string_view{} : found->command;
}

// A shell command that takes the payload out and unpacks it.
std::string command_for(std::string_view name, const ZbootHeader& header, std::string_view unpacker) {
    return fmt::format("tail -c +{} {} | head -c {} | {} > Image", std::uint64_t{header.payload_offset} + 1,
                       name, header.payload_size, unpacker);
}

}  // namespace

bool is_gzip(std::span<const std::byte> bytes) {
    return has_at(bytes, 0, "\x1f\x8b");
}

bool is_zboot(std::span<const std::byte> bytes) {
    return has_at(bytes, 0, "MZ") && has_at(bytes, 4, "zimg");
}

Unpacked unpack_gzip(std::string_view name, std::span<const std::byte> packed, std::uint64_t most) {
    const std::string command = fmt::format("gzip -dc {} > kernel", name);
    auto inflated = inflate_member(packed, most, command);
    if (!inflated) {
        return std::unexpected("compressed with gzip, and " + inflated.error());
    }
    if (is_gzip(packed.subspan(inflated->taken))) {
        return std::unexpected(
            "several gzip files in one, of which QEMU would load only the first; unpack it: " + command);
    }
    return std::move(inflated->bytes);
}

Unpacked unpack_zboot(std::string_view name, std::span<const std::byte> file, std::uint64_t most) {
    ZbootHeader header{};
    std::memcpy(&header, file.data(), std::min(file.size(), sizeof header));
    if (file.size() < sizeof header || header.payload_offset > file.size() ||
        header.payload_size > file.size() - header.payload_offset) {
        return std::unexpected(fmt::format("an EFI zboot image, {}", kCutShort));
    }
    const auto payload = file.subspan(header.payload_offset, header.payload_size);
    const auto* const end = std::ranges::find(header.compression, '\0');
    const std::string_view compression{header.compression.begin(), end};
    const std::string_view unpacker = unpacker_of(compression);
    if (unpacker.empty()) {
        return std::unexpected(
            "an EFI zboot image in a compression that is not known; use arch/arm64/boot/Image of the same "
            "build");
    }
    const std::string command = command_for(name, header, unpacker);
    if (compression != "gzip" && !compression.starts_with("zstd")) {
        return std::unexpected(fmt::format(
            "an EFI zboot image whose payload is compressed with {}; use arch/arm64/boot/Image of the "
            "same build, or take it out: {}",
            compression, command));
    }
    Unpacked unpacked =
        compression == "gzip" ? inflate_one(payload, most, command) : unpack_zstd(payload, most, command);
    if (!unpacked) {
        return std::unexpected("an EFI zboot image, and " + unpacked.error());
    }
    return unpacked;
}

}  // namespace levitate::vmm
