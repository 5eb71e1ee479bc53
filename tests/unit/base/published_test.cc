// SPDX-License-Identifier: Apache-2.0
#include "base/published.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

namespace birthmark {
namespace {

std::shared_ptr<const std::string> text(std::string words) {
  return std::make_shared<const std::string>(std::move(words));
}

TEST(Published, shows_the_newest_and_gives_it_to_keep) {
  Published<std::string> published{text("first")};
  EXPECT_EQ(published.look(), "first");
  const auto kept = published.get();
  published.publish(text("second"));
  EXPECT_EQ(published.look(), "second");
  EXPECT_EQ(*kept, "first");
}

TEST(Published, two_of_a_type_are_not_taken_for_each_other) {
  Published<std::string> one{text("one")};
  Published<std::string> other{text("other")};
  EXPECT_EQ(one.look(), "one");
  EXPECT_EQ(other.look(), "other");
  EXPECT_EQ(one.look(), "one");
}

/// The place of one that has gone may be another's: a thread that has looked at the first sees the second.
TEST(Published, one_in_the_place_of_another_shows_its_own) {
  std::optional<Published<std::string>> place;
  place.emplace(text("first"));
  EXPECT_EQ(place->look(), "first");
  place.emplace(text("second"));
  EXPECT_EQ(place->look(), "second");
}

TEST(Published, what_nobody_shows_any_more_ends_when_its_threads_look_again_or_end) {
  Published<std::string> published{text("first")};
  const std::weak_ptr<const std::string> first = published.get();
  std::jthread{[&] { EXPECT_EQ(published.look(), "first"); }}.join();
  EXPECT_EQ(published.look(), "first");
  published.publish(text("second"));
  EXPECT_FALSE(first.expired()) << "this thread may still use it";
  EXPECT_EQ(published.look(), "second");
  EXPECT_TRUE(first.expired());
}

}  // namespace
}  // namespace birthmark
