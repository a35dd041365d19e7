// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/mock/usbfs.hpp"

#include <linux/usbdevice_fs.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>

namespace hilltop::usb_lab {
namespace {

constexpr std::size_t setup_size = 8;

IoctlData resolve(UMockdevIoctlData* data, std::size_t offset, std::size_t size) {
  return IoctlData(umockdev_ioctl_data_resolve(data, offset, size, nullptr));
}

guint8* bytes_of(const IoctlData& data) { return data->data; }

Setup read_setup(const guint8* b) {
  return {b[0], b[1], static_cast<std::uint16_t>(b[2] | b[3] << 8), static_cast<std::uint16_t>(b[4] | b[5] << 8),
          static_cast<std::uint16_t>(b[6] | b[7] << 8)};
}

}  // namespace

bool Usbfs::answer(UMockdevIoctlClient* client) {
  auto* argument = umockdev_ioctl_client_get_arg(client);
  const auto request = umockdev_ioctl_client_get_request(client);
  const bool reaps = request == USBDEVFS_REAPURB || request == USBDEVFS_REAPURBNDELAY;
  int error = 0;
  if (!connected_ && !reaps) {
    error = ENODEV;
  } else {
    switch (request) {
      case USBDEVFS_GET_CAPABILITIES:
        capabilities(argument);
        break;
      case USBDEVFS_SUBMITURB:
        error = submit(client, argument);
        break;
      case USBDEVFS_REAPURB:
      case USBDEVFS_REAPURBNDELAY:
        error = reap(client, argument);
        break;
      case USBDEVFS_DISCARDURB:
        error = discard(client, argument);
        break;
      case USBDEVFS_CLAIMINTERFACE:
        error = claim();
        break;
      case USBDEVFS_DISCONNECT_CLAIM:
        error = claim();
        break;
      case USBDEVFS_GETDRIVER:
      case USBDEVFS_IOCTL:
        error = ENODATA;
        break;  // no kernel driver has it
      case USBDEVFS_SETINTERFACE:
        error = select_alternate(argument);
        break;
      case USBDEVFS_RESET:
        device_.reset();
        break;
      case USBDEVFS_RELEASEINTERFACE:
      case USBDEVFS_CLEAR_HALT:
      case USBDEVFS_RESETEP:
      case USBDEVFS_SETCONFIGURATION:
        break;
      default:
        return false;
    }
  }
  umockdev_ioctl_client_complete(client, error == 0 ? 0 : -1, error);
  return true;
}

void Usbfs::capabilities(UMockdevIoctlData* argument) {
  const auto data = resolve(argument, 0, sizeof(std::uint32_t));
  std::uint32_t all = USBDEVFS_CAP_BULK_SCATTER_GATHER | USBDEVFS_CAP_BULK_CONTINUATION |
                      USBDEVFS_CAP_NO_PACKET_SIZE_LIM | USBDEVFS_CAP_REAP_AFTER_DISCONNECT | USBDEVFS_CAP_ZERO_PACKET;
  umockdev_ioctl_data_update(data.get(), 0, reinterpret_cast<guint8*>(&all), sizeof(all));
}

int Usbfs::claim() const { return device_.faults().busy ? EBUSY : 0; }

int Usbfs::select_alternate(UMockdevIoctlData* argument) {
  const auto data = resolve(argument, 0, sizeof(usbdevfs_setinterface));
  usbdevfs_setinterface wanted{};
  std::memcpy(&wanted, bytes_of(data), sizeof(wanted));
  device_.select_alternate(static_cast<std::uint8_t>(wanted.interface), static_cast<std::uint8_t>(wanted.altsetting));
  return 0;
}

int Usbfs::submit(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  Urb urb{.owner = client, .urb = resolve(argument, 0, sizeof(usbdevfs_urb)), .buffer = {}, .transfer = {}};
  const auto& wanted = *reinterpret_cast<const usbdevfs_urb*>(bytes_of(urb.urb));
  const auto size = static_cast<std::size_t>(wanted.buffer_length);
  if (size > 0) urb.buffer = resolve(urb.urb.get(), offsetof(usbdevfs_urb, buffer), size);
  auto& transfer = urb.transfer;
  std::size_t header = 0;
  if (wanted.type == USBDEVFS_URB_TYPE_CONTROL) {
    if (size < setup_size) return EINVAL;
    transfer.setup = read_setup(bytes_of(urb.buffer));
    header = setup_size;
  } else {
    transfer.endpoint = wanted.endpoint;
  }
  transfer.size = size - header;
  if (!transfer.to_host() && size > header)
    transfer.data.assign(bytes_of(urb.buffer) + header, bytes_of(urb.buffer) + size);
  urbs_.push_back(std::move(urb));
  try_all();
  return 0;
}

void Usbfs::try_all() {
  const auto now = Clock::now();
  if (connected_) device_.tick(now);
  for (auto& urb : urbs_)
    if (!urb.over) try_one(urb, now);
}

void Usbfs::try_one(Urb& urb, Clock::time_point now) {
  auto& transfer = urb.transfer;
  const auto outcome = device_.attempt(transfer, now);
  if (outcome == Outcome::waiting) return;
  urb.over = true;
  if (outcome != Outcome::done) {
    urb.status = outcome == Outcome::stalled ? -EPIPE : -ESHUTDOWN;
    return;
  }
  urb.actual = transfer.to_host() ? transfer.data.size() : transfer.size;
  if (!transfer.to_host() || transfer.data.empty()) return;
  const auto header = transfer.endpoint == 0 ? setup_size : 0;
  std::memcpy(bytes_of(urb.buffer) + header, transfer.data.data(), transfer.data.size());
}

int Usbfs::reap(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  try_all();
  for (auto it = urbs_.begin(); it != urbs_.end(); ++it) {
    if (!it->over || it->owner != client) continue;
    auto* urb = reinterpret_cast<usbdevfs_urb*>(bytes_of(it->urb));
    urb->status = it->status;
    urb->actual_length = static_cast<int>(it->actual);
    const auto slot = resolve(argument, 0, sizeof(void*));
    umockdev_ioctl_data_set_ptr(slot.get(), 0, it->urb.get());
    urbs_.erase(it);
    return 0;
  }
  return connected_ ? EAGAIN : ENODEV;
}

int Usbfs::discard(UMockdevIoctlClient* client, UMockdevIoctlData* argument) {
  for (auto& urb : urbs_) {
    if (urb.over || urb.owner != client || urb.urb->client_addr != *reinterpret_cast<gulong*>(argument->data)) continue;
    urb.over = true;
    urb.status = -ENOENT;
    return 0;
  }
  return EINVAL;
}

void Usbfs::disconnect() {
  connected_ = false;
  for (auto& urb : urbs_) {
    if (urb.over) continue;
    urb.over = true;
    urb.status = -ESHUTDOWN;
  }
}

}  // namespace hilltop::usb_lab
