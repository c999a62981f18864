// Which interrupt controller the machine has.
#pragma once

namespace levitate::vmm {

enum class GicVersion { V2, V3 };

}  // namespace levitate::vmm
