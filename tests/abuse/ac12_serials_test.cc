// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "lifecycle/serial.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

/// Serials that are duplicate, predictable, negative, zero or too long.
TEST(AC12, ten_million_draws_have_no_duplicate_among_64_random_bits) {
  constexpr std::size_t kDraws = 10'000'000;
  SeededEntropy entropy{12};
  std::vector<std::uint64_t> drawn;
  drawn.reserve(kDraws);
  Bytes pool(kDraws / 100 * 11);
  bool form = true;
  for (std::size_t round = 0; round < 100; ++round) {
    entropy.fill(pool);
    for (std::size_t at = 0; at < pool.size(); at += 11) {
      Octets<11> random{};
      std::copy_n(pool.begin() + static_cast<std::ptrdiff_t>(at), random.size(), random.begin());
      const auto serial = lifecycle::make_serial(static_cast<std::uint32_t>(at), random).get();
      form = form && serial.size() == 16 && serial[0] == 0x4B;  // positive, not zero, below 20 octets
      std::uint64_t bits = 0;
      for (std::size_t i = 8; i < 16; ++i) {
        bits = bits << 8 | serial[i];
      }
      drawn.push_back(bits);
    }
  }
  EXPECT_TRUE(form);
  std::ranges::sort(drawn);
  EXPECT_EQ(std::ranges::adjacent_find(drawn), drawn.end());
}

TEST(AC12, a_taken_index_is_drawn_anew_before_the_signature) {
  World world;
  world.open_batch("B-2", 120);  // a list of 256 places
  const auto station = world.enroll_station("line-2", app::StationRole::provision, "B-2");
  const auto signatures = world.signer.signatures();
  std::set<std::uint32_t> places;
  for (int i = 0; i < 60; ++i) {
    auto device = world.make_device();
    const auto issued = must(world.provision(device, station));
    EXPECT_TRUE(places.insert(issued.record.index).second);
    EXPECT_LT(issued.record.index, 256U);
  }
  EXPECT_EQ(world.signer.signatures(), signatures + 60);
  EXPECT_EQ(world.wrong(), "");
}

TEST(AC12, the_last_free_place_of_a_list_is_found) {
  constexpr std::uint32_t kFree = 77;
  World world;
  world.open_batch("B-2", 10);
  const auto station = world.enroll_station("line-2", app::StationRole::provision, "B-2");
  const auto id = world.batch("B-2").manufacturing_ca;
  must(world.store().write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(const auto ca, tx.ca(id));
    for (std::uint32_t place = 0; place < std::uint32_t{1} << ca->list_bits; ++place) {
      app::CertificateRecord taken;
      taken.ca = id;
      taken.index = place;
      taken.serial = lifecycle::make_serial(place, {});
      taken.issuance = app::IssuanceState::orphaned;
      BM_CHECK(place == kFree ? Result<void>{} : without_value(tx.add_certificate(taken)));
    }
    return {};
  }));
  auto device = world.make_device();
  EXPECT_EQ(must(world.provision(device, station)).record.index, kFree);
  auto next = world.make_device();
  EXPECT_EQ(code_of(world.provision(next, station)), Code::conflict) << "now it is full";
}

}  // namespace
}  // namespace birthmark::test
