// SPDX-License-Identifier: Apache-2.0
// Outlets of simulated units, whose relays are in a file of their own. Digests and TLS are checked by Python's.
#include "tests/drivers/power/unit/simulated_unit.hpp"

namespace hilltop::tests {
namespace {

using drivers::PowerState;

class NetworkUnits : public PowerUnits {
 protected:
  std::string address(const SimulatedUnit& unit, const std::string& model, int outlet,
                      const std::string& more = credentials) {
    return "{driver: power-unit, model: " + model + ", host: 127.0.0.1, port: " + unit.where() +
           ", outlet: " + std::to_string(outlet) + (more.empty() ? "" : ", " + more) + "}";
  }
};

TEST_F(NetworkUnits, ObeyByHttp) {
  const struct {
    const char *dialogue, *model, *more;
  } units[] = {{"gude24", "gude24", ""},
               {"netio_json", "netio-json", credentials},
               {"digital_loggers", "digital-loggers-rest", credentials},
               {"shelly", "shelly-gen2", credentials},
               {"energenie", "energenie-lan-web", "password: 's3cret pass&word'"},
               {"tasmota", "tasmota", credentials}};
  for (const auto& one : units) {
    SCOPED_TRACE(one.model);
    const SimulatedUnit unit(worker, "http", one.dialogue);
    const auto device = make(address(unit, one.model, 3, one.more));
    ASSERT_TRUE(device);
    obeys(*device, unit, 3);
    EXPECT_EQ(unit.relay(2), "off");
  }
}

TEST_F(NetworkUnits, ObeyByTelnet) {
  for (const auto& [dialogue, model] : {std::pair("kshell", "netio-kshell"), {"apc", "apc-cli"}}) {
    SCOPED_TRACE(model);
    const SimulatedUnit unit(worker, "telnet", dialogue);
    const auto device = make(address(unit, model, 2));
    ASSERT_TRUE(device);
    obeys(*device, unit, 2);
  }
}

TEST_F(NetworkUnits, WalkMenus) {
  const SimulatedUnit unit(worker, "telnet", "apc_menu");
  const auto device = make(address(unit, "apc-menu", 5));
  for (const bool on : {true, false}) {
    const auto done = set(*device, on);
    ASSERT_TRUE(done) << done.error().text << unit.log();
    EXPECT_EQ(unit.relay(5), on ? "on" : "off");
    EXPECT_EQ(*state(*device), PowerState::unknown) << "menus tell no state that is read";
  }
}

TEST_F(NetworkUnits, ObeyByTcp) {
  const struct {
    const char *dialogue, *model, *more;
  } units[] = {{"eth008", "devantech-eth", "password: 's3cret pass&word'"},
               {"modbus", "modbus-tcp", ""},
               {"kasa", "tplink-kasa", ""}};
  for (const auto& one : units) {
    SCOPED_TRACE(one.model);
    const SimulatedUnit unit(worker, "tcp", one.dialogue);
    const auto device = make(address(unit, one.model, 4, one.more));
    ASSERT_TRUE(device);
    obeys(*device, unit, 4);
  }
}

TEST_F(NetworkUnits, AModbusExceptionIsARefusal) {
  const SimulatedUnit unit(worker, "tcp", "modbus");
  const auto device = make(address(unit, "modbus-tcp", 17, ""));
  const auto done = set(*device, true);
  ASSERT_FALSE(done);
  EXPECT_TRUE(done.error().text.contains("refuses to write that coil")) << done.error().text;
}

TEST_F(NetworkUnits, ObeyByASerialPort) {
  const SimulatedUnit unit(worker, "tty", "conrad");
  const auto device = make("{driver: power-unit, model: conrad-197720, path: " + unit.where() + ", outlet: 8}");
  obeys(*device, unit, 8);
}

TEST_F(NetworkUnits, ObeyBehindSer2net) {
  const SimulatedUnit unit(worker, "tty", "conrad");
  const auto port = free_port();
  const auto file = dir.path() / "ser2net.yaml";
  std::ofstream(file) << "%YAML 1.1\n---\nconnection: &c\n  accepter: tcp,127.0.0.1," << port
                      << "\n  connector: serialdev," << unit.where() << ",19200n81,local\n";
  const auto server = start_program(
      worker, {"/usr/sbin/ser2net", "-n", "-u", "-c", file.string(), "-P", (dir.path() / "pid").string()});
  ASSERT_TRUE(worker.run_until([&] { return listens(port); }));
  // The same frames by TCP: a model of the lab's own.
  const auto model = dir.path() / "ours.yaml";
  std::ofstream(model)
      << "model: ours\ntitle: relay card behind ser2net\nsource: test\nverified: unproven\nshape: tcp\nport: 1\n"
         "outlets: 1..8\n"
         "begin: [{send_hex: 01 01 00, checksum: xor, reply_bytes: 8}]\n"
         "to_on: [{send_hex: '06 01 ${outlet-1|bit}', checksum: xor, reply_bytes: 4}]\n"
         "to_off: [{send_hex: '07 01 ${outlet-1|bit}', checksum: xor, reply_bytes: 4}]\n"
         "state: [{send_hex: 02 01 00, checksum: xor, reply_bytes: 4}]\n"
         "read: {as: hex, pattern: '^fd01(..)', bit: '${outlet-1}'}\n";
  const auto device = make("{driver: power-unit, model: " + model.string() +
                           ", host: 127.0.0.1, port: " + std::to_string(port) + ", outlet: 6}");
  ASSERT_TRUE(device);
  obeys(*device, unit, 6);
}

TEST_F(NetworkUnits, ObeyThroughPdudaemon) {
  const SimulatedUnit unit(worker, "http", "pdudaemon");
  auto made = try_make("{driver: pdudaemon, host: 127.0.0.1, port: " + unit.where() + ", pdu: acme-1, outlet: '3'}",
                       "b1", drivers::pdudaemon);
  ASSERT_TRUE(made) << made.error().text;
  ASSERT_TRUE(set(**made, true));
  EXPECT_EQ(unit.relay(3), "on");
  EXPECT_EQ(*state(**made), PowerState::unknown);
  made = try_make("{driver: pdudaemon, host: 127.0.0.1, port: " + unit.where() + ", pdu: nobody, outlet: '3'}", "b2",
                  drivers::pdudaemon);
  ASSERT_TRUE(made) << made.error().text;
  const auto refused = set(**made, false, 3s);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().text.contains("HTTP 500: 'no such pdu'")) << refused.error().text;
  EXPECT_EQ(unit.relay(3), "on");
}

TEST_F(NetworkUnits, ACertificateIsLookedAt) {
  const auto key = (dir.path() / "key").string();
  const auto certificate = (dir.path() / "cert").string();
  Command make_certificate({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out",
                            certificate, "-days", "2", "-subj", "/CN=unit", "-addext", "subjectAltName=IP:127.0.0.1"});
  ASSERT_TRUE(worker.run(run_tool_checked(std::move(make_certificate), Deadline::after(20s))));
  const SimulatedUnit unit(worker, "http", "netio_json", {"--tls", certificate, key});
  const auto model = dir.path() / "tls.yaml";
  std::ofstream(model)
      << "model: tls\ntitle: NETIO by HTTPS\nsource: test\nverified: unproven\nshape: http\nscheme: https\nauth: "
         "basic\n"
         "outlets: 1..8\nwants: {user: x, password: x}\nwords: {to_on: 1, to_off: 0}\n"
         "switch: [{post: /netio.json, content_type: application/json,"
         " body: '{\"Outputs\": [{\"ID\": ${outlet}, \"Action\": ${word}}]}'}]\n"
         "state: [{get: /netio.json}]\nread: {json: '/Outputs/${outlet-1}/State', is_on: 1, is_off: 0}\n";
  const auto with = [&](const std::string& more) {
    return address(unit, model.string(), 1, std::string(credentials) + more);
  };
  const auto careless = make(with(", any_certificate: yes"), "b1");
  obeys(*careless, unit, 1);
  const auto known = make(with(", certificate: " + certificate + ", shared: no"), "b1");
  obeys(*known, unit, 1);
  const auto strict = make(with(""), "b1");
  const auto refused = set(*strict, false, 5s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied) << refused.error().text;
  EXPECT_TRUE(refused.error().text.contains("any_certificate")) << refused.error().text;
  EXPECT_EQ(unit.relay(1), "on");
}

TEST_F(NetworkUnits, ASecretMayBeInAFile) {
  const SimulatedUnit unit(worker, "http", "netio_json");
  const auto file = dir.path() / "secret";
  std::ofstream(file) << "s3cret pass&word\n";
  const auto device = make(address(unit, "netio-json", 1, "user: ann, password_file: " + file.string()));
  obeys(*device, unit, 1);
  std::filesystem::remove(file);
  const auto gone = set(*device, true);
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().blame, Blame::configuration);
  EXPECT_TRUE(gone.error().text.contains(file.string())) << gone.error().text;
}

TEST_F(NetworkUnits, AnAddressIsChecked) {
  const auto check = [](const std::string& text) {
    Diagnostics diagnostics;
    drivers::power_unit.check(yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_EQ(check("{driver: power-unit, model: apc, host: pdu, outlet: 3, community: private}"), "");
  EXPECT_TRUE(check("{driver: power-unit, model: acp, host: pdu, outlet: 3}").contains("did you mean 'apc'?"));
  EXPECT_TRUE(check("{driver: power-unit, model: apc, host: pdu, outlet: 3}").contains("community_file"));
  EXPECT_TRUE(check("{driver: power-unit, model: apc, host: pdu, outlet: 49, community: x}").contains("from 1 to 48"));
  EXPECT_TRUE(check("{driver: power-unit, model: apc, outlet: 4, community: x}").contains("'host' is missing"));
  EXPECT_TRUE(check("{driver: power-unit, model: apc, host: pdu, outlet: 4, community: x, user: y}")
                  .contains("'user' is not a key"));
  EXPECT_TRUE(
      check("{driver: power-unit, model: apc, host: pdu, outlet: 4, community_file: x}").contains("absolute path"));
  EXPECT_TRUE(check("{driver: power-unit, model: /no/such.yaml, host: pdu, outlet: 4}").contains("/no/such.yaml"));
  EXPECT_EQ(check("{driver: power-unit, model: cleware-switch, serial: '8123', outlet: 1}"), "");
  EXPECT_EQ(check("{driver: power-unit, model: tplink-kasa-plug, host: plug}"), "");
}

}  // namespace
}  // namespace hilltop::tests
