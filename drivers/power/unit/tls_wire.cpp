// SPDX-License-Identifier: Apache-2.0
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>

#include "drivers/power/unit/wire.hpp"

namespace hilltop::drivers::unit {
namespace {

Error tls_error(Errc code, const std::string& what) {
  std::array<char, 256> text{};
  const auto number = ::ERR_get_error();
  ::ERR_clear_error();
  if (number == 0) return Error(code, Blame::infrastructure, "TLS: " + what);
  ::ERR_error_string_n(number, text.data(), text.size());
  return Error(code, Blame::infrastructure, "TLS: " + what + ": " + text.data());
}

/// OpenSSL over memory: what it wants to send is taken from `out`, what has come is put into `in`.
struct Tls {
  ~Tls() {
    ::SSL_free(ssl);
    ::SSL_CTX_free(context);
  }
  Tls() = default;
  Tls(const Tls&) = delete;
  Tls& operator=(const Tls&) = delete;

  WirePtr below;
  SSL_CTX* context = nullptr;
  SSL* ssl = nullptr;  // owns both BIOs
  BIO* in = nullptr;
  BIO* out = nullptr;
};
using TlsPtr = std::shared_ptr<Tls>;

Result<> prepare(Tls& tls, const TlsOptions& options) {
  tls.context = ::SSL_CTX_new(::TLS_client_method());
  if (tls.context == nullptr) return tls_error(Errc::internal, "cannot begin");
  if (options.any_certificate) {
    ::SSL_CTX_set_verify(tls.context, SSL_VERIFY_NONE, nullptr);
  } else {
    ::SSL_CTX_set_verify(tls.context, SSL_VERIFY_PEER, nullptr);
    const bool own = !options.certificate_file.empty();
    const int loaded = own ? ::SSL_CTX_load_verify_locations(tls.context, options.certificate_file.c_str(), nullptr)
                           : ::SSL_CTX_set_default_verify_paths(tls.context);
    if (loaded != 1) {
      auto error = tls_error(Errc::not_found, "certificate " + options.certificate_file);
      error.blame = Blame::configuration;
      return error;
    }
  }
  tls.ssl = ::SSL_new(tls.context);
  tls.in = ::BIO_new(::BIO_s_mem());
  tls.out = ::BIO_new(::BIO_s_mem());
  if (tls.ssl == nullptr || tls.in == nullptr || tls.out == nullptr) return tls_error(Errc::internal, "cannot begin");
  ::BIO_set_mem_eof_return(tls.in, -1);
  ::BIO_set_mem_eof_return(tls.out, -1);
  ::SSL_set_bio(tls.ssl, tls.in, tls.out);
  ::SSL_set_connect_state(tls.ssl);
  auto* parameters = ::SSL_get0_param(tls.ssl);
  if (::X509_VERIFY_PARAM_set1_ip_asc(parameters, options.host.c_str()) != 1) {
    ::ERR_clear_error();
    ::SSL_set1_host(tls.ssl, options.host.c_str());
    ::SSL_set_tlsext_host_name(tls.ssl, options.host.c_str());
  }
  return ok();
}

std::string taken(BIO* bio) {
  std::string out(::BIO_ctrl_pending(bio), '\0');
  if (out.empty()) return out;
  const int n = ::BIO_read(bio, out.data(), static_cast<int>(out.size()));
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

Task<> send_pending(TlsPtr tls, Deadline deadline) {
  auto bytes = taken(tls->out);
  if (bytes.empty()) co_return ok();
  co_return co_await tls->below->write(std::move(bytes), deadline);
}

/// False when the peer has closed.
Task<bool> receive(TlsPtr tls, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bytes, co_await tls->below->read(deadline));
  if (bytes.empty()) co_return false;
  ::BIO_write(tls->in, bytes.data(), static_cast<int>(bytes.size()));
  co_return true;
}

/// What to do about a call that did not go well. False when the peer has closed; tls_error for what is wrong.
Task<bool> go_on(TlsPtr tls, int returned, Deadline deadline) {
  const int why = ::SSL_get_error(tls->ssl, returned);
  HILLTOP_CO_CHECK(co_await send_pending(tls, deadline));
  if (why == SSL_ERROR_WANT_WRITE) co_return true;
  if (why == SSL_ERROR_WANT_READ) co_return co_await receive(tls, deadline);
  if (why == SSL_ERROR_ZERO_RETURN) co_return false;
  const auto verified = ::SSL_get_verify_result(tls->ssl);
  if (verified != X509_V_OK) {
    ::ERR_clear_error();
    co_return Error(Errc::denied, Blame::infrastructure,
                    std::string("TLS: its certificate is not trusted: ") + ::X509_verify_cert_error_string(verified) +
                        "; 'certificate: FILE' names one that is, 'any_certificate: yes' takes all");
  }
  co_return tls_error(Errc::protocol, "the unit and we do not agree");
}

Task<> shake_hands(TlsPtr tls, Deadline deadline) {
  for (;;) {
    const int returned = ::SSL_do_handshake(tls->ssl);
    if (returned == 1) co_return co_await send_pending(tls, deadline);
    HILLTOP_CO_TRY(const bool open, co_await go_on(tls, returned, deadline));
    if (!open) co_return Error(Errc::unavailable, Blame::infrastructure, "TLS: it hung up");
  }
}

Task<> write_all(TlsPtr tls, std::string bytes, Deadline deadline) {
  for (std::size_t at = 0; at < bytes.size();) {
    const int n = ::SSL_write(tls->ssl, bytes.data() + at, static_cast<int>(bytes.size() - at));
    if (n > 0) {
      at += static_cast<std::size_t>(n);
      continue;
    }
    HILLTOP_CO_TRY(const bool open, co_await go_on(tls, n, deadline));
    if (!open) co_return Error(Errc::unavailable, Blame::infrastructure, "TLS: it hung up");
  }
  co_return co_await send_pending(tls, deadline);
}

Task<std::string> read_some(TlsPtr tls, Deadline deadline) {
  std::array<char, 16384> buffer{};
  for (;;) {
    const int n = ::SSL_read(tls->ssl, buffer.data(), static_cast<int>(buffer.size()));
    if (n > 0) co_return std::string(buffer.data(), static_cast<std::size_t>(n));
    HILLTOP_CO_TRY(const bool open, co_await go_on(tls, n, deadline));
    if (!open) co_return std::string();
  }
}

class TlsWire final : public Wire {
 public:
  explicit TlsWire(TlsPtr tls) : tls_(std::move(tls)) {}
  Task<> write(std::string bytes, Deadline deadline) override { return write_all(tls_, std::move(bytes), deadline); }
  Task<std::string> read(Deadline deadline) override { return read_some(tls_, deadline); }

 private:
  TlsPtr tls_;
};

}  // namespace

Task<WirePtr> start_tls(WirePtr below, TlsOptions options, Deadline deadline) {
  auto tls = std::make_shared<Tls>();
  tls->below = std::move(below);
  HILLTOP_CO_CHECK(prepare(*tls, options));
  HILLTOP_CO_CHECK(co_await shake_hands(tls, deadline));
  co_return WirePtr(std::make_shared<TlsWire>(std::move(tls)));
}

}  // namespace hilltop::drivers::unit
