// SPDX-License-Identifier: Apache-2.0
// An Arduino Uno as avrdude sees it: avr_board BOOTLOADER.hex LINK FLASH. An ATmega328P of simavr with a boot loader;
// its serial port is a pseudo terminal at LINK. Opening the port resets it, as DTR does on the real board. On SIGTERM
// the flash is written to FLASH.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

namespace {

constexpr std::uint32_t clock_hz = 16'000'000;
constexpr std::uint32_t boot_section = 0x7e00;  // BOOTSZ = 11: 256 words. ATmega328P data sheet, table 27-7
constexpr std::uint16_t mcusr = 0x54;           // data sheet, 11.9.1
constexpr std::uint8_t external_reset = 2;      // EXTRF
constexpr auto slice = std::chrono::milliseconds(1);

volatile sig_atomic_t ended = 0;

struct Board {
  avr_t* avr = nullptr;
  int port = -1;
  std::deque<unsigned char> to_avr;
  std::string from_avr;
  bool takes = true;
};

/// The data records of an Intel hex file; simavr 1.6's own reader gets sizes wrong where there are start addresses.
bool load_hex(const char* path, avr_t* avr) {
  std::ifstream in(path);
  std::string line;
  bool any = false;
  while (std::getline(in, line)) {
    unsigned size = 0, address = 0, type = 0;
    if (std::sscanf(line.c_str(), ":%2x%4x%2x", &size, &address, &type) != 3 || type != 0) continue;
    for (unsigned i = 0; i < size; ++i) {
      unsigned byte = 0;
      if (std::sscanf(line.c_str() + 9 + 2 * i, "%2x", &byte) != 1) return false;
      // Debian's Optiboot is a few bytes longer than its section; what is behind the flash's end is lost, as on a
      // board.
      if (address + i <= avr->flashend) avr->flash[address + i] = static_cast<std::uint8_t>(byte);
    }
    any = true;
  }
  return any;
}

int make_port(const char* link) {
  const int port = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
  std::array<char, 128> name{};
  if (port < 0 || ::grantpt(port) != 0 || ::unlockpt(port) != 0 || ::ptsname_r(port, name.data(), name.size()) != 0)
    return -1;
  termios line{};
  ::tcgetattr(port, &line);
  ::cfmakeraw(&line);
  ::tcsetattr(port, TCSANOW, &line);
  // Until it was opened once, nobody can tell that it is closed.
  ::close(::open(name.data(), O_RDWR | O_NOCTTY));
  std::error_code error;
  std::filesystem::create_symlink(name.data(), link, error);
  return error ? -1 : port;
}

void connect_uart(Board& board) {
  std::uint32_t flags = 0;
  avr_ioctl(board.avr, AVR_IOCTL_UART_GET_FLAGS('0'), &flags);
  flags &= ~static_cast<std::uint32_t>(AVR_UART_FLAG_STDIO | AVR_UART_FLAG_POLL_SLEEP);
  avr_ioctl(board.avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
  const auto on = [&board](int irq, avr_irq_notify_t handler) {
    avr_irq_register_notify(avr_io_getirq(board.avr, AVR_IOCTL_UART_GETIRQ('0'), irq), handler, &board);
  };
  on(UART_IRQ_OUTPUT,
     [](avr_irq_t*, std::uint32_t value, void* to) { static_cast<Board*>(to)->from_avr += static_cast<char>(value); });
  on(UART_IRQ_OUT_XON, [](avr_irq_t*, std::uint32_t, void* to) { static_cast<Board*>(to)->takes = true; });
  on(UART_IRQ_OUT_XOFF, [](avr_irq_t*, std::uint32_t, void* to) { static_cast<Board*>(to)->takes = false; });
}

void reset(Board& board, std::uint8_t cause) {
  avr_reset(board.avr);
  avr_reset(board.avr);  // simavr 1.6 leaves an armed watchdog behind the first time
  board.avr->state = cpu_Running;
  board.avr->data[mcusr] = cause;
  board.to_avr.clear();
  board.takes = true;
}

void run(Board& board, avr_cycle_count_t cycles) {
  auto* input = avr_io_getirq(board.avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
  const auto until = board.avr->cycle + cycles;
  while (board.avr->cycle < until) {
    const int state = avr_run(board.avr);
    if (state == cpu_Crashed || state == cpu_Done) reset(board, 0);
    if (!board.takes || board.to_avr.empty()) continue;
    avr_raise_irq(input, board.to_avr.front());
    board.to_avr.pop_front();
  }
}

void exchange(Board& board) {
  if (!board.from_avr.empty()) {
    const auto n = ::write(board.port, board.from_avr.data(), board.from_avr.size());
    if (n > 0) board.from_avr.erase(0, static_cast<std::size_t>(n));
  }
  std::array<unsigned char, 512> bytes;
  const auto n = ::read(board.port, bytes.data(), bytes.size());
  if (n > 0) board.to_avr.insert(board.to_avr.end(), bytes.begin(), bytes.begin() + n);
}

void serve(Board& board) {
  bool open = false;
  while (ended == 0) {
    pollfd line{board.port, POLLIN, 0};
    ::poll(&line, 1, 0);
    const bool now = (line.revents & POLLHUP) == 0;
    if (now && !open) reset(board, external_reset);
    if (!now) board.from_avr.clear();
    open = now;
    if (!open) {
      ::poll(nullptr, 0, static_cast<int>(slice.count()));
      continue;
    }
    exchange(board);
    run(board, clock_hz / 1000);
    // In real time, for the boot loader's watchdog is the simulated one and avrdude's patience is not.
    ::poll(&line, 1, board.to_avr.empty() ? static_cast<int>(slice.count()) : 0);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 4) return 2;
  Board board;
  board.avr = avr_make_mcu_by_name("atmega328p");
  if (board.avr == nullptr || avr_init(board.avr) != 0) return 3;
  board.avr->frequency = clock_hz;
  board.avr->log = LOG_ERROR;
  board.avr->sleep = [](avr_t*, avr_cycle_count_t) {};
  std::memset(board.avr->flash, 0xff, board.avr->flashend + 1);
  if (!load_hex(arguments[1], board.avr)) return 4;
  board.avr->codeend = board.avr->flashend;
  board.avr->reset_pc = board.avr->pc = boot_section;
  board.port = make_port(arguments[2]);
  if (board.port < 0) return 5;
  struct sigaction action{};
  action.sa_handler = [](int) { ended = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  connect_uart(board);
  serve(board);
  std::ofstream out(arguments[3], std::ios::binary);
  out.write(reinterpret_cast<const char*>(board.avr->flash), board.avr->flashend + 1);
  return out ? 0 : 6;
}
