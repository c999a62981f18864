// Prints what is generated from the command line; a step of the build.
#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "vmm/cli/application.hpp"
#include "vmm/cli/manual/documents.hpp"

int main(int argc, char** argv) {
    using namespace levitate::vmm::cli;
    static const std::map<std::string, std::string (*)(const CommandLine&)> kDocuments{
        {"man", man_page}, {"bash", bash_completion}, {"zsh", zsh_completion}};
    try {
        const auto document = kDocuments.find(argc == 2 ? argv[1] : "");
        if (document == kDocuments.end()) {
            std::fputs("usage: levitate_manual man|bash|zsh\n", stderr);
            return 2;
        }
        int status = 0;
        const std::string text = document->second(describe(*make_application(status, {})));
        const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
        return written && std::fflush(stdout) == 0 ? 0 : 1;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "levitate_manual: %s\n", error.what());
        return 1;
    }
}
