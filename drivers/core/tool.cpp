// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "drivers/core/process.hpp"

namespace hilltop {
namespace {

constexpr std::size_t most_text = 64 * 1024;

void keep_last(std::string& text, std::string_view piece) {
  text += piece;
  if (text.size() > 2 * most_text) text.erase(0, text.size() - most_text);
}

/// The last `lines` of a tool's output in one line, for messages.
std::string last_lines(std::string_view text, std::size_t lines) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  auto from = text.size();
  for (; lines > 0 && from != 0 && from != text.npos; --lines) from = text.rfind('\n', from - 1);
  auto tail = from == text.npos || from == 0 ? text : text.substr(from + 1);
  std::string out;
  for (const char c : tail) {
    if (c == '\n') {
      out += " | ";
    } else if (c != '\r') {
      out += c;
    }
  }
  return out;
}

}  // namespace

Task<ToolOutput> run_tool(Command command, Deadline deadline, Process::OutputHandler on_output) {
  auto text = std::make_shared<std::string>();
  Process::OutputHandler keep = [text, on_output = std::move(on_output)](std::string_view piece) {
    keep_last(*text, piece);
    if (on_output) on_output(piece);
  };
  const auto executor = co_await asio::this_coro::executor;
  HILLTOP_CO_TRY(auto process, Process::start(executor, std::move(command), std::move(keep)));
  auto status = co_await process->wait(deadline);
  if (!status) {
    co_await ignore_cancellation();
    process->signal(SIGKILL);
    constexpr auto patience = 2s;  // for a tool that hangs in the kernel; ~Process goes on with it
    if (auto ended = co_await process->wait(Deadline::after(patience)); !ended)
      status.error().text += "; it could not be killed";
    auto said = last_lines(*text, 3);
    if (!said.empty()) status.error().text += "; it said: " + said;
    co_return std::move(status).error();
  }
  ToolOutput out;
  out.status = *status;
  if (text->size() > most_text) text->erase(0, text->size() - most_text);
  out.text = std::move(*text);
  co_return out;
}

Task<ToolOutput> run_tool_checked(Command command, Deadline deadline, Process::OutputHandler on_output) {
  const auto name = command.argv.empty() ? std::string() : command.argv.front();
  HILLTOP_CO_TRY(auto out, co_await run_tool(std::move(command), deadline, std::move(on_output)));
  if (out.status == 0) co_return out;
  const bool killed = out.status > 128;
  auto message = name + (killed ? ": ended by signal " + std::to_string(out.status - 128)
                                : ": ended with status " + std::to_string(out.status));
  if (const auto said = last_lines(out.text, 5); !said.empty()) message += ": " + said;
  co_return Error(Errc::unavailable, Blame::infrastructure, std::move(message));
}

}  // namespace hilltop
