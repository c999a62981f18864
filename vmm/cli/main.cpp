// The entry point of the tool `levitate`.
#include <cstddef>

#include "vmm/cli/tool.hpp"

int main(int argc, char** argv) {
    return levitate::vmm::cli::run_tool({argv, static_cast<std::size_t>(argc)});
}
