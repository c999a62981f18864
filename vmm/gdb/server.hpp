// A GDB stub: answers GDB's remote serial protocol for a Target.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/debugger/target.hpp"
#include "vmm/gdb/connection.hpp"

namespace levitate::vmm::gdb {

// How a client's session ended.
enum class SessionEnd {
    Detached,     // the client detached or went away: the run goes on without it
    Killed,       // the client asked to kill the program
    TargetEnded,  // the run has ended
};

class Server {
  public:
    Server(Connection connection, Target& target) : connection_(std::move(connection)), target_(target) {}

    // Answers packets, while the target stands still, until the session ends.
    SessionEnd serve();

  private:
    struct Reply {
        std::string text;
        std::optional<SessionEnd> end;
    };

    Reply answer(std::string_view packet);
    Reply resume(ResumeKind kind);
    Reply resume_by_vcont(std::string_view actions);
    std::string query(std::string_view packet);
    std::string set_thread(std::string_view operation);
    std::string read_registers() const;
    std::string write_registers(std::string_view hex);
    std::string read_register(std::string_view number) const;
    std::string write_register(std::string_view assignment);
    std::string read_memory(std::string_view range) const;
    std::string write_memory(std::string_view assignment);
    std::string change_breakpoint(std::string_view packet);
    std::string stop_reply(const TargetStop& stop) const;
    std::string thread_list() const;

    Connection connection_;
    Target& target_;
    ThreadId selected_{1};  // by Hg: whose registers g, G, p and P mean
    std::string last_stop_ = "T05thread:1;";
};

}  // namespace levitate::vmm::gdb
