#include "lib/settings.hpp"

namespace kernel {

Settings& settings() {
    static constinit Settings all;
    return all;
}

}  // namespace kernel
