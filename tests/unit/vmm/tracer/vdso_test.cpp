// Reading a vDSO that the kernel under test wrote.
#include <elf.h>
#include <gtest/gtest.h>

#include <cstring>

#include "tests/unit/vmm/engine/fake_engine.hpp"
#include "vmm/tracer/boundary_tracer.hpp"
#include "vmm/tracer/vdso.hpp"

namespace levitate::vmm::test {
namespace {

constexpr std::uint64_t kBase = 0xfffff7fff000;

// An image with one function, one symbol that is none, and rt_sigreturn.
struct Image {
    Elf64_Ehdr header{};
    Elf64_Phdr segments[2]{};
    Elf64_Dyn dynamic[4]{};
    Elf64_Sym symbols[4]{};
    std::uint32_t hash[2]{1, 4};
    char strings[64] = "\0__kernel_gettimeofday\0__kernel_rt_sigreturn";
};

Image make_image() {
    Image image;
    std::memcpy(image.header.e_ident, ELFMAG, SELFMAG);
    image.header.e_ident[EI_CLASS] = ELFCLASS64;
    image.header.e_ident[EI_DATA] = ELFDATA2LSB;
    image.header.e_machine = EM_AARCH64;
    image.header.e_phoff = offsetof(Image, segments);
    image.header.e_phentsize = sizeof(Elf64_Phdr);
    image.header.e_phnum = 2;
    image.segments[0].p_type = PT_LOAD;
    image.segments[1].p_type = PT_DYNAMIC;
    image.segments[1].p_offset = offsetof(Image, dynamic);
    image.dynamic[0] = {.d_tag = DT_SYMTAB, .d_un = {.d_ptr = offsetof(Image, symbols)}};
    image.dynamic[1] = {.d_tag = DT_STRTAB, .d_un = {.d_ptr = offsetof(Image, strings)}};
    image.dynamic[2] = {.d_tag = DT_HASH, .d_un = {.d_ptr = offsetof(Image, hash)}};
    const auto function = static_cast<unsigned char>(ELF64_ST_INFO(STB_GLOBAL, STT_FUNC));
    image.symbols[1] = {
        .st_name = 1, .st_info = function, .st_other = 0, .st_shndx = 1, .st_value = 0x500, .st_size = 4};
    image.symbols[2] = {
        .st_name = 23, .st_info = function, .st_other = 0, .st_shndx = 1, .st_value = 0x600, .st_size = 4};
    image.symbols[3] = {
        .st_name = 1, .st_info = 0, .st_other = 0, .st_shndx = 1, .st_value = 0x700, .st_size = 4};
    return image;
}

std::vector<VdsoFunction> functions_of(const Image& image) {
    FakeEngine engine;
    engine.put_value(kBase, image);
    return vdso_functions(EngineMemory(engine), GuestVirt{kBase});
}

TEST(vdso, functions_that_programs_call_are_found) {
    const auto functions = functions_of(make_image());
    ASSERT_EQ(functions.size(), 1U);
    EXPECT_EQ(functions[0].name, "__kernel_gettimeofday");
    EXPECT_EQ(value(functions[0].address), kBase + 0x500);
}

TEST(vdso, place_where_handlers_return_to_is_found) {
    FakeEngine engine;
    engine.put_value(kBase, make_image());
    const EngineMemory memory(engine);
    const auto place = vdso_signal_return(memory, GuestVirt{kBase});
    ASSERT_TRUE(place);
    EXPECT_EQ(value(*place), kBase + 0x600);
    Image image = make_image();
    image.symbols[2].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);  // as Linux has it
    engine.put_value(kBase, image);
    EXPECT_TRUE(vdso_signal_return(memory, GuestVirt{kBase}));
    EXPECT_FALSE(vdso_signal_return(memory, GuestVirt{0}));
}

TEST(vdso, address_with_nothing_mapped_has_no_functions) {
    FakeEngine engine;
    EXPECT_TRUE(vdso_functions(EngineMemory(engine), GuestVirt{0}).empty());
}

TEST(vdso, tables_that_point_outside_the_image_have_no_functions) {
    Image image = make_image();
    image.dynamic[0].d_un.d_ptr = 0xfffffffffffff000;
    EXPECT_TRUE(functions_of(image).empty());
}

TEST(vdso, huge_symbol_count_is_bounded_by_the_image) {
    Image image = make_image();
    image.hash[1] = 0xffffffff;
    EXPECT_LE(functions_of(image).size(), 2U);
}

TEST(vdso, program_headers_outside_the_image_have_no_functions) {
    Image image = make_image();
    image.header.e_phoff = 0xffffffffffffffff;
    EXPECT_TRUE(functions_of(image).empty());
}

}  // namespace
}  // namespace levitate::vmm::test
