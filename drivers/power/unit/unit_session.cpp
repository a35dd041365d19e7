// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_session.hpp"

#include <cerrno>
#include <fstream>

#include "drivers/core/process.hpp"
#include "drivers/core/stream_socket.hpp"

namespace hilltop::drivers::unit {
namespace {

/// A program for each request; what it prints is the reply.
class CommandSession final : public UnitSession {
 public:
  Task<std::string> exchange(Request request, Deadline deadline) override { return run(std::move(request), deadline); }

 private:
  static Task<std::string> run(Request request, Deadline deadline) {
    Command command(std::move(request.argv));
    HILLTOP_CO_TRY(auto said, co_await run_tool_checked(std::move(command), deadline));
    co_return std::move(said.text);
  }
};

Task<std::vector<std::string>> one_by_one(UnitSession& session, std::vector<Request> requests, Deadline deadline) {
  std::vector<std::string> out;
  for (auto& request : requests) {
    HILLTOP_CO_TRY(auto reply, co_await session.exchange(std::move(request), deadline));
    out.push_back(std::move(reply));
  }
  co_return out;
}

}  // namespace

std::string UnitAddress::place() const {
  if (!tty.empty()) return tty;
  if (model->shape == Shape::hid) return usb.title();
  if (model->shape == Shape::command) {
    const auto found = parameters.find("host");
    return found == parameters.end() || found->second.empty() ? "this machine" : found->second;
  }
  return StreamAddress{host, port}.to_string();
}

Result<Variables> UnitAddress::variables() const {
  auto out = parameters;
  for (const auto& [name, file] : files) {
    std::ifstream in(file);
    std::string line;
    if (!in) {
      const int code = errno;
      return Error(code == EACCES ? Errc::denied : Errc::not_found, Blame::configuration,
                   system_error(name + "_file " + file, code).text);
    }
    std::getline(in, line);
    if (line.ends_with('\r')) line.pop_back();
    out[name] = std::move(line);
  }
  return out;
}

Task<std::vector<std::string>> UnitSession::exchange_all(std::vector<Request> requests, Deadline deadline) {
  return one_by_one(*this, std::move(requests), deadline);
}

Task<SessionPtr> open_command(Env, AddressPtr, Variables, Deadline) {
  co_return SessionPtr(std::make_shared<CommandSession>());
}

Task<SessionPtr> open_session(Env env, AddressPtr address, Variables variables, Deadline deadline) {
  switch (address->model->shape) {
    case Shape::http:
      return open_http(std::move(env), std::move(address), std::move(variables), deadline);
    case Shape::snmp:
      return open_snmp(std::move(env), std::move(address), std::move(variables), deadline);
    case Shape::telnet:
    case Shape::tcp:
    case Shape::serial:
      return open_stream(std::move(env), std::move(address), std::move(variables), deadline);
    case Shape::hid:
      return open_hid(std::move(env), std::move(address), std::move(variables), deadline);
    case Shape::command:
      break;
  }
  return open_command(std::move(env), std::move(address), std::move(variables), deadline);
}

}  // namespace hilltop::drivers::unit
