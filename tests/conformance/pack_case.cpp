// Makes what the reference host needs to record a case: the root that the machine would give to it, byte for
// byte, and the run description that the recorder reads.
//
//   pack_case CASES NAME GUESTS INIT RECORDINGS OUTPUT
//
// CASES is tests/guests/cases.json, GUESTS the folder of built guests, INIT Levitate's init. Into the folder
// OUTPUT it writes initramfs.cpio, run (the case RECORDINGS times) and files.json: where program and
// libraries stand in the guest and on the host, with their build IDs.
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/initramfs/init/run_description.hpp"
#include "vmm/initramfs/packer.hpp"

namespace {

namespace fs = std::filesystem;
namespace vmm = levitate::vmm;
using Json = nlohmann::ordered_json;

struct Arguments {
    fs::path cases;
    std::string name;
    fs::path guests;
    fs::path init;
    std::size_t recordings = 0;
    fs::path output;
};

std::optional<Arguments> parse_arguments(std::span<char*> given) {
    constexpr std::size_t kCount = 7;
    if (given.size() != kCount) {
        return std::nullopt;
    }
    Arguments arguments{.cases = given[1],
                        .name = given[2],
                        .guests = given[3],
                        .init = given[4],
                        .recordings = 0,
                        .output = given[6]};
    const std::string_view count = given[5];
    const auto parsed = std::from_chars(count.data(), count.data() + count.size(), arguments.recordings);
    if (parsed.ptr != count.data() + count.size() || arguments.recordings == 0) {
        return std::nullopt;
    }
    return arguments;
}

// The entry of that name; null if there is none.
Json find_case(const fs::path& path, const std::string& name) {
    std::ifstream file{path};
    const Json groups = Json::parse(file);
    for (const Json& cases : groups) {
        for (const Json& one : cases) {
            if (one.at("name") == name) {
                return one;
            }
        }
    }
    return nullptr;
}

vmm::PackRequest make_request(const Json& one, const Arguments& arguments) {
    const std::string program = one.at("program");
    vmm::PackRequest request;
    request.init = arguments.init;
    request.program = arguments.guests / program;
    request.guest_program = "/bin/" + program;
    request.arguments = {request.guest_program};
    for (const Json& argument : one.value("arguments", Json::array())) {
        request.arguments.push_back(argument);
    }
    const Json environment = one.value("environment", Json::object());
    for (const auto& [name, value] : environment.items()) {
        request.environment.push_back(name + "=" + value.get<std::string>());
    }
    request.directory = one.value("working_directory", "/");
    request.randomize_addresses = one.value("randomize_addresses", false);
    request.input_bytes = one.value("stdin", "");
    return request;
}

Json describe(const vmm::PackedFile& file) {
    return {{"path", file.guest}, {"host", file.host.string()}, {"build_id", file.build_id}};
}

bool write_file(const fs::path& path, std::span<const char> bytes) {
    std::ofstream file{path, std::ios::binary};
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    file.close();
    return file.good();
}

int pack_case(const Arguments& arguments) {
    const Json one = find_case(arguments.cases, arguments.name);
    if (one.is_null()) {
        std::fprintf(stderr, "pack_case: %s has no case %s\n", arguments.cases.c_str(),
                     arguments.name.c_str());
        return EXIT_FAILURE;
    }
    const vmm::PackRequest request = make_request(one, arguments);
    const auto packed = vmm::pack(request);
    if (!packed) {
        std::fprintf(stderr, "pack_case: %s\n", packed.error().message.c_str());
        return EXIT_FAILURE;
    }
    const std::vector<vmm::init::Case> runs(arguments.recordings,
                                            {.program = request.guest_program,
                                             .arguments = request.arguments,
                                             .environment = request.environment,
                                             .directory = request.directory,
                                             .randomize_addresses = request.randomize_addresses,
                                             .input = vmm::init::Input::Bytes,
                                             .input_bytes = request.input_bytes,
                                             .terminal = {}});
    Json files{{"program", describe(packed->program)}, {"libraries", Json::array()}};
    for (const vmm::PackedFile& library : packed->libraries) {
        files["libraries"].push_back(describe(library));
    }
    fs::create_directories(arguments.output);
    const std::span archive{reinterpret_cast<const char*>(packed->archive.data()), packed->archive.size()};
    const bool written =
        write_file(arguments.output / "initramfs.cpio", archive) &&
        write_file(arguments.output / "run", vmm::init::format_run_description({.cases = runs})) &&
        write_file(arguments.output / "files.json", files.dump(4));
    if (!written) {
        std::fprintf(stderr, "pack_case: cannot write into %s\n", arguments.output.c_str());
    }
    return written ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
    const auto arguments = parse_arguments(std::span(argv, static_cast<std::size_t>(argc)));
    if (!arguments) {
        std::fputs("usage: pack_case CASES NAME GUESTS INIT RECORDINGS OUTPUT\n", stderr);
        return 2;
    }
    try {
        return pack_case(*arguments);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "pack_case: %s\n", error.what());
        return EXIT_FAILURE;
    }
}
