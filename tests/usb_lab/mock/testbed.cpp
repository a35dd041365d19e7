// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/mock/testbed.hpp"

#include <stdexcept>

namespace hilltop::usb_lab {
namespace {

gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer answer) {
  return (*static_cast<Testbed::Answer*>(answer))(client) ? TRUE : FALSE;
}

void destroy(gpointer answer, GClosure*) { delete static_cast<Testbed::Answer*>(answer); }

}  // namespace

std::filesystem::path Testbed::root() const {
  gchar* text = umockdev_testbed_get_root_dir(testbed_.get());
  std::filesystem::path path(text);
  g_free(text);
  return path;
}

void Testbed::add(const std::string& text) {
  GError* error = nullptr;
  if (umockdev_testbed_add_from_string(testbed_.get(), text.c_str(), &error)) return;
  const std::string why = error != nullptr ? error->message : "umockdev refuses a device";
  g_clear_error(&error);
  throw std::runtime_error(why);
}

void Testbed::remove(const std::string& sysfs_path) {
  umockdev_testbed_remove_device(testbed_.get(), sysfs_path.c_str());
}

void Testbed::uevent(const std::string& sysfs_path, const char* action) {
  umockdev_testbed_uevent(testbed_.get(), sysfs_path.c_str(), action);
}

void Testbed::attach(const std::string& node, Answer answer) {
  std::unique_ptr<UMockdevIoctlBase, Unref> handler(umockdev_ioctl_base_new());
  g_signal_connect_data(handler.get(), "handle-ioctl", G_CALLBACK(on_ioctl), new Answer(std::move(answer)), destroy,
                        G_CONNECT_AFTER);
  GError* error = nullptr;
  umockdev_testbed_attach_ioctl(testbed_.get(), node.c_str(), handler.get(), &error);
  if (error == nullptr) return;
  const std::string why = error->message;
  g_clear_error(&error);
  throw std::runtime_error(node + ": " + why);
}

void Testbed::detach(const std::string& node) { umockdev_testbed_detach_ioctl(testbed_.get(), node.c_str(), nullptr); }

int Testbed::terminal(const std::string& node) { return umockdev_testbed_get_dev_fd(testbed_.get(), node.c_str()); }

}  // namespace hilltop::usb_lab
