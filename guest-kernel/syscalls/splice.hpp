// The flags of splice, tee and vmsplice (Linux include/linux/splice.h, not in UAPI).
#pragma once

namespace kernel {

inline constexpr unsigned kSpliceNonblock = 2;
inline constexpr unsigned kSpliceFlags = 15;  // with MOVE, MORE and GIFT, which are hints

}  // namespace kernel
