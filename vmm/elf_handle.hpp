// libelf's handles of files, which close themselves.
#pragma once

#include <libelf.h>

#include <memory>

namespace levitate::vmm {

struct ElfCloser {
    void operator()(Elf* elf) const { elf_end(elf); }
};
using ElfHandle = std::unique_ptr<Elf, ElfCloser>;

}  // namespace levitate::vmm
