// SPDX-License-Identifier: Apache-2.0
#include "bench/console/support.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/resource.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

namespace hilltop::bench {
namespace {

double seconds(clockid_t clock) {
  timespec t{};
  ::clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

}  // namespace

Arguments::Arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (!name.starts_with("--") || i + 1 >= argc) {
      std::cerr << argv[0] << ": expected --name value, not " << name << '\n';
      std::exit(2);
    }
    values_[std::string(name.substr(2))] = argv[++i];
  }
}

std::string Arguments::text(const std::string& name, const std::string& otherwise) const {
  const auto it = values_.find(name);
  return it == values_.end() ? otherwise : it->second;
}

std::uint64_t Arguments::number(const std::string& name, std::uint64_t otherwise) const {
  const auto it = values_.find(name);
  return it == values_.end() ? otherwise : std::stoull(it->second);
}

void fail(const std::string& what) {
  std::cerr << what << ": " << std::strerror(errno) << '\n';
  std::exit(1);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) fail(path);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

std::vector<std::pair<std::string, std::string>> read_patterns(const std::string& path) {
  std::vector<std::pair<std::string, std::string>> out;
  std::istringstream in(read_file(path));
  for (std::string line; std::getline(in, line);) {
    const auto tab = line.find('\t');
    if (!line.starts_with('#') && tab != std::string::npos) out.emplace_back(line.substr(0, tab), line.substr(tab + 1));
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> board_prompts(std::size_t count) {
  constexpr std::string_view soc[] = {"rk3399", "imx8mp", "am625", "sun50i", "meson", "qcs404", "jh7110", "stm32mp1"};
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < count; ++i) {
    const auto name = fmt::format("{}-board-{:03}", soc[i % std::size(soc)], i);
    out.emplace_back("prompt-" + name, i % 3 == 0   ? "root@" + name + ":~# "
                                       : i % 3 == 1 ? name + " login:"
                                                    : name + "=> ");
  }
  return out;
}

double thread_cpu() { return seconds(CLOCK_THREAD_CPUTIME_ID); }
double process_cpu() { return seconds(CLOCK_PROCESS_CPUTIME_ID); }

std::map<int, double> cpu_by_thread() {
  std::map<int, double> out;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream stat(task.path() / "schedstat");  // nanoseconds on a CPU
    double ns = 0;
    if (stat >> ns) out[std::stoi(task.path().filename())] = ns * 1e-9;
  }
  return out;
}

std::uint64_t monotonic_ns() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

double resident_mb() {
  std::ifstream in("/proc/self/statm");
  double total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) * 1e-6;
}

std::string wait_for_word() {
  std::string word;
  std::getline(std::cin, word);
  return word;
}

void say(const std::string& line) { std::cout << line << std::endl; }

std::string board_name(std::size_t index) { return fmt::format("b{:03}", index); }
std::string board_path(const std::string& dir, std::size_t index) { return dir + "/" + board_name(index); }

int open_terminal(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) fail(path);
  termios tty{};
  if (::tcgetattr(fd, &tty) != 0) fail(path);
  ::cfmakeraw(&tty);
  if (::tcsetattr(fd, TCSANOW, &tty) != 0) fail(path);
  return fd;
}

std::string sha256_hex(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr) != 1) fail("SHA-256");
  std::string out;
  for (unsigned int i = 0; i < length; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

}  // namespace hilltop::bench
