// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/snmp_library.hpp"

#include <net-snmp/net-snmp-config.h>
//
#include <net-snmp/net-snmp-includes.h>

#include <cstring>
#include <mutex>

namespace hilltop::drivers::unit {
namespace {

/// We resend and give up ourselves: the library's own clock is never asked.
constexpr long never_us = 3600L * 1'000'000L;

/// Once a process: no configuration, no stored state, no MIB files. Messages of its own are dropped: what is wrong is
/// in our errors.
void begin() {
  static std::once_flag once;
  std::call_once(once, [] {
    ::netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_READ_CONFIGS, 1);
    ::netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_PERSIST_STATE, 1);
    ::netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, 1);
    ::netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE, 1);
    ::netsnmp_set_mib_directory("");
    ::netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    ::init_snmp("hilltop");
  });
}

Error wrong(std::string text) { return {Errc::bad_input, Blame::configuration, std::move(text)}; }

std::string value_in(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

/// The protocol of `number` and a key made of `password`. Source: RFC 3414, A.2 (password to key).
Result<> set_auth(netsnmp_session& session, const std::string& name, const std::string& password) {
  const int type = ::usm_lookup_auth_type(name.c_str());
  if (type < 0) return wrong("auth: '" + name + "' is none of MD5, SHA, SHA-224, SHA-256, SHA-384 and SHA-512");
  session.securityAuthProto = const_cast<oid*>(::sc_get_auth_oid(type, &session.securityAuthProtoLen));
  session.securityAuthKeyLen = USM_AUTH_KU_LEN;
  const auto* text = reinterpret_cast<const u_char*>(password.c_str());
  if (::generate_Ku(session.securityAuthProto, static_cast<u_int>(session.securityAuthProtoLen), text, password.size(),
                    session.securityAuthKey, &session.securityAuthKeyLen) != SNMPERR_SUCCESS)
    return wrong("auth_password has at least 8 characters");
  return ok();
}

Result<> set_priv(netsnmp_session& session, const std::string& name, const std::string& password) {
  const int type = ::usm_lookup_priv_type(name.c_str());
  if (type < 0) return wrong("priv: '" + name + "' is none of DES and AES");
  session.securityPrivProto = const_cast<oid*>(::sc_get_priv_oid(type, &session.securityPrivProtoLen));
  session.securityPrivKeyLen = USM_PRIV_KU_LEN;
  const auto* text = reinterpret_cast<const u_char*>(password.c_str());
  if (::generate_Ku(session.securityAuthProto, static_cast<u_int>(session.securityAuthProtoLen), text, password.size(),
                    session.securityPrivKey, &session.securityPrivKeyLen) != SNMPERR_SUCCESS)
    return wrong("priv_password has at least 8 characters");
  return ok();
}

Result<> set_user(netsnmp_session& session, std::string& user, const Variables& variables) {
  session.securityName = user.data();
  session.securityNameLen = user.size();
  session.securityModel = USM_SEC_MODEL_NUMBER;
  session.securityLevel = SNMP_SEC_LEVEL_NOAUTH;
  session.flags |= SNMP_FLAGS_DONT_PROBE;  // that would wait; discovery is ours
  const auto auth = value_in(variables, "auth");
  const auto priv = value_in(variables, "priv");
  if (auth.empty()) return priv.empty() ? Result<>(ok()) : Result<>(wrong("priv needs auth"));
  HILLTOP_CHECK(set_auth(session, auth, value_in(variables, "auth_password")));
  session.securityLevel = SNMP_SEC_LEVEL_AUTHNOPRIV;
  if (priv.empty()) return ok();
  HILLTOP_CHECK(set_priv(session, priv, value_in(variables, "priv_password")));
  session.securityLevel = SNMP_SEC_LEVEL_AUTHPRIV;
  return ok();
}

}  // namespace

Result<void*> open_snmp_session(const std::string& version, const std::string& peer, const Variables& variables) {
  begin();
  netsnmp_session session;
  ::snmp_sess_init(&session);
  std::string name = peer;
  std::string who = value_in(variables, version == "3" ? "user" : "community");
  session.peername = name.data();
  session.timeout = never_us;
  session.retries = 0;
  if (version == "3") {
    session.version = SNMP_VERSION_3;
    HILLTOP_CHECK(set_user(session, who, variables));
  } else {
    session.version = version == "1" ? SNMP_VERSION_1 : SNMP_VERSION_2c;
    session.community = reinterpret_cast<u_char*>(who.data());
    session.community_len = who.size();
  }
  if (auto* opened = ::snmp_sess_open(&session)) return opened;
  int code = 0;
  int system = 0;
  char* text = nullptr;
  ::snmp_error(&session, &code, &system, &text);
  const std::string said = text != nullptr ? text : "";
  ::free(text);
  return Error(Errc::unavailable, Blame::infrastructure, "snmp: " + said);
}

}  // namespace hilltop::drivers::unit
