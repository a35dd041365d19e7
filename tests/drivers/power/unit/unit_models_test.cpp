// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>

#include "drivers/power/unit/unit_files.hpp"
#include "drivers/power/unit/unit_operation.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers::unit {
namespace {

/// What an address would give, such as it is for the lint.
Variables values_for(const UnitModel& model, const std::string& outlet) {
  Variables out{{"outlet", outlet}, {"outlets", std::to_string(model.last_outlet)}, {"host", "unit.lab"}};
  for (const auto& one : model.parameters)
    out[one.name] = one.usual.value_or(one.name == "oid" ? "1.3.6.1" : "x y&\"z");
  return out;
}

TEST(UnitModels, EachFileIsAModelOfItsOwnName) {
  std::size_t files = 0;
  for (const auto& [file, text] : unit_files()) {
    if (!file.ends_with(".yaml")) continue;
    ++files;
    Diagnostics diagnostics;
    const auto model = read_unit_model(read_yaml(text, std::string(file), diagnostics), diagnostics);
    EXPECT_EQ(diagnostics.to_string(), "");
    ASSERT_TRUE(model) << file;
    EXPECT_EQ(model->name + ".yaml", file);
    EXPECT_FALSE(model->source.empty()) << file;
    EXPECT_FALSE(model->title.empty()) << file;
  }
  EXPECT_GE(files, 40U);
  EXPECT_EQ(unit_models().size(), files);
}

TEST(UnitModels, RenderAllRequestsForTheFirstAndTheLastOutlet) {
  for (const auto& [name, model] : unit_models()) {
    std::vector<std::string> outlets{std::to_string(model->first_outlet), std::to_string(model->last_outlet)};
    if (model->named_outlets) outlets = {"switch.kitchen", "a b/c"};
    for (const auto& outlet : outlets) {
      const auto requests = all_requests(*model, values_for(*model, outlet));
      ASSERT_TRUE(requests) << name << ": " << requests.error().text;
      EXPECT_GE(requests->size(), 2U) << name;
      for (const auto& request : *requests) {
        EXPECT_FALSE(request.path.contains(' ')) << name << ": " << request.path;
        EXPECT_EQ(request.oid.find(".."), std::string::npos) << name << ": " << request.oid;
      }
    }
  }
}

TEST(UnitModels, RenderWhatTheirUnitsWant) {
  const auto wire = [](const char* name, const std::string& outlet, std::size_t which) {
    const auto& model = *unit_models().at(name);
    auto variables = values_for(model, outlet);
    variables["user"] = "ann";
    variables["password"] = "p&w";
    auto all = all_requests(model, variables);
    EXPECT_TRUE(all) << name << ": " << all.error().text;
    return all && which < all->size() ? (*all)[which] : Request();
  };
  // The wire forms of farms' tools, by hand.
  EXPECT_EQ(wire("apc", "7", 0).oid, "1.3.6.1.4.1.318.1.1.4.4.2.1.3.7");
  EXPECT_EQ(wire("apc", "7", 0).value, 1);
  EXPECT_EQ(wire("apc", "7", 1).value, 2);
  EXPECT_EQ(wire("anel", "3", 0).path, "/?Sw_on=3,annp%26w");
  EXPECT_EQ(wire("digipower", "2", 0).path, "/ons.cgi?led=010000000000000000000000");
  EXPECT_EQ(wire("sainsmart-ethernet", "1", 0).path, "/30000/01");
  EXPECT_EQ(wire("sainsmart-ethernet", "16", 1).path, "/30000/30");
  EXPECT_EQ(wire("netio-tgi", "3", 1).path, "/tgi/control.tgi?l=p:ann:p%26w&p=uu0u");
  EXPECT_EQ(wire("intellinet", "1", 1).path, "/control_outlet.htm?outlet0=1&op=1&submit=Anwenden");
  EXPECT_EQ(wire("netio-json", "4", 0).send, R"({"Outputs": [{"ID": 4, "Action": 1}]})");
  EXPECT_EQ(wire("home-assistant", "switch.\"x", 0).send, R"({"entity_id": "switch.\"x"})");
  EXPECT_EQ(to_hex(wire("devantech-usb", "1", 0).send), "65");
  EXPECT_EQ(to_hex(wire("devantech-usb", "8", 1).send), "76");
  EXPECT_EQ(to_hex(wire("conrad-197720", "8", 1).send), "06018087");
  EXPECT_EQ(to_hex(wire("lcus", "1", 0).send), "a00101a2");
  EXPECT_EQ(to_hex(wire("lcus", "1", 1).send), "a00100a1");
  // As Waveshare's page of its Modbus RTU Relay has it, and MODBUS Application Protocol V1.1b3, 6.5.
  EXPECT_EQ(to_hex(wire("modbus-rtu", "1", 0).send), "01050000ff008c3a");
  EXPECT_EQ(to_hex(wire("modbus-tcp", "173", 0).send),
            "00010000000601"
            "0500acff00");
  EXPECT_EQ(wire("netio-kshell", "2", 2).send, "port 2 1\r\n");
  EXPECT_EQ(wire("uhubctl", "3", 1).argv.back(), "off");
}

TEST(UnitModels, SecretsAreNotInWhatIsShown) {
  for (const auto& [name, model] : unit_models()) {
    auto variables = values_for(*model, model->named_outlets ? "x1" : "1");
    for (const auto& one : model->parameters)
      if (one.secret) variables[one.name] = "hunter2";
    const auto all = all_requests(*model, variables);
    ASSERT_TRUE(all) << name << ": " << all.error().text;
    for (const auto& request : *all) EXPECT_FALSE(request.title.contains("hunter2")) << name << ": " << request.title;
  }
}

TEST(UnitModels, AWrongFileIsToldWithItsPlace) {
  const auto complaints = [](std::string_view text) {
    Diagnostics diagnostics;
    EXPECT_FALSE(read_unit_model(read_yaml(text, "m.yaml", diagnostics), diagnostics));
    return diagnostics.to_string();
  };
  const std::string head = "model: m\ntitle: t\nsource: s\nverified: unproven\noutlets: 1..8\n";
  EXPECT_TRUE(complaints("model: m").contains("'title' is missing"));
  EXPECT_TRUE(complaints(head + "shape: htp\n").contains("did you mean 'http'?"));
  EXPECT_TRUE(complaints(head + "shape: http\nto_on: [{get: '/${outlet'}]\nto_off: [{get: /}]").contains("m.yaml:7"));
  EXPECT_TRUE(
      complaints(head + "shape: http\nto_on: [{get: '/${out let}'}]\nto_off: [{get: /}]").contains("neither a name"));
  EXPECT_TRUE(complaints(head + "shape: http\nto_on: [{get: /, expect: '('}]\nto_off: [{get: /}]").contains("'('"));
  EXPECT_TRUE(complaints(head + "shape: http\nto_on: [{get: /, until: x}]\nto_off: [{get: /}]")
                  .contains("'until' is not a key"));
  EXPECT_TRUE(complaints(head + "shape: snmp\nswitch: [{set: 1.3, integer: 1}]").contains("'switch' needs 'words'"));
  EXPECT_TRUE(complaints(head + "shape: http\nto_on: [{get: /}]\nto_off: [{get: /}]\nstate: [{get: /}]")
                  .contains("go together"));
}

}  // namespace
}  // namespace hilltop::drivers::unit
