// SPDX-License-Identifier: Apache-2.0
// hilltopd: the composition root. The only code that names concrete types; nothing includes it.
#include <fcntl.h>
#include <fmt/format.h>
#include <malloc.h>
#include <sodium.h>
#include <sys/file.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <iostream>

#include "boards/inventory_consoles.hpp"
#include "boards/inventory_ports.hpp"
#include "controller/artifacts/artifact_store.hpp"
#include "controller/farm.hpp"
#include "controller/store/store.hpp"
#include "controller/worker/in_process.hpp"
#include "drivers/core/log.hpp"
#include "drivers/net/boot_server.hpp"
#include "drivers/power/unit/unit_listing.hpp"
#include "drivers/tables.hpp"
#include "drivers/usb/hardware_list.hpp"
#include "web/api/web_server.hpp"

namespace {

using namespace hilltop;
using namespace std::chrono_literals;

constexpr const char* version = "0.1.0";
/// What an orderly end may take in all.
constexpr auto web_end_time = 2s;
constexpr auto farm_end_time = 7s;
constexpr int exit_configuration = 2;

struct Arguments {
  std::filesystem::path lab, data, types = HILLTOP_TYPES_DIR, rules = HILLTOP_RULES_DIR;
  std::string listen = "127.0.0.1:8080", tls_certificate, tls_key, log_level = "info";
  bool allow_plain_remote = false;
  boards::ReadEngine console_engine = boards::ReadEngine::automatic;
};

/// Reads types, rules and lab, and says on standard error what is wrong with them.
boards::Inventory read_lab(const Arguments& arguments, boards::BoardTypes& types, Diagnostics& diagnostics) {
  types = boards::BoardTypes::load(arguments.types, arguments.rules, diagnostics);
  auto inventory = boards::read_inventory(arguments.lab, types, drivers::all_drivers, diagnostics);
  const auto complaints = diagnostics.to_string();
  if (!complaints.empty()) std::cerr << complaints << (complaints.ends_with('\n') ? "" : "\n");
  return inventory;
}

/// For `hilltop lab check`, which links no concrete driver.
int check_lab(const Arguments& arguments) {
  boards::BoardTypes types;
  Diagnostics diagnostics;
  const auto inventory = read_lab(arguments, types, diagnostics);
  if (diagnostics.has_errors()) return exit_configuration;
  fmt::print("{}: lab {} is right: {} boards\n", arguments.lab.string(), inventory.name, inventory.boards.size());
  fmt::print("what boards say is kept: {}\n", boards::describe(inventory.consoles));
  fmt::print("{}", boards::describe(inventory.console_ports.ports));
  return 0;
}

/// "ADDRESS:PORT", "[::1]:PORT".
struct ListenAddress {
  std::string host;
  std::uint16_t port = 0;
};

Error wrong(std::string text) { return {Errc::bad_input, Blame::configuration, std::move(text)}; }

Result<ListenAddress> parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  ListenAddress out;
  const auto digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  unsigned port = 65536;
  if (!digits.empty() && digits.size() <= 5 && digits.find_first_not_of("0123456789") == std::string::npos)
    port = std::stoul(digits);
  if (port > 65535 || colon == 0)
    return wrong(fmt::format("--listen takes ADDRESS:PORT, such as 127.0.0.1:8080, not '{}'", text));
  out.host = text.substr(0, colon);
  if (out.host.size() > 2 && out.host.front() == '[' && out.host.back() == ']')
    out.host = out.host.substr(1, out.host.size() - 2);
  out.port = static_cast<std::uint16_t>(port);
  return out;
}

/// Holds the data folder: two daemons never share one. The lock goes with the process, however that ends.
class DataLock {
 public:
  static Result<DataLock> take(const std::filesystem::path& dir) {
    std::error_code failed;
    std::filesystem::create_directories(dir, failed);
    if (failed) return wrong(fmt::format("--data {}: {}", dir.string(), failed.message()));
    std::filesystem::permissions(dir, std::filesystem::perms::owner_all,
                                 failed);  // consoles and logs are not for everybody
    const auto file = dir / "lock";
    const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return wrong(system_error(file.string(), errno).text);
    DataLock out(fd);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
      return wrong(fmt::format("{} is in use by another hilltopd", dir.string()));
    return out;
  }
  DataLock() = default;
  DataLock(DataLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  DataLock& operator=(DataLock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~DataLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit DataLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

Result<> write_url(const std::filesystem::path& data, const std::string& url) {
  const auto fresh = data / "url.new";
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(fresh.c_str(), "we"), &std::fclose);
  if (!file || std::fputs((url + "\n").c_str(), file.get()) < 0) return system_error(fresh.string(), errno);
  file.reset();
  std::error_code failed;
  std::filesystem::rename(fresh, data / "url", failed);
  if (failed) return system_error((data / "url").string(), failed.value());
  return ok();
}

/// Before any board is touched: a second daemon, started by mistake, would cut the power of boards that the first one's
/// jobs run on, and end only then.
Result<> can_listen(asio::io_context& control, const ListenAddress& listen) {
  boost::system::error_code failed;
  const auto address = asio::ip::make_address(listen.host, failed);
  if (failed) return ok();  // the server says what it is
  asio::ip::tcp::acceptor acceptor(control);
  const asio::ip::tcp::endpoint where(address, listen.port);
  acceptor.open(where.protocol(), failed);
  if (!failed) acceptor.set_option(asio::ip::tcp::acceptor::reuse_address(true), failed);
  if (!failed) acceptor.bind(where, failed);
  if (!failed) acceptor.listen(1, failed);
  if (failed) return wrong(fmt::format("listen on {}:{}: {}", listen.host, listen.port, failed.message()));
  return ok();
}

web::WebOptions web_options(const Arguments& arguments, const ListenAddress& listen) {
  web::WebOptions web;
  web.address = listen.host;
  web.port = listen.port;
  web.tls_certificate = arguments.tls_certificate;
  web.tls_key = arguments.tls_key;
  web.upload_dir = arguments.data / "uploads";
  web.allow_plain = arguments.allow_plain_remote;
  web.drivers = drivers::all_drivers;
  web.version = version;
  return web;
}

struct Parts {
  std::shared_ptr<controller::WorkerLink> worker;
  std::shared_ptr<controller::Farm> farm;
  std::unique_ptr<web::WebServer> web;
};

Task<std::shared_ptr<drivers::BootServer>> start_boot_server(boards::BootServerSettings settings) {
  drivers::BootServerConfig config;
  config.address = settings.address;
  config.tftp_port = settings.tftp_port;
  config.http_port = settings.http_port;
  config.dhcp_device = settings.dhcp_interface;
  config.prefix_bits = settings.prefix_bits;
  config.router = settings.router;
  HILLTOP_CO_TRY(auto server, co_await drivers::NetBootServer::start(std::move(config)));
  co_return std::shared_ptr<drivers::BootServer>(std::move(server));
}

Task<> start(Arguments arguments, ListenAddress listen, boards::BoardTypes types, boards::Inventory inventory,
             Parts& parts) {
  const auto control = co_await asio::this_coro::executor;
  HILLTOP_CO_TRY(auto store, controller::open_sqlite_store({arguments.data / "hilltop.db", control}));
  HILLTOP_CO_TRY(auto artifacts, controller::ArtifactStore::open(arguments.data / "artifacts"));
  artifacts->allow(inventory);
  controller::WorkerOptions worker;
  worker.types = std::make_shared<const boards::BoardTypes>(types);
  worker.drivers = drivers::all_drivers;
  worker.data_dir = arguments.data / "worker";
  boards::ConsoleEngine::Options consoles;
  consoles.dir = arguments.data / "consoles";
  consoles.engine = arguments.console_engine;
  consoles.retention = inventory.consoles;
  HILLTOP_CO_TRY(worker.engine, boards::ConsoleEngine::open(consoles));
  worker.artifacts = artifacts;
  worker.start_boot_server = start_boot_server;
  worker.list_hardware = [] { return drivers::list_hardware(); };
  worker.artifacts_allow = [artifacts](const boards::Inventory& lab) { artifacts->allow(lab); };
  parts.worker = controller::make_in_process_worker(std::move(worker), control);
  controller::Farm::Options options{std::move(types), arguments.lab, arguments.data, drivers::all_drivers};
  HILLTOP_CO_TRY(parts.farm, co_await controller::Farm::open(std::move(options), std::move(store), parts.worker,
                                                             std::move(inventory)));
  HILLTOP_CO_TRY(parts.web, web::WebServer::start(web_options(arguments, listen), control, parts.farm));
  const bool v6 = listen.host.find(':') != std::string::npos;
  const auto url = fmt::format("{}://{}{}{}:{}", arguments.tls_certificate.empty() ? "http" : "https", v6 ? "[" : "",
                               listen.host, v6 ? "]" : "", parts.web->port());
  HILLTOP_CO_CHECK(write_url(arguments.data, url));
  fmt::print("hilltopd: listening on {}\n", url);
  std::fflush(stdout);
  ::malloc_trim(
      0);  // reading types, rules and lab left 15 MB of free heap: give it back to the other boards' emulators
  co_return ok();
}

Task<> re_read_lab(std::shared_ptr<controller::Farm> farm) {
  controller::Principal operator_of_the_daemon{"SIGHUP", controller::Role::admin, "default", {}};
  auto change = co_await farm->apply_lab(std::move(operator_of_the_daemon), "", "");
  if (!change) co_return std::move(change).error().within("the lab file was not applied");
  log::info("lab file read again: {} added, {} removed, {} changed", change->added.size(), change->removed.size(),
            change->changed.size());
  co_return ok();
}

/// Until SIGINT or SIGTERM.
Task<> serve(Parts& parts, asio::signal_set& signals) {
  for (;;) {
    boost::system::error_code failed;
    const int signal = co_await signals.async_wait(asio::redirect_error(asio::use_awaitable, failed));
    if (failed) co_return Error(Errc::internal, Blame::bug, failed.message());
    if (signal != SIGHUP) co_return ok();
    if (auto done = co_await re_read_lab(parts.farm); !done) log::error("{}", done.error().text);
  }
}

Task<> end(Parts& parts) {
  if (parts.web) {
    if (auto ended = co_await parts.web->shut_down(Deadline::after(web_end_time)); !ended)
      log::warn("web: {}", ended.error().text);
    parts.web->stop();
  }
  if (parts.farm) {
    if (auto ended = co_await parts.farm->shut_down(Deadline::after(farm_end_time)); !ended)
      log::warn("farm: {}", ended.error().text);
  } else if (parts.worker) {
    if (auto ended = co_await parts.worker->shut_down(Deadline::after(farm_end_time)); !ended)
      log::warn("worker: {}", ended.error().text);
  }
  co_return ok();
}

Task<> run(Arguments arguments, ListenAddress listen, boards::BoardTypes types, boards::Inventory inventory,
           int& status, Parts& parts, asio::signal_set& signals) {
  auto started = co_await start(std::move(arguments), std::move(listen), std::move(types), std::move(inventory), parts);
  if (started) started = co_await serve(parts, signals);
  if (!started) {
    std::cerr << "hilltopd: " << started.error().text << "\n";
    status = started.error().blame == Blame::configuration ? exit_configuration : 1;
  }
  signals.cancel();
  co_return co_await end(parts);
}

int run_daemon(Arguments arguments) {
  const auto listen = parse_listen(arguments.listen);
  const auto safe = listen ? web::check_exposure(web_options(arguments, *listen)) : Result<>(listen.error());
  if (!safe) {
    std::cerr << "hilltopd: " << safe.error().text << "\n";
    return exit_configuration;
  }
  Diagnostics diagnostics;
  boards::BoardTypes types;
  auto inventory = read_lab(arguments, types, diagnostics);
  if (diagnostics.has_errors()) return exit_configuration;
  auto lock = DataLock::take(arguments.data);
  if (!lock) {
    std::cerr << "hilltopd: " << lock.error().text << "\n";
    return exit_configuration;
  }
  asio::io_context control{1};
  if (const auto can = can_listen(control, *listen); !can) {
    std::cerr << "hilltopd: " << can.error().text << "\n";
    return exit_configuration;
  }
  asio::signal_set signals(control, SIGINT, SIGTERM, SIGHUP);
  int status = 0;
  {
    Parts parts;
    TaskScope scope(control.get_executor(), "hilltopd");
    scope.spawn("main", run(arguments, *listen, std::move(types), std::move(inventory), status, parts, signals));
    control.run();
  }
  return status;
}

std::optional<log::Level> level_from(const std::string& text) {
  if (text == "debug") return log::Level::debug;
  if (text == "info") return log::Level::info;
  if (text == "warning") return log::Level::warn;
  if (text == "error") return log::Level::error;
  return std::nullopt;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("hilltopd: the controller of a board farm");
  app.set_version_flag("--version", fmt::format("hilltopd {}", version));
  std::filesystem::path to_check;
  auto* lab = app.add_option("--lab", arguments.lab, "the lab file: what is plugged into what");
  auto* data = app.add_option("--data", arguments.data,
                              "folder for the database, transcripts, logs and artifacts; made when missing");
  lab->needs(data);
  data->needs(lab);
  auto* check = app.add_option("--check-lab", to_check, "check this lab file, its types and rules, and start nothing");
  check->excludes(lab)->excludes(data);
  app.add_flag_callback(
      "--power-units",
      [] {
        fmt::print("{}", drivers::unit::list_units());
        throw CLI::Success();
      },
      "list the models of power units that driver power-unit knows, and end");
  app.add_option("--listen", arguments.listen, "ADDRESS:PORT; port 0 takes any free one")->capture_default_str();
  app.add_option("--types", arguments.types, "folder of board types")->capture_default_str();
  app.add_option("--rules", arguments.rules, "folder of rule packs")->capture_default_str();
  app.add_option("--tls-cert", arguments.tls_certificate, "PEM file: serve HTTPS");
  app.add_option("--tls-key", arguments.tls_key, "PEM file of its key");
  app.add_flag("--allow-plain-remote", arguments.allow_plain_remote,
               "listen beyond this machine without TLS: tokens can be read on the wire");
  const std::map<std::string, boards::ReadEngine> engines{{"auto", boards::ReadEngine::automatic},
                                                          {"epoll", boards::ReadEngine::epoll},
                                                          {"io_uring", boards::ReadEngine::io_uring}};
  app.add_option(
         "--console-engine", arguments.console_engine,
         "how consoles are read: auto, epoll or io_uring; auto takes what this kernel reads terminals best with")
      ->transform(CLI::CheckedTransformer(engines).description(""))
      ->type_name("ENGINE");
  app.add_option("--log-level", arguments.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    if (!*check && !*lab) throw CLI::RequiredError("--lab and --data, or --check-lab");
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : exit_configuration;
  }
  if (*check) {
    arguments.lab = to_check;
    return check_lab(arguments);
  }
  log::set_level(level_from(arguments.log_level).value_or(log::Level::info));
  std::signal(SIGPIPE, SIG_IGN);
  if (sodium_init() < 0) {
    std::cerr << "hilltopd: libsodium cannot be initialised\n";
    return 1;
  }
  return run_daemon(std::move(arguments));
}
