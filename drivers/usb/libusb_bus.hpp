// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libusb-1.0/libusb.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "drivers/core/lane.hpp"
#include "drivers/usb/open_device.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// The bus by libusb-1.0. Threads: one for libusb's events, which only posts; one that looks at what is plugged in; a
/// lane for each place whose device was opened, for the calls that block: a device that hangs hangs itself only.
class LibusbBus final : public UsbBus, public std::enable_shared_from_this<LibusbBus> {
 public:
  /// How it learns what comes and goes. libusb tells it where the system has hotplug; else it compares lists.
  enum class Watch : std::uint8_t { by_hotplug_if_there, by_comparing };
  static Result<std::shared_ptr<LibusbBus>> start(asio::any_io_executor executor,
                                                  Watch watch = Watch::by_hotplug_if_there);
  LibusbBus(libusb_context* context, asio::any_io_executor executor);
  ~LibusbBus() override { stop(); }

  /// Ends every transfer and thread; handles that still live say that their devices are gone. Before the executor ends.
  void stop();

  Result<std::vector<UsbDeviceInfo>> devices() override;
  Task<std::shared_ptr<UsbHandle>> open(UsbMatch match, Deadline deadline) override;
  [[nodiscard]] std::shared_ptr<void> on_change(Handler handler) override;

  // For the coroutine that opens, on the worker's thread:
  [[nodiscard]] bool has_looked();
  [[nodiscard]] std::vector<UsbDeviceInfo> seen();
  Event& changed() { return changed_; }
  /// What has this address now, or nullptr. To be unreferenced.
  [[nodiscard]] libusb_device* hold(const UsbDeviceInfo& device);
  /// nullptr after stop().
  [[nodiscard]] Lane* lane_at(const std::string& path);
  [[nodiscard]] std::shared_ptr<OpenDevice> adopt(libusb_device_handle* raw, UsbDeviceInfo info, Lane& lane);

 private:
  static int LIBUSB_CALL on_hotplug(libusb_context*, libusb_device* device, libusb_hotplug_event event, void* self);
  void begin(Watch watch);
  void handle_events();
  void compare_lists();
  void arrived(libusb_device* device);
  void left(libusb_device* device);
  void tell(Change change, const UsbDeviceInfo& device);
  void post_change(Change change, const UsbDeviceInfo& device);
  void retire(OpenDevice* device);

  libusb_context* context_;
  asio::any_io_executor executor_;
  libusb_hotplug_callback_handle hotplug_ = 0;
  bool has_hotplug_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread events_;
  std::unique_ptr<Lane> looks_ = std::make_unique<Lane>();

  std::mutex mutex_;  // of what follows
  std::condition_variable looked_;
  bool has_looked_ = false;
  bool stopped_ = false;
  std::map<libusb_device*, UsbDeviceInfo> known_;  // each referenced
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
  std::map<OpenDevice*, std::unique_ptr<OpenDevice>> open_;

  Event changed_;  // the worker's, as what follows
  std::vector<std::weak_ptr<Handler>> handlers_;
};

}  // namespace hilltop::drivers
