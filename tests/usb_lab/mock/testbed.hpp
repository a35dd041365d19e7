// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <umockdev.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {

/// Gives back a reference of GLib's.
struct Unref {
  void operator()(gpointer object) const { g_object_unref(object); }
  void operator()(UMockdevIoctlData* data) const { umockdev_ioctl_data_unref(data); }
};
using IoctlData = std::unique_ptr<UMockdevIoctlData, Unref>;

/// umockdev's /sys, /dev and udev, which the program under test sees instead of the host's.
class Testbed {
 public:
  /// Answers one ioctl, on umockdev's thread; false: not known (ENOTTY).
  using Answer = std::function<bool(UMockdevIoctlClient* client)>;

  Testbed() : testbed_(umockdev_testbed_new()) {}
  /// What UMOCKDEV_DIR must be for a program to see it.
  [[nodiscard]] std::filesystem::path root() const;
  /// Adds devices in umockdev's text form. Throws std::runtime_error.
  void add(const std::string& text);
  void remove(const std::string& sysfs_path);
  void uevent(const std::string& sysfs_path, const char* action);
  /// `answer` serves the ioctls of device node `node` until it is detached.
  void attach(const std::string& node, Answer answer);
  void detach(const std::string& node);
  /// The other end of a tty node; -1 when there is none.
  int terminal(const std::string& node);

 private:
  std::unique_ptr<UMockdevTestbed, Unref> testbed_;
};

}  // namespace hilltop::usb_lab
