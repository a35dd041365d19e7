// SPDX-License-Identifier: Apache-2.0
#include "web/cli/board_proof.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <thread>

namespace hilltop::cli {
namespace {

using State = ProofStep::State;

constexpr auto switching_time = 120s;
constexpr auto between_looks = 100ms;

class Proof {
 public:
  Proof(Api& api, std::string board, const std::function<void(const ProofStep&)>& seen, ProofTimes times)
      : api_(api), board_(std::move(board)), seen_(seen), times_(times) {}

  std::vector<ProofStep> run() {
    if (start() && power_off() && power_on() && reset()) identify();
    return std::move(steps_);
  }

 private:
  /// A board that nobody uses is off, and what is its own shows on the bus under power alone: it is switched on first.
  bool start();
  bool power_off();
  bool power_on();
  bool reset();
  void identify();

  /// USB devices that the lab file gives to this board, by path. Those that are the board's own vanish without power.
  std::set<std::string> devices_on_bus();
  std::uint64_t console_end();
  /// Looks until `done` or `patience` is over. Value: done.
  bool wait_for(std::chrono::milliseconds patience, const std::function<bool()>& done);
  Result<Json> order(const std::string& what, const Json& body);
  bool add(State state, std::string what, std::string detail);
  /// What an order that was refused means: without the means for it nothing is proved, all else is a failure.
  bool refused(std::string what, const Error& error);
  void look_for_speech(const std::string& what, std::uint64_t before, std::string detail);

  Api& api_;
  std::string board_;
  const std::function<void(const ProofStep&)>& seen_;
  ProofTimes times_;
  std::vector<ProofStep> steps_;
  std::set<std::string> gone_;
  std::uint64_t silent_since_ = 0;
  bool spoke_ = false;  ///< its console has said something since start()
};

bool Proof::add(State state, std::string what, std::string detail) {
  steps_.push_back({state, std::move(what), std::move(detail)});
  if (seen_) seen_(steps_.back());
  return state != State::failed;
}

bool Proof::refused(std::string what, const Error& error) {
  const bool has_none = error.code == Errc::unsupported || error.blame == Blame::configuration;
  return add(has_none ? State::unproved : State::failed, std::move(what), error.text);
}

Result<Json> Proof::order(const std::string& what, const Json& body) {
  return api_.send("POST", "/boards/" + escaped(board_) + "/" + what, body, Deadline::after(switching_time));
}

std::set<std::string> Proof::devices_on_bus() {
  std::set<std::string> out;
  const auto found = api_.get("/discover", Deadline::after(30s));
  if (!found) return out;
  for (const auto& device : found->value("devices", Json::array()))
    for (const auto& claim : device.value("claims", Json::array()))
      if (text_at(claim, "board") == board_ && text_at(claim, "role") != "power") out.insert(text_at(device, "path"));
  return out;
}

std::uint64_t Proof::console_end() {
  const auto reply = api_.get_reply("/boards/" + escaped(board_) + "/console?from=18446744073709551615");
  if (!reply) return 0;
  const auto end = reply->header("X-Hilltop-End");
  std::uint64_t out = 0;
  std::from_chars(end.data(), end.data() + end.size(), out);
  return out;
}

bool Proof::wait_for(std::chrono::milliseconds patience, const std::function<bool()>& done) {
  for (const auto deadline = Deadline::after(patience);;) {
    if (done()) return true;
    if (deadline.passed()) return false;
    std::this_thread::sleep_for(between_looks);
  }
}

bool Proof::start() {
  const auto board = api_.get("/boards/" + escaped(board_));
  if (!board || text_at(*board, "power") != "off") return true;
  const auto present = devices_on_bus();
  const auto said = console_end();
  if (const auto answer = order("power", Json{{"action", "on"}}); !answer) return refused("power on", answer.error());
  (void)wait_for(times_.leave, [&] {
    spoke_ = spoke_ || console_end() > said;
    return devices_on_bus().size() > present.size();
  });
  return true;
}

bool Proof::power_off() {
  const auto before = devices_on_bus();
  const auto answer = order("power", Json{{"action", "off"}});
  if (!answer) return refused("power off", answer.error());
  const auto state = text_at(*answer, "power");
  if (state == "on") return add(State::failed, "power off", "the power unit still says: on");
  const auto leaves = [&] {
    gone_ = before;
    for (const auto& path : devices_on_bus()) gone_.erase(path);
    return !gone_.empty();
  };
  const auto read_back = state == "off" ? ", read back: off" : "";
  if (!before.empty() && wait_for(times_.leave, leaves)) {
    silent_since_ = console_end();
    return add(State::proved, "power off", fmt::format("{} left the bus{}", fmt::join(gone_, ", "), read_back));
  }
  silent_since_ = console_end();
  std::this_thread::sleep_for(times_.silence);
  if (console_end() != silent_since_)
    return add(State::failed, "power off", "the board goes on speaking: is it another board's outlet?");
  if (state == "off" && spoke_) return add(State::proved, "power off", "the console has fallen silent, read back: off");
  return add(State::unproved, "power off",
             fmt::format("the console is silent{}{}", read_back,
                         state == "off" ? ", which is the unit's word alone: look at the board" : ""));
}

bool Proof::power_on() {
  const auto answer = order("power", Json{{"action", "on"}});
  if (!answer) return refused("power on", answer.error());
  if (text_at(*answer, "power") == "off") return add(State::failed, "power on", "the power unit still says: off");
  const auto back = [&] {
    const auto now = devices_on_bus();
    return std::ranges::all_of(gone_, [&](const auto& path) { return now.contains(path); });
  };
  if (!gone_.empty() && !wait_for(times_.come_back, back))
    return add(State::failed, "power on", fmt::format("{} did not come back to the bus", fmt::join(gone_, ", ")));
  look_for_speech("power on", silent_since_,
                  gone_.empty() ? std::string() : fmt::format("{} is back on the bus, ", fmt::join(gone_, ", ")));
  return true;
}

void Proof::look_for_speech(const std::string& what, std::uint64_t before, std::string detail) {
  std::uint64_t end = before;
  const bool spoke = wait_for(times_.speak, [&] { return (end = console_end()) > before; });
  if (spoke)
    add(State::proved, what, fmt::format("{}the console has said {} bytes", detail, end - before));
  else
    add(detail.empty() ? State::unproved : State::proved, what, detail + "the console is silent: what it runs may be");
}

bool Proof::reset() {
  const auto before = console_end();
  const auto answer = order("reset", Json{{"kind", "hard"}});
  if (!answer) return refused("reset", answer.error());
  look_for_speech("reset", before, "");
  return true;
}

void Proof::identify() {
  const auto answer = order("identify", Json());
  if (!answer) {
    (void)refused("identify", answer.error());
    return;
  }
  std::string text = text_at(*answer, "name");
  for (const auto* key : {"serial", "firmware", "target"})
    if (const auto value = text_at(*answer, key); !value.empty())
      text += (text.empty() ? "" : ", ") + (key + (" " + value));
  add(State::proved, "identify", text);
}

}  // namespace

std::vector<ProofStep> prove_board(Api& api, const std::string& board,
                                   const std::function<void(const ProofStep&)>& seen, ProofTimes times) {
  return Proof(api, board, seen, times).run();
}

}  // namespace hilltop::cli
