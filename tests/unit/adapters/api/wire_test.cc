// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/wire.h"

#include <gtest/gtest.h>

#include "codec/base64.h"

namespace birthmark::api {
namespace {

/// The body of POST /v1/provision/evidence, each member of its form.
boost::json::object evidence() {
  const auto blob = base64::encode(Bytes{1, 2, 3});
  return {{"session", std::string(64, '0')},
          {"request_id", std::string(32, '0')},
          {"ek_certificate", blob},
          {"ek_public", blob},
          {"ak_public", blob},
          {"idevid_public", blob},
          {"statement", boost::json::object{{"attest", blob}, {"signature", blob}}},
          {"csr", blob}};
}

Result<wire::LineEvidence> read_any(const boost::json::value& body) {
  BM_TRY(auto in, json::Object::of(body));
  BM_TRY(auto out, wire::line_evidence(in));
  BM_CHECK(in.finish());
  return out;
}

Result<app::ProvisionEvidence> read(const boost::json::value& body) {
  BM_TRY(auto out, read_any(body));
  auto* const beside = std::get_if<app::ProvisionEvidence>(&out);
  return beside != nullptr ? Result<app::ProvisionEvidence>{std::move(*beside)}
                           : fail(Code::bad_json, "the evidence of another root");
}

TEST(Wire, creation_data_come_beside_the_statement_or_not_at_all) {
  auto body = evidence();
  const auto certified = read(body);
  ASSERT_TRUE(certified) << certified.error().detail;
  EXPECT_TRUE(certified->creation_data.empty());
  body["creation_data"] = base64::encode(Bytes(2048, 7));
  const auto created = read(body);
  ASSERT_TRUE(created) << created.error().detail;
  EXPECT_EQ(created->creation_data, Bytes(2048, 7));
}

TEST(Wire, creation_data_that_are_empty_too_long_or_misplaced_are_refused) {
  for (const auto& text : {std::string{}, base64::encode(Bytes(2049, 7)), std::string{"no base64"}}) {
    auto body = evidence();
    body["creation_data"] = text;
    const auto refused = read(body);
    ASSERT_FALSE(refused) << text.substr(0, 10);
    EXPECT_EQ(refused.error().code, Code::bad_json);
  }
  auto inside = evidence();
  inside["statement"].as_object()["creation_data"] = base64::encode(Bytes{1});
  EXPECT_FALSE(read(inside));
}

TEST(Wire, evidence_stands_beside_the_request_or_in_it) {
  const auto whole = evidence();
  const boost::json::object in_request{
      {"session", whole.at("session")}, {"request_id", whole.at("request_id")}, {"csr", whole.at("csr")}};
  const auto read = read_any(in_request);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_TRUE(std::holds_alternative<app::RequestEvidence>(*read));
  EXPECT_TRUE(std::holds_alternative<app::ProvisionEvidence>(read_any(whole).value()));
  for (const auto* const member : {"ek_public", "ak_public", "idevid_public", "statement", "creation_data"}) {
    auto mixed = in_request;
    mixed[member] = evidence()["statement"];
    EXPECT_FALSE(read_any(mixed)) << member;
    if (whole.contains(member)) {
      auto incomplete = whole;
      incomplete.erase(member);
      EXPECT_FALSE(read_any(incomplete)) << member;
    }
  }
}

}  // namespace
}  // namespace birthmark::api
