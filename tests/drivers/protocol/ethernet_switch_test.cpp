// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/ethernet_switch.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

using namespace std::chrono_literals;

std::string frame(std::string_view to, std::string_view from, std::size_t size = 60) {
  std::string out;
  for (const auto text : {to, from})
    for (const auto byte : MacAddress::from(text)->bytes) out += static_cast<char>(byte);
  out.resize(size);
  return out;
}

constexpr std::string_view a = "52:54:00:aa:00:0a", b = "52:54:00:aa:00:0b", c = "52:54:00:aa:00:0c";
constexpr std::string_view everybody = "ff:ff:ff:ff:ff:ff";

class Forwarding : public ::testing::Test {
 protected:
  Forwarding() {
    for (EthernetSwitch::Port port = 0; port < 3; ++port) net.add_port(port);
  }
  std::vector<EthernetSwitch::Port> targets(EthernetSwitch::Port from, const std::string& bytes) {
    std::vector<EthernetSwitch::Port> out;
    for (const auto& delivery : net.forward(from, bytes, now)) out.push_back(delivery.to);
    return out;
  }
  using Ports = std::vector<EthernetSwitch::Port>;
  EthernetSwitch net{1};
  EthernetSwitch::Time now{1h};
};

TEST_F(Forwarding, unknown_goes_everywhere_and_known_to_its_port) {
  EXPECT_EQ(targets(0, frame(b, a)), (Ports{1, 2}));
  EXPECT_EQ(targets(1, frame(a, b)), (Ports{0}));
  EXPECT_EQ(targets(0, frame(b, a)), (Ports{1}));
  EXPECT_EQ(targets(0, frame(everybody, a)), (Ports{1, 2}));
  EXPECT_EQ(targets(2, frame("01:80:c2:00:00:0e", c)), (Ports{0, 1}));
  EXPECT_EQ(targets(0, frame(a, a)), Ports{}) << "its receiver is behind the same port";
}

TEST_F(Forwarding, a_board_that_moves_is_found_again) {
  targets(0, frame(everybody, a));
  targets(2, frame(everybody, a));
  EXPECT_EQ(targets(1, frame(a, b)), (Ports{2}));
}

TEST_F(Forwarding, addresses_are_forgotten) {
  targets(0, frame(everybody, a));
  now += 300s;
  EXPECT_EQ(targets(1, frame(a, b)), (Ports{0}));
  now += 1s;
  EXPECT_EQ(targets(1, frame(a, b)), (Ports{0, 2}));
}

TEST_F(Forwarding, a_flood_of_addresses_is_bounded_and_the_oldest_goes) {
  targets(0, frame(everybody, a));
  for (int i = 0; i < 5000; ++i) {
    now += 1ms;
    auto bytes = frame(everybody, "02:00:00:00:00:00");
    bytes[10] = static_cast<char>(i >> 8);
    bytes[11] = static_cast<char>(i);
    targets(1, bytes);
  }
  EXPECT_EQ(net.port_of(*MacAddress::from(a), now), std::nullopt);
  EXPECT_EQ(net.port_of(*MacAddress::from("02:00:00:00:13:87"), now), 1u);
}

TEST_F(Forwarding, odd_frames_go_nowhere) {
  EXPECT_EQ(targets(0, "short"), Ports{});
  EXPECT_EQ(targets(0, frame(everybody, a, 65536)), Ports{});
  EXPECT_EQ(targets(9, frame(everybody, a)), Ports{});
  EXPECT_EQ(net.counters(0).refused, 2u);
  targets(0, frame(a, everybody));
  EXPECT_EQ(net.port_of(*MacAddress::from(everybody), now), std::nullopt) << "a group is behind no port";
}

TEST_F(Forwarding, a_cut_link_is_cut_both_ways_and_forgets) {
  targets(0, frame(everybody, a));
  LinkFaults cut;
  cut.cut = true;
  net.set_faults(0, cut);
  EXPECT_EQ(targets(0, frame(everybody, a)), Ports{});
  EXPECT_EQ(targets(1, frame(everybody, b)), (Ports{2}));
  EXPECT_EQ(targets(1, frame(a, b)), (Ports{2})) << "unknown again, and not to the cut port";
  EXPECT_FALSE(net.deliver(0, 60)) << "what was under way is lost, too";
  EXPECT_EQ(net.counters(0).lost, 4u);
  net.set_faults(0, {});
  EXPECT_EQ(targets(1, frame(everybody, b)), (Ports{0, 2}));
}

TEST_F(Forwarding, losses_are_as_many_as_said_and_repeatable) {
  const auto run = [](std::uint64_t seed) {
    EthernetSwitch lossy(seed);
    lossy.add_port(0);
    lossy.add_port(1);
    LinkFaults faults;
    faults.loss = 0.25;
    lossy.set_faults(1, faults);
    std::string out;
    for (int i = 0; i < 10'000; ++i) out += lossy.forward(0, frame(everybody, a), {}).empty() ? '.' : 'x';
    return out;
  };
  const auto first = run(7);
  EXPECT_NEAR(static_cast<double>(std::ranges::count(first, '.')), 2500, 200);
  EXPECT_EQ(run(7), first);
  EXPECT_NE(run(8), first);
}

TEST_F(Forwarding, delays_of_both_cables_add_up) {
  LinkFaults slow;
  slow.delay = 20ms;
  net.set_faults(0, slow);
  slow.delay = 5ms;
  net.set_faults(1, slow);
  const auto out = net.forward(0, frame(everybody, a), now);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].at - now, 25ms);
  EXPECT_EQ(out[1].at - now, 20ms);
}

TEST_F(Forwarding, counters) {
  targets(0, frame(everybody, a, 100));
  EXPECT_TRUE(net.deliver(1, 100));
  EXPECT_EQ(net.counters(0).frames_in, 1u);
  EXPECT_EQ(net.counters(0).bytes_in, 100u);
  EXPECT_EQ(net.counters(1).frames_out, 1u);
  EXPECT_EQ(net.counters(1).bytes_out, 100u);
  net.remove_port(1);
  EXPECT_FALSE(net.deliver(1, 100));
  EXPECT_EQ(targets(0, frame(everybody, a)), (Ports{2}));
}

}  // namespace
}  // namespace hilltop::drivers
