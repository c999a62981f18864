// How a fault in a trace file is reported to people.
#pragma once

#include <string>

namespace levitate::traces {

// What is wrong with a trace file, for people: the file, the line where there is one, and the remedy.
struct Error {
    std::string message;
};

}  // namespace levitate::traces
