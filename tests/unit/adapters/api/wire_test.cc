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

Result<app::ProvisionEvidence> read(const boost::json::value& body) {
  BM_TRY(auto in, json::Object::of(body));
  BM_TRY(auto out, wire::provision_evidence(in));
  BM_CHECK(in.finish());
  return out;
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

}  // namespace
}  // namespace birthmark::api
