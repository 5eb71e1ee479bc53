// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <thread>

#include "support/hardware_line.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;

/// One nonce used by many at once: whatever the root, exactly one answer is taken.
class AC01Parallel : public testing::TestWithParam<PaperKind> {};

INSTANTIATE_TEST_SUITE_P(, AC01Parallel,
                         testing::Values(PaperKind::psa, PaperKind::dice, PaperKind::attested_element,
                                         PaperKind::listed_element),
                         [](const auto& kind) { return std::string{name(kind.param)}; });

/// Runs `ask` on every thread at the same moment. @return how many were answered, and how many were `nonce_used`
template <class Ask>
std::pair<int, int> at_once(const Ask& ask) {
  constexpr int kThreads = 8;
  std::barrier start{kThreads};
  std::atomic<int> answered = 0, used = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        start.arrive_and_wait();
        const auto got = ask();
        answered += got ? 1 : 0;
        used += !got && got.error().code == Code::nonce_used ? 1 : 0;
      });
    }
  }
  return {answered, used};
}

TEST_P(AC01Parallel, at_birth_and_in_the_field_one_wins) {
  HardwareLine line{GetParam()};
  const auto& station = line.world.line();
  const auto& birth = line.unit->birth_key();
  const auto given = must(line.world.cases->provisioning.begin(station.id(), "B-1"));
  const auto bundle = line.unit->bundle(birth, line.fresh(given, birth, std::nullopt));
  const std::array attributes{pkcs10::Attribute{csr_attestation::kAttribute, bundle}};
  const auto csr = csr_of(birth, kEmptyName, attributes);
  std::atomic<std::uint8_t> next = 0;
  const auto [born, late] = at_once([&] {
    Octets<16> id{};
    id[0] = ++next;  // each its own request: none is a repeat
    return line.world.cases->provisioning.evidence_in_request(station.id(), "B-1", {given.session, id, csr});
  });
  EXPECT_EQ(born, 1);
  EXPECT_EQ(late, 7);
  EXPECT_EQ(line.world.batch("B-1").budget.issued, 1U);

  must(line.provision());
  must(line.seal(*line.unit));
  const auto key = line.unit->make_key();
  const auto caller = crypto::sha256(line.idevid);
  const auto device = line.record();
  const auto asked = must(line.world.cases->attestation.begin(Purpose::enroll, caller, device));
  const auto evidence = line.about(*line.unit, key, asked);
  const auto [taken, refused] =
      at_once([&] { return line.world.cases->attestation.attest(Purpose::enroll, caller, device.row, evidence); });
  EXPECT_EQ(taken, 1);
  EXPECT_EQ(refused, 7);
  EXPECT_EQ(line.world.wrong(), "");
}

}  // namespace
}  // namespace birthmark::test
