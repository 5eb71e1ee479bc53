// SPDX-License-Identifier: Apache-2.0
#include "agent/emulated/message.h"

#include <gtest/gtest.h>

#include "agent/emulated/emulated_root.h"
#include "codec/cbor.h"

namespace birthmark::emulated {
namespace {

const Octets<32> kValue{7};

const std::vector<Request>& requests() {
  static const std::vector<Request> all{{.action = Action::identify, .device = kDevicesMax - 1},
                                        {.action = Action::public_key, .key = Key::root},
                                        {.action = Action::sign, .key = Key::pending, .value = kValue},
                                        {.action = Action::attest, .device = 3, .key = Key::idevid, .value = kValue},
                                        {.action = Action::make_pending_key},
                                        {.action = Action::adopt_pending_key},
                                        {.action = Action::clear}};
  return all;
}

TEST(EmulatorMessage, every_request_is_read_as_it_was_written) {
  for (const auto& request : requests()) {
    const auto read = read_request(write(request));
    ASSERT_TRUE(read) << read.error().detail;
    EXPECT_EQ(*read, request);
  }
}

TEST(EmulatorMessage, every_reply_is_read_as_it_was_written) {
  const About about{"psa", Bytes(91, 1), 5, 2, 3};
  EXPECT_EQ(std::get<About>(read_reply(Action::identify, write(Action::identify, about)).value()), about);
  EXPECT_EQ(std::get<Bytes>(read_reply(Action::attest, write(Action::attest, Bytes(9000, 4))).value()), Bytes(9000, 4));
  EXPECT_TRUE(std::holds_alternative<Done>(read_reply(Action::clear, write(Action::clear, Done{})).value()));
  const Error refusal{Code::not_found, "no\nkey", {}};
  const auto told = read_reply(Action::sign, write(Action::sign, refusal)).value();
  EXPECT_EQ(std::get<Error>(told).code, Code::not_found);
  EXPECT_EQ(std::get<Error>(told).detail, "no?key") << "plain words only";
}

TEST(EmulatorMessage, no_damage_makes_another_length_or_member_good) {
  for (const auto& request : requests()) {
    const auto whole = write(request);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(read_request(BytesView{whole}.first(size)));
    }
    auto longer = whole;
    longer.push_back(0);
    EXPECT_FALSE(read_request(longer));
  }
}

struct Bad {
  const char* name;
  Request request;
};
class EmulatorRefuses : public testing::TestWithParam<Bad> {};
TEST_P(EmulatorRefuses, what_is_no_request) {
  const auto read = read_request(write(GetParam().request));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::bad_request);
}
INSTANTIATE_TEST_SUITE_P(
    Requests, EmulatorRefuses,
    testing::Values(Bad{"no_action", {.action = static_cast<Action>(0)}},
                    Bad{"unknown_action", {.action = static_cast<Action>(8)}},
                    Bad{"device_out_of_range", {.action = Action::identify, .device = kDevicesMax}},
                    Bad{"unknown_key", {.action = Action::public_key, .key = static_cast<Key>(4)}},
                    Bad{"key_that_nobody_asked_for", {.action = Action::clear, .key = Key::pending}},
                    Bad{"signature_without_a_digest", {.action = Action::sign, .key = Key::idevid}},
                    Bad{"signature_without_a_key", {.action = Action::sign, .value = kValue}}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(EmulatorMessage, a_reply_belongs_to_its_request) {
  EXPECT_FALSE(read_reply(Action::sign, write(Action::attest, Bytes(64, 1))));
  EXPECT_FALSE(read_reply(Action::clear, write(Action::clear, Bytes(64, 1))));
  EXPECT_FALSE(read_reply(Action::sign, write(Action::sign, Bytes(kAnswerMaxBytes + 1, 1))));
}

TEST(EmulatedAddress, is_a_path_and_perhaps_a_number) {
  EXPECT_EQ(agent::parse_emulated_address("run/psa.sock").value(), (agent::EmulatedAddress{"run/psa.sock", 0}));
  EXPECT_EQ(agent::parse_emulated_address("a#b#17").value(), (agent::EmulatedAddress{"a#b", 17}));
  for (const auto* const text : {"", "#1", "a#", "a#x", "a#1x", "a#-1", "a#100000"}) {
    EXPECT_FALSE(agent::parse_emulated_address(text)) << text;
  }
}

}  // namespace
}  // namespace birthmark::emulated
