// Files and kernel images for tests.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace levitate::vmm {

// A directory that goes away with the object.
class TestFiles {
  public:
    TestFiles() {
        std::string name = std::filesystem::temp_directory_path() / "levitate-test-XXXXXX";
        directory_ = ::mkdtemp(name.data());
    }
    ~TestFiles() { std::filesystem::remove_all(directory_); }
    TestFiles(const TestFiles&) = delete;
    TestFiles& operator=(const TestFiles&) = delete;

    const std::filesystem::path& directory() const { return directory_; }
    // Creates directories as needed; the file's path.
    std::filesystem::path write(std::string_view name, std::string_view contents) const {
        const std::filesystem::path path = directory_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream{path, std::ios::binary}.write(contents.data(),
                                                    static_cast<std::streamsize>(contents.size()));
        return path;
    }

  private:
    std::filesystem::path directory_;
};

struct ImageFields {
    std::uint64_t text_offset = 0;
    std::uint64_t image_size = 4096;
    std::uint64_t flags = 2;  // little-endian, 4 KiB pages
};

// An arm64 Image whose code, after the header, is `code`.
inline std::string make_image(const ImageFields& fields, std::span<const std::uint32_t> code) {
    constexpr std::uint32_t kBranchOverHeader = 0x1400'0010;  // b #64
    std::string image(64, '\0');
    const auto put = [&image](std::size_t at, const auto& value) {
        std::memcpy(image.data() + at, &value, sizeof value);
    };
    put(0, kBranchOverHeader);
    put(8, fields.text_offset);
    put(16, fields.image_size);
    put(24, fields.flags);
    std::memcpy(image.data() + 56, "ARM\x64", 4);
    for (const std::uint32_t word : code) {
        image.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return image;
}
inline std::string make_image(const ImageFields& fields, std::initializer_list<std::uint32_t> code = {}) {
    return make_image(fields, std::span{code.begin(), code.end()});
}

}  // namespace levitate::vmm
