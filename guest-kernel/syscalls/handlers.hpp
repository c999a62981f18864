// Declares one handler for each row of the system call table: a definition whose parameters are not the row's
// does not link.
#pragma once

#include "fs/fd.hpp"
#include "lib/result.hpp"
#include "mm/user_memory.hpp"
#include "syscalls/structures.hpp"

namespace kernel {

class Task;

#define FD(name) Fd name
#define INT(name) int name
#define UINT(name) unsigned name
#define LONG(name) long name
#define SIZE(name) std::size_t name
#define OFFSET(name) std::int64_t name
#define MODE(name) unsigned name
#define PID(name) int name
#define SIGNAL(name) int name
#define CLOCK(name) int name
#define FLAGS(name, set) unsigned name
#define FLAGS64(name, set) unsigned long name
#define ENUM(name, set) int name
#define ADDRESS(name) UserAddress name
#define OPAQUE(name) unsigned long name
#define PATH(name) UserString name
#define STRINGS(name) UserAddress name
#define IN(name, type) UserIn<type> name
#define OUT(name, type) UserOut<type> name
#define INOUT(name, type) UserInOut<type> name
#define IN_BYTES(name, length) UserBuffer name
#define OUT_BYTES(name, length) UserBuffer name
#define IN_ARRAY(name, type, count) UserIn<type> name
#define OUT_ARRAY(name, type, count) UserOut<type> name
#define INOUT_ARRAY(name, type, count) UserInOut<type> name
#define IN_IOVEC(name, count) UserIn<iovec> name
#define OUT_IOVEC(name, count) UserIn<iovec> name
#define FUTEX(name) UserAddress name
// How a comparison of recordings treats an argument does not concern its handler.
#define CLOCK_READING(argument) argument
#define REMAINING(argument) argument
#define DURATION(argument) argument
#define UNTIL(argument) argument
#define RANDOM(argument) argument
#define MAYBE_PID(argument) argument
#define AS(type, argument) argument
#define WRITTEN_ON(error, argument) argument
#define ONLY_ON(error, argument) argument
#define IF_POSITIVE(argument) argument
#define TOLD_OF_CHILD(argument) argument
#define WHOLE(argument) argument
#define PER_PAGE(argument) argument
#define SENDS(argument) argument

#define SYSCALL(name, kind, result, area, ...) Result<long> sys_##name(Task& task __VA_OPT__(, ) __VA_ARGS__);
#include "traces/abi/syscalls.inc"
#include "traces/abi/undefine_macros.inc"

}  // namespace kernel
