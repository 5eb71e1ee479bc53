// SPDX-License-Identifier: Apache-2.0
#include "codec/frame.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "codec/cbor.h"
#include "support/inputs.h"

namespace birthmark::frame {
namespace {

using test::hex;

Bytes body_of(std::uint64_t number, std::size_t padding_bytes) {
  return cbor::Writer{}
      .map(2)
      .unsigned_int(1)
      .unsigned_int(number)
      .unsigned_int(2)
      .bytes(Bytes(padding_bytes, 0x5A))
      .finish();
}

/// A map whose encoding has exactly this many bytes, past 65,000.
Bytes body_of_size(std::size_t size) {
  constexpr std::size_t kAround = 1 + 1 + 3;  // map, key, head of the byte string
  return cbor::Writer{}.map(1).unsigned_int(1).bytes(Bytes(size - kAround, 0x5A)).finish();
}

TEST(Frame, a_frame_is_its_length_and_its_body) {
  EXPECT_EQ(to_hex(*write_frame(hex("a10102"))), "00000003a10102");
}

TEST(Frame, what_is_no_map_of_deterministic_cbor_is_not_written) {
  for (const auto* text : {"", "00", "80", "a1", "a1010200", "a201000100", "bf0102ff", "a101f93c00"}) {
    const auto outcome = write_frame(hex(text));
    ASSERT_FALSE(outcome) << text;
    EXPECT_EQ(outcome.error().code, Code::bad_evidence);
  }
}

TEST(Frame, lengths_and_bodies_are_refused) {
  for (const auto* text : {"00000000", "00010001", "80000000", "ffffffff", "0000000100", "0000000180",
                           "00000003a10100a0", "00000002a1a1", "00000004a1010200"}) {
    FrameReader reader;
    const auto first = reader.feed(hex(text));
    if (text == std::string_view{"00000003a10100a0"}) {
      ASSERT_TRUE(first);  // a good frame, then the start of another
      EXPECT_EQ(*first, 7u);
      continue;
    }
    ASSERT_FALSE(first) << text;
    EXPECT_EQ(first.error().code, Code::bad_evidence);
    EXPECT_FALSE(reader.take());
    EXPECT_FALSE(reader.idle());
    EXPECT_FALSE(reader.feed(hex("00000003a10102"))) << "the error sticks";
  }
}

TEST(Frame, the_bound_is_reached_before_it_refuses) {
  const auto largest = body_of_size(kBodyMaxBytes);
  ASSERT_EQ(largest.size(), kBodyMaxBytes);
  const auto frame = write_frame(largest);
  ASSERT_TRUE(frame);
  FrameReader reader;
  EXPECT_EQ(reader.feed(*frame), frame->size());
  EXPECT_EQ(reader.take(), largest);
  EXPECT_FALSE(write_frame(body_of_size(kBodyMaxBytes + 1)));
}

TEST(Frame, a_waiting_frame_takes_no_more_bytes) {
  const auto one = *write_frame(body_of(1, 0));
  const auto two = *write_frame(body_of(2, 3));
  Bytes stream = one;
  append(stream, two);
  FrameReader reader;
  EXPECT_TRUE(reader.idle());
  EXPECT_EQ(reader.feed(stream), one.size());
  EXPECT_EQ(reader.feed(BytesView{stream}.subspan(one.size())), 0u);
  EXPECT_FALSE(reader.idle());
  EXPECT_EQ(reader.take(), body_of(1, 0));
  EXPECT_FALSE(reader.take());
  EXPECT_TRUE(reader.idle());
  EXPECT_EQ(reader.feed(BytesView{stream}.subspan(one.size())), two.size());
  EXPECT_EQ(reader.take(), body_of(2, 3));
}

TEST(Frame, a_cut_frame_is_neither_whole_nor_idle) {
  const auto whole = *write_frame(body_of(7, 20));
  test::each_truncation(whole, [](const Bytes& cut) {
    FrameReader reader;
    EXPECT_EQ(reader.feed(cut), cut.size());
    EXPECT_FALSE(reader.take());
    EXPECT_EQ(reader.idle(), cut.empty());
  });
  test::each_damage(whole, [](const Bytes& damaged) {
    FrameReader reader;
    static_cast<void>(reader.feed(damaged).has_value());
    static_cast<void>(reader.take());
  });
}

RC_GTEST_PROP(FrameLaws, any_cutting_of_the_stream_gives_the_same_frames, ()) {
  std::vector<Bytes> bodies;
  Bytes stream;
  for (auto left = *rc::gen::inRange(0, 5); left > 0; --left) {
    bodies.push_back(body_of(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange<std::size_t>(0, 300)));
    append(stream, *write_frame(bodies.back()));
  }
  FrameReader reader;
  std::vector<Bytes> seen;
  BytesView left{stream};
  while (!left.empty()) {
    auto piece = left.first(*rc::gen::inRange<std::size_t>(1, left.size() + 1));
    left = left.subspan(piece.size());
    while (!piece.empty()) {
      const auto taken = reader.feed(piece);
      RC_ASSERT(taken.has_value());
      piece = piece.subspan(*taken);
      if (auto body = reader.take()) {
        seen.push_back(std::move(*body));
      }
    }
  }
  RC_ASSERT(seen == bodies);
  RC_ASSERT(reader.idle());
}

}  // namespace
}  // namespace birthmark::frame
