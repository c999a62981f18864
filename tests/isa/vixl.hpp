// VIXL's headers, which do not compile under this project's warnings.
#pragma once

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wall"
#pragma GCC diagnostic ignored "-Wextra"
#include <aarch64/cpu-features-auditor-aarch64.h>
#include <aarch64/decoder-aarch64.h>
#include <aarch64/disasm-aarch64.h>
#include <aarch64/simulator-aarch64.h>
#pragma GCC diagnostic pop
