# What the first build costs, which every new user waits for: where optimisation and separate compilation do not pay for
# what they cost there, they are given up. This is the one place that says how. A target of which nothing is said here
# is compiled file by file as its configuration says, in Release with -O3: that is emu, in which a run spends its time.
# (There the cost is the number of executors: emu/thread.hpp says which forms of them are cheap.)
#
# Much of what a file costs is the headers and templates that it shares with the next file of its folder. Where
# LEVITATE_SHARE_HEADERS is on, they are read once for many files: the sources of a folder of vmm/, traces/ or the guest kernel
# are compiled some together (CMake's UNITY_BUILD), and the headers of emu/ and of the guest kernel, which are their own, are
# precompiled. The preset `release` has it on, because that is built as a whole by who wants to use Levitate. All others
# have it off, and so has the kernel that tests build with faults: there a file has to include what it needs, and a change
# compiles its own file alone. scripts/check-tidy too looks at each file for itself.
option(LEVITATE_SHARE_HEADERS "Read the headers that many sources share once, which makes a whole build cheaper" OFF)

# The more sources are compiled together, the less they cost; the fewer, the more of them can be compiled at once, and
# the less a change compiles again.
set(levitate_sources_together 32)

# levitate_reduce_build_cost(TARGET WARM|COLD): for a library that is warm (it works on every event of a trace or on what
# a device is asked for) or cold (it prepares and reports).
function(levitate_reduce_build_cost target heat)
    if(heat STREQUAL "WARM")
        set(level -O2)
    elseif(heat STREQUAL "COLD")
        set(level -O1)
    else()
        message(FATAL_ERROR "levitate_reduce_build_cost: neither WARM nor COLD: ${heat}")
    endif()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:${level}>)
    set_target_properties(${target} PROPERTIES
        UNITY_BUILD ${LEVITATE_SHARE_HEADERS}
        UNITY_BUILD_BATCH_SIZE ${levitate_sources_together})
endfunction()

# levitate_join_sources(RESULT NAME FILE...): for sources that no target of CMake's compiles. RESULT is one source, NAME, that
# includes the FILEs of the current folder, or the FILEs themselves.
function(levitate_join_sources result name)
    if(LEVITATE_SHARE_HEADERS)
        set(joined ${CMAKE_CURRENT_BINARY_DIR}/${name})
        list(TRANSFORM ARGN REPLACE "(.+)" "#include \"${CMAKE_CURRENT_SOURCE_DIR}/\\1\"\n" OUTPUT_VARIABLE lines)
        list(JOIN lines "" text)
        file(CONFIGURE OUTPUT ${joined} CONTENT "${text}" @ONLY)
        set(${result} ${joined} PARENT_SCOPE)
    else()
        set(${result} ${ARGN} PARENT_SCOPE)
    endif()
endfunction()

# levitate_join_sources_of_folders(TARGET): for a target with sources in many folders, of which only those of the same
# folder are compiled together.
function(levitate_join_sources_of_folders target)
    get_target_property(sources ${target} SOURCES)
    foreach(source IN LISTS sources)
        if(source MATCHES "\\.cpp$")
            cmake_path(GET source PARENT_PATH folder)
            string(MAKE_C_IDENTIFIER "${folder}" folder)
            list(APPEND of_${folder} ${source})
            list(LENGTH of_${folder} count)
            math(EXPR group "(${count} - 1) / ${levitate_sources_together}")
            set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${folder}_${group})
        endif()
    endforeach()
    set_target_properties(${target} PROPERTIES
        UNITY_BUILD ${LEVITATE_SHARE_HEADERS}
        UNITY_BUILD_MODE GROUP)
endfunction()

# levitate_precompile_headers(TARGET HEADER...): reads the HEADERs, which most of TARGET's C++ sources include, once.
function(levitate_precompile_headers target)
    if(LEVITATE_SHARE_HEADERS)
        list(TRANSFORM ARGN REPLACE "(.+)" "$<$<COMPILE_LANGUAGE:CXX>:\\1>" OUTPUT_VARIABLE headers)
        target_precompile_headers(${target} PRIVATE ${headers})
    endif()
endfunction()
