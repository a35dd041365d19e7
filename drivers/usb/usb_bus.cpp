// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_bus.hpp"

#include <boost/asio/execution/context.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/query.hpp>

#include "drivers/usb/libusb_bus.hpp"

namespace hilltop::drivers {
namespace {

/// Holds the bus of one worker, for as long as its execution context lives.
class UsbService final : public asio::execution_context::service {
 public:
  using key_type = UsbService;
  static asio::execution_context::id id;

  explicit UsbService(asio::execution_context& context) : service(context) {}
  void shutdown() override {
    if (own_) own_->stop();
    own_.reset();
    bus_.reset();
  }

  Result<std::shared_ptr<UsbBus>> get(const asio::any_io_executor& executor) {
    if (bus_) return bus_;
    HILLTOP_TRY(own_, LibusbBus::start(executor));
    bus_ = own_;
    return bus_;
  }
  void use(std::shared_ptr<UsbBus> bus) { bus_ = std::move(bus); }

 private:
  std::shared_ptr<LibusbBus> own_;
  std::shared_ptr<UsbBus> bus_;
};

asio::execution_context::id UsbService::id;

UsbService& service_of(const Env& env) {
  return asio::use_service<UsbService>(asio::query(env.executor, asio::execution::context));
}

}  // namespace

Result<std::shared_ptr<UsbBus>> UsbBus::of(const Env& env) { return service_of(env).get(env.executor); }

void UsbBus::use(const Env& env, std::shared_ptr<UsbBus> bus) { service_of(env).use(std::move(bus)); }

}  // namespace hilltop::drivers
