// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/probe.hpp"

namespace hilltop::drivers {
namespace {

Error cannot(const char* what) {
  return {Errc::unsupported, Blame::configuration, std::string("this probe cannot ") + what};
}

}  // namespace

Task<ProbeIdentity> Probe::identify(Deadline) { co_return cannot("say what it is connected to"); }
Task<> Probe::halt(Deadline) { co_return cannot("halt a core"); }
Task<> Probe::resume(Deadline) { co_return cannot("let a core go on"); }
Task<std::string> Probe::read_memory(std::uint64_t, std::size_t, Deadline) { co_return cannot("read memory"); }

}  // namespace hilltop::drivers
