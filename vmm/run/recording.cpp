#include "vmm/run/recording.hpp"

#include "vmm/cache/digest.hpp"

namespace levitate::vmm {
namespace {

traces::FileIdentity identify(const PackedFile& file) {
    return {.path = file.guest, .sha256 = sha256(*file.contents), .build_id = file.build_id};
}

}  // namespace

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
