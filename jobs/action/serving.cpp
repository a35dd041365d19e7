// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/serving.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "jobs/action/fetch.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/plan_serving.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using drivers::BootEvent;

constexpr std::uint16_t http_port = 80;  // of an emulated board's own view

/// Whoever can reach the server's port must not find a job's secrets by guessing.
std::string random_word() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

/// What the board did, in the job's log.
void log_event(JobRun& run, const BootEvent& event) {
  const bool good = event.kind == BootEvent::Kind::sent || event.kind == BootEvent::Kind::address_given;
  const auto name = event.name.empty() ? std::string() : " " + clean_for_display(event.name);
  const char* what = event.kind == BootEvent::Kind::sent            ? "the board fetched"
                     : event.kind == BootEvent::Kind::not_found     ? "the board asked in vain for"
                     : event.kind == BootEvent::Kind::address_given ? "the board got its address, and the boot file"
                                                                    : "the board did not fetch all of";
  run.log(good ? LogLevel::info : LogLevel::warning,
          fmt::format("{}: {}{}: {}", event.protocol, what, name, clean_for_display(event.text)));
}

std::function<void(const BootEvent&)> logger(const std::shared_ptr<JobRun>& run) {
  return [weak = std::weak_ptr(run)](const BootEvent& event) {
    const auto alive = weak.lock();
    if (!alive) return;
    ++alive->boot_requests;
    log_event(*alive, event);
  };
}

/// Names a namespace's overlay; nothing where no boot fetches one.
FetchableOverlay* fetchable_of(JobRun& run, const std::string& name_space) {
  const auto found = run.fetchable.find(name_space);
  return found == run.fetchable.end() ? nullptr : &found->second;
}

/// The drives that the images are for, by name.
std::map<std::string, std::string> drives_of(const JobRun& run, const drivers::BootFiles& files,
                                             const std::string& name_space) {
  std::map<std::string, std::string> out;
  const auto deployed = run.deployed.find(name_space);
  if (deployed == run.deployed.end()) return out;
  const auto known = files.drives();
  for (const auto& image : deployed->second)
    if (std::ranges::find(known, image.label) != known.end()) out[image.label] = image.path.string();
  return out;
}

Error no_server(const std::string& what) {
  return {Errc::unsupported, Blame::configuration,
          "this lab has no boot server that serves " + what + " to this board"};
}

/// A port of its own for the overlay, that only this emulator's guest is led to.
Result<> forward_overlay(const std::shared_ptr<JobRun>& run, FetchableOverlay& overlay,
                         const drivers::BootFiles::Network& network, drivers::BootFiles::Lent& lent) {
  if (run->input.boot_server == nullptr) return no_server("files by http");
  drivers::BootRegistration wanted;
  wanted.own_http_port = true;
  wanted.files[overlay.name] = overlay.file;
  wanted.on_event = logger(run);
  run->boot_lease.reset();
  HILLTOP_TRY(run->boot_lease, run->input.boot_server->serve(std::move(wanted)));
  lent.forwards.push_back({http_port, run->boot_lease->own_http_port()});
  overlay.url = fmt::format("http://{}/{}", network.forward_ip, overlay.name);
  return ok();
}

Task<> lend_to_emulator(std::shared_ptr<JobRun> run, drivers::BootFiles* files, ActionContext context) {
  auto& board = *run->input.board;
  drivers::BootFiles::Lent lent;
  lent.job_dir = run->input.job_dir.string();
  if (const auto served = run->served.find(context.name_space); served != run->served.end())
    lent.tftp_dir = served->second.dir.string();
  lent.drives = drives_of(*run, *files, context.name_space);
  if (auto* overlay = fetchable_of(*run, context.name_space))
    HILLTOP_CO_CHECK(forward_overlay(run, *overlay, files->network(), lent));
  if (lent.tftp_dir.empty() && lent.drives.empty() && lent.forwards.empty()) co_return ok();
  if (board.last_power_state() != drivers::PowerState::off)
    HILLTOP_CO_CHECK(co_await board.power(drivers::PowerState::off, context.deadline));
  co_return files->lend(std::move(lent)).within("lending the board its files");
}

/// At the address that the lab file gives the board, and for nobody else.
Result<> serve_from_lab(const std::shared_ptr<JobRun>& run, const std::string& name_space) {
  const auto served = run->served.find(name_space);
  auto* overlay = fetchable_of(*run, name_space);
  if (served == run->served.end() && overlay == nullptr) return ok();
  auto* server = run->input.boot_server;
  const auto& network = run->input.board->config().network;
  if (network.address.empty() || server == nullptr) return no_server("files");
  if (served != run->served.end() && server->tftp_port() == 0) return no_server("files by tftp");
  if (overlay != nullptr && server->http_port() == 0) return no_server("files by http");
  drivers::BootRegistration wanted;
  wanted.address = network.address;
  wanted.mac = server->gives_addresses() ? network.mac : std::string();
  wanted.host_name = run->input.board->config().name;
  if (served != run->served.end()) wanted.folder = served->second.dir;
  if (overlay != nullptr) wanted.files[overlay->name] = overlay->file;
  wanted.on_event = logger(run);
  run->boot_lease.reset();
  HILLTOP_TRY(run->boot_lease, server->serve(std::move(wanted)));
  if (overlay == nullptr) return ok();
  const auto port = server->http_port() == http_port ? "" : fmt::format(":{}", server->http_port());
  overlay->url = fmt::format("http://{}{}/{}", server->server_address(), port, overlay->name);
  return ok();
}

}  // namespace

std::string server_address(const JobRun& run) {
  if (auto* lent = run.input.board->boot_files()) return lent->network().tftp_ip;
  return run.input.boot_server == nullptr ? std::string() : run.input.boot_server->server_address();
}

Task<> make_fetchable_overlay(std::shared_ptr<JobRun> run, std::string name_space, Deadline deadline) {
  if (run->fetchable.contains(name_space)) co_return ok();
  HILLTOP_CO_TRY(const auto overlay, co_await overlay_for(run, name_space, deadline));
  if (!overlay) co_return ok();
  FetchableOverlay made;
  made.name = fmt::format("overlay-{}-{}.tar.gz", run->input.job_id, random_word());
  const auto folder = run->input.job_dir / folder_name(name_space) / "overlay";
  std::error_code wrong;
  fs::create_directories(folder, wrong);
  if (wrong) co_return system_error("can't make " + folder.string(), wrong.value());
  made.file = folder / made.name;
  auto work = [overlay, to = made.file, deadline] {
    return testshell::write_overlay_tar(*overlay, to, Compression::gz, deadline);
  };
  HILLTOP_CO_CHECK(co_await run->lane.run(std::move(work)));
  run->log(LogLevel::info, fmt::format("test overlay for the board to fetch: {}, {} bytes", made.name,
                                       fs::file_size(made.file, wrong)));
  run->fetchable[name_space] = std::move(made);
  co_return ok();
}

Task<> lend_files(std::shared_ptr<JobRun> run, ActionContext context) {
  if (fetches_overlay(*run->input.definition, context.name_space))
    HILLTOP_CO_CHECK(co_await make_fetchable_overlay(run, context.name_space, context.deadline));
  if (auto* files = run->input.board->boot_files()) co_return co_await lend_to_emulator(run, files, context);
  co_return serve_from_lab(run, context.name_space);
}

}  // namespace hilltop::jobs
