# Builds the guest kernel with its own compiler (see guest-kernel/CMakeLists.txt) and installs its Image. On an AArch64
# host the native compiler is that compiler.
include(ExternalProject)

if(CMAKE_HOST_SYSTEM_PROCESSOR STREQUAL "aarch64")
    set(guest_kernel_toolchain
        -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY
        -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})
else()
    set(guest_kernel_toolchain
        -DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/guest-kernel/toolchain-aarch64.cmake)
endif()

# LEVITATE_GUEST_KERNEL_IMAGE is where the Image will be; add_dependencies(… guest-kernel) waits for it.
set(LEVITATE_GUEST_KERNEL_DIRECTORY ${CMAKE_BINARY_DIR}/guest-kernel)
set(LEVITATE_GUEST_KERNEL_IMAGE ${LEVITATE_GUEST_KERNEL_DIRECTORY}/Image)

ExternalProject_Add(guest-kernel
    SOURCE_DIR ${CMAKE_SOURCE_DIR}/guest-kernel
    BINARY_DIR ${LEVITATE_GUEST_KERNEL_DIRECTORY}
    CMAKE_ARGS ${guest_kernel_toolchain}
        -DCMAKE_BUILD_TYPE=RelWithDebInfo
        -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
        -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
    BUILD_ALWAYS ON
    INSTALL_COMMAND ""
    BUILD_BYPRODUCTS ${LEVITATE_GUEST_KERNEL_IMAGE}
    USES_TERMINAL_BUILD OFF)

install(FILES ${LEVITATE_GUEST_KERNEL_IMAGE}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/levitate RENAME guest-kernel.Image)
