// SPDX-License-Identifier: Apache-2.0
// Stations at the door (AC-04): what their certificates are good for, and what an order for one leaves behind.
#include <gtest/gtest.h>

#include <set>

#include "codec/base64.h"
#include "unit/adapters/api/served_world.h"

namespace birthmark::test {
namespace {

using http::Method;

class Stations : public testing::Test {
 protected:
  Stations() {
    w_.world.open_batch("B-1");
    w_.world.open_batch("B-2");
  }
  ServedWorld::From person() {
    if (person_.empty()) {
      person_ = w_.somebody(pki::ProfileId::operator_person, "anna").certificate;
    }
    return {.certificate = person_};
  }
  http::Response order(const std::string& name, const std::string& batch, const PaperKey& key) {
    return w_.operators(Method::post, "/v1/stations", person(),
                        {{"station", name},
                         {"role", "provision"},
                         {"batch", batch},
                         {"csr", base64::encode(csr_of(key, kEmptyName, {}))}});
  }
  static ServedWorld::From station_of(const http::Response& answer) {
    const auto body = json::read(std::string_view{answer.body}.substr(0, answer.body.size() - 1)).value().as_object();
    return {.certificate = must(base64::decode(std::string_view{body.at("certificate").as_string()}, 16384))};
  }
  http::Response challenge(const ServedWorld::From& station, const std::string& batch) {
    return w_.device(Method::post, "/v1/provision/challenge", station, "application/json",
                     to_bytes(as_bytes(json::write(boost::json::object{{"batch", batch}}))));
  }
  /// The codes with which every route for stations refuses it.
  std::set<std::string> refusals_of(const ServedWorld::From& station) {
    std::set<std::string> out;
    for (const auto& route : api::device_routes()) {
      if (route.caller == api::Caller::station) {
        out.insert(refusal_in(w_.device(route.method, std::string{route.pattern}, station,
                                        std::string{route.content_type}, to_bytes(as_bytes("{}")))));
      }
    }
    return out;
  }
  [[nodiscard]] std::size_t certificates() const { return w_.world.signer.signed_certificates().size(); }

  ServedWorld w_{WorldOptions{}};
  const PaperKey key_{tpm::Template::idevid_birthmark}, other_{tpm::Template::idevid_birthmark};
  Bytes person_;
};

TEST_F(Stations, a_suspended_one_is_refused_on_every_path) {
  const auto station = station_of(order("line-1", "B-1", key_));
  EXPECT_EQ(w_.device(Method::get, "/v1/anchors", station).status, 200);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(refusal_in(challenge(station, "B-2")), "station_not_authorised");
  }
  EXPECT_EQ(refusals_of(station), std::set<std::string>{"station_not_authorised"});
}

TEST_F(Stations, a_replaced_one_is_refused_on_every_path_and_its_certificate_has_ended) {
  const auto old = station_of(order("line-1", "B-1", key_));
  EXPECT_EQ(challenge(old, "B-1").status, 200);
  const auto anew = station_of(order("line-1", "B-1", other_));
  EXPECT_EQ(refusals_of(old), std::set<std::string>{"credential_ended"});
  EXPECT_EQ(challenge(anew, "B-1").status, 200);
  EXPECT_EQ(w_.world.count(audit::EntryKind::credential_status), 1U);
}

TEST_F(Stations, the_same_key_again_gets_another_certificate_and_the_first_one_ends) {
  const auto first = station_of(order("line-1", "B-1", key_));
  const auto second = station_of(order("line-1", "B-1", key_));
  EXPECT_EQ(refusals_of(first), std::set<std::string>{"credential_ended"});
  EXPECT_EQ(challenge(second, "B-1").status, 200);
}

TEST_F(Stations, ask_about_nobody) {
  const auto station = station_of(order("line-1", "B-1", key_));
  const auto asked = w_.device(
      Method::post, "/v1/authorize", station, "application/json",
      to_bytes(as_bytes(json::write(boost::json::object{
          {"certificate", base64::encode(station.certificate)}, {"action", "telemetry.publish"}, {"resource", "x"}}))));
  EXPECT_EQ(refusal_in(asked), "role");
}

TEST_F(Stations, an_order_that_is_refused_signs_and_records_nothing) {
  ASSERT_EQ(order("line-1", "B-1", key_).status, 201);
  const auto signatures = certificates();
  const auto issued = w_.world.count(audit::EntryKind::intent_recorded);
  const auto no_batch = order("line-2", "B-9", other_);
  EXPECT_EQ(no_batch.status, 404);
  const auto same_key = order("line-2", "B-1", key_);
  EXPECT_EQ(refusal_in(same_key), "key_reuse");
  EXPECT_EQ(same_key.body.find("INSERT"), std::string::npos) << same_key.body;
  EXPECT_EQ(refusal_in(order("", "B-1", other_)), "bad_request");
  EXPECT_EQ(certificates(), signatures);
  EXPECT_EQ(w_.world.count(audit::EntryKind::intent_recorded), issued);
  EXPECT_EQ(order("line-2", "B-1", other_).status, 201) << "nothing of it is taken";
}

TEST_F(Stations, numbers_of_a_path_or_query_are_numbers) {
  EXPECT_EQ(w_.operators(Method::get, "/v1/proofs/0", person()).status, 200);
  for (const auto* const target :
       {"/v1/proofs/abc", "/v1/proofs/1x", "/v1/proofs/-1", "/v1/proofs/18446744073709551616", "/v1/devices?after=abc",
        "/v1/devices?after=", "/v1/devices?after=1&after=2", "/v1/devices?after=99999999999"}) {
    EXPECT_EQ(refusal_in(w_.operators(Method::get, target, person())), "bad_request") << target;
  }
  EXPECT_EQ(w_.operators(Method::get, "/v1/devices?after=1", person()).status, 200);
}

}  // namespace
}  // namespace birthmark::test
