// SPDX-License-Identifier: Apache-2.0
// SNMP by net-snmp's single-session interface, asynchronously: a request is sent without waiting, the session's
// descriptor is waited for with everything else, and the library is called when it can be read. All on the worker's
// thread, as the library's tables are shared. Source: net-snmp's snmp_api(3), RFC 3416, RFC 3414.
#include <net-snmp/net-snmp-config.h>
//
#include <net-snmp/library/large_fd_set.h>
#include <net-snmp/net-snmp-includes.h>
#include <unistd.h>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "drivers/power/unit/snmp_library.hpp"
#include "drivers/power/unit/unit_session.hpp"

namespace hilltop::drivers::unit {
namespace {

using Descriptor = asio::posix::stream_descriptor;

/// A datagram may be lost: the request is sent again after this.
constexpr auto resend_after = std::chrono::milliseconds(1000);
/// As many objects in one request as the smallest agents take. Source: RFC 3417, 3.2: 484 bytes are what all accept.
constexpr std::size_t most_at_once = 12;

Error failed(Errc code, std::string text) { return {code, Blame::infrastructure, std::move(text)}; }

/// What an answer brought; written by the library's callback, which may come late: it lives as long as the session.
struct Answer {
  bool come = false;
  std::string engine;  // who answered; version 3
  int operation = 0;
  long error = 0;
  int command = 0;
  int library_error = 0;
  std::vector<std::string> values;
};

struct Snmp : std::enable_shared_from_this<Snmp> {
  ~Snmp() {
    if (session != nullptr) ::snmp_sess_close(session);
  }
  Snmp() = default;
  Snmp(const Snmp&) = delete;
  Snmp& operator=(const Snmp&) = delete;

  void* session = nullptr;                 // net-snmp's handle
  std::unique_ptr<Descriptor> descriptor;  // of a duplicate: the library closes its own
  std::vector<std::shared_ptr<Answer>> answers;
};
using SnmpPtr = std::shared_ptr<Snmp>;

std::string text_of(const netsnmp_variable_list& variable) {
  switch (variable.type) {
    case ASN_INTEGER:
      return std::to_string(*variable.val.integer);
    case ASN_COUNTER:
    case ASN_GAUGE:
    case ASN_TIMETICKS:
      return std::to_string(static_cast<unsigned long>(*variable.val.integer) & 0xffffffffUL);
    case ASN_OCTET_STR:
      return {reinterpret_cast<const char*>(variable.val.string), variable.val_len};
    case SNMP_NOSUCHOBJECT:
    case SNMP_NOSUCHINSTANCE:
    case SNMP_ENDOFMIBVIEW:
      return "no such object";
    default:
      return "a value of type " + std::to_string(variable.type);
  }
}

int on_answer(int operation, netsnmp_session* session, int, netsnmp_pdu* pdu, void* magic) {
  auto& answer = *static_cast<Answer*>(magic);
  answer.come = true;
  answer.operation = operation;
  answer.library_error = session->s_snmp_errno;
  if (pdu == nullptr) return 1;
  answer.command = pdu->command;
  answer.engine.assign(reinterpret_cast<const char*>(pdu->securityEngineID), pdu->securityEngineIDLen);
  answer.error = pdu->errstat;
  for (const auto* one = pdu->variables; one != nullptr; one = one->next_variable)
    answer.values.push_back(text_of(*one));
  if (pdu->command == SNMP_MSG_REPORT) answer.library_error = ::snmpv3_get_report_type(pdu);
  return 1;
}

struct Watch {
  bool late = false;
  bool over = false;
};

/// True when there is something to read, false when `until` has come.
Task<bool> readable(SnmpPtr snmp, Deadline until) {
  if (co_await is_canceled()) co_return canceled_error("snmp");
  auto watch = std::make_shared<Watch>();
  asio::steady_timer timer(snmp->descriptor->get_executor());
  timer.expires_at(until.when());
  timer.async_wait([watch, snmp](boost::system::error_code error) {
    if (error || watch->over) return;
    watch->late = true;
    boost::system::error_code ignored;
    snmp->descriptor->cancel(ignored);
  });
  boost::system::error_code error;
  co_await snmp->descriptor->async_wait(Descriptor::wait_read, asio::redirect_error(asio::use_awaitable, error));
  watch->over = true;
  if (co_await is_canceled()) co_return canceled_error("snmp");
  if (error && !watch->late) co_return failed(Errc::io, "snmp: " + error.message());
  co_return !error;
}

void take_datagrams(Snmp& snmp) {
  const int fd = ::snmp_sess_transport(snmp.session)->sock;
  netsnmp_large_fd_set set;
  ::netsnmp_large_fd_set_init(&set, fd + 1);
  NETSNMP_LARGE_FD_ZERO(&set);
  NETSNMP_LARGE_FD_SET(fd, &set);
  ::snmp_sess_read2(snmp.session, &set);
  ::netsnmp_large_fd_set_cleanup(&set);
}

std::string library_text(int code) { return ::snmp_api_errstring(code); }

Result<> judge(const Answer& answer) {
  if (answer.command == SNMP_MSG_REPORT || answer.operation != NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) {
    const auto code = answer.library_error;
    const bool refused = code == SNMPERR_UNKNOWN_USER_NAME || code == SNMPERR_AUTHENTICATION_FAILURE ||
                         code == SNMPERR_DECRYPTION_ERR || code == SNMPERR_UNSUPPORTED_SEC_LEVEL;
    return failed(refused ? Errc::denied : Errc::protocol, "snmp: " + library_text(code));
  }
  if (answer.error == SNMP_ERR_NOERROR) return ok();
  const bool refused = answer.error == SNMP_ERR_NOACCESS || answer.error == SNMP_ERR_AUTHORIZATIONERROR ||
                       answer.error == SNMP_ERR_READONLY || answer.error == SNMP_ERR_NOTWRITABLE;
  return failed(refused ? Errc::denied : Errc::protocol,
                std::string("it answers: ") + ::snmp_errstring(static_cast<int>(answer.error)));
}

using MakePdu = std::function<Result<netsnmp_pdu*>()>;

/// Sends what `make` makes until an answer has come. Value: that answer, good or not.
Task<std::shared_ptr<Answer>> converse(SnmpPtr snmp, MakePdu make, std::string title, Deadline deadline) {
  for (;;) {
    HILLTOP_CO_TRY(auto* pdu, make());
    auto answer = snmp->answers.emplace_back(std::make_shared<Answer>());
    if (::snmp_sess_async_send(snmp->session, pdu, &on_answer, answer.get()) == 0) {
      int number = 0;
      int system = 0;
      char* text = nullptr;
      ::snmp_sess_error(snmp->session, &number, &system, &text);
      const std::string said = text != nullptr ? text : "";
      ::free(text);
      ::snmp_free_pdu(pdu);
      co_return failed(Errc::unavailable, "snmp: not sent: " + said);
    }
    const auto until = deadline.at_most(resend_after);
    for (bool more = true; more && !answer->come;) {
      HILLTOP_CO_TRY(more, co_await readable(snmp, until));
      if (more) take_datagrams(*snmp);
    }
    if (answer->come) {
      std::erase_if(snmp->answers, [](const auto& one) { return one->come; });
      co_return answer;
    }
    if (deadline.passed())
      co_return failed(Errc::timeout,
                       "it does not answer " + title + " (wrong community or user, no SNMP, or no unit there)");
  }
}

Result<netsnmp_pdu*> make_pdu(const std::vector<Request>& requests) {
  const bool sets = requests.front().snmp == SnmpKind::set;
  auto* pdu = ::snmp_pdu_create(sets ? SNMP_MSG_SET : SNMP_MSG_GET);
  for (const auto& request : requests) {
    oid name[MAX_OID_LEN];
    std::size_t length = MAX_OID_LEN;
    if (::read_objid(request.oid.c_str(), name, &length) == 0) {
      ::snmp_free_pdu(pdu);
      return Error(Errc::bad_input, Blame::configuration, "'" + request.oid + "' is no object identifier");
    }
    if (!sets) {
      ::snmp_add_null_var(pdu, name, length);
      continue;
    }
    const long value = static_cast<long>(request.value);
    ::snmp_pdu_add_variable(pdu, name, length, ASN_INTEGER, &value, sizeof value);
  }
  return pdu;
}

Task<std::vector<std::string>> ask(SnmpPtr snmp, std::vector<Request> requests, Deadline deadline) {
  const auto title = requests.front().title;
  MakePdu make = [requests] { return make_pdu(requests); };
  HILLTOP_CO_TRY(auto answer, co_await converse(snmp, std::move(make), title, deadline));
  HILLTOP_CO_CHECK(judge(*answer).within(title));
  if (answer->values.size() != requests.size())
    co_return failed(Errc::protocol, title + ": it answers with " + std::to_string(answer->values.size()) + " values");
  co_return std::move(answer->values);
}

Task<std::vector<std::string>> ask_all(SnmpPtr snmp, std::vector<Request> requests, Deadline deadline) {
  std::vector<std::string> out;
  for (std::size_t from = 0; from < requests.size(); from += most_at_once) {
    const auto to = std::min(requests.size(), from + most_at_once);
    std::vector<Request> some(requests.begin() + static_cast<long>(from), requests.begin() + static_cast<long>(to));
    HILLTOP_CO_TRY(const auto replies, co_await ask(snmp, std::move(some), deadline));
    out.insert(out.end(), replies.begin(), replies.end());
  }
  co_return out;
}

Task<std::string> ask_one(SnmpPtr snmp, Request request, Deadline deadline) {
  std::vector<Request> one;
  one.push_back(std::move(request));
  HILLTOP_CO_TRY(auto replies, co_await ask(std::move(snmp), std::move(one), deadline));
  co_return std::move(replies.front());
}

class SnmpSession final : public UnitSession {
 public:
  explicit SnmpSession(SnmpPtr snmp) : snmp_(std::move(snmp)) {}
  Task<std::string> exchange(Request request, Deadline deadline) override {
    return ask_one(snmp_, std::move(request), deadline);
  }
  Task<std::vector<std::string>> exchange_all(std::vector<Request> requests, Deadline deadline) override {
    return ask_all(snmp_, std::move(requests), deadline);
  }
  [[nodiscard]] bool stays_open() const override { return true; }

 private:
  SnmpPtr snmp_;
};

/// A message that an agent answers with its engine's name. Source: RFC 3414, 4 (discovery).
Result<netsnmp_pdu*> discovery_pdu() {
  auto* pdu = ::snmp_pdu_create(SNMP_MSG_GET);
  pdu->version = SNMP_VERSION_3;
  pdu->securityName = ::strdup("");
  pdu->securityNameLen = 0;
  pdu->securityLevel = SNMP_SEC_LEVEL_NOAUTH;
  pdu->securityModel = SNMP_SEC_MODEL_USM;
  return pdu;
}

/// Learns the engine's name, and makes the user's keys for it.
Task<> discover(SnmpPtr snmp, Deadline deadline) {
  MakePdu make = &discovery_pdu;
  HILLTOP_CO_TRY(const auto answer, co_await converse(snmp, std::move(make), "who it is", deadline));
  auto* session = ::snmp_sess_session(snmp->session);
  if (session->securityEngineIDLen == 0 && !answer->engine.empty()) {
    const auto* bytes = reinterpret_cast<const u_char*>(answer->engine.data());
    session->securityEngineID = static_cast<u_char*>(::netsnmp_memdup(bytes, answer->engine.size()));
    session->securityEngineIDLen = answer->engine.size();
  }
  if (session->securityEngineIDLen == 0) co_return failed(Errc::protocol, "snmp: it does not tell its engine's name");
  if (const int code = ::create_user_from_session(session); code != SNMPERR_SUCCESS)
    co_return failed(Errc::denied, "snmp: " + library_text(code));
  co_return ok();
}

Task<std::string> peer_of(AddressPtr address, Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  const auto resolver = std::make_shared<asio::ip::udp::resolver>(executor);
  asio::steady_timer timer(executor);
  timer.expires_at(deadline.when());
  timer.async_wait([resolver](boost::system::error_code error) {
    if (!error) resolver->cancel();
  });
  boost::system::error_code error;
  const auto found = co_await resolver->async_resolve(address->host, std::to_string(address->port),
                                                      asio::redirect_error(asio::use_awaitable, error));
  if (co_await is_canceled()) co_return canceled_error("snmp");
  if (error || found.empty())
    co_return failed(error == asio::error::operation_aborted ? Errc::timeout : Errc::not_found,
                     address->host + ": " + (error ? error.message() : std::string("has no address")));
  const auto endpoint = found.begin()->endpoint();
  const auto ip = endpoint.address().to_string();
  const auto port = std::to_string(endpoint.port());
  co_return endpoint.address().is_v6() ? "udp6:[" + ip + "]:" + port : "udp:" + ip + ":" + port;
}

}  // namespace

Task<SessionPtr> open_snmp(Env env, AddressPtr address, Variables variables, Deadline deadline) {
  HILLTOP_CO_TRY(auto peer, co_await peer_of(address, deadline));
  auto snmp = std::make_shared<Snmp>();
  HILLTOP_CO_TRY(snmp->session, open_snmp_session(address->model->snmp_version, peer, variables));
  const int fd = ::dup(::snmp_sess_transport(snmp->session)->sock);
  if (fd < 0) co_return system_error("snmp", errno);
  snmp->descriptor = std::make_unique<Descriptor>(env.executor, fd);
  if (address->model->snmp_version == "3") HILLTOP_CO_CHECK(co_await discover(snmp, deadline));
  co_return SessionPtr(std::make_shared<SnmpSession>(std::move(snmp)));
}

}  // namespace hilltop::drivers::unit
