// A guest's user memory under its current translation tables.
#pragma once

#include "vmm/engine/engine.hpp"
#include "vmm/tracer/user_memory.hpp"

namespace levitate::vmm {

class EngineMemory final : public UserMemory {
  public:
    explicit EngineMemory(const Engine& engine) : engine_(engine) {}
    std::size_t read(GuestVirt address, std::span<std::byte> into) const override {
        return engine_.read_memory(address, into, View::User);
    }

  private:
    const Engine& engine_;
};

}  // namespace levitate::vmm
