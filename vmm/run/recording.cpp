#include "vmm/run/recording.hpp"

#include <fmt/format.h>
#include <nettle/sha2.h>

#include <array>
#include <cstdint>

namespace levitate::vmm {
namespace {

traces::FileIdentity identify(const PackedFile& file) {
    return {.path = file.guest, .sha256 = sha256(*file.contents), .build_id = file.build_id};
}

}  // namespace

std::string sha256(std::span<const std::byte> bytes) {
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, bytes.size(), reinterpret_cast<const std::uint8_t*>(bytes.data()));
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&context, digest.size(), digest.data());
    return fmt::format("{:02x}", fmt::join(digest, ""));
}

traces::Header make_header(const RunSpec& spec, const Initramfs& initramfs) {
    traces::Header header;
    header.program = identify(initramfs.program);
    for (const PackedFile& library : initramfs.libraries) {
        header.libraries.push_back(identify(library));
    }
    for (const PackedFile& file : initramfs.files) {
        header.files.push_back(identify(file));
    }
    header.argv = spec.argv;
    header.envp = spec.envp;
    header.cwd = spec.cwd;
    header.stdin_bytes = spec.stdin_bytes.value_or(std::vector<std::byte>{});
    header.randomize_addresses = spec.randomize_addresses;
    header.seed = spec.seed;
    header.schedule_seed = spec.schedule_seed;
    if (spec.init_mode == InitMode::Direct) {
        header.direct_init = spec.init_paths.front();
    }
    header.engine = "emu";
    header.cpu = "Neoverse N1";
    return header;
}

}  // namespace levitate::vmm
