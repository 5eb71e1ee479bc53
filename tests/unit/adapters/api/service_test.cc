// SPDX-License-Identifier: Apache-2.0
// Gates and people: who gets a certificate of the service hierarchy, and how it ends.
#include <gtest/gtest.h>

#include "app/service_credentials.h"
#include "codec/base64.h"
#include "codec/x509.h"
#include "lifecycle/serial.h"
#include "unit/adapters/api/served_world.h"

namespace birthmark::test {
namespace {

using http::Method;

class ServicesApi : public testing::Test {
 protected:
  static boost::json::object object_in(const http::Response& answer) {
    return must(json::read(std::string_view{answer.body}.substr(0, answer.body.size() - 1))).as_object();
  }
  static ServedWorld::From holder_of(const http::Response& answer) {
    return {.certificate =
                must(base64::decode(std::string_view{object_in(answer).at("certificate").as_string()}, 16384))};
  }
  static std::string serial_of(const http::Response& answer) {
    return std::string{object_in(answer).at("serial").as_string()};
  }
  http::Response order(const std::string& name, const std::string& role, const PaperKey& key) {
    return order(name, role, csr_of(key, kEmptyName, {}), {});
  }
  http::Response order(const std::string& name, const std::string& role, const Bytes& csr,
                       std::vector<http::Header> headers) {
    return w_.operators(Method::post, "/v1/services", anna_,
                        {{"name", name}, {"role", role}, {"csr", base64::encode(csr)}}, std::move(headers));
  }
  http::Response end(const std::string& serial, const ServedWorld::From& by) {
    return w_.operators(Method::post, "/v1/services/" + serial + "/end", by);
  }
  http::Response authorize(const ServedWorld::From& gate) {
    return w_.device(
        Method::post, "/v1/authorize", gate, "application/json",
        to_bytes(as_bytes(json::write(boost::json::object{
            {"certificate", base64::encode(gate.certificate)}, {"action", "telemetry.publish"}, {"resource", "x"}}))));
  }
  /// Of one serial, as the list shows it.
  std::string state_of(const std::string& serial) {
    const auto all = object_in(w_.operators(Method::get, "/v1/services", anna_));
    for (const auto& row : all.at("services").as_array()) {
      if (row.at("serial").as_string() == std::string_view{serial}) {
        return std::string{row.at("state").as_string()};
      }
    }
    return "not listed";
  }
  [[nodiscard]] std::size_t certificates() const { return w_.world.signer.signed_certificates().size(); }

  ServedWorld w_{WorldOptions{}};
  const ServedWorld::From anna_ = w_.somebody(pki::ProfileId::operator_person, "anna");
  const PaperKey key_{tpm::Template::idevid_birthmark}, other_{tpm::Template::idevid_birthmark};
};

TEST_F(ServicesApi, a_gate_asks_until_its_certificate_is_ended) {
  const auto made = order("broker-1", "gate", key_);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto gate = holder_of(made);
  EXPECT_EQ(authorize(gate).status, 200);
  EXPECT_EQ(refusal_in(w_.operators(Method::get, "/v1/status", gate)), "role");
  EXPECT_EQ(state_of(serial_of(made)), "live");

  const auto ended = end(serial_of(made), anna_);
  EXPECT_EQ(ended.status, 200) << ended.body;
  EXPECT_EQ(object_in(ended).at("name"), "broker-1");
  EXPECT_EQ(refusal_in(authorize(gate)), "credential_ended");
  EXPECT_EQ(state_of(serial_of(made)), "ended");
  EXPECT_EQ(end(serial_of(made), anna_).body, ended.body) << "again it changes nothing";
  EXPECT_EQ(w_.world.count(audit::EntryKind::credential_status), 1U);
}

/// Design "Two paths": the read path never waits for storage.
TEST_F(ServicesApi, a_gate_is_answered_although_the_store_is_silent) {
  const auto made = order("broker-1", "gate", key_);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto ended = order("broker-2", "gate", other_);
  ASSERT_EQ(end(serial_of(ended), anna_).status, 200);
  w_.silence_store();
  EXPECT_EQ(authorize(holder_of(made)).status, 200);
  EXPECT_EQ(refusal_in(authorize(holder_of(ended))), "credential_ended");
  EXPECT_EQ(w_.operators(Method::get, "/v1/batches", anna_).status, 503) << "the store is silent";
}

TEST_F(ServicesApi, a_second_operator_works_and_ends_the_first_but_nobody_himself) {
  const auto made = order("bob", "operator", key_);
  ASSERT_EQ(made.status, 201) << made.body;
  const auto bob = holder_of(made);
  EXPECT_EQ(w_.operators(Method::get, "/v1/status", bob).status, 200);
  EXPECT_EQ(refusal_in(end(serial_of(made), bob)), "policy");
  EXPECT_EQ(state_of(serial_of(made)), "live");
  EXPECT_EQ(end(serial_of(made), anna_).status, 200);
  EXPECT_EQ(refusal_in(w_.operators(Method::get, "/v1/status", bob)), "credential_ended");
}

TEST_F(ServicesApi, two_operators_who_end_each_other_do_not_both_succeed) {
  const auto made = order("bob", "operator", key_);
  const auto bob = holder_of(made);
  const auto shown = [&](const Bytes& certificate) {
    const auto who = must(w_.world.cases->access.present(certificate));
    return app::ShownCertificate{who.ca, who.index, who.certificate};
  };
  // As the router lets both in before either has written.
  const auto end_by = [&](const Bytes& caller, const Bytes& of) {
    const auto serial = *lifecycle::serial_from(must(x509::Certificate::read(of)).serial());
    return w_.world.store().write_for<app::ServiceCredential>([&](app::Tx& tx) {
      return app::end_service_credential(tx, serial, shown(caller),
                                         {w_.world.clock.now(), w_.world.store().epoch(), "operator:test"});
    });
  };
  EXPECT_TRUE(end_by(anna_.certificate, bob.certificate));
  EXPECT_EQ(code_of(end_by(bob.certificate, anna_.certificate)), Code::credential_ended);
  EXPECT_EQ(w_.operators(Method::get, "/v1/status", anna_).status, 200);
}

TEST_F(ServicesApi, nobody_gets_a_certificate_under_the_name_of_another_operator) {
  const auto bob = holder_of(order("bob", "operator", key_));
  const auto as = [&](const ServedWorld::From& who, const std::string& name) {
    return w_.operators(
        Method::post, "/v1/services", who,
        {{"name", name}, {"role", "operator"}, {"csr", base64::encode(csr_of(other_, kEmptyName, {}))}});
  };
  EXPECT_EQ(refusal_in(as(bob, "anna")), "policy");
  EXPECT_EQ(as(bob, "bob").status, 201) << "his own next one";
}

TEST_F(ServicesApi, a_key_whose_certificate_was_ended_or_that_has_another_name_gets_none) {
  const auto made = order("broker-1", "gate", key_);
  EXPECT_EQ(refusal_in(order("broker-2", "gate", key_)), "key_reuse");
  ASSERT_EQ(end(serial_of(made), anna_).status, 200);
  EXPECT_EQ(refusal_in(order("broker-1", "gate", key_)), "key_reuse") << "it may be a thief's";
  EXPECT_EQ(order("broker-1", "gate", other_).status, 201);
}

TEST_F(ServicesApi, an_earlier_certificate_stays_good_while_the_next_one_is_fetched) {
  const auto first = order("broker-1", "gate", key_);
  const auto second = order("broker-1", "gate", key_);
  EXPECT_NE(serial_of(first), serial_of(second));
  EXPECT_EQ(authorize(holder_of(first)).status, 200);
  EXPECT_EQ(authorize(holder_of(second)).status, 200);
}

TEST_F(ServicesApi, who_repeats_an_order_gets_its_certificate) {
  const std::vector<http::Header> once{{"Idempotency-Key", "\"k\""}};
  const auto csr = csr_of(key_, kEmptyName, {});
  const auto first = order("broker-1", "gate", csr, once);
  EXPECT_EQ(serial_of(order("broker-1", "gate", csr, once)), serial_of(first));
  EXPECT_EQ(refusal_in(order("broker-2", "gate", csr, once)), "request_conflict");
}

TEST_F(ServicesApi, an_order_that_is_refused_signs_nothing) {
  w_.world.open_batch("B-1");
  ASSERT_EQ(order("broker-1", "gate", key_).status, 201);
  auto unit = w_.world.make_device();
  ASSERT_TRUE(w_.world.provision(unit, w_.world.enroll_station("line-1", app::StationRole::provision, "B-1")));
  const auto signatures = certificates();
  EXPECT_EQ(refusal_in(order("bob", "operator", key_)), "key_reuse") << "a gate has it";
  EXPECT_EQ(refusal_in(order("x", "station", other_)), "bad_request");
  EXPECT_EQ(refusal_in(order("", "gate", other_)), "bad_request");
  EXPECT_EQ(refusal_in(order(std::string(65, 'x'), "gate", other_)), "bad_request");
  const auto station = w_.operators(Method::post, "/v1/stations", anna_,
                                    {{"station", "s"},
                                     {"role", "provision"},
                                     {"batch", "B-1"},
                                     {"csr", base64::encode(csr_of(key_, kEmptyName, {}))}});
  EXPECT_EQ(refusal_in(station), "key_reuse");
  EXPECT_EQ(refusal_in(order("x", "gate", unit.tpm.idevid)), "key_reuse") << "a device has it";
  EXPECT_EQ(certificates(), signatures);
}

TEST_F(ServicesApi, only_what_is_listed_can_be_ended) {
  for (const auto* const serial : {"xyz", "00", ""}) {
    EXPECT_EQ(refusal_in(end(serial, anna_)), std::string_view{serial}.empty() ? "not_found" : "bad_request") << serial;
  }
  auto serial = serial_of(order("broker-1", "gate", key_));
  serial.back() = serial.back() == '0' ? '1' : '0';
  EXPECT_EQ(refusal_in(end(serial, anna_)), "not_found");
  const auto gate = w_.somebody(pki::ProfileId::gate, "broker-2");
  EXPECT_EQ(refusal_in(end(serial, gate)), "role");
}

}  // namespace
}  // namespace birthmark::test
