// The header of a kernel Image.
#include "tests/fuzz/input.hpp"
#include "vmm/machine/kernel_image.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using levitate::fuzz::require;
    const auto image = levitate::vmm::read_kernel_header("input", std::as_bytes(std::span{data, size}));
    if (image.has_value()) {
        require(image->image_size >= size, "the kernel's memory holds its file");
    } else {
        require(image.error().message.starts_with("kernel input: "), "an error names the file");
    }
    return 0;
}
