// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/dfu.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace hilltop::usb_lab {
namespace {

// DFU 1.1, table 3.2.
enum Request : std::uint8_t {
  detach = 0,
  dnload = 1,
  upload_request = 2,
  get_status = 3,
  clear_status = 4,
  get_state = 5,
  abort_request = 6
};
constexpr std::uint8_t err_stalled_packet = 0x0f;

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Dfu::Dfu(const Options& options)
    : Device(options),
      file_(options.text("file")),
      transfer_size_(static_cast<std::uint16_t>(options.number("transfer_size", 1024))),
      poll_ms_(static_cast<std::uint8_t>(options.number("poll_ms", 1))),
      slow_(options.has("slow")),
      fail_with_(static_cast<std::uint8_t>(options.number("fail", 0))) {
  if (!file_.empty()) image_ = read_file(file_);
  Description d;
  d.vendor = 0x1209;
  d.product = 0xdf11;
  d.manufacturer = "hilltop";
  d.name = "DFU boot loader";
  d.serial = "DFU0001";
  describe_loader({{.name = "flash"}}, std::move(d));
}

void Dfu::describe_loader(std::vector<Interface> alternates, Description description) {
  for (auto& one : alternates) {
    one.device_class = 0xfe;
    one.subclass = 1;
    one.protocol = 2;
  }
  // can download and upload, manifestation tolerant; detach time-out; transfer size; DFU 1.1
  Bytes functional{9, 0x21, 0x07, 0xff, 0x00};
  put16(functional, transfer_size_);
  put16(functional, 0x0110);
  alternates.back().functional = functional;
  description.interfaces = std::move(alternates);
  describe(std::move(description));
}

bool Dfu::on_control(const Setup& setup, Bytes& data) {
  if ((setup.type & 0x7f) != 0x21) return false;
  switch (setup.request) {
    case detach:
      state().put("dfu detach");
      return true;
    case dnload:
      return download(setup, data);
    case upload_request:
      return upload(setup, data);
    case get_status:
      data = status_answer();
      return true;
    case get_state:
      data = {at_};
      return true;
    case clear_status:
      status_ = 0;
      at_ = idle;
      return true;
    case abort_request:
      if (at_ == error) return false;
      at_ = idle;
      return true;
    default:
      return false;
  }
}

bool Dfu::fail(std::uint8_t status) {
  status_ = status;
  at_ = error;
  return false;
}

bool Dfu::download(const Setup& setup, const Bytes& data) {
  if (at_ != idle && at_ != download_idle) return fail(err_stalled_packet);
  if (setup.length == 0) {
    if (at_ != download_idle) return fail(err_stalled_packet);
    at_ = manifest_sync;
    return true;
  }
  if (setup.length > transfer_size_) return fail(err_stalled_packet);
  if (fail_with_ != 0 && at_ == download_idle) {
    at_ = error;
    status_ = fail_with_;
    return true;  // GET_STATUS says it
  }
  if (!take_block(setup.value, data)) return fail(status_ == 0 ? err_stalled_packet : status_);
  if (at_ != error) at_ = download_sync;
  return true;
}

bool Dfu::take_block(std::uint16_t block, const Bytes& data) {
  if (at_ == idle) image_.clear();
  const auto at = std::size_t{block} * transfer_size_;
  if (at != image_.size()) return false;  // blocks come in their order
  append(image_, data);
  return true;
}

Bytes Dfu::give_block(std::uint16_t block, std::size_t room) {
  const auto at = std::min(std::size_t{block} * transfer_size_, image_.size());
  const auto end = std::min(at + room, image_.size());
  return {image_.begin() + static_cast<std::ptrdiff_t>(at), image_.begin() + static_cast<std::ptrdiff_t>(end)};
}

bool Dfu::upload(const Setup& setup, Bytes& data) {
  if (at_ != idle && at_ != upload_idle) return fail(err_stalled_packet);
  data = give_block(setup.value, setup.length);
  at_ = data.size() < setup.length ? idle : upload_idle;
  return true;
}

bool Dfu::finish() {
  if (!file_.empty()) {
    std::ofstream file(file_, std::ios::binary);
    file.write(reinterpret_cast<const char*>(image_.data()), static_cast<std::streamsize>(image_.size()));
  }
  state().put("dfu image " + std::to_string(image_.size()));
  return true;
}

Bytes Dfu::status_answer() {
  if (at_ == download_sync && slow_) {
    at_ = download_busy;
  } else if (at_ == download_sync || at_ == download_busy) {
    at_ = download_idle;
  } else if (at_ == manifest_sync) {
    finish();
    at_ = idle;
  }
  return {status_, poll_ms_, 0, 0, at_, 0};
}

void Dfu::on_power(bool powered) {
  if (!powered) return;
  at_ = idle;
  status_ = 0;
}

}  // namespace hilltop::usb_lab
