// SPDX-License-Identifier: Apache-2.0
// What a worker does with what its consoles have said: the archive, the watch for faults, the counters.
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include "controller/worker/worker_core.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

/// A fault while a job runs is the job's to judge.
void tell_fault(const Worker& worker, const boards::SeenFault& fault) {
  const auto found = worker->boards.find(fault.board);
  if (found == worker->boards.end() || found->second->job != 0 || !worker->emit) return;
  worker->emit(BoardFault{fault.board, fault.console, fault.channel, fault.rule, fault.summary, fault.line,
                          fault.offset, fault.count});
}

/// As the board's type and the lab file say it.
std::vector<boards::demux::DecoderSpec> usual_decoders(const WorkerCore& worker, const std::string& board) {
  const auto found = worker.boards.find(board);
  if (found == worker.boards.end()) return {};
  const auto* type = worker.options.types->find(found->second->config.type);
  return type == nullptr ? std::vector<boards::demux::DecoderSpec>()
                         : boards::decoders_of(found->second->config, *type);
}

DictionaryBook::Places ends_of(const boards::BoardSession& session) {
  DictionaryBook::Places out;
  for (const auto& name : session.console_names()) out[name] = session.console(name)->end();
  return out;
}

}  // namespace

void open_archive(const Worker& worker) {
  const auto transcript = worker->options.engine->transcript();
  const std::weak_ptr<WorkerCore> weak = worker;
  worker->archive = std::make_shared<ConsoleArchive>(
      transcript, worker->options.types, [weak](const std::string& board, const std::string& console) {
        const auto core = weak.lock();
        if (!core) return std::vector<DictionaryBook::Stretch>();
        return core->dictionaries.stretches(board, console, usual_decoders(*core, board));
      });
  worker->faults = std::make_unique<boards::FaultWatch>(
      transcript, [weak, executor = worker->executor](const boards::SeenFault& fault) {
        asio::post(executor, [weak, fault] {
          if (const auto core = weak.lock()) tell_fault(core, fault);
        });
      });
}

void watch_faults(const Worker& worker, const boards::BoardSession& session) {
  auto decoders = boards::decoders_of(session.config(), session.type());
  if (auto dictionary = worker->dictionaries.current(session.config().name))
    decoders = with_dictionary(std::move(decoders), *std::move(dictionary));
  for (const auto& name : session.console_names()) {
    auto watched = worker->faults->add(session.console(name), session.rules(), decoders);
    if (!watched) log::error("board {}: {}", session.config().name, watched.error().text);
  }
}

void unwatch_faults(const Worker& worker, const boards::BoardSession& session) {
  for (const auto& name : session.console_names()) worker->faults->remove(session.config().name, name);
}

Task<> use_dictionary(Worker worker, std::string board, std::filesystem::path file, std::string mode) {
  HILLTOP_CO_TRY(const auto session, session_of(worker, board));
  HILLTOP_CO_TRY(const auto place, worker->dictionaries.place_for(board));
  auto copy = [file, place]() -> Result<> {
    std::error_code failed;
    std::filesystem::copy_file(file, place, std::filesystem::copy_options::overwrite_existing, failed);
    return failed ? Result<>(system_error("cannot copy " + file.string(), failed.value())) : ok();
  };
  HILLTOP_CO_CHECK(co_await worker->copying.run(std::move(copy)));
  HILLTOP_CO_CHECK(worker->dictionaries.begin(board, place, mode, ends_of(*session)));
  watch_faults(worker, *session);
  co_return ok();
}

void forget_dictionary(const Worker& worker, const boards::BoardSession& session) {
  const auto& board = session.config().name;
  if (!worker->dictionaries.current(board)) return;
  if (auto ended = worker->dictionaries.end(board, ends_of(session)); !ended)
    log::error("board {}: {}", board, ended.error().text);
  watch_faults(worker, session);
}

Task<WorkerReply> count_consoles(Worker worker) {
  const auto s = worker->options.engine->stats();
  const auto faults = worker->faults->stats();
  WorkerReply out;
  out.text = nlohmann::json{{"consoles", s.consoles},
                            {"bytes_total", s.bytes},
                            {"reads_total", s.reads},
                            {"records_total", s.records},
                            {"reader_gaps_total", s.gaps},
                            {"journal_bytes_total", s.journal_bytes},
                            {"stored_bytes", s.stored_bytes},
                            {"deleted_bytes_total", s.deleted_bytes},
                            {"pending_bytes", s.pending_bytes},
                            {"pauses_total", s.pauses},
                            {"longest_write_seconds", static_cast<double>(s.longest_write_us) * 1e-6},
                            {"longest_sync_seconds", static_cast<double>(s.longest_sync_us) * 1e-6},
                            {"longest_sweep_gap_seconds", static_cast<double>(s.longest_sweep_gap_us) * 1e-6},
                            {"late_sweeps_total", s.late_sweeps},
                            {"lines_swept", s.lines_swept},
                            {"analysis_bytes_total", faults.bytes},
                            {"analysis_lag_bytes", faults.lag},
                            {"analysis_missed_bytes_total", faults.missed},
                            {"faults_total", faults.faults},
                            {"io_uring", s.engine == "io_uring" ? 1 : 0}}
                 .dump();
  co_return out;
}

}  // namespace hilltop::controller
