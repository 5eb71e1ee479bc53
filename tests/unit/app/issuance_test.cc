// SPDX-License-Identifier: Apache-2.0
#include "app/issuance.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::IssuanceState;
using audit::EntryKind;

/// Certificates of services: the same road as a device's, with nothing else in the way.
class Issue : public testing::Test {
 protected:
  app::Order order() {
    app::Order out;
    for (const auto& ca : world_.cases->cas.get()->all()) {
      out.ca = ca.record.profile == pki::ProfileId::service_ca ? ca.record.id : out.ca;
    }
    out.profile = pki::ProfileId::station;
    out.subject.name = {.organization = "birthmark service",
                        .organizational_units = {std::string{pki::profile(out.profile).name}},
                        .common_name = "line-1",
                        .serial_number = {}};
    out.subject.spki = to_bytes(key_.spki());
    out.actor = "operator:test";
    out.reason = "test";
    return out;
  }
  app::RequestKey request(std::uint8_t id) { return {crypto::sha256(as_bytes("caller")), {id}}; }
  Result<app::Issued> issue(std::uint8_t id, const app::Order& what) {
    return world_.cases->issuance.issue(what, request(id), {});
  }
  World world_;
  PaperKey key_{tpm::Template::idevid_birthmark};
};

TEST_F(Issue, the_intent_is_durable_and_logged_before_the_key_is_touched) {
  std::size_t looked = 0;
  world_.signer.watch([&](const app::SigningIntent& intent) {
    if (intent.use != app::KeyUse::certificates) {
      return;
    }
    ++looked;
    const auto rows = world_.fake_store().rows();
    const auto row = rows.certificates.rbegin()->second;
    EXPECT_EQ(row.issuance, IssuanceState::intended);
    EXPECT_TRUE(equal(row.tbs, intent.message));
    EXPECT_EQ(row.profile_hash, intent.profile_hash);
    const auto entry = must(audit::read_entry(rows.log.back()));
    EXPECT_EQ(entry.kind, EntryKind::intent_recorded);
    EXPECT_EQ(entry.serial, row.serial);
    EXPECT_EQ(entry.reason, "test");
  });
  must(issue(1, order()));
  EXPECT_EQ(looked, 1U);
}

TEST_F(Issue, a_repeat_is_the_same_certificate_without_a_signature_and_is_on_record) {
  const auto first = must(issue(1, order()));
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(must(issue(1, order())).certificate, first.certificate);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  ASSERT_EQ(world_.count(EntryKind::request_repeated), 1U);
  const auto entry = world_.entries().back();
  EXPECT_EQ(entry.serial, first.record.serial);
  EXPECT_EQ(entry.actor, "operator:test");
}

TEST_F(Issue, repeats_of_one_caller_have_ten_entries_a_minute_and_the_rest_is_counted) {
  must(issue(1, order()));
  for (int i = 0; i < 25; ++i) {
    must(issue(1, order()));
  }
  EXPECT_EQ(world_.count(EntryKind::request_repeated), 10U);
  world_.clock.advance(std::chrono::minutes{1});
  must(issue(1, order()));
  EXPECT_EQ(world_.count(EntryKind::request_repeated), 11U);
  EXPECT_EQ(world_.entries().back().count, 16U);
}

TEST_F(Issue, repeats_of_callers_beyond_the_places_are_counted_as_well) {
  constexpr std::size_t kCallers = 8;
  app::Repeats repeats{world_.store(), world_.clock, kCallers};
  const auto note = [&](std::uint32_t caller) {
    must(repeats.note(crypto::sha256(as_bytes(std::to_string(caller))),
                      {.serial = must(issue(1, order())).record.serial}));
  };
  std::uint64_t noted = 0;
  for (std::uint32_t caller = 0; caller < kCallers; ++caller, ++noted) {
    note(caller);
  }
  for (int i = 0; i < 25; ++i, ++noted) {
    note(kCallers + 1);
  }
  world_.clock.advance(std::chrono::minutes{1});
  note(7);
  ++noted;
  std::uint64_t counted = 0;
  for (const auto& entry : world_.entries()) {
    counted += entry.kind == EntryKind::request_repeated && entry.actor.empty() ? entry.count : 0;
  }
  EXPECT_EQ(counted, noted);
}

TEST_F(Issue, repeats_that_could_not_be_written_are_counted_in_a_later_entry) {
  app::Repeats repeats{world_.store(), world_.clock};
  const auto issued = must(issue(1, order()));
  const auto note = [&](std::string_view caller) {
    return repeats.note(crypto::sha256(as_bytes(caller)), {.serial = issued.record.serial});
  };
  for (int i = 0; i < 30; ++i) {
    must(note("busy"));
  }
  world_.clock.advance(std::chrono::minutes{1});
  bool takes = false;
  world_.store().set_listener(
      [&](const app::Committed&) { return takes ? Result<void>{} : fail(Code::storage, "the log's disk is full"); });
  EXPECT_FALSE(note("another")) << "and from now on nothing is written";
  EXPECT_FALSE(note("busy"));
  takes = true;
  must(note("busy"));
  EXPECT_EQ(world_.entries().back().count, 21U);
}

TEST_F(Issue, callers_who_stay_away_give_their_places_to_others) {
  constexpr std::size_t kCallers = 8;
  app::Repeats repeats{world_.store(), world_.clock, kCallers};
  const auto serial = must(issue(1, order())).record.serial;
  const auto note = [&](std::uint32_t caller, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) {
      must(repeats.note(crypto::sha256(as_bytes(std::to_string(caller))), {.serial = serial}));
    }
  };
  constexpr auto kMore = app::Repeats::kEntriesPerMinute + 1;
  for (std::uint32_t caller = 0; caller < kCallers; ++caller) {
    note(caller, kMore);
  }
  world_.clock.advance(std::chrono::minutes{1});
  note(kCallers, 1);
  world_.clock.advance(std::chrono::minutes{1});
  const auto before = world_.count(EntryKind::request_repeated);
  for (std::uint32_t caller = 0; caller < 3; ++caller) {
    note(kCallers + 1 + caller, kMore);
  }
  EXPECT_EQ(world_.count(EntryKind::request_repeated), before + 3 * app::Repeats::kEntriesPerMinute);
}

TEST_F(Issue, a_repeat_is_answered_only_when_the_log_has_the_certificate) {
  must(issue(1, order()));
  for (int i = 0; i < 10; ++i) {
    must(issue(1, order()));  // from here on repeats are counted and write nothing
  }
  bool takes = false;
  world_.store().set_listener(
      [&](const app::Committed&) { return takes ? Result<void>{} : fail(Code::storage, "the log's disk is full"); });
  auto other = order();
  EXPECT_FALSE(issue(2, other));
  EXPECT_EQ(issue(1, order()).error().code, Code::storage);
  takes = true;
  EXPECT_TRUE(issue(1, order()));
}

TEST_F(Issue, the_same_id_with_another_key_is_request_conflict) {
  must(issue(1, order()));
  auto other = order();
  const PaperKey key{tpm::Template::idevid_birthmark};
  other.subject.spki = to_bytes(key.spki());
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(code_of(issue(1, other)), Code::request_conflict);
  EXPECT_EQ(world_.signer.signatures(), signatures);
}

TEST_F(Issue, a_certificate_that_its_issuer_may_not_make_is_refused_before_any_key_is_used) {
  auto wrong = order();
  wrong.profile = pki::ProfileId::batch_ca;
  const auto signatures = world_.signer.signatures();
  EXPECT_FALSE(issue(1, wrong));
  wrong = order();
  wrong.ca = CaId{99};
  EXPECT_EQ(code_of(issue(2, wrong)), Code::scope);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.count(EntryKind::intent_recorded), world_.count(EntryKind::certificate_registered));
}

TEST_F(Issue, what_the_use_case_refuses_at_the_intent_leaves_nothing) {
  const auto rows = world_.fake_store().rows().certificates.size();
  const auto entries = world_.entries().size();
  const auto refused = world_.cases->issuance.issue(
      order(), request(1), [](app::Tx&, app::CertificateRecord&, const lifecycle::ClockReading&) -> Result<void> {
        return fail(Code::policy, "no");
      });
  EXPECT_EQ(code_of(refused), Code::policy);
  EXPECT_EQ(world_.fake_store().rows().certificates.size(), rows);
  EXPECT_EQ(world_.entries().size(), entries);
  EXPECT_TRUE(issue(1, order()));
}

TEST_F(Issue, a_start_completes_what_a_kill_left_and_the_retry_gets_it) {
  for (const auto* const point : {"issue.after_intent", "issue.after_signature"}) {
    world_.kill_points.kill_at(point);
    const auto id = static_cast<std::uint8_t>(point[12]);
    EXPECT_THROW(static_cast<void>(issue(id, order())), Killed);
    const auto serial = world_.fake_store().rows().certificates.rbegin()->second.serial;
    must(world_.restart());
    EXPECT_EQ(world_.cases->recovered.completed, 1U);
    EXPECT_EQ(must(issue(id, order())).record.serial, serial);
  }
}

/// The signer is away for one call.
void lose_signer(World& world) {
  world.signer.fail_call(1);
}

TEST_F(Issue, an_intent_that_is_stuck_for_a_minute_is_completed_without_a_start_and_the_retry_gets_it) {
  lose_signer(world_);
  EXPECT_EQ(code_of(issue(1, order())), Code::hsm_unavailable);
  const auto serial = world_.fake_store().rows().certificates.rbegin()->second.serial;
  const auto stuck = app::Issuance::kStuckAfter;
  world_.clock.advance(stuck - std::chrono::milliseconds{1});
  EXPECT_EQ(must(world_.cases->issuance.recover(stuck)).completed, 0U) << "its caller may still be at it";
  world_.clock.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(must(world_.cases->issuance.recover(stuck)).completed, 1U);
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(must(world_.cases->issuance.recover(stuck)).completed, 0U);
  EXPECT_EQ(must(issue(1, order())).record.serial, serial);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Issue, an_intent_stays_while_the_signer_is_away) {
  lose_signer(world_);
  EXPECT_EQ(code_of(issue(1, order())), Code::hsm_unavailable);
  world_.clock.advance(app::Issuance::kStuckAfter);
  world_.signer.set_fault(SignerFault::unavailable);
  EXPECT_EQ(code_of(must(world_.cases->issuance.recover(app::Issuance::kStuckAfter)).signer), Code::hsm_unavailable);
  world_.signer.set_fault(SignerFault::none);
  EXPECT_EQ(must(world_.cases->issuance.recover(app::Issuance::kStuckAfter)).completed, 1U);
}

TEST_F(Issue, an_intent_that_somebody_is_at_work_on_is_left_to_him_however_long_it_takes) {
  bool looked = false;
  world_.signer.watch([&](const app::SigningIntent& intent) {
    if (intent.use != app::KeyUse::certificates || std::exchange(looked, true)) {
      return;
    }
    world_.clock.advance(std::chrono::hours{1});
    const auto done = must(world_.cases->issuance.recover(app::Issuance::kStuckAfter));
    EXPECT_EQ(done.completed + done.orphaned, 0U);
  });
  const auto signatures = world_.signer.signatures();
  must(issue(1, order()));
  EXPECT_TRUE(looked);
  EXPECT_EQ(world_.signer.signatures(), signatures + 1);
}

TEST_F(Issue, a_faulty_key_holds_up_its_own_intents_only) {
  auto device = world_.make_device();
  world_.line();
  const auto faulty = world_.cases->cas.get()->find(order().ca)->record.key;
  lose_signer(world_);
  EXPECT_EQ(code_of(issue(1, order())), Code::hsm_unavailable);
  world_.kill_points.kill_at("issue.after_intent");
  EXPECT_THROW(static_cast<void>(world_.provision(device, world_.line())), Killed);
  world_.clock.advance(app::Issuance::kStuckAfter);
  world_.signer.set_fault(SignerFault::wrong_signature, app::KeyUse::certificates, faulty);
  EXPECT_EQ(code_of(must(world_.cases->issuance.recover(app::Issuance::kStuckAfter)).signer), Code::hsm_fault);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U) << "the device's intent came after the faulty one";
  EXPECT_TRUE(world_.restart()) << "nor does it keep the registry from starting";
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Issue, a_key_that_is_away_holds_up_its_own_intents_only) {
  auto device = world_.make_device();
  world_.line();
  lose_signer(world_);
  EXPECT_EQ(code_of(issue(1, order())), Code::hsm_unavailable);
  world_.kill_points.kill_at("issue.after_intent");
  EXPECT_THROW(static_cast<void>(world_.provision(device, world_.line())), Killed);
  lose_signer(world_);
  EXPECT_EQ(code_of(must(world_.cases->issuance.recover()).signer), Code::hsm_unavailable);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U) << "the device's intent came after the one of the lost key";
  EXPECT_EQ(must(world_.cases->issuance.recover()).completed, 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Issue, a_registry_of_an_older_epoch_signs_nothing) {
  world_.fake_store().fence();
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(code_of(issue(1, order())), Code::fenced);
  EXPECT_EQ(world_.signer.signatures(), signatures);
}

}  // namespace
}  // namespace birthmark::test
