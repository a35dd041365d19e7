// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// A boot loader that speaks DFU 1.1 (USB Device Class Specification for Device Firmware Upgrade, 1.1, appendix A), in
/// DFU mode. Vouched for by dfu-util.
/// Options: file=FILE (its flash), transfer_size=1024, poll_ms=1, slow (dfuDNBUSY once for each block, as flash that is
/// being written), fail=STATUS (the block after the first ends in this bStatus),
/// runtime=VID:PID (what it is while its application runs: it begins as that, DFU_DETACH brings the loader, the end of
/// a download the application). Logs `dfu image SIZE`, `dfu detach`.
class Dfu : public Device {
 public:
  explicit Dfu(const Options& options);

 protected:
  enum State : std::uint8_t {
    app_idle = 0,
    app_detach = 1,
    idle = 2,
    download_sync = 3,
    download_busy = 4,
    download_idle = 5,
    manifest_sync = 6,
    manifest = 7,
    upload_idle = 9,
    error = 10,
  };

  bool on_control(const Setup& setup, Bytes& data) override;
  void on_power(bool powered) override;

  /// Takes one block. False: stall and the error state.
  virtual bool take_block(std::uint16_t block, const Bytes& data);
  /// Gives one block of at most `room` bytes; a short one ends the upload.
  virtual Bytes give_block(std::uint16_t block, std::size_t room);
  /// The download is over; sets the state after it.
  virtual bool finish();
  bool fail(std::uint8_t status);

  [[nodiscard]] std::uint16_t transfer_size() const { return transfer_size_; }
  void describe_loader(std::vector<Interface> alternates, Description description, std::uint16_t version = 0x0110);
  void busy_between_blocks() { slow_ = true; }
  /// Goes to the application, when there is one; state dfuMANIFEST until then.
  void start_application();
  /// Writes the image to file=.
  void keep_image() const;

  Bytes image_;
  State at_ = idle;

 private:
  void begin_application();
  bool detach();
  bool download(const Setup& setup, const Bytes& data);
  bool upload(const Setup& setup, Bytes& data);
  Bytes status_answer();

  std::string file_;
  std::uint16_t transfer_size_;
  std::uint8_t poll_ms_;
  Description loader_;
  Description application_;  ///< without a vendor: it has none
  bool in_application_ = false;
  bool slow_;
  std::uint8_t fail_with_;
  std::uint8_t status_ = 0;
};

}  // namespace hilltop::usb_lab
