// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_chains.h"

#include <gtest/gtest.h>

#include "cli/inspect.h"
#include "codec/cms_signed.h"
#include "codec/dice.h"
#include "codec/jws.h"
#include "codec/matter.h"
#include "codec/matter_tlv.h"
#include "codec/oid.h"

namespace birthmark::cli {
namespace {

/// The member `type` of what is said of some bytes; "" if nothing is.
std::string type_of(BytesView bytes) {
  const auto said = inspect(bytes);
  return said ? std::string{said->at("type").as_string()} : "";
}

TEST(InspectChains, each_part_is_told_by_its_name) {
  const dice::TcbInfo info{.vendor = "ACME", .svn = 3, .flags = dice::flag::debug, .type = to_bytes(as_bytes("FMC"))};
  EXPECT_EQ(type_of(dice::write(info)), "DiceTcbInfo");
  const std::vector infos{info, info};
  EXPECT_EQ(type_of(dice::write(std::span{infos})), "MultiTcbInfo");
  EXPECT_EQ(type_of(dice::write(dice::OpenInput{.code_hash = Bytes(64, 1), .mode = std::uint8_t{1}})),
            "Open Profile for DICE");
  EXPECT_EQ(type_of(dice::write_ueid(Bytes(17, 1))), "TCGUeid or TcbFreshness");

  const matter::Declaration declaration{.vendor = 0xFFF1,
                                        .products = {0x8000},
                                        .certificate_id = "CSA22001MAT40001-24",
                                        .type = matter::CertificationType::official};
  const auto content = matter::write(declaration);
  EXPECT_EQ(type_of(content), "certification declaration");
  const auto cms = cms::write_signed_content({content, Bytes(20, 1), Bytes(8, 1)});
  EXPECT_EQ(type_of(cms), "certification declaration");
  EXPECT_EQ(type_of(matter::write(matter::AttestationElements{.certification_declaration = cms})),
            "attestation elements");
  matter_tlv::Writer tlv;
  tlv.open({}, matter_tlv::Type::structure).null(matter_tlv::context(1)).close();
  EXPECT_EQ(type_of(std::move(tlv).finish()), "Matter TLV");

  const auto input = jws::signing_input(R"({"alg":"ES256"})", as_bytes("{}"));
  EXPECT_EQ(type_of(as_bytes(jws::write_compact(input, Bytes(64, 1)))), "JWS");
  const auto entry = jws::write_flattened(input, Bytes(64, 1), boost::json::object{{"uniqueId", "0123"}});
  EXPECT_EQ(type_of(as_bytes(entry)), "JWS");
  EXPECT_EQ(type_of(as_bytes("[" + entry + "]")), "manifest of secure elements");
}

TEST(InspectChains, a_layer_says_what_it_reports) {
  const dice::TcbInfo info{
      .layer = 2, .flags = dice::flag::debug | dice::flag::recovery, .flags_mask = dice::flag::debug};
  const auto said = inspect_chain_part(dice::write(info));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->at("flags_set"), (boost::json::array{"debug"}));
  EXPECT_EQ(said->at("layer"), 2);
}

TEST(InspectChains, other_bytes_are_none_of_them) {
  for (const auto* const text : {"", "x", "{}", "[]", "[1]", "a.b.c", "\x30", "\x15"}) {
    EXPECT_FALSE(inspect_chain_part(as_bytes(text))) << text;
  }
  EXPECT_FALSE(inspect(Bytes{0x30, 0x00}));
}

}  // namespace
}  // namespace birthmark::cli
