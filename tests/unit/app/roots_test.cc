// SPDX-License-Identifier: Apache-2.0
// Roots sign themselves, and are no exception to "no signature without a record" (design rule 3).
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::IssuanceState;
using audit::EntryKind;

constexpr std::size_t kCas = 4;  // three roots and the service CA

std::vector<app::CertificateRecord> intents(const World& world) {
  return must(world.store().read_for<std::vector<app::CertificateRecord>>(
      [](app::Tx& tx) { return tx.certificates_in(IssuanceState::intended); }));
}

class NewRegistry : public testing::Test {
 protected:
  Result<void> init() { return world_.cases->hierarchy.init(); }
  /// All is there, once, and on the books.
  void expect_made() {
    EXPECT_EQ(world_.cases->cas.get()->all().size(), kCas);
    for (const auto kind : {EntryKind::ca_created, EntryKind::intent_recorded, EntryKind::certificate_registered}) {
      EXPECT_EQ(world_.count(kind), kCas) << audit::name(kind);
    }
    EXPECT_EQ(intents(world_).size(), 0U);
    EXPECT_EQ(world_.wrong(), "");
  }
  World world_{{.roots = Roots::missing}};
};

TEST_F(NewRegistry, records_the_intent_of_a_root_before_its_key_is_used) {
  std::size_t looked = 0;
  world_.signer.watch([&](const app::SigningIntent& intent) {
    ++looked;
    const auto rows = world_.fake_store().rows();
    const auto row = rows.certificates.rbegin()->second;
    EXPECT_EQ(row.issuance, IssuanceState::intended);
    EXPECT_TRUE(equal(row.tbs, intent.message));
    EXPECT_EQ(row.profile_hash, intent.profile_hash);
    const auto entry = must(audit::read_entry(rows.log.back()));
    EXPECT_EQ(entry.kind, EntryKind::intent_recorded);
    EXPECT_EQ(entry.serial, row.serial);
    EXPECT_EQ(entry.spki_hash, row.spki);
    EXPECT_EQ(entry.subject_hash, crypto::sha256(intent.message));
    EXPECT_TRUE(entry.reason.starts_with("make ")) << entry.reason;
  });
  must(init());
  EXPECT_EQ(looked, kCas);
  expect_made();
}

TEST_F(NewRegistry, has_no_root_before_its_signature_is_on_the_books) {
  world_.signer.watch([&](const app::SigningIntent&) {
    must(world_.cases->cas.refresh());  // as somebody else's change would
    const auto directory = world_.cases->cas.get();
    const auto intent = intents(world_).at(0);
    if (pki::is_root(intent.profile)) {
      EXPECT_EQ(directory->find(intent.ca), nullptr);
    }
  });
  must(init());
}

TEST_F(NewRegistry, completes_the_intent_of_a_root_when_the_token_is_back) {
  world_.signer.fail_call(2);  // the first makes the key, the second signs
  EXPECT_EQ(code_of(init()), Code::hsm_unavailable);
  const auto intent = intents(world_).at(0);
  EXPECT_EQ(world_.cases->cas.get()->all().size(), 0U);
  world_.signer.fail_call(0);
  must(init());
  const auto root = world_.cases->cas.get()->find(intent.ca);
  ASSERT_NE(root, nullptr);
  EXPECT_TRUE(equal(root->certificate.certificate.tbs(), intent.tbs)) << "the same certificate";
  expect_made();
}

TEST_F(NewRegistry, gives_an_intent_up_whose_key_is_gone_and_makes_the_root_anew) {
  world_.signer.fail_call(2);
  EXPECT_EQ(code_of(init()), Code::hsm_unavailable);
  world_.signer.fail_call(0);
  const auto intent = intents(world_).at(0);
  must(world_.signer.destroy(world_.fake_store().rows().cas.at(intent.ca).key, world_.store().epoch()));
  must(world_.restart());
  EXPECT_EQ(world_.cases->recovered.orphaned, 1U);
  must(init());
  EXPECT_EQ(world_.cases->cas.get()->all().size(), kCas);
  EXPECT_EQ(world_.count(EntryKind::intent_orphaned), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

class KilledInit : public NewRegistry, public testing::WithParamInterface<const char*> {};

TEST_P(KilledInit, at_its_first_root_goes_on_at_the_next_start_with_that_root) {
  world_.kill_points.kill_at(GetParam());
  EXPECT_THROW(static_cast<void>(init()), Killed);
  const auto begun = world_.fake_store().rows().certificates.at(app::CertificateRow{1});
  must(world_.restart());
  EXPECT_EQ(world_.cases->cas.get()->all().size(), 1U);
  must(init());
  const auto root = world_.cases->cas.get()->find(begun.ca);
  ASSERT_NE(root, nullptr);
  EXPECT_TRUE(equal(root->certificate.certificate.tbs(), begun.tbs)) << "the same certificate";
  expect_made();
  must(world_.restart());
  must(init());
  expect_made();
}

INSTANTIATE_TEST_SUITE_P(Points, KilledInit,
                         testing::Values("issue.after_intent", "issue.after_signature", "issue.after_registration"),
                         [](const auto& point) { return std::string{point.param}.substr(6); });

}  // namespace
}  // namespace birthmark::test
