// The programs of tests/unit/vmm/debugger/programs.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

namespace levitate::vmm::test {

inline std::filesystem::path program_file(std::string_view name) {
    return std::filesystem::path{LEVITATE_DEBUGGER_TEST_PROGRAMS} / name;
}

inline std::string file_bytes(const std::filesystem::path& file) {
    std::ifstream stream{file, std::ios::binary};
    return {std::istreambuf_iterator{stream}, {}};
}

inline Elf64_Ehdr elf_header(std::string_view bytes) {
    Elf64_Ehdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    return header;
}

}  // namespace levitate::vmm::test
