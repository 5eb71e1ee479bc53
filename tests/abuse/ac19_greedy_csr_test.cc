// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>

#include "codec/extensions.h"
#include "codec/oid.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

struct Ask {
  const char* name;
  BytesView type;
  Bytes value;
};

/// A request asks for more than a device gets.
class AC19 : public testing::Test {
 protected:
  void is_refused(BytesView subject, const std::optional<Ask>& ask) {
    must(world_.attest(device_, lifecycle::Purpose::enroll, key_));
    auto request = world_.est_request(device_.idevid, key_, lifecycle::Purpose::enroll);
    const auto password = must(pkcs10::challenge_password_value(World::kBinding));
    std::vector<pkcs10::Attribute> attributes{{oids::challenge_password, password}};
    Bytes extensions;
    if (ask) {
      const std::array asked{x509::Extension{ask->type, true, ask->value}};
      extensions = x509::write_extensions(asked);
      attributes.push_back({oids::extension_request, extensions});
    }
    request.csr = csr_of(key_, subject, attributes);
    const auto signatures = world_.signer.signatures();
    EXPECT_EQ(code_of(world_.at_edge(world_.cases->enrollment.enroll(request), request.certificate)), Code::csr_policy);
    EXPECT_EQ(world_.certificates(device_).size(), 1U);
    EXPECT_EQ(world_.signer.signatures(), signatures);
    EXPECT_EQ(world_.state(device_), lifecycle::State::provisioned);
  }
  World world_;
  Device device_ = world_.device_in(lifecycle::State::provisioned);
  PaperKey key_{tpm::Template::idevid_birthmark};
};

TEST_F(AC19, ca_usages_and_wildcards_are_refused_and_audited) {
  const std::array asks{
      Ask{"ca", oids::basic_constraints, {0x30, 0x03, 0x01, 0x01, 0xFF}},
      Ask{"cert_sign", oids::key_usage, {0x03, 0x02, 0x02, 0x04}},
      Ask{"server", oids::extended_key_usage, {0x30, 0x0A, 0x06, 0x08, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01}},
      Ask{"wildcard",
          oids::subject_alt_name,
          {0x30, 0x0D, 0x82, 0x0B, '*', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e', '.', 'a'}}};
  for (const auto& ask : asks) {
    SCOPED_TRACE(ask.name);
    is_refused(kEmptyName, ask);
  }
  EXPECT_EQ(world_.refusals(Code::csr_policy), asks.size());
}

TEST_F(AC19, the_name_of_another_device_is_refused) {
  const auto other = world_.device_in(lifecycle::State::provisioned);
  is_refused(must(world_.cases->access.present(other.idevid)).subject, std::nullopt);
}

TEST_F(AC19, the_certificate_takes_the_key_and_nothing_else) {
  must(world_.enroll(device_));
  const auto birth = must(world_.cases->access.present(device_.idevid));
  const auto shown = must(world_.cases->access.present(device_.ldevid));
  EXPECT_EQ(shown.key.spki_sha256(), device_.ldevid_key->spki_hash());
  EXPECT_EQ(shown.subject, birth.subject);  // the request's was empty
  EXPECT_EQ(shown.presented.device, device_.id);
}

}  // namespace
}  // namespace birthmark::test
