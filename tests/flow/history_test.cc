// SPDX-License-Identifier: Apache-2.0
// The history checker finds what it is for: one sound history of a real server, and one wrong view for each promise.
#include "flow/history.h"

#include <gtest/gtest.h>

#include <functional>

#include "flow/traffic.h"

namespace birthmark::test {
namespace {

using audit::EntryKind;

/// A short life that was told in full, and what a view of it shows. Made once.
struct Told {
  Told() {
    Operator people{server};
    if (!people.open_batch("B1", 8).ok()) {
      throw std::runtime_error{"no batch"};
    }
    Client client{server, history, 1};
    client.join("client", "B1");
    const bool lived = client.keep_checkpoint() && client.provision(living) && client.seal(living) &&
                       client.enroll(living) && client.telemetry(living) && client.act(living, "suspend") &&
                       client.revalidate(living) && client.act(living, "release") && client.telemetry(living) &&
                       client.act(living, "revoke") && client.keep_checkpoint();
    if (!lived) {
      throw std::runtime_error{"a request was not answered"};
    }
    view = look(server, people, history.checkpoints());
  }

  Server server;
  Living living{server};
  History history;
  View view;
};

Told& told() {
  static Told made;
  return made;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) {
    out += line + "\n";
  }
  return out;
}

auto nth(View& view, EntryKind kind, int from_end) {
  auto at = view.log.end();
  while (from_end-- > 0) {
    do {
      --at;
    } while (at->kind != kind);
  }
  return at;
}

TEST(HistoryChecker, finds_nothing_in_a_sound_history) {
  EXPECT_EQ(joined(told().history.broken(told().view)), "");
  EXPECT_GT(told().history.acknowledged(), 8U);
}

struct Wrong {
  const char* name;
  std::function<void(View&, const DeviceId&)> change;
  const char* words;  // that the checker must say
};

class WrongView : public testing::TestWithParam<Wrong> {};

TEST_P(WrongView, is_found) {
  auto view = told().view;
  GetParam().change(view, told().living.device.id);
  const auto found = joined(told().history.broken(view));
  EXPECT_NE(found.find(GetParam().words), std::string::npos) << found;
}

INSTANTIATE_TEST_SUITE_P(
    HistoryChecker, WrongView,
    testing::Values(
        Wrong{"device_lost", [](View& view, const DeviceId& id) { view.devices.erase(id); }, "nowhere else"},
        Wrong{"certificate_lost", [](View& view, const DeviceId& id) { view.devices.at(id).certificates.clear(); },
              "the registry does not have it"},
        Wrong{"registration_lost",
              [](View& view, const DeviceId&) { view.log.erase(nth(view, EntryKind::certificate_registered, 1)); },
              "not registered in the log"},
        Wrong{"another_certificate_registered",
              [](View& view, const DeviceId&) {
                nth(view, EntryKind::certificate_registered, 1)->subject_hash = Digest{};
              },
              "another certificate of this serial"},
        Wrong{"intent_lost",
              [](View& view, const DeviceId&) { view.log.erase(nth(view, EntryKind::intent_recorded, 1)); },
              "signed without a recorded intent"},
        Wrong{"intent_after_the_signature",
              [](View& view, const DeviceId&) {
                std::iter_swap(nth(view, EntryKind::intent_recorded, 1),
                               nth(view, EntryKind::certificate_registered, 1));
              },
              "signed without a recorded intent"},
        Wrong{"intent_for_another_key",
              [](View& view, const DeviceId&) { nth(view, EntryKind::intent_recorded, 1)->spki_hash = Digest{}; },
              "for another key than intended"},
        Wrong{"serial_twice",
              [](View& view, const DeviceId&) { view.log.push_back(*nth(view, EntryKind::intent_recorded, 1)); },
              "is used twice"},
        Wrong{"signed_twice",
              [](View& view, const DeviceId&) { view.log.push_back(*nth(view, EntryKind::certificate_registered, 1)); },
              "ends again"},
        Wrong{"transition_lost",
              [](View& view, const DeviceId&) { view.log.erase(nth(view, EntryKind::transition, 1)); },
              "which is lost"},
        Wrong{"transition_left_out_of_the_middle",
              [](View& view, const DeviceId&) { view.log.erase(nth(view, EntryKind::transition, 2)); },
              "moves S3 to S5"},
        Wrong{"forbidden_move", [](View& view, const DeviceId&) { nth(view, EntryKind::transition, 3)->state_to = 2; },
              "moves S3 to S2"},
        Wrong{"state_forgotten", [](View& view, const DeviceId& id) { view.devices.at(id).state = 3; },
              "the log says S5"},
        Wrong{"epoch_back", [](View& view, const DeviceId&) { view.log.back().epoch = 0; }, "the epoch goes back"},
        Wrong{"unit_left_reserved", [](View& view, const DeviceId&) { view.batches.at("B1").reserved = 1; },
              "1 reserved"},
        Wrong{"more_issued_than_ordered", [](View& view, const DeviceId&) { view.batches.at("B1").issued = 9; },
              "9 issued"},
        Wrong{"log_does_not_verify", [](View& view, const DeviceId&) { view.log_wrong = "audit verify: 1"; },
              "audit verify"}),
    [](const auto& wrong) { return std::string{wrong.param.name}; });

TEST(HistoryChecker, finds_a_revoked_device_that_is_admitted) {
  History history;
  const DeviceId device{};
  history.in_state(device, 5);
  history.admitted(device, history.now());
  EXPECT_NE(joined(history.broken({})).find("was admitted after it was said to be in S5"), std::string::npos);
}

TEST(HistoryChecker, finds_a_suspended_device_that_is_admitted_unless_somebody_restores_it) {
  for (const bool restored : {false, true}) {
    History history;
    const DeviceId device{};
    history.in_state(device, 4);
    if (restored) {
      history.restoring(device);
    }
    history.admitted(device, history.now());
    const auto found = joined(history.broken({}));
    EXPECT_EQ(found.find("was admitted after") == std::string::npos, restored) << found;
  }
}

TEST(HistoryChecker, does_not_blame_a_request_that_began_before_the_revocation) {
  History history;
  const DeviceId device{};
  const auto begun = history.now();
  history.in_state(device, 5);
  history.admitted(device, begun);
  EXPECT_EQ(joined(history.broken({})).find("was admitted after"), std::string::npos);
}

}  // namespace
}  // namespace birthmark::test
