// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/libusb_transfer.hpp"

#include <fmt/format.h>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>

#include "drivers/usb/libusb_error.hpp"

namespace hilltop::drivers {
namespace {

using Handler = std::move_only_function<void()>;

bool reads(const UsbTransferOrder& order) {
  const auto direction = order.kind == UsbTransferOrder::Kind::control ? order.buffer.front() : order.endpoint;
  return (direction & LIBUSB_ENDPOINT_IN) != 0;
}

/// Keeps itself alive from submission until its completion ran on the worker's thread, and so its memory.
class Transfer : public std::enable_shared_from_this<Transfer> {
 public:
  enum class Stopped : std::uint8_t { no, timeout, canceled };

  Transfer(std::shared_ptr<OpenDevice> device, UsbTransferOrder order)
      : raw(libusb_alloc_transfer(0)),
        order(std::move(order)),
        device(std::move(device)),
        working_(asio::prefer(this->device->executor(), asio::execution::outstanding_work.tracked)) {
    fill();
  }
  ~Transfer() { libusb_free_transfer(raw); }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  template <class CompletionHandler>
  void start(CompletionHandler handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    if (slot.is_connected())
      slot.assign([weak = weak_from_this()](asio::cancellation_type) {
        if (const auto self = weak.lock()) self->stop(Stopped::canceled);
      });
    handler_ = [handler = std::move(handler)]() mutable { std::move(handler)(); };
    self_ = shared_from_this();
    submit_error = device->submit(raw);
    if (submit_error != LIBUSB_SUCCESS) complete();
  }

  /// Asks for the end; the completion comes as ever.
  void stop(Stopped why) {
    if (stopped == Stopped::no) stopped = why;
    libusb_cancel_transfer(raw);
  }

  libusb_transfer* raw;
  UsbTransferOrder order;
  std::shared_ptr<OpenDevice> device;
  Stopped stopped = Stopped::no;
  int submit_error = LIBUSB_SUCCESS;

 private:
  void fill() {
    using Kind = UsbTransferOrder::Kind;
    auto* bytes = reinterpret_cast<unsigned char*>(order.buffer.data());
    const auto size = static_cast<int>(order.buffer.size());
    if (order.kind == Kind::control)
      libusb_fill_control_transfer(raw, device->raw(), bytes, &on_end, this, 0);
    else if (order.kind == Kind::bulk)
      libusb_fill_bulk_transfer(raw, device->raw(), order.endpoint, bytes, size, &on_end, this, 0);
    else
      libusb_fill_interrupt_transfer(raw, device->raw(), order.endpoint, bytes, size, &on_end, this, 0);
  }

  /// On the event thread.
  static void LIBUSB_CALL on_end(libusb_transfer* raw) {
    auto* self = static_cast<Transfer*>(raw->user_data);
    self->device->ended(raw);
    self->complete();
  }

  /// The handler moves into the post: a context that ends without running it drops the coroutine there.
  void complete() {
    auto working = std::move(working_);
    asio::post(working, [self = std::move(self_), handler = std::move(handler_)]() mutable { handler(); });
  }

  asio::any_io_executor working_;  // the worker waits for us
  Handler handler_;
  std::shared_ptr<Transfer> self_;
};

asio::awaitable<void> run_to_end(std::shared_ptr<Transfer> transfer, Deadline deadline) {
  asio::steady_timer timer(transfer->device->executor());
  if (!deadline.is_never()) {
    timer.expires_at(deadline.when());
    timer.async_wait([weak = std::weak_ptr(transfer)](boost::system::error_code error) {
      if (const auto self = weak.lock(); self && !error) self->stop(Transfer::Stopped::timeout);
    });
  }
  auto start = [transfer](auto handler) { transfer->start(std::move(handler)); };
  co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(std::move(start), asio::use_awaitable);
}

Error stopped_error(const Transfer& transfer) {
  const auto& device = transfer.device->info();
  const auto what = device.title() + ": " + transfer.order.what;
  if (transfer.stopped == Transfer::Stopped::canceled) return canceled_error(what);
  if (transfer.stopped == Transfer::Stopped::no) return usb_gone(transfer.order.what, device);  // the bus ends
  if (reads(transfer.order)) return {Errc::timeout, Blame::infrastructure, what + ": no answer in time"};
  return {Errc::timeout, Blame::infrastructure,
          fmt::format("{}: not taken in time ({} of {} bytes were)", what, transfer.raw->actual_length,
                      transfer.raw->length)};
}

int code_of(libusb_transfer_status status) {
  switch (status) {
    case LIBUSB_TRANSFER_STALL:
      return LIBUSB_ERROR_PIPE;
    case LIBUSB_TRANSFER_NO_DEVICE:
      return LIBUSB_ERROR_NO_DEVICE;
    case LIBUSB_TRANSFER_OVERFLOW:
      return LIBUSB_ERROR_OVERFLOW;
    default:
      return LIBUSB_ERROR_IO;
  }
}

Result<std::string> outcome(Transfer& transfer) {
  const auto& info = transfer.device->info();
  const auto& what = transfer.order.what;
  if (transfer.submit_error != LIBUSB_SUCCESS) return transfer.device->error(transfer.submit_error, what);
  const auto status = transfer.raw->status;
  const auto done = static_cast<std::size_t>(transfer.raw->actual_length);
  const bool reading = reads(transfer.order);
  const bool has_part = status == LIBUSB_TRANSFER_CANCELLED && reading && done > 0;
  if (status == LIBUSB_TRANSFER_CANCELLED && !has_part) return stopped_error(transfer);
  if (status != LIBUSB_TRANSFER_COMPLETED && !has_part) return transfer.device->error(code_of(status), what);
  const std::size_t setup = transfer.order.kind == UsbTransferOrder::Kind::control ? LIBUSB_CONTROL_SETUP_SIZE : 0;
  if (reading) return transfer.order.buffer.substr(setup, done);
  if (const auto wanted = transfer.order.buffer.size() - setup; done < wanted)
    return Error(Errc::io, Blame::infrastructure,
                 fmt::format("{}: {}: the device took {} of {} bytes", info.title(), what, done, wanted));
  return std::string();
}

}  // namespace

Task<std::string> do_transfer(std::shared_ptr<OpenDevice> device, UsbTransferOrder order, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error(device->info().title() + ": " + order.what);
  if (deadline.passed())
    co_return Error(Errc::timeout, Blame::infrastructure,
                    device->info().title() + ": " + order.what + ": time is over");
  const auto transfer = std::make_shared<Transfer>(std::move(device), std::move(order));
  co_await run_to_end(transfer, deadline);
  co_return outcome(*transfer);
}

}  // namespace hilltop::drivers
