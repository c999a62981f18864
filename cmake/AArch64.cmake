# What is built for AArch64, whatever the host is: programs of Linux, and projects without an operating system. One
# variable a tool; on an AArch64 host they are the host's own.
#
#   LEVITATE_AARCH64_CC, LEVITATE_AARCH64_CXX   compilers for AArch64 Linux
include(ExternalProject)

if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    set(LEVITATE_AARCH64_CC ${CMAKE_C_COMPILER})
    set(LEVITATE_AARCH64_CXX ${CMAKE_CXX_COMPILER})
    set(levitate_bare_toolchain
        -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY
        -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER})
else()
    find_program(LEVITATE_AARCH64_CC aarch64-linux-gnu-gcc REQUIRED
        DOC "C compiler for AArch64 Linux; apt-get install gcc-aarch64-linux-gnu")
    find_program(LEVITATE_AARCH64_CXX aarch64-linux-gnu-g++ REQUIRED
        DOC "C++ compiler for AArch64 Linux; apt-get install g++-aarch64-linux-gnu")
    set(levitate_bare_toolchain -DCMAKE_TOOLCHAIN_FILE=${CMAKE_SOURCE_DIR}/cmake/toolchain-aarch64.cmake)
endif()

# What our own programs for AArch64 Linux are held to.
set(LEVITATE_AARCH64_WARNINGS
    -Wall -Wextra -Wpedantic -Wshadow -Wold-style-cast -Wconversion -Wsign-conversion -Werror)

# levitate_aarch64_objects(RESULT SOURCES FILE... [FLAGS FLAG...]): compiles C and C++ for AArch64 Linux. RESULT is the
# list of objects. A source is relative to the current folder.
function(levitate_aarch64_objects result)
    cmake_parse_arguments(PARSE_ARGV 1 argument "" "" "SOURCES;FLAGS")
    set(objects "")
    foreach(source IN LISTS argument_SOURCES)
        cmake_path(ABSOLUTE_PATH source BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE OUTPUT_VARIABLE path)
        cmake_path(RELATIVE_PATH path BASE_DIRECTORY ${CMAKE_SOURCE_DIR} OUTPUT_VARIABLE name)
        string(MAKE_C_IDENTIFIER ${name} name)
        set(object ${CMAKE_CURRENT_BINARY_DIR}/aarch64/${name}.o)
        if(path MATCHES "\\.c$")
            set(compiler ${LEVITATE_AARCH64_CC})
            set(launcher ${CMAKE_C_COMPILER_LAUNCHER})
        else()
            set(compiler ${LEVITATE_AARCH64_CXX})
            set(launcher ${CMAKE_CXX_COMPILER_LAUNCHER})
        endif()
        add_custom_command(
            OUTPUT ${object}
            COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_CURRENT_BINARY_DIR}/aarch64
            COMMAND ${launcher} ${compiler} ${argument_FLAGS} -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.
                -I${CMAKE_SOURCE_DIR} -MD -MF ${object}.d -c ${path} -o ${object}
            DEPENDS ${path}
            DEPFILE ${object}.d
            COMMENT "Building ${path} for AArch64"
            VERBATIM)
        list(APPEND objects ${object})
    endforeach()
    set(${result} ${objects} PARENT_SCOPE)
endfunction()

# levitate_aarch64_program(TARGET OUTPUT [SOURCES FILE...] [OBJECTS FILE...] [FLAGS FLAG...] [LINK_FLAGS FLAG...]): a
# program for AArch64 Linux at OUTPUT, which TARGET builds. Its sources share FLAGS; objects are compiled already.
function(levitate_aarch64_program target output)
    cmake_parse_arguments(PARSE_ARGV 2 argument "" "" "SOURCES;OBJECTS;FLAGS;LINK_FLAGS")
    levitate_aarch64_objects(objects SOURCES ${argument_SOURCES} FLAGS ${argument_FLAGS})
    list(APPEND objects ${argument_OBJECTS})
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${LEVITATE_AARCH64_CXX} ${objects} ${argument_LINK_FLAGS} -o ${output}
        DEPENDS ${objects}
        COMMENT "Linking ${output} for AArch64"
        VERBATIM)
    add_custom_target(${target} ALL DEPENDS ${output})
endfunction()

# levitate_native_sources(FILE...): sources of the current folder that levitate-native, the recorder for AArch64 Linux, is
# made of, whatever the host's own libraries have of them.
function(levitate_native_sources)
    list(TRANSFORM ARGN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
    set_property(GLOBAL APPEND PROPERTY LEVITATE_NATIVE_SOURCES ${ARGN})
endfunction()

# levitate_aarch64_project(TARGET SOURCE_DIR BINARY_DIR [ARGUMENT...]): a CMake project of its own for AArch64 without an
# operating system. ARGUMENTs go to its configuration.
function(levitate_aarch64_project target source_directory binary_directory)
    ExternalProject_Add(${target}
        SOURCE_DIR ${source_directory}
        BINARY_DIR ${binary_directory}
        # What an older checkout configured here may name files that are gone.
        CMAKE_ARGS --fresh ${levitate_bare_toolchain}
            -DCMAKE_BUILD_TYPE=RelWithDebInfo
            -DCMAKE_C_COMPILER_LAUNCHER=${CMAKE_C_COMPILER_LAUNCHER}
            -DCMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER}
            -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
            ${ARGN}
        BUILD_ALWAYS ON
        INSTALL_COMMAND "")
endfunction()
