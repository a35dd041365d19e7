// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_operation.hpp"

#include <algorithm>

#include "drivers/core/log.hpp"

namespace hilltop::drivers::unit {
namespace {

constexpr int most_switches = 3;
constexpr int most_reads = 2;
constexpr auto between_tries = std::chrono::milliseconds(500);
constexpr auto between_knocks = std::chrono::milliseconds(1000);
constexpr auto longest_knocking = std::chrono::seconds(60);
constexpr auto time_to_end = std::chrono::seconds(2);

/// An open conversation with a unit.
struct Talk {
  AddressPtr address;
  SessionPtr session;
  Variables variables;
};
using TalkPtr = std::shared_ptr<Talk>;

bool is_meant(const Exchange& exchange, const Variables& variables) {
  if (exchange.only_with.empty()) return true;
  const auto found = variables.find(exchange.only_with);
  return found != variables.end() && !found->second.empty();
}

/// Sends one after the other. Value: the last reply. `list` belongs to the model.
Task<std::string> run(TalkPtr talk, const std::vector<Exchange>* list, Deadline deadline) {
  const auto& model = *talk->address->model;
  std::string reply;
  for (const auto& exchange : *list) {
    if (!is_meant(exchange, talk->variables)) continue;
    HILLTOP_CO_TRY(auto request, render(model, exchange, talk->variables));
    HILLTOP_CO_TRY(reply, co_await talk->session->exchange(std::move(request), deadline.at_most(model.timeout)));
    HILLTOP_CO_CHECK(take_reply(exchange, reply, talk->variables));
    if (exchange.pause.count() > 0) HILLTOP_CO_CHECK(co_await sleep_for(exchange.pause, deadline));
  }
  co_return reply;
}

/// Whether one conversation serves both.
bool same_unit(const UnitAddress& a, const UnitAddress& b) {
  return a.model->meaning == b.model->meaning && a.parameters == b.parameters && a.files == b.files;
}

void name_outlet(Variables& variables, const std::string& outlet, const UnitModel& model) {
  variables["outlet"] = outlet;
  variables["outlets"] = std::to_string(model.last_outlet);
}

asio::awaitable<void> end(OutletPtr outlet, TalkPtr talk, bool good);

Task<TalkPtr> begin(OutletPtr outlet, Deadline deadline) {
  const auto& model = *outlet->address->model;
  auto talk = std::make_shared<Talk>();
  talk->address = outlet->address;
  HILLTOP_CO_TRY(talk->variables, outlet->address->variables());
  name_outlet(talk->variables, outlet->name, model);
  auto& unit = *outlet->unit;
  if (unit.kept_session && same_unit(*unit.kept_address, *outlet->address)) {
    talk->session = unit.kept_session;
    co_return talk;
  }
  unit.kept_session.reset();
  HILLTOP_CO_TRY(talk->session,
                 co_await open_session(outlet->env, outlet->address, talk->variables, deadline.at_most(model.timeout)));
  auto begun = co_await run(talk, &model.begin, deadline);
  if (begun) co_return talk;
  // The login may have been heard all the same. Somebody else's session is not ours to end.
  if (begun.error().code != Errc::busy && begun.error().code != Errc::denied) co_await end(outlet, talk, false);
  co_return std::move(begun).error();
}

/// Takes leave, also after what went wrong: a unit that takes one session at a time would stay shut for minutes.
asio::awaitable<void> end(OutletPtr outlet, TalkPtr talk, bool good) {
  const auto& model = *outlet->address->model;
  outlet->unit->kept_session.reset();
  if (good && talk->session->stays_open()) {
    outlet->unit->kept_session = talk->session;
    outlet->unit->kept_address = talk->address;
    co_return;
  }
  if (model.end.empty()) co_return;
  Result<std::string> ended = canceled_error("power unit");
  if (!co_await is_canceled()) ended = co_await run(talk, &model.end, Deadline::after(time_to_end));
  if (co_await is_canceled()) {
    co_await ignore_cancellation();  // only now: who is not canceled must go on hearing of it
    ended = co_await run(talk, &model.end, Deadline::after(time_to_end));
  }
  if (!ended) log::debug("{}: taking leave: {}", outlet->address->title(), ended.error().text);
}

Task<PowerState> read_one(TalkPtr talk, Deadline deadline) {
  const auto& model = *talk->address->model;
  HILLTOP_CO_TRY(const auto reply, co_await run(talk, &model.state, deadline));
  co_return read_reply(model.reading, reply, talk->variables);
}

Task<> confirm(TalkPtr talk, PowerState wanted, Deadline deadline) {
  const auto& model = *talk->address->model;
  const auto settled = deadline.at_most(model.settle);
  for (;;) {
    HILLTOP_CO_TRY(const auto now, co_await read_one(talk, deadline));
    if (now == wanted) co_return ok();
    if (!co_await sleep_for(model.between, settled)) {
      if (co_await is_canceled()) co_return canceled_error("power");
      co_return Error(
          Errc::mismatch, Blame::infrastructure,
          "switched " + std::string(drivers::to_string(wanted)) + ", and it says " +
              (now == PowerState::unknown ? "that it still switches" : std::string(drivers::to_string(now))));
    }
  }
}

Task<> switch_in(TalkPtr talk, PowerState wanted, Deadline deadline) {
  const auto& model = *talk->address->model;
  const auto word = model.words.find(std::string(drivers::to_string(wanted)));
  if (word != model.words.end()) talk->variables["word"] = word->second;
  const auto done = co_await run(talk, wanted == PowerState::on ? &model.on : &model.off, deadline);
  if (!done) co_return done.error();
  if (model.delay.count() > 0) HILLTOP_CO_CHECK(co_await sleep_for(model.delay, deadline));
  if (!model.can_read()) co_return ok();
  co_return co_await confirm(talk, wanted, deadline);
}

/// The states of all in the batch, by as few exchanges as the unit needs.
Task<> read_in(TalkPtr talk, std::shared_ptr<ReadBatch> batch, Deadline deadline) {
  const auto& model = *talk->address->model;
  const bool at_once = model.reads_all();
  std::string reply;
  if (at_once) {
    HILLTOP_CO_TRY(reply, co_await run(talk, &model.state, deadline));
  }
  std::vector<Request> requests;
  for (auto& [name, state] : batch->outlets) {
    name_outlet(talk->variables, name, model);
    if (at_once) {
      state = read_reply(model.reading, reply, talk->variables);
    } else if (model.shape == Shape::snmp && model.state.size() == 1) {
      HILLTOP_CO_TRY(auto request, render(model, model.state.front(), talk->variables));
      requests.push_back(std::move(request));
    } else {
      state = co_await read_one(talk, deadline);
      // What is wrong with the unit is wrong for the others, too.
      if (!state && state.error().code != Errc::protocol) co_return state.error();
    }
  }
  if (requests.empty()) co_return ok();
  HILLTOP_CO_TRY(const auto replies,
                 co_await talk->session->exchange_all(std::move(requests), deadline.at_most(model.timeout)));
  std::size_t at = 0;
  for (auto& [name, state] : batch->outlets) {
    name_outlet(talk->variables, name, model);
    state = read_reply(model.reading, replies[at++], talk->variables);
  }
  co_return ok();
}

/// One try: switches where `batch` is nullptr, else reads.
Task<> talk_once(OutletPtr outlet, PowerState wanted, std::shared_ptr<ReadBatch> batch, Deadline deadline) {
  HILLTOP_CO_TRY(const auto talk, co_await begin(outlet, deadline));
  Result<> done = ok();
  if (batch)
    done = co_await read_in(talk, batch, deadline);
  else
    done = co_await switch_in(talk, wanted, deadline);
  co_await end(outlet, talk, done.has_value());
  co_return done;
}

bool may_pass(const Error& error) {
  return error.blame == Blame::infrastructure && (error.code == Errc::timeout || error.code == Errc::unavailable ||
                                                  error.code == Errc::io || error.code == Errc::protocol);
}

/// With the turn: tries until it goes well or there is no more sense in it.
Task<> talk_until(OutletPtr outlet, PowerState wanted, std::shared_ptr<ReadBatch> batch, Deadline deadline) {
  HILLTOP_CO_CHECK(outlet->unit->may_be_asked());
  const int most = batch ? most_reads : most_switches;
  const auto knocking = Deadline::after(batch ? std::chrono::seconds(0) : longest_knocking);
  for (int attempt = 1;; ++attempt) {
    auto done = co_await talk_once(outlet, wanted, batch, deadline);
    if (!done && done.error().code == Errc::canceled) co_return done;
    if (done) {
      outlet->unit->note(*outlet->address->model, done);
      co_return done;
    }
    const bool knock = done.error().code == Errc::busy && !knocking.passed();
    const bool again = knock || (may_pass(done.error()) && attempt < most);
    const auto pause = knock ? between_knocks : between_tries * attempt;
    if (!again || deadline.left() <= pause) {
      outlet->unit->note(*outlet->address->model, done);
      co_return done;
    }
    HILLTOP_CO_CHECK(co_await sleep_for(pause));
  }
}

/// However the reader ends, those who wait with it are told.
struct EndOfBatch {
  explicit EndOfBatch(std::shared_ptr<PowerUnit> u, std::shared_ptr<ReadBatch> b)
      : unit(std::move(u)), batch(std::move(b)) {}
  ~EndOfBatch() {
    if (unit->gathering == batch) unit->gathering.reset();
    batch->is_over = true;
    batch->over.notify();
  }
  EndOfBatch(const EndOfBatch&) = delete;
  EndOfBatch& operator=(const EndOfBatch&) = delete;
  std::shared_ptr<PowerUnit> unit;
  std::shared_ptr<ReadBatch> batch;
};

Error not_read() { return canceled_error("reading the unit"); }

/// Reads for all that join until the turn comes.
Task<> read_batch(OutletPtr outlet, std::shared_ptr<ReadBatch> batch, Deadline deadline) {
  const EndOfBatch end_of_batch(outlet->unit, batch);
  HILLTOP_CO_TRY(const auto turn, co_await PowerUnit::take_turn(outlet->unit, outlet->address->model->gap, deadline));
  if (outlet->unit->gathering == batch) outlet->unit->gathering.reset();
  auto done = co_await talk_until(outlet, PowerState::unknown, batch, deadline);
  if (!done && done.error().code != Errc::canceled)
    for (auto& [name, state] : batch->outlets) state = done.error();
  co_return done;
}

}  // namespace

Task<> switch_outlet(OutletPtr outlet, PowerState wanted, Deadline deadline) {
  const auto title = outlet->address->title() + ": outlet " + outlet->name;
  auto turn = co_await PowerUnit::take_turn(outlet->unit, outlet->address->model->gap, deadline);
  if (!turn) co_return std::move(turn).error().within(title);
  co_return (co_await talk_until(outlet, wanted, nullptr, deadline)).within(title);
}

Task<PowerState> read_outlet(OutletPtr outlet, Deadline deadline) {
  if (!outlet->address->model->can_read()) co_return PowerState::unknown;
  const auto title = outlet->address->title() + ": outlet " + outlet->name;
  for (;;) {
    auto batch = outlet->unit->gathering;
    const bool joins = batch && same_unit(*batch->address, *outlet->address);
    if (!joins) {
      batch = std::make_shared<ReadBatch>(outlet->unit->executor());
      batch->address = outlet->address;
      outlet->unit->gathering = batch;
    }
    batch->outlets.emplace(outlet->name, not_read());
    if (joins) {
      if (!batch->is_over)
        if (auto woken = co_await batch->over.wait(deadline); !woken && !batch->is_over)
          co_return std::move(woken).error().within(title);
    } else if (auto done = co_await read_batch(outlet, batch, deadline); !done) {
      co_return std::move(done).error().within(title);
    }
    auto state = batch->outlets.at(outlet->name);
    // Who read for us was told to stop, or had less time than we have.
    const bool left_alone = joins && !state && (state.error().code == Errc::canceled);
    if (!left_alone || deadline.passed()) co_return std::move(state).within(title);
  }
}

Result<std::vector<Request>> all_requests(const UnitModel& model, const Variables& given) {
  std::vector<Request> out;
  auto variables = given;
  const auto add = [&](const std::vector<Exchange>& list, const char* word) -> Result<> {
    if (const auto found = model.words.find(word); found != model.words.end()) variables["word"] = found->second;
    for (const auto& exchange : list) {
      for (const auto& [name, pattern] : exchange.save) variables.emplace(name, "1");
      HILLTOP_TRY(auto request, render(model, exchange, variables));
      out.push_back(std::move(request));
    }
    return ok();
  };
  HILLTOP_CHECK(add(model.begin, ""));
  HILLTOP_CHECK(add(model.on, "on").within("on"));
  HILLTOP_CHECK(add(model.off, "off").within("off"));
  HILLTOP_CHECK(add(model.cycle, "cycle").within("cycle"));
  HILLTOP_CHECK(add(model.state, "").within("state"));
  HILLTOP_CHECK(add(model.end, "").within("end"));
  return out;
}

}  // namespace hilltop::drivers::unit
