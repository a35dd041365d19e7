// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_bus.hpp"

#include <sys/time.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <set>
#include <utility>

#include "drivers/core/log.hpp"
#include "drivers/usb/lane_call.hpp"
#include "drivers/usb/libusb_error.hpp"
#include "drivers/usb/libusb_handle.hpp"
#include "drivers/usb/libusb_look.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto first_look_limit = std::chrono::seconds(3);
constexpr timeval between_comparisons{1, 0};  // where the system tells nothing of its own
constexpr timeval long_time{60, 0};

Error bus_has_ended() { return {Errc::unavailable, Blame::infrastructure, "USB: the worker ends"}; }

struct Unreference {
  void operator()(libusb_device* device) const { libusb_unref_device(device); }
};
struct Close {
  void operator()(libusb_device_handle* handle) const { libusb_close(handle); }
};
using RawHandle = std::unique_ptr<libusb_device_handle, Close>;

Task<std::shared_ptr<UsbHandle>> open_seen(std::shared_ptr<LibusbBus> bus, UsbDeviceInfo info, Deadline deadline) {
  std::shared_ptr<libusb_device> device(bus->hold(info), [](auto* held) { Unreference()(held); });
  auto* lane = bus->lane_at(info.path);
  if (!device || lane == nullptr) co_return usb_gone("open", info);
  auto open = [device, info]() -> Result<RawHandle> {
    libusb_device_handle* raw = nullptr;
    if (const int error = libusb_open(device.get(), &raw); error != LIBUSB_SUCCESS)
      return libusb_error(error, "open", info);
    libusb_set_auto_detach_kernel_driver(raw, 1);  // where there are no kernel drivers there is nothing to detach
    return RawHandle(raw);
  };
  auto opened = co_await call_on_lane<RawHandle>(*lane, std::move(open), deadline);
  if (!opened) co_return std::move(opened).error();
  auto shared = bus->adopt(opened->release(), std::move(info), *lane);
  if (!shared) co_return bus_has_ended();
  co_return std::shared_ptr<UsbHandle>(std::make_shared<LibusbHandle>(std::move(shared)));
}

Task<std::shared_ptr<UsbHandle>> open_matching(std::shared_ptr<LibusbBus> bus, UsbMatch match, Deadline deadline) {
  for (;;) {
    Error why(Errc::timeout, Blame::infrastructure, "USB: " + match.title() + ": no look at the bus in time");
    if (bus->has_looked()) {
      auto found = find_usb_device(bus->seen(), match);
      if (!found && found.error().code != Errc::unavailable) co_return std::move(found).error();
      auto opened = found ? co_await open_seen(bus, *std::move(found), deadline) : std::move(found).error();
      if (opened || opened.error().code != Errc::unavailable) co_return opened;
      why = std::move(opened).error();
    }
    // It may come (again): a board that boots, a device that begins anew.
    const auto woken = co_await bus->changed().wait(deadline);
    if (!woken) co_return woken.error().code == Errc::canceled ? woken.error() : why;
  }
}

}  // namespace

Result<std::shared_ptr<LibusbBus>> LibusbBus::start(asio::any_io_executor executor, Watch watch) {
  libusb_context* context = nullptr;
  if (const int error = libusb_init(&context); error != LIBUSB_SUCCESS)
    return Error(Errc::unavailable, Blame::infrastructure,
                 std::string("libusb cannot begin: ") + libusb_strerror(static_cast<::libusb_error>(error)));
  auto bus = std::make_shared<LibusbBus>(context, std::move(executor));
  bus->begin(watch);
  return bus;
}

LibusbBus::LibusbBus(libusb_context* context, asio::any_io_executor executor)
    : context_(context), executor_(executor), changed_(std::move(executor)) {}

void LibusbBus::begin(Watch watch) {
  has_hotplug_ =
      watch == Watch::by_hotplug_if_there && libusb_has_capability(LIBUSB_CAP_HAS_HOTPLUG) != 0 &&
      libusb_hotplug_register_callback(context_, LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED | LIBUSB_HOTPLUG_EVENT_DEVICE_LEFT,
                                       LIBUSB_HOTPLUG_ENUMERATE, LIBUSB_HOTPLUG_MATCH_ANY, LIBUSB_HOTPLUG_MATCH_ANY,
                                       LIBUSB_HOTPLUG_MATCH_ANY, &on_hotplug, this, &hotplug_) == LIBUSB_SUCCESS;
  if (!has_hotplug_) compare_lists();
  looks_->post([this] {
    const std::lock_guard lock(mutex_);
    has_looked_ = true;
    looked_.notify_all();
    asio::post(executor_, [self = shared_from_this()] { self->changed_.notify(); });
  });
  events_ = std::thread([this] { handle_events(); });
}

void LibusbBus::stop() {
  std::map<std::string, std::unique_ptr<Lane>> lanes;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    stopped_ = true;
    for (const auto& [key, device] : open_) device->cancel_all();
    lanes.swap(lanes_);
  }
  lanes.clear();  // joins; nothing retires from here on
  for (const auto& [key, device] : open_) device->wait_until_idle();
  stopping_ = true;
  if (has_hotplug_) libusb_hotplug_deregister_callback(context_, hotplug_);
  libusb_interrupt_event_handler(context_);
  if (events_.joinable()) events_.join();
  looks_.reset();
  for (const auto& [key, device] : open_) device->close();
  for (const auto& [device, info] : known_) libusb_unref_device(device);
  known_.clear();
  libusb_exit(context_);
}

void LibusbBus::handle_events() {
  bool complained = false;
  while (!stopping_) {
    timeval limit = has_hotplug_ ? long_time : between_comparisons;
    const int error = libusb_handle_events_timeout_completed(context_, &limit, nullptr);
    if (error != LIBUSB_SUCCESS && error != LIBUSB_ERROR_INTERRUPTED) {
      if (!std::exchange(complained, true))
        log::error("USB: events: {}", libusb_strerror(static_cast<::libusb_error>(error)));
      std::this_thread::sleep_for(std::chrono::milliseconds(100));  // it is tried again, not in a hurry
    }
    if (!has_hotplug_ && !stopping_) compare_lists();
  }
}

/// Where libusb cannot tell what comes and goes.
void LibusbBus::compare_lists() {
  libusb_device** list = nullptr;
  const auto count = libusb_get_device_list(context_, &list);
  if (count < 0) return;
  const std::set<libusb_device*> now(list, list + count);
  std::vector<libusb_device*> gone;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [device, info] : known_)
      if (!now.contains(device)) gone.push_back(device);
  }
  for (auto* device : gone) looks_->post([this, device] { left(device); });
  for (auto* device : now) looks_->post([this, device = libusb_ref_device(device)] { arrived(device); });
  libusb_free_device_list(list, 1);
}

int LibusbBus::on_hotplug(libusb_context*, libusb_device* device, libusb_hotplug_event event, void* self) {
  auto* bus = static_cast<LibusbBus*>(self);
  if (event == LIBUSB_HOTPLUG_EVENT_DEVICE_ARRIVED)
    bus->looks_->post([bus, held = libusb_ref_device(device)] { bus->arrived(held); });
  else
    bus->looks_->post([bus, device] { bus->left(device); });  // arrived() has the reference until then
  return 0;
}

void LibusbBus::arrived(libusb_device* device) {
  bool known = false;
  {
    const std::lock_guard lock(mutex_);
    known = known_.contains(device);  // libusb may tell twice
  }
  if (known) return libusb_unref_device(device);
  const auto info = look_at_usb_device(device);
  {
    const std::lock_guard lock(mutex_);
    known_.emplace(device, info);
  }
  post_change(Change::arrived, info);
}

void LibusbBus::left(libusb_device* device) {
  UsbDeviceInfo info;
  {
    const std::lock_guard lock(mutex_);
    const auto found = known_.find(device);
    if (found == known_.end()) return;
    info = std::move(found->second);
    known_.erase(found);
  }
  libusb_unref_device(device);
  post_change(Change::left, info);
}

void LibusbBus::post_change(Change change, const UsbDeviceInfo& device) {
  asio::post(executor_, [weak = weak_from_this(), change, device] {
    if (const auto self = weak.lock()) self->tell(change, device);
  });
}

void LibusbBus::tell(Change change, const UsbDeviceInfo& device) {
  changed_.notify();
  std::erase_if(handlers_, [](const auto& handler) { return handler.expired(); });
  const auto handlers = handlers_;
  for (const auto& weak : handlers)
    if (const auto handler = weak.lock()) (*handler)(change, device);
}

std::shared_ptr<void> LibusbBus::on_change(Handler handler) {
  auto token = std::make_shared<Handler>(std::move(handler));
  handlers_.push_back(token);
  return token;
}

Result<std::vector<UsbDeviceInfo>> LibusbBus::devices() {
  std::unique_lock lock(mutex_);
  if (!looked_.wait_for(lock, first_look_limit, [this] { return has_looked_; }))
    return Error(Errc::timeout, Blame::infrastructure, "USB: a device does not let the bus be read");
  lock.unlock();
  return seen();
}

std::vector<UsbDeviceInfo> LibusbBus::seen() {
  const std::lock_guard lock(mutex_);
  std::vector<UsbDeviceInfo> out;
  for (const auto& [device, info] : known_) out.push_back(info);
  std::ranges::sort(out, {}, &UsbDeviceInfo::path);
  return out;
}

bool LibusbBus::has_looked() {
  const std::lock_guard lock(mutex_);
  return has_looked_;
}

Task<std::shared_ptr<UsbHandle>> LibusbBus::open(UsbMatch match, Deadline deadline) {
  return open_matching(shared_from_this(), std::move(match), deadline);
}

libusb_device* LibusbBus::hold(const UsbDeviceInfo& device) {
  const std::lock_guard lock(mutex_);
  for (const auto& [raw, info] : known_)
    if (info.bus == device.bus && info.address == device.address && info.path == device.path)
      return libusb_ref_device(raw);
  return nullptr;
}

Lane* LibusbBus::lane_at(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (stopped_) return nullptr;
  auto& lane = lanes_[path];
  if (!lane) lane = std::make_unique<Lane>();
  return lane.get();
}

std::shared_ptr<OpenDevice> LibusbBus::adopt(libusb_device_handle* raw, UsbDeviceInfo info, Lane& lane) {
  auto on_gone = [weak = weak_from_this(), seen = libusb_get_device(raw)] {
    if (const auto self = weak.lock()) self->left(seen);
  };
  auto owned = std::make_unique<OpenDevice>(raw, std::move(info), executor_, lane, std::move(on_gone));
  auto* device = owned.get();
  const std::lock_guard lock(mutex_);
  if (stopped_) return nullptr;  // `owned` closes it
  open_.emplace(device, std::move(owned));
  return {device, [self = shared_from_this()](OpenDevice* last) { self->retire(last); }};
}

/// Nobody uses it any more. Closing may block, so its lane does it.
void LibusbBus::retire(OpenDevice* device) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(device);
  if (found == open_.end()) return;
  if (!stopped_)
    device->lane().post([owned = std::shared_ptr<OpenDevice>(std::move(found->second))] { owned->close(); });
  open_.erase(found);
}

}  // namespace hilltop::drivers
