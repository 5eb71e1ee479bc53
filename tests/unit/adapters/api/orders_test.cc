// SPDX-License-Identifier: Apache-2.0
// Orders that come again because their answer was lost (docs/wire/api.md): carried out once, answered each time.
#include "adapters/api/orders.h"

#include <gtest/gtest.h>

#include "codec/base64.h"
#include "unit/adapters/api/served_world.h"

namespace birthmark::test {
namespace {

using audit::EntryKind;
using http::Method;
using lifecycle::State;

constexpr auto kHeader = "Idempotency-Key";
constexpr auto kKey = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";
constexpr auto kFirstCa = "operational/heatpump/plant-1/B-1/g1";

class Orders : public testing::Test {
 protected:
  Orders() { static_cast<void>(person()); }
  ServedWorld::From person(const std::string& name = "anna") {
    auto& certificate = people_[name];
    if (certificate.empty()) {
      certificate = w_.somebody(pki::ProfileId::operator_person, name).certificate;
    }
    return {.certificate = certificate};
  }
  http::Response order(const std::string& target, const boost::json::object& body = {}, const std::string& key = kKey,
                       const std::string& who = "anna") {
    return w_.operators(Method::post, target, person(who), body, {{kHeader, key}});
  }
  static std::string path_of(const Device& device, const std::string& action) {
    return "/v1/devices/" + to_hex(device.id.get()) + "/" + action;
  }
  static boost::json::object station_order(const PaperKey& key, const std::string& name = "line-9") {
    return {{"station", name},
            {"role", "provision"},
            {"batch", "B-1"},
            {"csr", base64::encode(csr_of(key, kEmptyName, {}))}};
  }
  boost::json::object batch_order() {
    return {{"batch", "B-2"},
            {"product", "heatpump"},
            {"factory", "plant"},
            {"quantity", 3},
            {"opens", to_rfc3339(world_.clock.now())},
            {"closes", to_rfc3339(world_.clock.now() + std::chrono::days{1})}};
  }

  ServedWorld w_{WorldOptions{}};
  World& world_ = w_.world;
  std::map<std::string, Bytes> people_;
};

struct Move {
  const char* action;
  State from;
  State to;
};
class Moves : public Orders, public testing::WithParamInterface<Move> {};

TEST_P(Moves, of_a_device_are_made_once_and_answered_each_time) {
  const auto& move = GetParam();
  const auto device = world_.device_in(move.from);
  world_.clock.advance(std::chrono::seconds{1});
  const auto first = order(path_of(device, move.action));
  ASSERT_EQ(first.status, 200) << first.body;
  const auto version = world_.record(device).version;
  const auto entries = world_.entries().size();
  EXPECT_EQ(world_.state(device), move.to);
  for (int i = 0; i < 3; ++i) {
    const auto again = order(path_of(device, move.action));
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, first.body);
  }
  EXPECT_EQ(world_.record(device).version, version);
  EXPECT_EQ(world_.entries().size(), entries);
}

INSTANTIATE_TEST_SUITE_P(Actions, Moves,
                         testing::Values(Move{"hold", State::operational, State::operational},
                                         Move{"suspend", State::operational, State::suspended},
                                         Move{"revoke", State::operational, State::revoked},
                                         Move{"retire", State::operational, State::decommissioned},
                                         Move{"reject", State::provisioned, State::decommissioned}),
                         [](const auto& move) { return move.param.action; });

TEST_F(Orders, without_a_key_are_judged_each_time) {
  const auto device = world_.device_in(State::operational);
  EXPECT_EQ(w_.operators(Method::post, path_of(device, "suspend"), person(), {}).status, 200);
  EXPECT_EQ(refusal_in(w_.operators(Method::post, path_of(device, "suspend"), person(), {})), "state_forbids");
  EXPECT_EQ(refusal_in(order(path_of(device, "suspend"))), "state_forbids") << "a new key is a new order";
}

TEST_F(Orders, an_answer_says_how_it_was_then_and_nothing_is_done_again) {
  auto device = world_.device_in(State::operational);
  const auto row = world_.record(device).row;
  ASSERT_EQ(order(path_of(device, "suspend"), {{"cause", "volume"}}).status, 200);
  world_.clock.advance(std::chrono::seconds{1});
  must(world_.revalidate(device));
  world_.sessions.open(row);
  const auto again = order(path_of(device, "suspend"), {{"cause", "volume"}});
  EXPECT_NE(again.body.find("\"S4\""), std::string::npos) << again.body;
  EXPECT_NE(again.body.find("\"sessions_cut\":0"), std::string::npos) << again.body;
  EXPECT_EQ(world_.state(device), State::operational);
  EXPECT_EQ(world_.sessions.open_of(row), 1U);
}

TEST_F(Orders, a_key_serves_one_order_of_one_person) {
  const auto device = world_.device_in(State::operational), other = world_.device_in(State::operational);
  ASSERT_EQ(order(path_of(device, "suspend")).status, 200);
  for (const auto& refused :
       {order(path_of(device, "revoke")), order(path_of(other, "suspend")),
        order(path_of(device, "suspend"), {{"cause", "policy"}}), order(path_of(device, "suspend") + "?after=1"),
        order("/v1/batches/B-1/seal"), order("/v1/batches", batch_order()),
        order("/v1/stations", station_order(PaperKey{tpm::Template::idevid_birthmark}))}) {
    EXPECT_EQ(refusal_in(refused), "request_conflict");
    EXPECT_EQ(refused.status, 409);
  }
  EXPECT_EQ(world_.state(device), State::suspended);
  EXPECT_EQ(world_.state(other), State::operational);
  EXPECT_EQ(world_.batch("B-1").budget.state, lifecycle::BatchState::open);
  EXPECT_EQ(order(path_of(other, "suspend"), {}, kKey, "bert").status, 200) << "his own key of that name";
  EXPECT_EQ(world_.state(other), State::suspended);
}

TEST_F(Orders, a_refused_one_may_come_again_under_its_key) {
  const auto device = world_.device_in(State::provisioned);
  EXPECT_EQ(refusal_in(order("/v1/batches/B-9/seal")), "not_found");
  EXPECT_EQ(refusal_in(order(path_of(device, "suspend"))), "state_forbids");
  EXPECT_EQ(order(path_of(device, "reject")).status, 200) << "the key is still free";
}

TEST_F(Orders, the_header_is_one_quoted_string) {
  const auto device = world_.device_in(State::operational);
  for (const auto& bad : {std::string{}, std::string{"\"\""}, std::string{"bare"}, std::string{"\"open"},
                          std::string{"\"a\"b\""}, std::string{"\"a\\\\b\""}, "\"" + std::string(65, 'a') + "\"",
                          std::string{"\"\xc3\xa4\""}, std::string{"\"tab\t\""}}) {
    EXPECT_EQ(refusal_in(order(path_of(device, "suspend"), {}, bad)), "bad_request") << bad;
  }
  EXPECT_EQ(refusal_in(w_.operators(Method::post, path_of(device, "suspend"), person(), {},
                                    {{kHeader, "\"a\""}, {"idempotency-key", "\"a\""}})),
            "bad_request")
      << "twice";
  EXPECT_EQ(world_.state(device), State::operational);
  EXPECT_EQ(order(path_of(device, "suspend"), {}, "\"" + std::string(64, 'a') + "\"").status, 200);
}

TEST_F(Orders, are_kept_in_the_transaction_of_the_change_whatever_the_store_refuses) {
  static_cast<void>(world_.line());
  must(world_.store().write([](app::Tx& tx) -> Result<void> {  // a device for each try
    BM_TRY(auto batch, tx.batch_named("B-1"));
    batch->budget.quantity = 1000;
    return tx.update_batch(*batch);
  }));
  for (std::uint64_t nth = 1;; ++nth) {
    const auto device = world_.device_in(State::operational);
    const auto key = "\"try-" + std::to_string(nth) + "\"";
    const auto target = path_of(device, "retire");
    world_.store_calls().arm(nth);
    const auto first = order(target, {}, key);
    const auto calls = world_.store_calls().calls();
    world_.store_calls().arm(0);
    EXPECT_EQ(order(target, {}, key).status, 200) << nth;
    EXPECT_EQ(world_.state(device), State::decommissioned);
    std::size_t moves = 0;
    for (const auto& entry : world_.entries()) {
      moves += entry.kind == EntryKind::transition && entry.device == device.id && entry.state_to == 6 ? 1 : 0;
    }
    EXPECT_EQ(moves, 1U) << nth;
    if (calls < nth) {
      EXPECT_EQ(first.status, 200);
      break;
    }
  }
  EXPECT_EQ(world_.wrong(), "");
}

/// Whether whoever asks for the CAs of a batch is given them.
bool is_shown(World& world, const std::string& batch) {
  const auto record = world.batch(batch);
  const auto* const ca = world.cases->cas.get()->find(record.operational_ca);
  return ca != nullptr && ca->record.batch == record.budget.id;
}

TEST_F(Orders, a_batch_that_is_open_has_its_cas_shown_whatever_the_store_refused) {
  for (std::uint64_t nth = 1;; ++nth) {
    auto body = batch_order();
    const auto name = "N-" + std::to_string(nth);
    body["batch"] = name;
    const auto key = "\"" + name + "\"";
    world_.store_calls().arm(nth);
    static_cast<void>(order("/v1/batches", body, key));
    const auto calls = world_.store_calls().calls();
    world_.store_calls().arm(0);
    EXPECT_EQ(order("/v1/batches", body, key).status, 201) << nth;
    EXPECT_TRUE(is_shown(world_, name)) << nth;
    if (calls < nth) {
      break;
    }
  }
}

TEST_F(Orders, a_window_is_in_whole_seconds_as_it_is_shown) {
  auto body = batch_order();
  body["opens"] = "2026-01-01T00:00:00.750Z";
  const auto opened = order("/v1/batches", body, "\"one\"");
  ASSERT_EQ(opened.status, 201) << opened.body;
  body["opens"] = "2026-01-01T00:00:00Z";
  EXPECT_EQ(order("/v1/batches", body, "\"two\"").body, opened.body);
}

TEST_F(Orders, a_rate_that_no_batch_can_have_is_refused_and_not_cut) {
  for (const auto* const member : {"rate_per_hour", "burst"}) {
    auto body = batch_order();
    body["rate_per_hour"] = 1;
    body[member] = 4'294'967'297;
    EXPECT_EQ(refusal_in(order("/v1/batches", body, std::string{"\""} + member + "\"")), "bad_request") << member;
  }
}

TEST_F(Orders, a_batch_is_opened_and_sealed_once) {
  const auto opened = order("/v1/batches", batch_order(), "\"open\"");
  ASSERT_EQ(opened.status, 201);
  const auto sealed = order("/v1/batches/B-2/seal", {}, "\"seal\"");
  ASSERT_EQ(sealed.status, 200);
  EXPECT_EQ(order("/v1/batches", batch_order(), "\"open\"").body, opened.body) << "it was open then";
  EXPECT_EQ(order("/v1/batches", batch_order(), "\"open\"").status, 201);
  EXPECT_EQ(order("/v1/batches/B-2/seal", {}, "\"seal\"").body, sealed.body);
  EXPECT_EQ(refusal_in(order("/v1/batches/B-2/seal", {}, "\"other\"")), "batch_closed");
  EXPECT_EQ(world_.count(EntryKind::batch_sealed), 1U);
}

TEST_F(Orders, a_seal_that_left_the_key_is_finished_by_who_asks_again) {
  const auto batch = world_.open_batch("B-1");
  const auto key = world_.cases->cas.get()->find(batch.manufacturing_ca)->record.key;
  world_.signer.set_fault(SignerFault::unavailable);
  EXPECT_EQ(refusal_in(order("/v1/batches/B-1/seal")), "hsm_unavailable");
  EXPECT_EQ(refusal_in(order("/v1/batches/B-1/seal")), "hsm_unavailable");
  world_.signer.set_fault(SignerFault::none);
  EXPECT_TRUE(world_.signer.has(key));
  EXPECT_EQ(order("/v1/batches/B-1/seal").status, 200);
  EXPECT_FALSE(world_.signer.has(key));
  EXPECT_EQ(world_.count(EntryKind::batch_sealed), 1U);
}

TEST_F(Orders, a_ca_is_revoked_once_and_its_successor_made_by_who_asks_again) {
  auto device = world_.device_in(State::operational);
  const auto row = world_.record(device).row;
  world_.sessions.open(row);
  world_.signer.set_fault(SignerFault::unavailable);
  EXPECT_EQ(refusal_in(order("/v1/cas/revoke", {{"ca", kFirstCa}})), "hsm_unavailable");
  EXPECT_EQ(world_.sessions.open_of(row), 0U);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny);
  world_.signer.set_fault(SignerFault::none);
  const auto first = order("/v1/cas/revoke", {{"ca", kFirstCa}});
  ASSERT_EQ(first.status, 200);
  const auto actions = world_.count(EntryKind::operator_action);
  world_.clock.advance(std::chrono::hours{2});
  must(world_.revalidate(device));
  world_.sessions.open(row);
  EXPECT_EQ(order("/v1/cas/revoke", {{"ca", kFirstCa}}).body, first.body);
  EXPECT_EQ(world_.sessions.open_of(row), 1U) << "it is under the successor";
  EXPECT_EQ(world_.count(EntryKind::operator_action), actions);
  const auto ca = must(world_.cases->hierarchy.operational_ca(world_.batch("B-1").budget.id));
  EXPECT_EQ(world_.cases->cas.get()->find(ca)->record.generation, 2U);
}

TEST_F(Orders, a_station_is_certified_once) {
  static_cast<void>(world_.line());
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto body = station_order(key);
  const auto first = order("/v1/stations", body);
  ASSERT_EQ(first.status, 201) << first.body;
  const auto signatures = world_.signer.signatures();
  const auto again = order("/v1/stations", body);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.count(EntryKind::station_enrolled), 1U);
  EXPECT_EQ(refusal_in(order("/v1/stations", station_order(key, "line-8"))), "request_conflict")
      << "the same key of the station, another order";
  EXPECT_EQ(refusal_in(order("/v1/batches/B-1/seal")), "request_conflict");
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Orders, a_station_whose_signature_failed_gets_its_certificate_by_asking_again) {
  static_cast<void>(world_.line());
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto body = station_order(key);
  world_.signer.fail_call(1);
  EXPECT_EQ(refusal_in(order("/v1/stations", body)), "hsm_unavailable");
  world_.signer.fail_call(0);
  EXPECT_EQ(order("/v1/stations", body).status, 201);
  EXPECT_EQ(world_.count(EntryKind::station_enrolled), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

}  // namespace
}  // namespace birthmark::test
