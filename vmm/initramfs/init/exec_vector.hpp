// Strings as execve takes them.
#pragma once

#include <string>
#include <vector>

namespace levitate::vmm::init {

// Pointers into `strings`, which must outlive them, and a null pointer.
inline std::vector<char*> exec_vector(const std::vector<std::string>& strings) {
    std::vector<char*> pointers;
    pointers.reserve(strings.size() + 1);
    for (const std::string& string : strings) {
        pointers.push_back(const_cast<char*>(string.c_str()));
    }
    pointers.push_back(nullptr);
    return pointers;
}

}  // namespace levitate::vmm::init
