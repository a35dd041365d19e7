// SPDX-License-Identifier: Apache-2.0
// usb_lab_driver ADDRESS.yaml [--deadline-ms N] ACTION...: makes the driver that ADDRESS.yaml names, as hilltopd would,
// does each action in turn and prints what came of it and what it took (ms by the clock, cpu_ms of this program), one
// JSON object a line. Ends with 0 when all went well, 1 when one did not (the rest is done all the same), 2 for bad
// usage or a bad address. The same program runs on the host under usbmock and in the guest of tests/usb_lab/vm.
//   power on|off|state    mux host|board|off|side|block   probe identify|halt|resume|reset   read HEX-ADDRESS SIZE
//   flash FILE[@HEX-ADDRESS]    console NAME SIZE FILE (the first SIZE bytes that it says go into FILE)
//   run PROGRAM ARGUMENT...     (between actions: unplugs a device, for instance)
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "drivers/api/device.hpp"
#include "drivers/core/node.hpp"
#include "drivers/core/process.hpp"
#include "drivers/tables.hpp"

namespace hilltop::usb_lab {
namespace {

using drivers::Device;
using nlohmann::json;
using Value = Result<json>;

constexpr auto most_shut_down_time = 10s;

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> words;
  for (std::string word; stream >> word;) words.push_back(word);
  return words;
}

Error usage(const std::string& text) { return {Errc::bad_input, Blame::job, "not understood: " + text}; }
Error lacks(std::string_view what) {
  return {Errc::unsupported, Blame::configuration, "the driver offers no " + std::string(what)};
}

Task<json> act_on_power(drivers::PowerPort* port, std::string verb, Deadline deadline) {
  if (port == nullptr) co_return lacks("power");
  if (verb == "state") {
    HILLTOP_CO_TRY(const auto state, co_await port->state(deadline));
    co_return json(drivers::to_string(state));
  }
  if (verb != "on" && verb != "off") co_return usage("power " + verb);
  HILLTOP_CO_CHECK(co_await port->set(verb == "on" ? drivers::PowerState::on : drivers::PowerState::off, deadline));
  co_return json();
}

Task<json> act_on_mux(drivers::StorageMux* mux, std::string verb, Deadline deadline) {
  using drivers::MuxSide;
  if (mux == nullptr) co_return lacks("storage mux");
  if (verb == "side") {
    HILLTOP_CO_TRY(const auto side, co_await mux->side(deadline));
    co_return json(drivers::to_string(side));
  }
  if (verb == "block") {
    HILLTOP_CO_TRY(const auto path, co_await mux->block_device(deadline));
    co_return json(path.string());
  }
  for (const auto side : {MuxSide::off, MuxSide::host, MuxSide::board}) {
    if (drivers::to_string(side) != verb) continue;
    HILLTOP_CO_CHECK(co_await mux->set(side, deadline));
    co_return json();
  }
  co_return usage("mux " + verb);
}

Task<json> act_on_probe(drivers::Probe* probe, std::string verb, Deadline deadline) {
  if (probe == nullptr) co_return lacks("probe");
  if (verb == "identify") {
    HILLTOP_CO_TRY(const auto is, co_await probe->identify(deadline));
    co_return json{{"name", is.name}, {"serial", is.serial}, {"firmware", is.firmware}, {"target", is.target}};
  }
  if (verb == "halt") {
    HILLTOP_CO_CHECK(co_await probe->halt(deadline));
  } else if (verb == "resume") {
    HILLTOP_CO_CHECK(co_await probe->resume(deadline));
  } else if (verb == "reset") {
    HILLTOP_CO_CHECK(co_await probe->reset(drivers::ResetKind::hard, deadline));
  } else {
    co_return usage("probe " + verb);
  }
  co_return json();
}

Task<json> read_memory(drivers::Probe* probe, std::uint64_t address, std::size_t size, Deadline deadline) {
  if (probe == nullptr) co_return lacks("probe");
  HILLTOP_CO_TRY(const auto bytes, co_await probe->read_memory(address, size, deadline));
  std::string hex;
  for (const unsigned char byte : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  co_return json(hex);
}

drivers::FlashImage image_of(const std::string& word) {
  const auto at = word.rfind('@');
  drivers::FlashImage image{.path = word.substr(0, at)};
  const auto ends = [&](std::string_view suffix) { return image.path.string().ends_with(suffix); };
  if (ends(".elf")) image.format = drivers::ImageFormat::elf;
  if (ends(".hex")) image.format = drivers::ImageFormat::intel_hex;
  if (ends(".uf2")) image.format = drivers::ImageFormat::uf2;
  if (at != word.npos) image.address = std::stoull(word.substr(at + 1), nullptr, 16);
  return image;
}

Task<json> flash(drivers::Flasher* flasher, std::string file, Deadline deadline) {
  if (flasher == nullptr) co_return lacks("flasher");
  std::uint64_t last = 0;
  std::uint64_t all = 0;
  const auto progress = [&](std::uint64_t done, std::uint64_t total) { last = done, all = total; };
  std::vector<drivers::FlashImage> images{image_of(file)};
  HILLTOP_CO_CHECK(co_await flasher->flash(std::move(images), progress, deadline));
  co_return json{{"done", last}, {"total", all}};
}

/// Reads until there are `size` bytes or the line is silent until the deadline.
Task<std::string> read_line(int line, std::size_t size, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  // The timer's handler may come after the end of this.
  const auto readable = std::make_shared<asio::posix::stream_descriptor>(executor, ::dup(line));
  asio::steady_timer timer(executor, deadline.when());
  timer.async_wait([readable](boost::system::error_code error) {
    if (!error) readable->cancel();
  });
  std::string out;
  boost::system::error_code error;
  while (out.size() < size && !error) {
    std::array<char, 65536> piece;
    const auto n = ::read(line, piece.data(), std::min(piece.size(), size - out.size()));
    if (n > 0) out.append(piece.data(), static_cast<std::size_t>(n));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) break;
    if (n < 0) co_await readable->async_wait(readable->wait_read, asio::redirect_error(asio::use_awaitable, error));
  }
  co_return out;
}

Task<json> act_on_console(drivers::ByteStream* console, std::size_t size, std::string file, Deadline deadline) {
  if (console == nullptr) co_return lacks("console");
  HILLTOP_CO_TRY(const int line, co_await console->open(deadline));
  const auto said = co_await read_line(line, size, deadline);
  console->close();
  if (!said) co_return said.error();
  std::ofstream(file, std::ios::binary) << *said;
  if (said->size() < size)
    co_return Error(Errc::timeout, Blame::dut, "it said " + std::to_string(said->size()) + " bytes");
  co_return json(said->size());
}

Task<json> run_program(std::vector<std::string> argv, Deadline deadline) {
  HILLTOP_CO_TRY(const auto said, co_await run_tool_checked(Command(std::move(argv)), deadline));
  co_return json(said.text);
}

Task<json> act(Device* device, std::string action, Deadline deadline) {
  auto words = words_of(action);
  if (words.size() < 2) co_return usage(action);
  const auto verb = words[0];
  if (verb == "power") co_return co_await act_on_power(device->power(), words[1], deadline);
  if (verb == "mux") co_return co_await act_on_mux(device->storage_mux(), words[1], deadline);
  if (verb == "probe") co_return co_await act_on_probe(device->probe(), words[1], deadline);
  if (verb == "flash") co_return co_await flash(device->flasher(), words[1], deadline);
  if (verb == "read" && words.size() == 3)
    co_return co_await read_memory(device->probe(), std::stoull(words[1], nullptr, 16), std::stoul(words[2]), deadline);
  if (verb == "console" && words.size() == 4)
    co_return co_await act_on_console(device->console(words[1]), std::stoul(words[2]), words[3], deadline);
  if (verb == "run") co_return co_await run_program({words.begin() + 1, words.end()}, deadline);
  co_return usage(action);
}

/// What this program took until now.
struct Taken {
  Deadline::Clock::time_point at = Deadline::Clock::now();
  double cpu_ms = cpu_until_now();

  static double cpu_until_now() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto ms = [](const timeval& time) { return 1e3 * double(time.tv_sec) + 1e-3 * double(time.tv_usec); };
    return ms(usage.ru_utime) + ms(usage.ru_stime);
  }
};

void print(const std::string& action, const Value& value, const Taken& before = {}) {
  const std::chrono::duration<double, std::milli> elapsed = Deadline::Clock::now() - before.at;
  json line{{"action", action}, {"ok", value.has_value()}, {"ms", elapsed.count()}};
  line["cpu_ms"] = Taken::cpu_until_now() - before.cpu_ms;
  if (value && !value->is_null()) line["value"] = *value;
  if (!value) {
    line["code"] = to_string(value.error().code);
    line["blame"] = to_string(value.error().blame);
    line["text"] = value.error().text;
  }
  std::cout << line.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

struct Run {
  std::unique_ptr<Device> device;
  std::vector<std::string> actions;
  std::chrono::milliseconds limit{10'000};
  bool all_well = true;
};

Task<> do_all(std::shared_ptr<Run> run) {
  for (const auto& action : run->actions) {
    const Taken before;
    const auto value = co_await act(run->device.get(), action, Deadline::after(run->limit));
    print(action, value, before);
    if (!value) run->all_well = false;
  }
  HILLTOP_CO_CHECK(co_await run->device->shut_down(Deadline::after(most_shut_down_time)));
  co_return ok();
}

Result<std::unique_ptr<Device>> make(const Env& env, const std::string& path) {
  Diagnostics diagnostics;
  const auto address = read_yaml_file(path, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  const std::string name = address["driver"].text();
  const auto* info = drivers::find_driver(drivers::all_drivers, name);
  if (info == nullptr) return Error(Errc::not_found, Blame::configuration, path + " names no driver");
  info->check(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return info->make(env, address);
}

int main(int count, char** arguments) {
  auto run = std::make_shared<Run>();
  std::vector<std::string> words(arguments + 1, arguments + count);
  if (words.size() > 2 && words[1] == "--deadline-ms") {
    run->limit = std::chrono::milliseconds(std::stoul(words[2]));
    words.erase(words.begin() + 1, words.begin() + 3);
  }
  if (words.size() < 2) {
    std::fprintf(stderr, "usb_lab_driver ADDRESS.yaml [--deadline-ms N] ACTION...\n");
    return 2;
  }
  asio::io_context io(1);
  std::string folder = std::filesystem::temp_directory_path() / "usb-lab-driver-XXXXXX";
  if (::mkdtemp(folder.data()) == nullptr) return 2;
  auto device = make(Env{io.get_executor(), folder}, words[0]);
  if (!device) {
    print("address", device.error());
    return 2;
  }
  run->device = *std::move(device);
  run->actions.assign(words.begin() + 1, words.end());
  {
    TaskScope scope(io.get_executor(), "usb_lab_driver");
    scope.spawn("actions", do_all(run));
    while (scope.running() > 0) io.run_one();
    run->device.reset();
  }
  std::filesystem::remove_all(folder);
  return run->all_well ? 0 : 1;
}

}  // namespace
}  // namespace hilltop::usb_lab

int main(int count, char** arguments) { return hilltop::usb_lab::main(count, arguments); }
