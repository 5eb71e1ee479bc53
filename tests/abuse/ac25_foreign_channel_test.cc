// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;

/// Renewal over a channel that is not the requester's, or for a key that nothing attested.
class AC25 : public testing::Test {
 protected:
  AC25() { world_.clock.advance(std::chrono::days{20}); }
  void is_refused(const app::EstRequest& request, Code code) {
    const auto signatures = world_.signer.signatures();
    EXPECT_EQ(code_of(world_.at_edge(world_.cases->enrollment.reenroll(request), request.certificate)), code);
    EXPECT_EQ(world_.refusals(code), 1U);
    EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::allow) << "the old certificate stays valid";
    EXPECT_EQ(world_.certificates(device_).size(), 2U);
    EXPECT_EQ(world_.signer.signatures(), signatures);
  }
  World world_;
  Device device_ = world_.device_in(lifecycle::State::operational);
  PaperKey key_{tpm::Template::idevid_birthmark};
};

TEST_F(AC25, another_channel_is_refused) {
  must(world_.attest(device_, Purpose::renew, key_));
  auto request = world_.est_request(device_.ldevid, key_, Purpose::renew);
  request.channel_binding = "YW5vdGhlcg==";
  is_refused(request, Code::binding);
}

TEST_F(AC25, a_request_without_a_binding_is_refused) {
  must(world_.attest(device_, Purpose::renew, key_));
  auto request = world_.est_request(device_.ldevid, key_, Purpose::renew);
  request.presented_alt_name.clear();
  request.csr = csr_of(key_, request.presented_subject, {});
  is_refused(request, Code::binding);
}

TEST_F(AC25, a_key_that_was_not_attested_is_refused) {
  must(world_.attest(device_, Purpose::renew, PaperKey{tpm::Template::idevid_birthmark}));
  is_refused(world_.est_request(device_.ldevid, key_, Purpose::renew), Code::evidence_missing);
}

TEST_F(AC25, an_appraisal_for_another_purpose_is_refused) {
  must(world_.attest(device_, Purpose::routine, key_));
  is_refused(world_.est_request(device_.ldevid, key_, Purpose::renew), Code::evidence_missing);
}

}  // namespace
}  // namespace birthmark::test
