// SPDX-License-Identifier: Apache-2.0
// What libftdi1 makes of the FTDI model: bit-bang, read back, CBUS, and bytes through the UART. Ends with 0 when all
// fits.
#include <ftdi.h>

#include <chrono>
#include <cstdio>
#include <cstring>

namespace {

int failures = 0;

void expect(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "ftdi_pins: %s\n", what);
  ++failures;
}

void try_uart(ftdi_context* chip) {
  unsigned char sent[200], got[200];
  std::memset(sent, 'u', sizeof(sent));
  expect(ftdi_set_bitmode(chip, 0, BITMODE_RESET) == 0, "back to the UART");
  expect(ftdi_set_baudrate(chip, 115200) == 0, "baud rate");
  expect(ftdi_write_data(chip, sent, sizeof(sent)) == static_cast<int>(sizeof(sent)), "write");
  std::size_t have = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
  while (have < sizeof(got) && std::chrono::steady_clock::now() < end) {
    const int count = ftdi_read_data(chip, got + have, static_cast<int>(sizeof(got) - have));
    if (count < 0) break;
    have += static_cast<std::size_t>(count);
  }
  expect(have == sizeof(got) && std::memcmp(sent, got, have) == 0, "what was sent comes back");
}

}  // namespace

int main() {
  ftdi_context* chip = ftdi_new();
  if (ftdi_usb_open(chip, 0x0403, 0x6001) != 0) {
    std::fprintf(stderr, "ftdi_pins: %s\n", ftdi_get_error_string(chip));
    return 1;
  }
  expect(ftdi_set_bitmode(chip, 0xff, BITMODE_BITBANG) == 0, "bit-bang");
  unsigned char value = 0x5a, pins = 0;
  expect(ftdi_write_data(chip, &value, 1) == 1, "write the pins");
  expect(ftdi_read_pins(chip, &pins) == 0 && pins == value, "the pins read back");
  expect(ftdi_set_bitmode(chip, 0xf1, BITMODE_CBUS) == 0, "CBUS");
  expect(ftdi_read_pins(chip, &pins) == 0 && (pins & 0x0f) == 0x01, "CBUS reads back");
  try_uart(chip);
  ftdi_usb_close(chip);
  ftdi_free(chip);
  return failures == 0 ? 0 : 1;
}
