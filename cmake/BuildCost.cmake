# What the first build costs, which every new user waits for: where optimisation and separate compilation do not pay for
# what they cost there, they are given up. This is the one place that says how. A target of which nothing is said here
# is compiled file by file as its configuration says, in Release with -O3: that is emu, in which a run spends its time.
#
# Most of what a file of vmm/ or traces/ costs is the C++ library's and other libraries' headers and templates, which
# the next file of the folder needs too. So the sources of a folder are compiled some together (CMake's UNITY_BUILD),
# where LEVITATE_JOIN_SOURCES is on. The preset `release` has it on, because that is built as a whole by who wants to use
# Levitate. All others have it off, because there one works: a change compiles its own file alone, and each file has to
# include what it needs. scripts/check-tidy too looks at each file for itself.
option(LEVITATE_JOIN_SOURCES "Compile several sources of a folder together, which makes a whole build cheaper" OFF)

# The more sources are compiled together, the less they cost; the fewer, the more of them can be compiled at once, and
# the less a change compiles again.
set(levitate_sources_together 8)

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
        UNITY_BUILD ${LEVITATE_JOIN_SOURCES}
        UNITY_BUILD_BATCH_SIZE ${levitate_sources_together})
endfunction()
