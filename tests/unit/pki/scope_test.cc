// SPDX-License-Identifier: Apache-2.0
#include "pki/scope.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/pki/support.h"

namespace birthmark::pki {
namespace {

struct Attribute {
  BytesView type;
  std::uint8_t tag;
  std::string_view text;
};
constexpr auto kUtf8 = der::tag::utf8_string, kPrintable = der::tag::printable_string;

Bytes rdn(std::initializer_list<Attribute> attributes) {
  der::Writer out;
  out.open(der::tag::set);
  for (const auto& attribute : attributes) {
    out.open(der::tag::sequence).oid(attribute.type).text(attribute.tag, attribute.text).close();
  }
  out.close();
  return std::move(out).finish();
}
Bytes name(std::initializer_list<Bytes> rdns) {
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto& one : rdns) {
    out.raw(one);
  }
  out.close();
  return std::move(out).finish();
}
const Attribute kO{oids::organization, kUtf8, "heatpump"};
const Attribute kOu{oids::organizational_unit, kUtf8, "plant-1"};
const Attribute kCn{oids::common_name, kUtf8, "factory"};
const Attribute kSerial{oids::serial_number, kPrintable, "1"};

struct Form {
  const char* name;
  Bytes der;
  bool ours;
};
class Forms : public ::testing::TestWithParam<Form> {};
INSTANTIATE_TEST_SUITE_P(
    Table, Forms,
    ::testing::Values(Form{"organization_alone", name({rdn({kO})}), true},
                      Form{"everything", name({rdn({kO}), rdn({kOu}), rdn({kOu}), rdn({kCn}), rdn({kSerial})}), true},
                      Form{"without_units", name({rdn({kO}), rdn({kCn})}), true}, Form{"empty", name({}), false},
                      Form{"without_organization", name({rdn({kOu}), rdn({kCn})}), false},
                      Form{"two_organizations", name({rdn({kO}), rdn({kO})}), false},
                      Form{"unit_before_organization", name({rdn({kOu}), rdn({kO})}), false},
                      Form{"common_name_first", name({rdn({kCn}), rdn({kO}), rdn({kOu})}), false},
                      Form{"unit_behind_common_name", name({rdn({kO}), rdn({kCn}), rdn({kOu})}), false},
                      Form{"two_common_names", name({rdn({kO}), rdn({kCn}), rdn({kCn})}), false},
                      Form{"two_serial_numbers", name({rdn({kO}), rdn({kSerial}), rdn({kSerial})}), false},
                      Form{"two_attributes_in_one_rdn", name({rdn({kO, kOu})}), false},
                      Form{"printable_organization", name({rdn({{oids::organization, kPrintable, "heatpump"}})}),
                           false},
                      Form{"utf8_serial_number", name({rdn({kO}), rdn({{oids::serial_number, kUtf8, "1"}})}), false},
                      Form{"a_country", name({rdn({{oid<2, 5, 4, 6>, kPrintable, "AT"}}), rdn({kO})}), false}),
    [](const auto& one) { return one.param.name; });

TEST_P(Forms, only_ours_has_a_place) {
  const auto attributes = x509::read_name(GetParam().der);
  ASSERT_TRUE(attributes);
  const auto place = place_of(*attributes);
  EXPECT_EQ(place.has_value(), GetParam().ours);
  if (!place) {
    EXPECT_EQ(place.error().code, Code::scope);
  }
}

TEST(PlaceOf, gives_the_name_without_its_own_part) {
  const Name whole{.organization = "heatpump",
                   .organizational_units = {"plant-1", "B-1"},
                   .common_name = "x",
                   .serial_number = "01"};
  const auto der = encode(whole);
  EXPECT_EQ(place_of(x509::read_name(der).value()).value(), testing::name_of("heatpump", {"plant-1", "B-1"}, {}));
}

// RFC 5280 §4.2.1.10.
TEST(LiesBelow, means_that_the_first_rdns_are_the_same_bytes) {
  const auto base = name({rdn({kO}), rdn({kOu})});
  EXPECT_TRUE(lies_below(base, base));
  EXPECT_TRUE(lies_below(base, name({rdn({kO}), rdn({kOu}), rdn({kCn})})));
  EXPECT_FALSE(lies_below(base, name({rdn({kO})})));
  EXPECT_FALSE(lies_below(base, name({rdn({kOu}), rdn({kO})})));
  EXPECT_FALSE(lies_below(base, name({rdn({kO, kOu})})));
  EXPECT_FALSE(lies_below(base, name({rdn({{oids::organization, kPrintable, "heatpump"}}), rdn({kOu})})));
  EXPECT_FALSE(lies_below(base, name({rdn({{oids::organization, kUtf8, "HEATPUMP"}}), rdn({kOu})})));
  EXPECT_FALSE(lies_below(base, name({rdn({kO}), rdn({{oids::organizational_unit, kUtf8, "plant-10"}})})));
  EXPECT_FALSE(lies_below(name({}), base));  // a constraint of nothing permits nothing
  EXPECT_FALSE(lies_below(base, name({})));
  EXPECT_FALSE(lies_below(Bytes{0x31, 0x00}, base));
}

RC_GTEST_PROP(LiesBelow, follows_the_list_of_units, ()) {
  const auto unit = rc::gen::element<std::string>("a", "b", "aa");
  const auto base = *rc::gen::container<std::vector<std::string>>(unit);
  const auto subject = *rc::gen::container<std::vector<std::string>>(unit);
  const bool prefix = base.size() <= subject.size() && std::equal(base.begin(), base.end(), subject.begin());
  RC_ASSERT(lies_below(encode(testing::name_of("o", base, {})), encode(testing::name_of("o", subject, "x"))) == prefix);
}

}  // namespace
}  // namespace birthmark::pki
