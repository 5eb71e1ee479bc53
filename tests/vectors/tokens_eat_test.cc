// SPDX-License-Identifier: Apache-2.0
// The examples of RFC 9711. Left out: those in JSON, since no token here is (deb.json, simple.json, submods.json,
// audio_ss.json, graphics_ss.json, main_token_claims.json, valid_results.json); csr-attestation/cca.diag, whose hex is
// broken by typographic quotes and misprints; the two CDDL fragments, which hold no data.
#include "codec/eat.h"

#include "codec/cbor.h"
#include "codec/cose.h"
#include "vectors/tokens.h"

namespace birthmark {
namespace {

using test::Disagreement;
using test::judge;
using test::VectorTally;
using test::Verdict;

/// A token by its tag; a claims set.
Result<eat::Claims> read(BytesView bytes) {
  cbor::Reader in{bytes, {.rule = cbor::Rule::definite}};
  BM_TRY(const auto type, in.peek());
  if (type != cbor::Type::tag) {
    return eat::read_claims(bytes);
  }
  BM_TRY(const auto message, cose::read_sign1(bytes, {.tags = cose::Tags::sign1_or_in_cwt}));
  return eat::read_claims(message.payload);
}

constexpr std::string_view kSoftwareId = "a CoSWID (tag 1398229316): what an EAT wraps, and no EAT";
constexpr Disagreement kExplained[]{
    {"hlos.diag", kSoftwareId},
    {"iot-sw.diag", kSoftwareId},
    {"key-store.diag", kSoftwareId},
    {"submods.diag", "a text under 271 (swversion), which is an array of text and scheme: the example means 270"},
    {"tee-coswid.diag", kSoftwareId},
    {"valid_deb.diag", "a detached bundle (tag 602): its claims sets come without the signature over them"}};

TEST(EatVectors, the_examples_of_rfc_9711) {
  BM_NEEDS_VECTORS("eat/ietf-eat");
  VectorTally tally{"eat/ietf-eat (CBOR)", kExplained};
  for (const auto& path : test::files_of("eat/ietf-eat", ".diag")) {
    const auto bytes = test::diagnostic_file(path);
    const auto claims = read(bytes);
    judge(tally, path, Verdict::accept, claims);
    if (claims) {
      const auto written = eat::write(*claims);
      EXPECT_EQ(eat::write(eat::read_claims(written).value()), written) << path;
    }
  }
}

TEST(EatVectors, what_they_say) {
  BM_NEEDS_VECTORS("eat/ietf-eat");
  const auto claims = [](const char* name) {
    return read(test::diagnostic_file(test::vectors("eat/ietf-eat") / name)).value();
  };
  const auto hardware = claims("valid_hw_block.diag");
  EXPECT_EQ(hardware.debug, 3);
  EXPECT_EQ(hardware.hardware_version, "3.1");
  EXPECT_EQ(std::get<std::int64_t>(hardware.oemid.value()), 64242);
  const auto parts = claims("valid_submods.diag");
  EXPECT_EQ(parts.submodules.size(), 2u);
  ASSERT_NE(parts.submodule("board"), nullptr);
  EXPECT_EQ(parts.submodule("board")->claims()->hardware_version, "2.0a");
  EXPECT_FALSE(parts.submodule("board")->claims()->debug) << "nothing is inherited";
  const auto detached = claims("valid_hw_block2.diag");
  EXPECT_TRUE(std::holds_alternative<eat::DetachedDigest>(detached.submodule("TEE")->content));
  const auto iot = claims("valid_iot.diag");
  EXPECT_EQ(iot.submodule("OS")->claims()->measurements.at(0).content_format, 258u);
  EXPECT_EQ(claims("valid_cwt.diag").debug, 3);
}

}  // namespace
}  // namespace birthmark
