// The packer's reader of ELF files.
#include <algorithm>
#include <string>

#include "tests/fuzz/input.hpp"
#include "vmm/initramfs/elf_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using levitate::fuzz::require;
    const auto bytes = std::as_bytes(std::span{data, size});
    const auto elf = levitate::vmm::read_elf("input", bytes);
    if (!elf.has_value()) {
        require(elf.error().message.starts_with("input: "), "an error names the file");
        return 0;
    }
    require(levitate::vmm::is_aarch64_elf(bytes), "what can be read is an ELF file for AArch64");
    const auto is_text = [](const std::string& text) { return text.find('\0') == std::string::npos; };
    require(elf->interpreter.empty() || elf->interpreter.front() == '/',
            "the interpreter's path is absolute");
    require(is_text(elf->interpreter), "the interpreter is a C string");
    require(std::ranges::all_of(elf->needed, is_text), "the libraries are C strings");
    require(std::ranges::none_of(elf->runpath, &std::string::empty), "no directory is empty");
    return 0;
}
