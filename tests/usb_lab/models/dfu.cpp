// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/dfu.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace hilltop::usb_lab {
namespace {

// DFU 1.1, table 3.2.
enum Request : std::uint8_t {
  detach_request = 0,
  dnload = 1,
  upload_request = 2,
  get_status = 3,
  clear_status = 4,
  get_state = 5,
  abort_request = 6
};
constexpr std::uint8_t err_stalled_packet = 0x0f;
constexpr auto reenumeration = std::chrono::milliseconds(50);

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
  if (const auto text = options.text("runtime"); !text.empty()) {
    Options id;
    id.set("vid", text.substr(0, text.find(':')));
    id.set("pid", text.substr(text.find(':') + 1));
    application_.vendor = static_cast<std::uint16_t>(id.hex("vid", 0));
    application_.product = static_cast<std::uint16_t>(id.hex("pid", 0));
  }
  Description d;
  d.vendor = 0x1209;
  d.product = 0xdf11;
  d.manufacturer = "hilltop";
  d.name = "DFU boot loader";
  d.serial = "DFU0001";
  describe_loader({{.name = "flash"}}, std::move(d));
}

void Dfu::describe_loader(std::vector<Interface> alternates, Description description, std::uint16_t version) {
  for (auto& one : alternates) {
    one.device_class = 0xfe;
    one.subclass = 1;
    one.protocol = 2;
  }
  // can download and upload, manifestation tolerant; detach time-out; transfer size; version
  Bytes functional{9, 0x21, 0x07, 0xff, 0x00};
  put16(functional, transfer_size_);
  put16(functional, version);
  alternates.back().functional = functional;
  description.interfaces = std::move(alternates);
  describe(std::move(description));
  loader_ = this->description();
  if (application_.vendor != 0) begin_application();
}

void Dfu::begin_application() {
  const auto vendor = application_.vendor;
  const auto product = application_.product;
  application_ = loader_;
  application_.vendor = vendor;
  application_.product = product;
  application_.name = "Application";
  // will detach by itself, can upload and download
  application_.interfaces = {{.device_class = 0xfe,
                              .subclass = 1,
                              .protocol = 1,
                              .name = "DFU run time",
                              .functional = loader_.interfaces.back().functional}};
  application_.interfaces[0].functional[2] |= 0x08;
  in_application_ = true;
  describe_as(application_);
}

bool Dfu::detach() {
  if (!in_application_) return false;
  state().put("dfu detach");
  in_application_ = false;
  come_back_as(loader_, reenumeration);
  return true;
}

void Dfu::start_application() {
  if (application_.vendor == 0) return;
  in_application_ = true;
  come_back_as(application_, reenumeration);
}

bool Dfu::on_control(const Setup& setup, Bytes& data) {
  if ((setup.type & 0x7f) != 0x21) return false;
  if (in_application_ && setup.request != detach_request && setup.request != get_status && setup.request != get_state)
    return false;
  switch (setup.request) {
    case detach_request:
      return detach();
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

void Dfu::keep_image() const {
  if (file_.empty()) return;
  std::ofstream file(file_, std::ios::binary);
  file.write(reinterpret_cast<const char*>(image_.data()), static_cast<std::streamsize>(image_.size()));
}

bool Dfu::finish() {
  keep_image();
  at_ = application_.vendor != 0 ? manifest : idle;
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
  } else if (at_ == manifest) {
    start_application();
  }
  return {status_, poll_ms_, 0, 0, at_, 0};
}

void Dfu::on_power(bool powered) {
  if (!powered) return;
  at_ = in_application_ ? app_idle : idle;
  status_ = 0;
}

}  // namespace hilltop::usb_lab
