// How a fault is reported to people.
#pragma once

#include <expected>
#include <string>
#include <utility>

namespace levitate::vmm {

// A fault of the harness or of its input, for people: what, where, and the remedy.
struct Error {
    enum class Kind {
        Usage,          // exit status 2
        NotExecutable,  // 126
        NotFound,       // 127
        Harness,        // 125
    };
    Kind kind = Kind::Harness;
    std::string message;
};

template <typename T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> failure(Error::Kind kind, std::string message) {
    return std::unexpected(Error{.kind = kind, .message = std::move(message)});
}

}  // namespace levitate::vmm
