// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <limits>

#include "codec/json.h"

namespace birthmark::json {
namespace {

boost::json::value parsed(std::string_view text) {
  return read(text).value_or(boost::json::value{});
}

TEST(JsonObject, takes_each_kind_of_member) {
  const auto value = parsed(
      R"({"t":"x","u":18446744073709551615,"i":-3,"b":true,"h":"00FFaa","s":"AQI=","o":{"n":1},"a":[1],"v":null,
          "when":"2026-11-23T10:00:00Z"})");
  auto object = Object::of(value);
  ASSERT_TRUE(object);
  EXPECT_EQ(object->text("t"), "x");
  EXPECT_EQ(object->unsigned_int("u"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(object->integer("i"), -3);
  EXPECT_EQ(object->boolean("b"), true);
  EXPECT_EQ(object->hex("h", 3), (Bytes{0x00, 0xFF, 0xAA}));
  EXPECT_EQ(object->base64("s", 2), (Bytes{1, 2}));
  auto inner = object->object("o");
  ASSERT_TRUE(inner);
  EXPECT_EQ(inner->unsigned_int("n"), 1u);
  EXPECT_TRUE(inner->finish());
  const auto array = object->array("a");
  ASSERT_TRUE(array);
  EXPECT_EQ((*array)->size(), 1u);
  EXPECT_TRUE(object->value("v"));
  EXPECT_EQ(object->instant("when"), from_rfc3339("2026-11-23T10:00:00Z"));
  EXPECT_TRUE(object->finish());
}

TEST(JsonObject, a_member_of_another_type_or_form_is_bad_json) {
  const auto value = parsed(
      R"({"t":"x","n":1,"neg":-1,"big":18446744073709551615,"whole":1.0,"e":1e2,"null":null,"odd":"abc","short":"ab","ws":"A Q=="})");
  auto object = *Object::of(value);
  const auto expect_bad = [](const auto& outcome) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::bad_json);
  };
  expect_bad(object.text("n"));
  expect_bad(object.text("null"));
  expect_bad(object.text("absent"));
  expect_bad(object.unsigned_int("t"));
  expect_bad(object.unsigned_int("neg"));
  expect_bad(object.unsigned_int("whole"));
  expect_bad(object.unsigned_int("e"));
  expect_bad(object.integer("big"));
  expect_bad(object.integer("whole"));
  expect_bad(object.boolean("n"));
  expect_bad(object.hex("odd", 2));
  expect_bad(object.hex("odd", 1));
  expect_bad(object.hex("short", 2));
  expect_bad(object.hex("t", 0));
  expect_bad(object.base64("odd", 10));
  expect_bad(object.base64("ws", 10));
  expect_bad(object.object("t"));
  expect_bad(object.array("t"));
  expect_bad(object.instant("t"));
  expect_bad(object.value("absent"));
  expect_bad(Object::of(value.at("n")));
}

TEST(JsonObject, base64_is_bounded) {
  const auto value = parsed(R"({"s":"AQID"})");
  auto object = *Object::of(value);
  EXPECT_FALSE(object.base64("s", 2));
  EXPECT_TRUE(object.base64("s", 3));
}

TEST(JsonObject, optional_members_may_be_missing_or_null_but_not_wrong) {
  const auto value = parsed(R"({"null":null,"n":1,"t":"aa","a":[],"o":{}})");
  auto object = *Object::of(value);
  for (const auto* name : {"absent", "null"}) {
    EXPECT_EQ(object.optional_text(name).value(), std::nullopt);
    EXPECT_EQ(object.optional_unsigned_int(name).value(), std::nullopt);
    EXPECT_EQ(object.optional_integer(name).value(), std::nullopt);
    EXPECT_EQ(object.optional_boolean(name).value(), std::nullopt);
    EXPECT_EQ(object.optional_hex(name, 1).value(), std::nullopt);
    EXPECT_EQ(object.optional_base64(name, 1).value(), std::nullopt);
    EXPECT_EQ(object.optional_instant(name).value(), std::nullopt);
    EXPECT_FALSE(object.optional_object(name).value().has_value());
    EXPECT_EQ(object.optional_array(name).value(), nullptr);
  }
  EXPECT_EQ(object.optional_unsigned_int("n").value(), 1u);
  EXPECT_EQ(object.optional_hex("t", 1).value(), (Bytes{0xAA}));
  EXPECT_TRUE(object.optional_object("o").value().has_value());
  EXPECT_NE(object.optional_array("a").value(), nullptr);
  EXPECT_FALSE(object.optional_text("n"));
  EXPECT_FALSE(object.optional_unsigned_int("t"));
  EXPECT_FALSE(object.optional_hex("t", 2));
  EXPECT_FALSE(object.optional_array("o"));
  EXPECT_FALSE(object.optional_object("a"));
  EXPECT_TRUE(object.finish());
}

TEST(JsonObject, an_unknown_member_is_refused) {
  const auto value = parsed(R"({"a":1,"b":2})");
  auto object = *Object::of(value);
  ASSERT_TRUE(object.unsigned_int("a"));
  const auto outcome = object.finish();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_json);
  EXPECT_NE(outcome.error().detail.find("b:"), std::string::npos);
}

TEST(JsonObject, an_unknown_name_is_not_repeated_unless_plain) {
  const auto value = parsed(R"({"x\r\ny":1})");
  const auto outcome = Object::of(value)->finish();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().detail.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace birthmark::json
